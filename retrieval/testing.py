"""For authors of backends: the contract suite, and a small retriever over fixed documents.

A backend's test file is a subclass of `RetrieverContract` with two fixtures:

    class TestMyBackend(RetrieverContract):
        @pytest.fixture
        def retriever(self):
            return MyBackend(...)

        @pytest.fixture
        def known(self):
            return {"a query": "the id of a document it must find"}
"""

import asyncio
import contextlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

import pytest

from retrieval.base import Closable, Document, Fetcher, Hit, Retriever, RetrieverInfo
from retrieval.errors import BadQueryError, DocumentNotFoundError

_K1, _B = 1.2, 0.75
_WIDTH = 600


class FixedRetriever:
    """BM25 over a handful of documents, in plain Python and always the same; one passage a document.

    Args:
        documents: what can be found.
        name: what it calls itself.
    """

    def __init__(self, documents: Iterable[Document], name: str = "fixed") -> None:
        self._documents = {document.id: document for document in documents}
        self._name = name
        self._counts = {key: Counter(_words(f"{d.title} {d.text}")) for key, d in self._documents.items()}
        self._frequency = Counter(word for counts in self._counts.values() for word in counts)

    @property
    def info(self) -> RetrieverInfo:
        """Who it is; it costs no money and stays on this machine."""
        return RetrieverInfo(name=self._name, public=False, search_usd=0.0)

    async def search(self, query: str, *, k: int) -> list[Hit]:
        """Return at most `k` hits, best first.

        Raises:
            BadQueryError: the query is empty, or `k` is below 1.
        """
        if not query.strip():
            raise BadQueryError("The query is empty; say what to look for.")
        if k < 1:
            raise BadQueryError(f"{k} results were asked for; ask for 1 or more.")
        words = list(dict.fromkeys(_words(query)))
        scored = [(self._score(key, words), key) for key in self._documents]
        best = sorted(((score, key) for score, key in scored if score > 0), key=lambda pair: (-pair[0], pair[1]))
        return [self._hit(key, score, words) for score, key in best[:k]]

    async def fetch(self, document_id: str) -> Document:
        """Return the document with this id.

        Raises:
            DocumentNotFoundError: there is none.
        """
        if document_id not in self._documents:
            raise DocumentNotFoundError(document_id, self._name)
        return self._documents[document_id]

    def _score(self, key: str, words: list[str]) -> float:
        counts, total = self._counts[key], len(self._documents)
        mean = sum(sum(c.values()) for c in self._counts.values()) / total
        length = _K1 * (1 - _B + _B * sum(counts.values()) / mean)
        return sum(
            math.log(1 + (total - self._frequency[word] + 0.5) / (self._frequency[word] + 0.5))
            * (counts[word] * (_K1 + 1) / (counts[word] + length))
            for word in words
            if counts[word]
        )

    def _hit(self, key: str, score: float, words: list[str]) -> Hit:
        document = self._documents[key]
        places = [
            found.start()
            for found in re.finditer(r"\w+", document.text)
            if _words(found[0])[:1] in ([w] for w in words)
        ]
        start = max(0, places[0] - _WIDTH // 4) if places else 0
        end = min(len(document.text), start + _WIDTH)
        return Hit(key, document.text[start:end], score, start, end, document.title, document.uri)


def _words(text: str) -> list[str]:
    flat = unicodedata.normalize("NFKD", text.casefold())
    return re.findall(r"\w+", "".join(c for c in flat if not unicodedata.combining(c)))


class RetrieverContract:
    """What every backend must do. Subclass it and give the fixtures `retriever` and `known`.

    Attributes:
        nothing: a query that no document matches; None for a backend that always returns its nearest neighbours.
    """

    nothing: str | None = "qzxvkw jjqpzzv wqxkzzy"

    @pytest.fixture
    def retriever(self) -> Retriever:
        """Return the backend under test."""
        raise TypeError("The contract needs a fixture `retriever`.")

    @pytest.fixture
    def known(self) -> Mapping[str, str]:
        """Return queries, each with the id of a document it must find among the first ten."""
        raise TypeError("The contract needs a fixture `known`.")

    def test_says_who_it_is(self, retriever: Retriever) -> None:
        """Name, privacy and prices are stated, and unknown prices are None, not negative."""
        assert isinstance(retriever, Retriever)
        info = retriever.info
        assert info.name.strip()
        assert isinstance(info.public, bool)
        for price in (info.search_units, info.search_usd, info.fetch_units):
            assert price is None or (math.isfinite(price) and price >= 0)

    async def test_returns_a_list_of_hits_and_none_twice(self, retriever: Retriever, known: Mapping[str, str]) -> None:
        """A result is a list of hits, and no passage stands in it twice."""
        for query in known:
            hits = await retriever.search(query, k=10)
            assert isinstance(hits, list)
            assert all(isinstance(hit, Hit) for hit in hits)
            places = [(hit.document_id, hit.start, hit.end) for hit in hits]
            assert len(set(places)) == len(places), query

    async def test_finds_what_is_there(self, retriever: Retriever, known: Mapping[str, str]) -> None:
        """Each known query finds its document."""
        assert known
        for query, document_id in known.items():
            assert document_id in [hit.document_id for hit in await retriever.search(query, k=10)], query

    async def test_returns_at_most_k_best_first(self, retriever: Retriever, known: Mapping[str, str]) -> None:
        """A list is never longer than k, and scores never rise in it."""
        for query in known:
            for k in (1, 3, 10):
                scores = [hit.score for hit in await retriever.search(query, k=k)]
                assert len(scores) <= k
                assert all(math.isfinite(score) for score in scores)
                assert scores == sorted(scores, reverse=True)

    async def test_hits_point_into_their_documents(self, retriever: Retriever, known: Mapping[str, str]) -> None:
        """A hit is text with offsets; where documents can be opened, it stands there verbatim."""
        for query in known:
            for hit in await retriever.search(query, k=5):
                assert hit.text
                assert hit.document_id
                assert 0 <= hit.start < hit.end
                assert hit.end - hit.start == len(hit.text)
                if isinstance(retriever, Fetcher):
                    document = await retriever.fetch(hit.document_id)
                    assert document.id == hit.document_id
                    assert document.text[hit.start : hit.end] == hit.text

    @pytest.mark.parametrize("k", [0, -1])
    async def test_refuses_a_k_below_one(self, retriever: Retriever, known: Mapping[str, str], k: int) -> None:
        """Nothing can be asked for in a number below one."""
        with pytest.raises(BadQueryError):
            await retriever.search(next(iter(known)), k=k)

    @pytest.mark.parametrize("query", ["", " \t\n "])
    async def test_refuses_an_empty_query(self, retriever: Retriever, query: str) -> None:
        """An empty query is an error, not a search for everything."""
        with pytest.raises(BadQueryError):
            await retriever.search(query, k=3)

    async def test_finding_nothing_is_an_empty_list(self, retriever: Retriever) -> None:
        """No match is an ordinary outcome."""
        if self.nothing is not None:
            assert await retriever.search(self.nothing, k=5) == []

    @pytest.mark.parametrize(
        "query", ["日本語 الفهرس поиск 🔎", "a\x00b", '"unclosed (AND OR NOT:*^~ [', "ﬁ İ ß ‮x", "' -- ;"]
    )
    async def test_takes_any_characters(self, retriever: Retriever, query: str) -> None:
        """Scripts, operators and control characters are searched for or ignored, never a fault."""
        assert len(await retriever.search(query, k=3)) <= 3

    async def test_takes_a_long_query_or_refuses_it(self, retriever: Retriever, known: Mapping[str, str]) -> None:
        """Twenty thousand characters are searched for, or refused as a bad query."""
        query = next(iter(known)) + " word" * 4_000
        try:
            found = await retriever.search(query, k=3)
        except BadQueryError:
            return
        assert len(found) <= 3

    async def test_takes_a_large_k(self, retriever: Retriever, known: Mapping[str, str]) -> None:
        """More hits than there are may be asked for."""
        query, document_id = next(iter(known.items()))
        hits = await retriever.search(query, k=1_000)
        assert document_id in [hit.document_id for hit in hits]
        assert len(hits) <= 1_000

    async def test_same_query_same_result(self, retriever: Retriever, known: Mapping[str, str]) -> None:
        """Asking twice gives the same documents, in the same order, whatever was done with the first list."""
        for query in known:
            hits = await retriever.search(query, k=5)
            first = [(hit.document_id, hit.start, hit.score) for hit in hits]
            hits.clear()
            again = await retriever.search(query, k=5)
            assert [(hit.document_id, hit.start, hit.score) for hit in again] == first

    async def test_searches_run_side_by_side(self, retriever: Retriever, known: Mapping[str, str]) -> None:
        """Sixteen searches at once give what each gives alone."""
        queries = [query for _ in range(16) for query in known][:16]
        alone = {query: [hit.document_id for hit in await retriever.search(query, k=3)] for query in known}
        together = await asyncio.gather(*(retriever.search(query, k=3) for query in queries))
        assert [[hit.document_id for hit in hits] for hits in together] == [alone[query] for query in queries]

    async def test_a_search_can_be_cancelled(self, retriever: Retriever, known: Mapping[str, str]) -> None:
        """A search that is cancelled ends as cancelled, not as a failure, and the next one is not hurt."""
        query = next(iter(known))
        before = [hit.document_id for hit in await retriever.search(query, k=3)]
        for turns in range(3):
            task = asyncio.create_task(retriever.search(query, k=3))
            for _ in range(turns):
                await asyncio.sleep(0)
            had_ended = task.done()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert had_ended or task.cancelled(), "a search must let CancelledError pass"
        assert [hit.document_id for hit in await retriever.search(query, k=3)] == before

    async def test_goes_on_after_a_bad_query(self, retriever: Retriever, known: Mapping[str, str]) -> None:
        """A refused query harms neither the searches beside it nor those after it."""
        query = next(iter(known))
        before = [hit.document_id for hit in await retriever.search(query, k=3)]
        bad, good = await asyncio.gather(
            retriever.search(" ", k=3), retriever.search(query, k=3), return_exceptions=True
        )
        assert isinstance(bad, BadQueryError)
        assert isinstance(good, list)
        assert [hit.document_id for hit in good] == before

    async def test_an_unknown_id_is_named(self, retriever: Retriever) -> None:
        """Opening what is not there names the id."""
        if isinstance(retriever, Fetcher):
            with pytest.raises(DocumentNotFoundError, match="no-such-id"):
                await retriever.fetch("no-such-id")

    async def test_closes_twice(self, retriever: Retriever) -> None:
        """Closing again does no harm."""
        if isinstance(retriever, Closable):
            await retriever.aclose()
            await retriever.aclose()
