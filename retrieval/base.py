"""The seam: a query and k in, ranked hits out. A backend is a class with `info` and one method, `search`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Document:
    """A text with an identity.

    Attributes:
        id: unique within its backend; for files the path, for pages the URL, for BEIR rows `_id`.
        text: the text as it is stored; every offset in the project points into this string.
        title: for people and for title look-up; may be empty.
        uri: where a person can open it.
        metadata: JSON values that came with it.
    """

    id: str
    text: str
    title: str = ""
    uri: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document: `document.text[start:end] == text`."""

    document_id: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One result of one search.

    Attributes:
        document_id: the document the passage stands in.
        text: the passage, verbatim.
        score: higher is better; comparable within one list only.
        start: offset of the passage in the document's text, in characters.
        end: its end; `end - start == len(text)`.
        title: the document's title.
        uri: where a person can open the document.
    """

    document_id: str
    text: str
    score: float
    start: int
    end: int
    title: str = ""
    uri: str = ""


@dataclass(frozen=True, slots=True)
class RetrieverInfo:
    """What a backend says of itself, so that no backend is free or public by accident.

    Attributes:
        name: as the user names it.
        public: queries leave this machine.
        search_units: price of one search in budget units; None means the run's default price.
        search_usd: price of one search in US dollars; None means unknown, 0 means free.
        fetch_units: price of opening one document, in units; None means the run's default price.
    """

    name: str
    public: bool
    search_units: float | None = None
    search_usd: float | None = None
    fetch_units: float | None = None


@runtime_checkable
class Retriever(Protocol):
    """Anything that finds text."""

    @property
    def info(self) -> RetrieverInfo:
        """Who it is and what it costs."""
        ...

    async def search(self, query: str, *, k: int) -> list[Hit]:
        """Return at most `k` hits, best first; [] means that nothing matched, never a failure.

        Raises:
            RetrievalError: the search could not be carried out.
        """
        ...


@runtime_checkable
class Fetcher(Protocol):
    """A retriever that can also open whole documents."""

    async def fetch(self, document_id: str) -> Document:
        """Return the document with this id.

        Raises:
            DocumentNotFoundError: there is none.
        """
        ...


@runtime_checkable
class Closable(Protocol):
    """A retriever or model that holds connections or files."""

    async def aclose(self) -> None:
        """Let go of them; harmless when called twice."""
        ...
