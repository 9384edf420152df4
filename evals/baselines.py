"""Retrievers of other hands, to hold ours against: whole documents, nothing tuned, everything in memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from retrieval.base import Document, Hit, RetrieverInfo
from retrieval.errors import MissingDependencyError
from retrieval.index.vectors import VectorStore
from retrieval.index.writer import as_read


class Bm25s:
    """`bm25s` (Lù, 2024) with its default settings, its English stop words and the Snowball stemmer.

    Raises:
        MissingDependencyError: `bm25s` or `PyStemmer` is not installed.
    """

    info = RetrieverInfo(name="bm25s", public=False, search_usd=0.0)

    def __init__(self, documents: Sequence[Document]) -> None:
        try:
            import bm25s
            import Stemmer
        except ImportError as error:
            raise MissingDependencyError("bm25s", error.name or "bm25s", "pip install bm25s PyStemmer") from error
        self._documents = documents
        self._stemmer = Stemmer.Stemmer("english")
        self._tokenize = bm25s.tokenize
        self._index: Any = bm25s.BM25()
        self._index.index(self._tokens([as_read(one.title, one.text) for one in documents]), show_progress=False)

    def _tokens(self, texts: list[str]) -> Any:
        return self._tokenize(texts, stopwords="en", stemmer=self._stemmer, show_progress=False)

    async def search(self, query: str, *, k: int) -> list[Hit]:
        """Return at most `k` documents that share a word with the query, best first."""
        most = min(k, len(self._documents))
        places, scores = self._index.retrieve(self._tokens([query]), k=most, show_progress=False)
        return [
            _hit(self._documents[place], float(score))
            for place, score in zip(places[0], scores[0], strict=True)
            if score > 0
        ]


class WholeVectors:
    """Whole documents under one encoder, which reads what it can of each, and the exact dot product.

    Args:
        documents: the corpus.
        vectors: makes their vectors, and keeps them, so that an interrupted run goes on where it was.
    """

    info = RetrieverInfo(name="vectors", public=False, search_usd=0.0)

    def __init__(self, documents: Sequence[Document], vectors: VectorStore) -> None:
        self._documents = documents
        self._vectors = vectors
        self._matrix = vectors.get([as_read(one.title, one.text) for one in documents])

    async def search(self, query: str, *, k: int) -> list[Hit]:
        """Return the `k` documents most like the query, best first."""
        scores = self._matrix @ self._vectors.get([query])[0]
        best = np.argsort(-scores, kind="stable")[:k]
        return [_hit(self._documents[place], float(scores[place])) for place in best]


def _hit(document: Document, score: float) -> Hit:
    """Return a whole document as a hit."""
    return Hit(document.id, document.text, score, 0, len(document.text), document.title, document.uri)
