"""Every backend keeps the contract."""

import pytest

from retrieval.index import LocalIndex
from retrieval.testing import FixedRetriever, RetrieverContract

KNOWN = {
    "RFC 2026": "rfc-2026",
    "how high is the volcano Etna": "volcano",
    "bridge over the Neckar": "bridge",
    "cafe Zurich": "café",
}


class TestFixedRetriever(RetrieverContract):
    @pytest.fixture
    def retriever(self, documents):
        return FixedRetriever(documents)

    @pytest.fixture
    def known(self):
        return KNOWN


class TestLocalIndex(RetrieverContract):
    @pytest.fixture(params=["none", "lazy", "all"])
    def retriever(self, request, tmp_path, documents, encoder):
        return LocalIndex.build(tmp_path / "index", documents, encoder=encoder, dense=request.param)

    @pytest.fixture
    def known(self):
        return {**KNOWN, "東京": "café"}


async def test_fixed_retriever_ranks_like_bm25(documents):
    hits = await FixedRetriever(documents).search("RFC 2026 process", k=3)
    assert [hit.document_id for hit in hits] == ["rfc-2026", "rfc-9999"]
    assert hits[0].text == documents[0].text
