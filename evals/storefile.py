"""The file of a run store: its tables, its marks, and what SQLite refuses, said in sentences."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evals.errors import StoreBusyError, StoreDiskError, StoreFormatError

# "EVAL" in ASCII, and the version of the tables.
_APPLICATION, _VERSION = 0x4556414C, 1
# Rows are thousands of bytes long, so they lie in the order they came; an index of their short keys finds them.
_SCHEMA = """
CREATE TABLE trials (
    key TEXT PRIMARY KEY NOT NULL, body TEXT NOT NULL, report TEXT NOT NULL, seconds REAL NOT NULL, at REAL NOT NULL
);
CREATE TABLE failures (id INTEGER PRIMARY KEY, key TEXT NOT NULL, at REAL NOT NULL, error TEXT NOT NULL);
CREATE TRIGGER trials_stay BEFORE UPDATE ON trials BEGIN SELECT RAISE(ABORT, 'trials are never changed'); END;
CREATE TRIGGER trials_remain BEFORE DELETE ON trials BEGIN SELECT RAISE(ABORT, 'trials are never removed'); END;
CREATE TRIGGER failures_stay BEFORE UPDATE ON failures BEGIN SELECT RAISE(ABORT, 'failures are never changed'); END;
CREATE TRIGGER failures_remain BEFORE DELETE ON failures BEGIN SELECT RAISE(ABORT, 'failures are never removed'); END;
"""


def connected(path: Path, patience: float) -> sqlite3.Connection:
    """Return the connection a writer works with; the tables of a new file are made.

    Args:
        path: the file.
        patience: seconds to wait for another program that holds it for a moment.

    Raises:
        StoreBusyError, StoreFormatError, StoreDiskError: it cannot be used.
    """
    with sentences(path):
        db = sqlite3.connect(path, timeout=patience, isolation_level=None)
        try:
            _prepare(db, path)
        except BaseException:
            db.close()
            raise
    return db


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file and check the marks of an old one."""
    (mark,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and mark != _APPLICATION:
        raise StoreFormatError(f"The file {path} is not a run store; name another file.")
    if tables and version != _VERSION:
        raise StoreFormatError(
            f"The run store {path} is of version {version}, and this program works with version {_VERSION}; "
            "name another file, or use the program that made it."
        )
    db.execute("PRAGMA journal_mode = WAL")
    # A killed process loses nothing; only a power cut can take the last trials.
    db.execute("PRAGMA synchronous = NORMAL")
    if not tables:
        marks = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_VERSION};"
        db.executescript(f"BEGIN; {_SCHEMA} {marks} COMMIT;")


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Say in a sentence what SQLite refused.

    Raises:
        StoreBusyError: another program holds the file.
        StoreFormatError: it is no database, or damaged.
        StoreDiskError: anything else: a full disk, a file that may not be written…
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        # The low byte is the kind; the rest of the code says more about it.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreBusyError(
                f"Another program holds the run store {path} ({error}); end it and give the command again: "
                "every trial that was kept is still there."
            ) from error
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FORMAT):
            raise StoreFormatError(f"The file {path} is not a run store, or is damaged: {error}.") from error
        raise StoreDiskError(f"The run store {path} cannot be read or written: {error}.") from error
