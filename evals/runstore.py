"""The run store: one SQLite file that trials are only ever added to.

A trial is known by the hash of all that determines it, so an identical one is never bought twice and a killed run goes
on where it stopped. What may differ between two runs of the same trial (times, run ids) stands in columns of its own:
`seconds`, `at` and `report`; `key` and `body` are the same, byte for byte. Failures of the infrastructure are kept
apart: they are not trials, and the question is asked again. Nothing is ordered by the wall clock, which may be set
back: `at` is only a label.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from filelock import FileLock, Timeout

from evals.errors import EvalError, StoreBusyError, StoreDiskError
from evals.storefile import connected, sentences
from evals.trial import Trial, canonical, code_version, trial_key

__all__ = ["RunStore", "Trial", "canonical", "code_version", "opened", "read_trials", "trial_key"]

_SELECT = "SELECT key, body, report, seconds FROM trials"
_APART = ("key", "report", "seconds")
_BODY = tuple(one.name for one in fields(Trial) if one.name not in _APART)
# How long a writer waits for another program (a backup, a shell) to let go of the file.
_PATIENCE_SECONDS = 5.0


class RunStore:
    """An append-only store of trials; one process writes it at a time."""

    def __init__(self, path: Path, *, patience: float = _PATIENCE_SECONDS) -> None:
        """Open the store, or make it where there is none.

        Args:
            path: the file.
            patience: seconds to wait for another program that holds the file for a moment.

        Raises:
            StoreBusyError: another process is writing it.
            StoreFormatError: the file is something else, or of another version.
            StoreDiskError: it cannot be written there.
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
            raise StoreDiskError(f"The run store {path} cannot be written: {error}.") from error
        try:
            self._db = connected(path, patience)
        except EvalError:
            self._lock.release()
            raise

    def add(self, trial: Trial) -> None:
        """Append a trial; the same trial again changes nothing. It is kept once this returns.

        Raises:
            StoreBusyError, StoreDiskError: it could not be kept.
        """
        with sentences(self.path):
            self._db.execute("INSERT OR IGNORE INTO trials VALUES (?, ?, ?, ?, ?)", _row(trial))

    def add_failure(self, key: str, error: str) -> None:
        """Append a failure of the infrastructure; the trial stays to be bought.

        Raises:
            StoreBusyError, StoreDiskError: it could not be kept.
        """
        with sentences(self.path):
            row = (key, time.time(), _storable(error))
            self._db.execute("INSERT INTO failures (key, at, error) VALUES (?, ?, ?)", row)

    def get(self, key: str) -> Trial | None:
        """Return the trial with this key, None where it was not bought yet."""
        with sentences(self.path):
            row = self._db.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone()
        return _trial(row) if row else None

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Return those of the keys that have no trial, in their order, each once."""
        with sentences(self.path):
            return [key for key in dict.fromkeys(keys) if not self._has(key)]

    def _has(self, key: str) -> bool:
        """Tell whether the trial was bought."""
        return self._db.execute("SELECT 1 FROM trials WHERE key = ?", (key,)).fetchone() is not None

    def trials(self) -> Iterator[Trial]:
        """Yield all trials, in the order of their keys."""
        with sentences(self.path):
            for row in self._db.execute(f"{_SELECT} ORDER BY key"):
                yield _trial(row)

    def failures(self, keys: Iterable[str]) -> int:
        """Return how many failures were recorded for these keys."""
        with sentences(self.path):
            counts = dict(self._db.execute("SELECT key, count(*) FROM failures GROUP BY key"))
        return sum(counts.get(key, 0) for key in dict.fromkeys(keys)) if counts else 0

    def _empty(self) -> bool:
        """Tell whether nothing was ever added."""
        held = "SELECT EXISTS (SELECT 1 FROM trials) OR EXISTS (SELECT 1 FROM failures)"
        return not self._db.execute(held).fetchone()[0]

    def close(self) -> None:
        """Close the file and let others write it; harmless when called twice. A new one left empty is removed."""
        try:
            if self._made and self._empty():
                self.path.unlink(missing_ok=True)
            self._made = False
        finally:
            self._db.close()
            self._lock.release()


@contextmanager
def opened(path: Path) -> Iterator[RunStore]:
    """Open a store and close it in any case.

    Raises:
        StoreBusyError: another process is writing it.
        StoreFormatError: the file is something else.
        StoreDiskError: it cannot be written there.
    """
    store = RunStore(path)
    try:
        yield store
    finally:
        store.close()


def read_trials(path: Path, keys: Iterable[str]) -> Iterator[Trial]:
    """Yield those trials of a store that have these keys, in the order of the keys, one at a time.

    It reads beside whoever writes, so it needs no lock, and holds one trial in memory.

    Raises:
        StoreDiskError: the file is not there, or cannot be read.
        StoreFormatError: it is damaged.
    """
    with sentences(path):
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
    try:
        with sentences(path):
            for key in keys:
                row = db.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone()
                if row:
                    yield _trial(row)
    finally:
        db.close()


def _row(trial: Trial) -> tuple[str, str, str, float, float]:
    """Return the row that holds a trial."""
    # Not dataclasses.asdict, which copies every value of the trace and takes most of the time.
    body = {name: getattr(trial, name) for name in _BODY}
    return trial.key, _storable(canonical(body)), _storable(canonical(trial.report)), trial.seconds, time.time()


def _storable(text: str) -> str:
    """Return text that SQLite takes: half of a surrogate pair, which a model may say, is written as its escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _trial(row: tuple[str, str, str, float]) -> Trial:
    """Return the trial a stored row holds."""
    key, body, report, seconds = row
    stored = json.loads(body)
    stored["trace"] = tuple(stored["trace"])
    return Trial(key=key, report=json.loads(report), seconds=seconds, **stored)
