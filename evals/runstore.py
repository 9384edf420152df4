"""The run store: one SQLite file that trials are only ever added to.

A trial is known by the hash of all that determines it, so an identical one is never bought twice and a killed run goes
on where it stopped. What may differ between two runs of the same trial (times, run ids) stands in columns of its own.
Failures of the infrastructure are kept apart: they are not trials, and the question is asked again.
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from filelock import FileLock, Timeout

from evals.errors import StoreBusyError, StoreFormatError

# "EVAL" in ASCII, and the version of the tables.
_APPLICATION, _VERSION = 0x4556414C, 1
_SCHEMA = """
CREATE TABLE trials (
    key TEXT PRIMARY KEY, body TEXT NOT NULL, report TEXT NOT NULL, seconds REAL NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE failures (id INTEGER PRIMARY KEY, key TEXT NOT NULL, at REAL NOT NULL, error TEXT NOT NULL);
CREATE TRIGGER trials_stay BEFORE UPDATE ON trials BEGIN SELECT RAISE(ABORT, 'trials are never changed'); END;
CREATE TRIGGER trials_remain BEFORE DELETE ON trials BEGIN SELECT RAISE(ABORT, 'trials are never removed'); END;
CREATE TRIGGER failures_stay BEFORE UPDATE ON failures BEGIN SELECT RAISE(ABORT, 'failures are never changed'); END;
CREATE TRIGGER failures_remain BEFORE DELETE ON failures BEGIN SELECT RAISE(ABORT, 'failures are never removed'); END;
"""
_SELECT = "SELECT key, body, report, seconds FROM trials"


@dataclass(frozen=True, slots=True)
class Trial:
    """One question, answered once.

    Attributes:
        key: hash of everything that determines it (`trial_key`).
        cell: the options of the solver: depth, width, thinking cap…
        answer: the short answer, "" for none.
        units: spent, in budget units.
        seconds: wall time.
        trace: one record a search round: {"round", "queries", "read", "answer", "units"}; units are the total so far.
        report: the whole answer in the form of the JSON contract.
    """

    key: str
    task: str
    question_id: str
    cell: Mapping[str, object]
    seed: int
    code: str
    model: str
    corpus: str
    answer: str
    status: str
    stop_reason: str
    units: float
    seconds: float
    trace: tuple[Mapping[str, object], ...] = ()
    report: Mapping[str, object] = field(default_factory=dict)


def canonical(value: object) -> str:
    """Return JSON that is the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def trial_key(
    question_id: str, question: str, *, cell: Mapping[str, object], seed: int, code: str, model: str, corpus: str
) -> str:
    """Return the hash by which a trial is known."""
    parts = [question_id, question, dict(cell), seed, code, model, corpus]
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


@lru_cache(maxsize=1)
def code_version() -> str:
    """Return a hash of the source that produces answers (the packages `research_agent` and `retrieval`)."""
    digest = hashlib.sha256()
    for package in ("research_agent", "retrieval"):
        root = Path(str(files(package)))
        for path in sorted(root.rglob("*.py")):
            digest.update(f"{package}/{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


class RunStore:
    """An append-only store of trials; one process writes it at a time."""

    def __init__(self, path: Path) -> None:
        """Open the store, or make it where there is none.

        Raises:
            StoreBusyError: another process is writing it.
            StoreFormatError: the file is something else, or of another version.
        """
        self.path = path
        self._made = not path.exists()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(f"{path}.lock")
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise StoreBusyError(
                f"Another process is writing the run store {path}; wait for it or name another one."
            ) from error
        except OSError as error:
            raise StoreFormatError(f"The run store {path} cannot be written: {error}.") from error
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            self._prepare()
        except sqlite3.Error as error:
            self._lock.release()
            raise StoreFormatError(f"The file {path} is not a run store: {error}.") from error
        except StoreFormatError:
            self._db.close()
            self._lock.release()
            raise

    def _prepare(self) -> None:
        """Make the tables of a new file and check the marks of an old one."""
        (mark,) = self._db.execute("PRAGMA application_id").fetchone()
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and (mark, version) != (_APPLICATION, _VERSION):
            raise StoreFormatError(f"The file {self.path} is not a run store of version {_VERSION}; name another file.")
        self._db.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing; only a power cut can take the last trials.
        self._db.execute("PRAGMA synchronous = NORMAL")
        if not tables:
            marks = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_VERSION};"
            self._db.executescript(f"BEGIN; {_SCHEMA} {marks} COMMIT;")

    def add(self, trial: Trial) -> None:
        """Append a trial; the same trial again changes nothing."""
        body = asdict(trial)
        row = (body.pop("key"), body.pop("report"), body.pop("seconds"))
        values = (row[0], canonical(body), canonical(row[1]), row[2], time.time())
        self._db.execute("INSERT OR IGNORE INTO trials VALUES (?, ?, ?, ?, ?)", values)

    def add_failure(self, key: str, error: str) -> None:
        """Append a failure of the infrastructure; the trial stays to be bought."""
        self._db.execute("INSERT INTO failures (key, at, error) VALUES (?, ?, ?)", (key, time.time(), error))

    def get(self, key: str) -> Trial | None:
        """Return the trial with this key, None where it was not bought yet."""
        row = self._db.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone()
        return _trial(row) if row else None

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Return those of the keys that have no trial, in their order, each once."""
        return [key for key in dict.fromkeys(keys) if not self._has(key)]

    def _has(self, key: str) -> bool:
        """Tell whether the trial was bought."""
        return self._db.execute("SELECT 1 FROM trials WHERE key = ?", (key,)).fetchone() is not None

    def trials(self) -> Iterator[Trial]:
        """Yield all trials, in the order of their keys."""
        for row in self._db.execute(f"{_SELECT} ORDER BY key"):
            yield _trial(row)

    def failures(self, keys: Iterable[str]) -> int:
        """Return how many failures were recorded for these keys."""
        count = "SELECT count(*) FROM failures WHERE key = ?"
        return sum(self._db.execute(count, (key,)).fetchone()[0] for key in keys)

    def _empty(self) -> bool:
        """Tell whether nothing was ever added."""
        held = "SELECT EXISTS (SELECT 1 FROM trials) OR EXISTS (SELECT 1 FROM failures)"
        return not self._db.execute(held).fetchone()[0]

    def close(self) -> None:
        """Close the file and let others write it; harmless when called twice. A new one left empty is removed."""
        if self._made and self._empty():
            self.path.unlink(missing_ok=True)
        self._made = False
        self._db.close()
        self._lock.release()


def _trial(row: tuple[str, str, str, float]) -> Trial:
    """Return the trial a stored row holds."""
    key, body, report, seconds = row
    fields = json.loads(body)
    fields["trace"] = tuple(fields["trace"])
    return Trial(key=key, report=json.loads(report), seconds=seconds, **fields)


@contextmanager
def opened(path: Path) -> Iterator[RunStore]:
    """Open a store and close it in any case.

    Raises:
        StoreBusyError: another process is writing it.
        StoreFormatError: the file is something else.
    """
    store = RunStore(path)
    try:
        yield store
    finally:
        store.close()
