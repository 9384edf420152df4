"""The ledger's memory on disk: an append-only SQLite table of every reservation, charge and slice of one run.

Written ahead (WAL) with `synchronous=NORMAL`: a commit survives the death of the process at any instant, and costs
about 20 µs. Only a power cut may lose the last commits, and `durable=True` (`synchronous=FULL`, some ten times
slower) closes that gap, too. A charge and the reply it bought are one row, so neither exists without the other.
"""

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from research_agent.errors import BudgetError, RunBusyError, UsageError

if TYPE_CHECKING:
    from filelock import FileLock

Kind = Literal["session", "reserve", "settle", "refund", "overrun", "slice", "close", "aside", "beat"]
VERSION = 1
INLINE = 4096
COLUMNS = "kind, account, key, attempt, ref, answer, units, usd, charge, data, session, elapsed, at"
SCHEMA = f"""
CREATE TABLE events (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, account TEXT NOT NULL, key TEXT NOT NULL,
    attempt INTEGER NOT NULL, ref INTEGER, answer INTEGER NOT NULL, units REAL NOT NULL, usd REAL, charge TEXT,
    data TEXT, session INTEGER NOT NULL, elapsed REAL NOT NULL, at REAL NOT NULL);
CREATE TABLE bodies (sha256 TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER events_last BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
PRAGMA user_version = {VERSION};
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One row.

    Attributes:
        kind: what happened.
        account: path of the account it happened to.
        key: idempotency key of the call within the run: chain, kind of call, step.
        attempt: number of the attempt under this key, from 0.
        ref: for settle, refund and overrun the `seq` of their reservation.
        answer: the call belongs to the answer phase.
        units: the charge's price in units, and `usd` in dollars, for readers; the exact numbers stand in `charge`.
        charge: JSON of the charge.
        data: JSON of the reply, of a slice's limits, of what is set aside, or of the run's terms.
        session: 1 for the run's first process, 2 for the one that resumed it, and so on.
        elapsed: seconds since that session began.
        at: Unix time.
        seq: number of the row, 0 until it is written.
    """

    kind: Kind
    account: str = ""
    key: str = ""
    attempt: int = 0
    ref: int | None = None
    answer: bool = False
    units: float = 0.0
    usd: float | None = None
    charge: str | None = None
    data: str | None = None
    session: int = 0
    elapsed: float = 0.0
    at: float = 0.0
    seq: int = 0


NAMES = tuple(field.name for field in fields(Event))


class Journal:
    """One run's journal. `path=None` keeps it in this process only; a file has one writer at a time.

    Raises:
        RunBusyError: another process has it open.
        UsageError: the path cannot be used, or holds something else.
    """

    def __init__(self, path: Path | None = None, *, durable: bool = False) -> None:
        self.path = path
        self._lock = None if path is None else _take(path)
        try:
            self._db = _open(path, durable)
        except BaseException:
            self._unlock()
            raise

    def append(self, events: Sequence[Event]) -> list[int]:
        """Write these rows, all or none, and return their numbers.

        Raises:
            BudgetError: they cannot be written; then nothing of the step happened.
        """
        try:
            with self._db:  # commits, or rolls back where anything fails
                self._db.execute("BEGIN IMMEDIATE")
                return [self._insert(event) for event in events]
        except sqlite3.Error as error:
            raise BudgetError(
                f"The journal {self.path or 'of this run'} cannot be written ({error}): "
                "free some space, then resume the run."
            ) from error

    def events(self) -> Iterator[Event]:
        """Yield every row in the order written; long replies are left as references."""
        for row in self._rows(f"SELECT {COLUMNS}, seq FROM events ORDER BY seq"):  # noqa: S608 (no outside text)
            values = dict(zip(NAMES, row, strict=True))
            yield Event(**{**values, "answer": bool(values["answer"])})

    def data(self, seq: int) -> Any:
        """Return the JSON value in the `data` of one row."""
        ((text,),) = self._rows("SELECT data FROM events WHERE seq = ?", seq)
        if text.startswith("sha256:"):
            ((body,),) = self._rows("SELECT body FROM bodies WHERE sha256 = ?", text.removeprefix("sha256:"))
            text = zlib.decompress(body).decode()
        return json.loads(text)

    def terms(self) -> dict[str, Any] | None:
        """Return what the run began with (`run`, `budget`, `prices`, `money`), or None where it has not begun."""
        for (seq,) in self._rows("SELECT seq FROM events WHERE kind = 'session' ORDER BY seq LIMIT 1"):
            return dict(self.data(seq))
        return None

    def sha256(self) -> str:
        """Return the hash of all rows but the clock's beats, long replies by their own hash."""
        digest = hashlib.sha256()
        for row in self._rows(f"SELECT seq, {COLUMNS} FROM events WHERE kind <> 'beat' ORDER BY seq"):  # noqa: S608
            digest.update(json.dumps(row).encode() + b"\n")
        return digest.hexdigest()

    def close(self) -> None:
        """Let go of the file and the lock; harmless when called twice."""
        self._db.close()
        self._unlock()

    def damaged(self, why: object) -> UsageError:
        """Return the error of a journal that cannot be read."""
        return UsageError(f"The journal {self.path} is damaged ({why}): the run cannot go on, start a new one.")

    def _rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query.

        Raises:
            UsageError: the file is damaged.
        """
        try:
            yield from self._db.execute(query, values)
        except sqlite3.Error as error:
            raise self.damaged(error) from error

    def _insert(self, event: Event) -> int:
        """Write one row inside the open transaction."""
        data = event.data
        if data is not None and len(data) > INLINE:
            body = data.encode()
            name = hashlib.sha256(body).hexdigest()
            packed = (name, zlib.compress(body, 1))
            self._db.execute("INSERT OR IGNORE INTO bodies VALUES (?, ?)", packed)
            data = f"sha256:{name}"
        values = (event.kind, event.account, event.key, event.attempt, event.ref, event.answer, event.units, event.usd)
        clock = (event.session, event.elapsed, event.at)
        cursor = self._db.execute(
            f"INSERT INTO events ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (*values, event.charge, data, *clock),
        )
        return int(cursor.lastrowid or 0)

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()


def _take(path: Path) -> "FileLock":
    """Return the lock of a journal, taken.

    Raises:
        RunBusyError: another process has it.
        UsageError: the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    if not path.parent.is_dir():  # a lock would make it
        raise UsageError(f"The folder {path.parent} does not exist: make it, or choose another run folder.")
    lock = FileLock(f"{path}.lock", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunBusyError(
            f"Another process is writing the run in {path.parent}: wait until it ends, or choose another run folder."
        ) from error
    except OSError as error:
        raise UsageError(
            f"The journal {path} cannot be opened ({error}): choose a folder that can be written."
        ) from error
    return lock


def _open(path: Path | None, durable: bool) -> sqlite3.Connection:
    """Return a connection to a journal, made where there is none.

    Raises:
        UsageError: the file is not a journal of this version.
    """
    try:
        # The ledger's lock keeps threads apart.
        connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version == 0 and tables == 0:
            connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")
            version = VERSION
    except sqlite3.Error as error:
        raise UsageError(f"The journal {path} cannot be opened ({error}): choose another run folder.") from error
    if version != VERSION:
        connection.close()
        raise UsageError(f"The journal {path} has form {version}, and this program writes form {VERSION}.")
    return connection
