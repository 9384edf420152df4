"""Every backend keeps the contract."""

import asyncio
import dataclasses
import inspect

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


class Wrong:
    """A backend whose author got one thing wrong; right but for what a subclass changes."""

    def __init__(self, documents):
        self.inner = FixedRetriever(documents)
        self.calls = 0

    @property
    def info(self):
        return self.inner.info

    async def search(self, query, *, k):
        self.calls += 1
        await asyncio.sleep(0)
        return await self.inner.search(query, k=k)

    async def fetch(self, document_id):
        return await self.inner.fetch(document_id)


class IgnoresK(Wrong):
    async def search(self, query, *, k):
        return await super().search(query, k=max(k, 5))


class WorstFirst(Wrong):
    async def search(self, query, *, k):
        return (await super().search(query, k=k))[::-1]


class Distances(Wrong):
    async def search(self, query, *, k):
        return [dataclasses.replace(hit, score=-hit.score) for hit in await super().search(query, k=k)]


class Restless(Wrong):
    async def search(self, query, *, k):
        hits = await super().search(query, k=k)
        return [dataclasses.replace(hit, score=1.0) for hit in (hits[::-1] if self.calls % 2 else hits)]


class Twice(Wrong):
    async def search(self, query, *, k):
        return [hit for hit in await super().search(query, k=k) for _ in range(2)][:k]


class Generates(Wrong):
    async def search(self, query, *, k):
        return tuple(await super().search(query, k=k))


class Bytes(Wrong):
    async def search(self, query, *, k):
        hits = await super().search(query, k=k)
        return [dataclasses.replace(hit, end=hit.start + len(hit.text.encode())) for hit in hits]


class Stripped(Wrong):
    async def search(self, query, *, k):
        hits = await super().search(query, k=k)
        return [dataclasses.replace(hit, text=hit.text.upper()) for hit in hits]


class EmptyIsAll(Wrong):
    async def search(self, query, *, k):
        return await super().search(query.strip() or "lava", k=k)


class NothingRaises(Wrong):
    async def search(self, query, *, k):
        hits = await super().search(query, k=k)
        if not hits:
            raise LookupError(query)
        return hits


class Latin(Wrong):
    async def search(self, query, *, k):
        query.encode("latin-1")
        return await super().search(query, k=k)


class Syntax(Wrong):
    async def search(self, query, *, k):
        if query.count('"') % 2:
            raise ValueError("unbalanced quotes")
        return await super().search(query, k=k)


class OneAtATime(Wrong):
    async def search(self, query, *, k):
        self.last = query
        await asyncio.sleep(0)
        return await super().search(self.last, k=k)


class Swallows(Wrong):
    async def search(self, query, *, k):
        try:
            return await super().search(query, k=k)
        except asyncio.CancelledError:
            return []


class SharesItsList(Wrong):
    async def search(self, query, *, k):
        self.kept = getattr(self, "kept", {})
        if (query, k) not in self.kept:
            self.kept[query, k] = await super().search(query, k=k)
        return self.kept[query, k]


class NoneForUnknown(Wrong):
    async def fetch(self, document_id):
        return await super().fetch(document_id) if document_id in set(KNOWN.values()) else None


class Clamps(Wrong):
    async def search(self, query, *, k):
        return await super().search(query, k=max(1, k))


class TooMany(Wrong):
    async def search(self, query, *, k):
        if k > 100:
            raise ValueError("limit is 100")
        return await super().search(query, k=k)


class FreeByAccident(Wrong):
    @property
    def info(self):
        return dataclasses.replace(self.inner.info, search_usd=float("nan"))


WRONG = {
    IgnoresK: "test_returns_at_most_k_best_first",
    WorstFirst: "test_returns_at_most_k_best_first",
    Distances: "test_returns_at_most_k_best_first",
    Restless: "test_same_query_same_result",
    Twice: "test_returns_a_list_of_hits_and_none_twice",
    Generates: "test_returns_a_list_of_hits_and_none_twice",
    Bytes: "test_hits_point_into_their_documents",
    Stripped: "test_hits_point_into_their_documents",
    EmptyIsAll: "test_refuses_an_empty_query",
    NothingRaises: "test_finding_nothing_is_an_empty_list",
    Latin: "test_takes_any_characters",
    Syntax: "test_takes_any_characters",
    OneAtATime: "test_searches_run_side_by_side",
    Swallows: "test_a_search_can_be_cancelled",
    SharesItsList: "test_same_query_same_result",
    NoneForUnknown: "test_an_unknown_id_is_named",
    Clamps: "test_refuses_a_k_below_one",
    TooMany: "test_takes_a_large_k",
    FreeByAccident: "test_says_who_it_is",
}


def cases(name):
    """Return the arguments of each case of one test of the contract, by name."""
    marks = getattr(getattr(RetrieverContract, name), "pytestmark", [])
    return [{mark.args[0]: value} for mark in marks for value in mark.args[1]] or [{}]


async def fails(retriever, name):
    """Tell whether any case of a test of the contract fails."""
    test = getattr(RetrieverContract(), name)
    given = {"retriever": retriever, "known": KNOWN}
    for case in cases(name):
        wanted = {key: value for key, value in {**given, **case}.items() if key in inspect.signature(test).parameters}
        try:
            found = test(**wanted)
            if inspect.isawaitable(found):
                await found
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 (however it fails)
            return True
    return False


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
async def test_the_contract_finds_what_an_author_got_wrong(documents, wrong):
    assert await fails(wrong(documents), WRONG[wrong])


async def test_the_contract_passes_what_is_right(documents):
    names = [name for name in dir(RetrieverContract) if name.startswith("test_")]
    assert [name for name in names if await fails(Wrong(documents), name)] == []
