"""The truth of an index, in one SQLite file: documents, passages, names, and what the lexical index must still hear of.

The lexical index and the vectors are derived from it and can always catch up, so a process may die at any moment.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from retrieval.base import Document
from retrieval.documents.passages import cut
from retrieval.index.names import Kind, names_of

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (doc INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL, uri TEXT NOT NULL, metadata TEXT NOT NULL, text TEXT NOT NULL,
    digest BLOB NOT NULL, source TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS documents_source ON documents (source);
CREATE TABLE IF NOT EXISTS passages (pid INTEGER PRIMARY KEY AUTOINCREMENT, doc INTEGER NOT NULL,
    start INTEGER NOT NULL, stop INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS passages_doc ON passages (doc);
CREATE TABLE IF NOT EXISTS names (key TEXT NOT NULL, doc INTEGER NOT NULL, kind INTEGER NOT NULL,
    PRIMARY KEY (key, doc)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS names_doc ON names (doc);
CREATE TABLE IF NOT EXISTS outbox (doc INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS skipped (path TEXT NOT NULL, reason TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A passage as the ranking sees it.

    Attributes:
        pid: its number, never used twice.
        doc: the number of its document.
        id: the document's id.
        title: the document's title.
        uri: where a person can open the document.
        start: offset in the document's text, in characters.
        stop: its end.
        text: the passage.
    """

    pid: int
    doc: int
    id: str
    title: str
    uri: str
    start: int
    stop: int
    text: str


