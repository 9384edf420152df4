"""Change an index: build, add, update, remove, embed. One writer at a time; readers go on reading."""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from retrieval.base import Document
from retrieval.documents.text import clean_document
from retrieval.errors import BadInputError, EmptyCorpusError
from retrieval.index.encoder import Encoder
from retrieval.index.layout import LEXICAL, STORE, VECTORS, current, new_generation, publish, sweep, writing
from retrieval.index.lexical import Lexical, LexicalWriter
from retrieval.index.store import Store
from retrieval.index.vectors import VectorStore, change_dense, dense_ids, write_dense

_STRETCH = 4096


@dataclass(frozen=True, slots=True)
class Step:
    """How far a long piece of work is.

    Attributes:
        stage: `read` (documents) or `embed` (passages).
        done: how many are done.
        total: how many there are, or None where that is not known.
        seconds: since the stage began.
        at_start: how many were done when it began.
    """

    stage: str
    done: int
    total: int | None
    seconds: float
    at_start: int = 0

    @property
    def eta(self) -> float | None:
        """Seconds still to go, or None where nothing can be said."""
        fresh = self.done - self.at_start
        if self.total is None or fresh <= 0:
            return None
        return self.seconds / fresh * (self.total - self.done)


Progress = Callable[[Step], None]


class Writer:
    """An index that is being changed; nothing shows before `changing` ends."""

    def __init__(self, folder: Path, *, fresh: bool, progress: Progress | None = None) -> None:
        self.store = Store(folder / STORE, write=True, fresh=fresh)
        self._lexical = LexicalWriter(Lexical(folder / LEXICAL))
        self._fresh = fresh
        self._progress = progress
        self._started = time.monotonic()
        self._touched: list[int] = []
        self.changed = 0

    def put(self, document: Document, source: str = "") -> bool:
        """Add a document, or replace the one with its id; return whether anything differs."""
        added, replaced = self.store.put(clean_document(document), source)
        if added is None:
            return False
        self._touch(added)
        if replaced is not None:
            self._touch(replaced)
        if self._progress:
            self._progress(Step("read", self.changed, None, time.monotonic() - self._started))
        self.changed += 1
        return True

    def remove(self, document_id: str) -> bool:
        """Remove a document; return whether it was there."""
        doc = self.store.remove(document_id)
        if doc is not None:
            self._touch(doc)
            self.changed += 1
        return doc is not None

    def _touch(self, doc: int) -> None:
        if self._fresh:
            self._index(doc)
        else:
            self._touched.append(doc)

    def _index(self, doc: int) -> None:
        self._lexical.remove(doc)
        self._lexical.add(doc, self.store.passages(doc))

    def settle(self) -> None:
        """Note in the store, as part of its transaction, what the lexical index must hear of."""
        self.store.announce(self._touched)
        self._touched.clear()

    def catch_up(self) -> None:
        """Bring the lexical index to where the store is, also after a writer that died in between."""
        docs = self.store.announced()
        for doc in docs:
            self._index(doc)
        self._lexical.commit()
        if docs:
            self.store.withdraw(docs)
        self.store.checkpoint()

    def close(self) -> None:
        """Let go of all files."""
        try:
            self._lexical.close()
        finally:
            self.store.close()


@contextmanager
def changing(
    directory: Path, *, fresh: bool = False, wait: float = 0.0, progress: Progress | None = None
) -> Iterator[Writer]:
    """Change an index, all or nothing.

    Args:
        directory: the index.
        fresh: start from nothing; the old generation serves until the new one is whole.
        wait: seconds to wait for another writer.
        progress: told after each document.

    Raises:
        IndexBusyError: another process is writing.
        BadInputError: there is no index to change, the folder cannot be written, or the disk is full.
    """
    with writing(directory, wait):
        old = None if fresh else current(directory)
        if old is None and not fresh:
            raise BadInputError(f"There is no index at {directory}; build one first.")
        folder = old or new_generation(directory)
        try:
            with _changed(folder, fresh=fresh, progress=progress) as writer:
                yield writer
        except BaseException:
            if fresh:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        if fresh:
            publish(directory, folder)
        else:
            sweep(directory, folder)


