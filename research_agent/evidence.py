"""What was read, kept as it was: content-addressed snapshots, and quotes found in them word for word."""

import hashlib
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from research_agent.answer import Quote, Source
from research_agent.errors import ResearchError
from research_agent.folding import Folded, fold
from retrieval.base import Document, Hit

# The texts and their folded forms kept at hand, in characters; a folded form is as long as its text.
_AT_HAND = 16_000_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS texts (sha256 TEXT PRIMARY KEY, text BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshots (
    id TEXT PRIMARY KEY, document_id TEXT NOT NULL, backend TEXT NOT NULL, uri TEXT NOT NULL, title TEXT NOT NULL,
    sha256 TEXT NOT NULL REFERENCES texts (sha256), retrieved_at TEXT NOT NULL, start INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS snapshots_of ON snapshots (backend, document_id);
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A text as it was when it was read.

    Attributes:
        id: made of the backend, the document and the content, so the same reading has the same id in every session.
        sha256: of the text in UTF-8.
        retrieved_at: when it was first read, ISO 8601, UTC.
        start: where the text begins in its document, in characters, if only that passage was read; None for a
            whole document.
    """

    id: str
    document_id: str
    backend: str
    uri: str
    title: str
    text: str
    sha256: str
    retrieved_at: str
    start: int | None = None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class EvidenceStore:
    """The snapshots of one run, in a SQLite file or, with no path, in this process.

    Adding the same reading again changes nothing, so a resumed run may repeat its steps.
    """

    def __init__(self, path: Path | None = None, *, clock: Callable[[], str] = _now) -> None:
        self._clock = clock
        self._where = "in this process" if path is None else str(path)
        self._lock = threading.RLock()
        self._recent: OrderedDict[str, tuple[Snapshot, Folded | None]] = OrderedDict()
        try:
            self._db = sqlite3.connect(path or ":memory:", timeout=30, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise ResearchError(
                f"The evidence store {self._where} cannot be opened ({error}): free some space, then resume the run; "
                "if it is damaged, start a new one."
            ) from error

    def add(self, document: Document, *, backend: str) -> Snapshot:
        """Keep a whole document and return its snapshot."""
        return self._keep(document.id, backend, document.uri, document.title, document.text, None)

    def add_hit(self, hit: Hit, *, backend: str) -> Snapshot:
        """Return the snapshot a hit stands in: its document where that was opened, else the passage alone."""
        with self._lock:
            known = (
                "SELECT id FROM snapshots WHERE backend = ? AND document_id = ? AND start IS NULL ORDER BY retrieved_at"
            )
            for (found,) in self._rows(known, (backend, hit.document_id)):
                whole = self.get(found)
                if hit.text and whole.text[hit.start : hit.end] == hit.text:
                    return whole
            return self._keep(hit.document_id, backend, hit.uri, hit.title, hit.text, hit.start)

    def get(self, source_id: str) -> Snapshot:
        """Return a snapshot, its text checked against its hash.

        Raises:
            ResearchError: there is no such snapshot, or its text was changed.
        """
        with self._lock:
            return self._entry(source_id)[0]

    def knows(self, source_id: str) -> bool:
        """Return whether there is such a snapshot."""
        with self._lock:
            return bool(self._rows("SELECT 1 FROM snapshots WHERE id = ?", (source_id,)))

    def source(self, source_id: str) -> Source:
        """Return a snapshot as a report lists it; a passage says by RFC 5147 where in its document it stands."""
        snapshot = self.get(source_id)
        uri = snapshot.uri
        if snapshot.start is not None and uri:
            mark = "&" if "#" in uri else "#"
            uri = f"{uri}{mark}char={snapshot.start},{snapshot.start + len(snapshot.text)}"
        return Source(snapshot.id, uri, snapshot.title or snapshot.document_id, snapshot.sha256, snapshot.retrieved_at)

    def locate(self, text: str, source_id: str, *, near: int | None = None) -> Quote | None:
        """Find words in a snapshot, up to whitespace and Unicode forms, and return them as the snapshot has them.

        Args:
            text: the words; None comes back where they are blank or do not stand there.
            source_id: the snapshot.
            near: offset in the snapshot, in characters; of several occurrences the nearest is taken.
        """
        with self._lock:
            snapshot, folded = self._entry(source_id)
            if folded is None:
                folded = fold(snapshot.text)
                self._recent[source_id] = (snapshot, folded)
        place = folded.find(text, near)
        return None if place is None else Quote(source_id, snapshot.text[place[0] : place[1]], *place)

    def check(self, quote: Quote) -> bool:
        """Return whether a quote stands in its snapshot at its offsets, character for character."""
        if not quote.text or not 0 <= quote.start < quote.end:
            return False
        if not self.knows(quote.source_id):
            return False
        return self.get(quote.source_id).text[quote.start : quote.end] == quote.text

    def close(self) -> None:
        """Let go of the file; harmless when called twice."""
        with self._lock:
            self._db.close()
            self._recent.clear()

    def _keep(self, document_id: str, backend: str, uri: str, title: str, text: str, start: int | None) -> Snapshot:
        # Pages hold broken surrogates; they must survive the trip for the offsets to stay true.
        raw = text.encode("utf-8", "surrogatepass")
        sha256 = hashlib.sha256(raw).hexdigest()
        origin = "\0".join((backend, document_id, sha256, "" if start is None else str(start)))
        source_id = hashlib.sha256(origin.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        with self._lock:
            if self.knows(source_id):
                return self.get(source_id)
            row = (source_id, _plain(document_id), backend, _plain(uri), _plain(title), sha256, self._clock(), start)
            try:
                with self._db:
                    self._db.execute("BEGIN IMMEDIATE")
                    self._db.execute("INSERT OR IGNORE INTO texts VALUES (?, ?)", (sha256, raw))
                    self._db.execute("INSERT OR IGNORE INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            except sqlite3.Error as error:
                raise ResearchError(
                    f"The evidence store {self._where} cannot be written ({error}): free some space, "
                    "then resume the run."
                ) from error
            return self.get(source_id)

    def _entry(self, source_id: str) -> tuple[Snapshot, Folded | None]:
        if source_id not in self._recent:
            self._recent[source_id] = (self._load(source_id), None)
            while len(self._recent) > 1 and sum(len(kept.text) for kept, _ in self._recent.values()) > _AT_HAND:
                self._recent.popitem(last=False)
        self._recent.move_to_end(source_id)
        return self._recent[source_id]

    def _load(self, source_id: str) -> Snapshot:
        rows = self._rows(
            "SELECT id, document_id, backend, uri, title, text, sha256, retrieved_at, start"
            " FROM snapshots JOIN texts USING (sha256) WHERE id = ?",
            (source_id,),
        )
        if not rows:
            raise ResearchError(f"The evidence store {self._where} holds no source {source_id!r}: start a new run.")
        name, document_id, backend, uri, title, raw, sha256, retrieved_at, start = rows[0]
        if hashlib.sha256(raw).hexdigest() != sha256:
            raise ResearchError(f"The text of source {source_id!r} in the evidence store {self._where} was changed.")
        text = raw.decode("utf-8", "surrogatepass")
        return Snapshot(name, document_id, backend, uri, title, text, sha256, retrieved_at, start)

    def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise ResearchError(
                f"The evidence store {self._where} is damaged ({error}): the run cannot go on, start a new one."
            ) from error


def _plain(text: str) -> str:
    """Return a text that every encoder takes."""
    return text.encode("utf-8", "replace").decode()