class Store:
    """One SQLite file. Safe to use from several threads; other processes may read while one writes."""

    def __init__(self, path: Path, *, write: bool = False, fresh: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        if write:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
            # A fresh file that fails is thrown away whole, so it needs no log to recover from.
            self._db.execute(f"PRAGMA journal_mode={'OFF' if fresh else 'WAL'}")
            self._db.execute(f"PRAGMA synchronous={'OFF' if fresh else 'NORMAL'}")
            self._db.executescript(_SCHEMA)
        else:
            self._db = _connect_for_reading(path)
        self._db.execute("PRAGMA mmap_size=1073741824")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def __del__(self) -> None:
        if hasattr(self, "_db"):
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside happen, or nothing."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                with suppress(sqlite3.Error):  # frees the log, which may be what fills the disk
                    self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                raise
            self._db.execute("COMMIT")

    def version(self) -> int:
        """Return a number that changes whenever another process has written."""
        return self._one("PRAGMA data_version")

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file, so that the file alone is the index."""
        with self._lock:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # Settings

    def get(self, key: str, default: str = "") -> str:
        """Return a setting."""
        rows = self._all("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else default

    def set(self, key: str, value: str) -> None:
        """Keep a setting."""
        self._run("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value))

    # Writing

    def put(self, document: Document, source: str = "") -> tuple[int | None, int | None]:
        """Insert a document or replace the one with its id.

        Returns:
            The number of the document that was added and of the one it replaced; (None, None) if nothing differs.
        """
        digest = _digest(document)
        old = self._all("SELECT doc, digest, source FROM documents WHERE id = ?", (document.id,))
        if old and old[0][1] == digest:
            if source != old[0][2]:
                self._run("UPDATE documents SET source = ? WHERE doc = ?", (source, old[0][0]))
            return None, None
        if old:
            self._drop(old[0][0])
        with self._lock:
            doc = self._db.execute(
                "INSERT INTO documents (id, title, uri, metadata, text, digest, source) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (document.id, document.title, document.uri, _json(document), document.text, digest, source),
            ).lastrowid
            self._db.executemany(
                "INSERT INTO passages (doc, start, stop) VALUES (?, ?, ?)", ((doc, a, b) for a, b in cut(document.text))
            )
            names = names_of(document.id, document.title, document.text)
            self._db.executemany("INSERT INTO names VALUES (?, ?, ?)", ((k, doc, int(v)) for k, v in names.items()))
        return doc, old[0][0] if old else None

    def remove(self, document_id: str) -> int | None:
        """Remove a document; return its number, or None where there is none."""
        old = self._all("SELECT doc FROM documents WHERE id = ?", (document_id,))
        if old:
            self._drop(old[0][0])
        return int(old[0][0]) if old else None

    def _drop(self, doc: int) -> None:
        for table in ("documents", "passages", "names"):
            self._run(f"DELETE FROM {table} WHERE doc = ?", (doc,))  # noqa: S608 (the names are ours)

    def announce(self, docs: Iterable[int]) -> None:
        """Note that the lexical index must look at these documents again."""
        with self._lock:
            self._db.executemany("INSERT OR IGNORE INTO outbox VALUES (?)", ((doc,) for doc in docs))

    def announced(self) -> list[int]:
        """Return what was noted and not yet withdrawn."""
        return [row[0] for row in self._all("SELECT doc FROM outbox ORDER BY doc")]

    def withdraw(self, docs: Iterable[int]) -> None:
        """Forget what was noted."""
        with self._lock:
            self._db.executemany("DELETE FROM outbox WHERE doc = ?", ((doc,) for doc in docs))

    # Reading

    def counts(self) -> tuple[int, int]:
        """Return the number of documents and of passages."""
        return self._one("SELECT count(*) FROM documents"), self._one("SELECT count(*) FROM passages")

    def document(self, document_id: str) -> Document | None:
        """Return the document with this id."""
        rows = self._all("SELECT id, text, title, uri, metadata FROM documents WHERE id = ?", (document_id,))
        if not rows:
            return None
        name, text, title, uri, metadata = rows[0]
        return Document(name, text, title, uri, json.loads(metadata))

    def ids(self, *, source: str | None = None) -> list[str]:
        """Return the ids of all documents, or of those that came from one file."""
        if source is None:
            return [row[0] for row in self._all("SELECT id FROM documents ORDER BY doc")]
        return [row[0] for row in self._all("SELECT id FROM documents WHERE source = ?", (source,))]

    def source(self, document_id: str) -> str | None:
        """Return the file a document came from, or None where there is no such document."""
        rows = self._all("SELECT source FROM documents WHERE id = ?", (document_id,))
        return str(rows[0][0]) if rows else None

    def passages(self, doc: int) -> list[Row]:
        """Return the passages of a document in reading order; the whole text is read once."""
        found = self._all("SELECT doc, id, title, uri, text FROM documents WHERE doc = ?", (doc,))
        if not found:
            return []
        number, name, title, uri, text = found[0]
        spans = self._all("SELECT pid, start, stop FROM passages WHERE doc = ? ORDER BY start", (doc,))
        return [Row(pid, number, name, title, uri, a, b, text[a:b]) for pid, a, b in spans]

    def rows(self, pids: Sequence[int]) -> dict[int, Row]:
        """Return the passages with these numbers; those that are gone are missing."""
        found = self._all(
            "SELECT p.pid, p.doc, d.id, d.title, d.uri, p.start, p.stop, substr(d.text, p.start + 1, p.stop - p.start)"
            " FROM json_each(?) j JOIN passages p ON p.pid = j.value JOIN documents d ON d.doc = p.doc",
            (json.dumps([int(pid) for pid in pids]),),
        )
        return {row[0]: Row(*row) for row in found}

    def owners(self, pids: Sequence[int]) -> dict[int, int]:
        """Return the document number of each passage that still exists."""
        found = self._all(
            "SELECT p.pid, p.doc FROM json_each(?) j JOIN passages p ON p.pid = j.value",
            (json.dumps([int(pid) for pid in pids]),),
        )
        return dict(found)

    def pids(self) -> list[int]:
        """Return the numbers of all passages."""
        return [row[0] for row in self._all("SELECT pid FROM passages ORDER BY pid")]

    def called(self, keys: Iterable[str]) -> dict[str, list[tuple[Kind, int]]]:
        """Return, for each of these names that is known, the documents it belongs to, surest first."""
        found = self._all(
            "SELECT key, kind, doc FROM names WHERE key IN (SELECT value FROM json_each(?)) ORDER BY kind, doc",
            (json.dumps(list(dict.fromkeys(keys))),),
        )
        names: dict[str, list[tuple[Kind, int]]] = {}
        for key, kind, doc in found:
            names.setdefault(key, []).append((Kind(kind), doc))
        return names

    # Files

    def files(self) -> dict[str, tuple[int, int]]:
        """Return size in bytes and time of change in nanoseconds of every file that was read."""
        return {path: (size, mtime) for path, size, mtime in self._all("SELECT path, size, mtime FROM files")}

    def put_file(self, path: str, size: int, mtime: int) -> None:
        """Note that a file was read as it is now."""
        self._run("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (path, size, mtime))

    def drop_file(self, path: str) -> None:
        """Forget a file and what was wrong with it."""
        self._run("DELETE FROM files WHERE path = ?", (path,))
        self._run("DELETE FROM skipped WHERE path = ? OR path GLOB ?", (path, f"{_glob(path)}:*"))

    def skipped(self) -> list[tuple[str, str]]:
        """Return what could not be read, and why."""
        return self._all("SELECT path, reason FROM skipped ORDER BY path")

    def put_skipped(self, path: str, reason: str) -> None:
        """Note that something could not be read."""
        self._run("INSERT INTO skipped VALUES (?, ?)", (path, reason))

    def _run(self, sql: str, values: Sequence[Any] = ()) -> None:
        with self._lock:
            self._db.execute(sql, values)

    def _all(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _one(self, sql: str) -> int:
        return int(self._all(sql)[0][0])


def _connect_for_reading(path: Path) -> sqlite3.Connection:
    """Open without writing; where not even the log's side files can be made, the file is read as it stands."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    try:
        db = sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None, timeout=30)
        db.execute("SELECT count(*) FROM meta").fetchall()
    except sqlite3.OperationalError:
        db = sqlite3.connect(f"{address}&immutable=1", uri=True, check_same_thread=False, isolation_level=None)
        db.execute("SELECT count(*) FROM meta").fetchall()
    return db


def _json(document: Document) -> str:
    return json.dumps(dict(document.metadata), ensure_ascii=False, sort_keys=True)


def _digest(document: Document) -> bytes:
    parts = (document.title, document.uri, _json(document), document.text)
    return blake2b("\0".join(parts).encode(), digest_size=16).digest()


def _glob(path: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)