@contextmanager
def _changed(folder: Path, *, fresh: bool, progress: Progress | None) -> Iterator[Writer]:
    writer = Writer(folder, fresh=fresh, progress=progress)
    try:
        if not fresh and writer.store.announced():
            writer.catch_up()
        with writer.store.transaction():
            yield writer
            writer.settle()
        writer.catch_up()
    finally:
        writer.close()


def build(
    directory: Path,
    documents: Iterable[Document],
    *,
    encoder: Encoder | None,
    dense: str,
    progress: Progress | None = None,
    wait: float = 0.0,
) -> None:
    """Build an index from nothing; an index that is there serves until this one is whole.

    Raises:
        EmptyCorpusError: there was no document.
    """
    with changing(directory, fresh=True, wait=wait, progress=progress) as writer:
        record(writer.store, encoder, dense)
        for document in documents:
            writer.put(document)
        if not writer.changed:
            raise EmptyCorpusError(
                "There was no document to build an index from; name a folder or file that holds text."
            )
    if dense == "all" and encoder:
        embed(directory, encoder, progress=progress, wait=wait)


def record(store: Store, encoder: Encoder | None, dense: str) -> None:
    """Note in a new index how its vectors are made; `all` is noted once every passage is embedded."""
    store.set("encoder", encoder.name if encoder and dense != "none" else "")
    store.set("dense", "lazy" if dense == "all" else dense)


def repair(directory: Path) -> None:
    """Finish what a writer that died in between had begun."""
    with changing(directory):
        pass


def embed(directory: Path, encoder: Encoder, *, progress: Progress | None = None, wait: float = 0.0) -> int:
    """Embed every passage that has no vector yet, and write the faiss file; goes on where it was interrupted.

    Returns:
        The number of passages in the faiss file.
    """
    with writing(directory, wait):
        folder = current(directory)
        if folder is None:
            raise BadInputError(f"There is no index at {directory}; build one first.")
        store = Store(folder / STORE, write=True)
        vectors = VectorStore(directory / VECTORS, encoder, keep=True)
        try:
            return _embed(folder, store, vectors, progress)
        finally:
            vectors.close()
            store.close()


def _embed(folder: Path, store: Store, vectors: VectorStore, progress: Progress | None) -> int:
    import numpy as np

    name = store.get("faiss")
    old = folder / name if name and (folder / name).exists() else None
    held = dense_ids(old) if old else set()
    wanted = set(store.pids())
    todo, gone = sorted(wanted - held), sorted(held - wanted)
    if not todo and not gone:
        return len(wanted)
    tally = _Tally(progress, len(wanted), len(wanted) - len(todo))
    parts = [np.zeros((0, 0), dtype=np.float32)]
    for at in range(0, len(todo), _STRETCH):
        part = todo[at : at + _STRETCH]
        rows = store.rows(part)
        parts.append(vectors.get([as_read(rows[pid].title, rows[pid].text) for pid in part], tally.encoded))
        tally.reached(len(wanted) - len(todo) + at + len(part))
    fresh = np.concatenate(parts[1:]) if todo else np.zeros((0, vectors.encoder.dim), dtype=np.float32)
    name = f"vectors-{time.time_ns()}.faiss"
    if old:
        change_dense(old, folder / name, gone, todo, fresh)
    else:
        write_dense(folder / name, todo, fresh)
    with store.transaction():
        for key, value in (("faiss", name), ("dense", "all"), ("encoder", vectors.encoder.name)):
            store.set(key, value)
    for path in folder.glob("vectors-*.faiss"):
        if path.name != name:
            path.unlink(missing_ok=True)
    return len(wanted)


class _Tally:
    """Counts embedded passages; only those encoded now tell how long the rest will take."""

    def __init__(self, progress: Progress | None, total: int, done: int) -> None:
        self._progress, self._total, self._done = progress, total, done
        self._fresh = 0
        self._started = time.monotonic()

    def encoded(self, count: int) -> None:
        self._fresh += count
        self._tell(self._done + count)

    def reached(self, done: int) -> None:
        self._tell(done)

    def _tell(self, done: int) -> None:
        self._done = done
        if self._progress:
            seconds = time.monotonic() - self._started
            self._progress(Step("embed", done, self._total, seconds, done - self._fresh))


def as_read(title: str, text: str) -> str:
    """Return a passage as the encoder reads it: below its document's title."""
    return f"{title}\n{text}" if title else text
