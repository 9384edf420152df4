"""Vectors: a store keyed by the text they stand for, and a faiss file over all passages once every one is embedded.

Because the key is the text, a vector outlives rebuilds and updates, an interrupted embedding goes on where it was, and
several processes may add to the store at once.
"""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.index.encoder import Encoder, Vectors

# Texts encoded between two reports of progress and two commits: what a kill can cost, a few seconds of work.
_CHUNK = 64
_TABLE = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"


class VectorStore:
    """Vectors of texts under one encoder, in one SQLite file.

    Args:
        path: the file.
        encoder: makes the vectors that are not there yet.
        keep: vectors that cannot be written are an error; otherwise they are kept in this process, so that a search
            does not fail for a full disk or a folder that may only be read.
    """

    def __init__(self, path: Path, encoder: Encoder, *, keep: bool = False) -> None:
        self.encoder = encoder
        self._path = path
        self._keep = keep
        self._lock = threading.Lock()
        self._db = _connect(path)
        self._kept: dict[bytes, bytes] = {}

    def get(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Return one row a text; texts not seen before are encoded and kept.

        Args:
            texts: the texts as the encoder is to read them.
            progress: told how many texts were encoded, after each stretch of them.
        """
        keys = [self._key(text) for text in texts]
        known = self._read(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        # Alike lengths together, so that little is padded.
        todo = sorted(missing.items(), key=lambda item: -len(item[1]))
        for at in range(0, len(todo), _CHUNK):
            part = todo[at : at + _CHUNK]
            rows = self.encoder.encode([text for _, text in part])
            fresh = {key: row.tobytes() for (key, _), row in zip(part, rows, strict=True)}
            self._write(fresh)
            known.update(fresh)
            if progress:
                progress(len(part))
        flat = b"".join(known[key] for key in keys)
        return np.frombuffer(flat, dtype=np.float32).reshape(len(keys), -1)

    def missing(self, texts: Sequence[str]) -> int:
        """Return how many of these texts would have to be encoded."""
        keys = {self._key(text) for text in texts}
        return len(keys) - len(self._read(list(keys)))

    def count(self) -> int:
        """Return how many vectors are kept."""
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM vectors").fetchone()[0]) + len(self._kept)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def __del__(self) -> None:
        self._db.close()

    def _key(self, text: str) -> bytes:
        return blake2b(f"{self.encoder.name}\0{text}".encode(), digest_size=16).digest()

    def _read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        found = {key: self._kept[key] for key in keys if key in self._kept}
        for at in range(0, len(keys), 500):
            part = keys[at : at + 500]
            marks = ",".join("?" * len(part))
            try:
                with self._lock:
                    rows = self._db.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", part)  # noqa: S608
                    found.update(rows.fetchall())
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                self._start_over()
                return found
        return found

    def _write(self, fresh: dict[bytes, bytes]) -> None:
        try:
            with self._lock, self._db:
                self._db.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", fresh.items())
        except sqlite3.DatabaseError as error:
            if not isinstance(error, sqlite3.OperationalError):
                self._start_over()
            if self._keep:
                raise
            self._kept.update(fresh)

    def _start_over(self) -> None:
        """Give up a damaged file: all that is in it can be made again."""
        with self._lock:
            self._db.close()
            self._db = _made_anew(self._path)


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file, made where there is none and made anew where it is damaged; without write access only read it."""
    try:
        return _opened(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return _made_anew(path)


def _made_anew(path: Path) -> sqlite3.Connection:
    try:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return _opened(path)
    except (OSError, sqlite3.DatabaseError):
        return _in_memory()


def _in_memory() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", check_same_thread=False)
    db.execute(_TABLE)
    return db


def _opened(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, check_same_thread=False, timeout=30)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute(_TABLE)
    except sqlite3.OperationalError:
        if path.exists():
            address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
            return sqlite3.connect(address, uri=True, check_same_thread=False)
        return _in_memory()
    return db


class DenseFile:
    """A faiss file, memory-mapped: the passages nearest to a vector. It may be removed while it is open."""

    def __init__(self, path: Path) -> None:
        import faiss

        self.path = path
        self._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)

    def count(self) -> int:
        """Return how many passages it holds."""
        return int(self._index.ntotal)

    def search(self, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        """Return (passage number, cosine), best first."""
        scores, pids = self._index.search(vector.reshape(1, -1), limit)
        return [(int(pid), float(score)) for pid, score in zip(pids[0], scores[0], strict=True) if pid >= 0]


def write_dense(path: Path, pids: Sequence[int], vectors: Vectors) -> None:
    """Write a faiss file over these vectors, whole or not at all."""
    import faiss

    index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
    index.add_with_ids(vectors, np.asarray(pids, dtype=np.int64))
    _save(index, path)


def change_dense(old: Path, new: Path, gone: Sequence[int], pids: Sequence[int], vectors: Vectors) -> None:
    """Write a copy of a faiss file without some passages and with some more."""
    import faiss

    index = faiss.read_index(str(old))
    if gone:
        index.remove_ids(faiss.IDSelectorBatch(np.asarray(gone, dtype=np.int64)))
    if pids:
        index.add_with_ids(vectors, np.asarray(pids, dtype=np.int64))
    _save(index, new)


def dense_ids(path: Path) -> set[int]:
    """Return the numbers of the passages a faiss file holds."""
    import faiss

    index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    return {int(pid) for pid in faiss.vector_to_array(index.id_map)}


def _save(index: Any, path: Path) -> None:
    import faiss

    part = path.with_suffix(".part")
    try:
        faiss.write_index(index, str(part))
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
