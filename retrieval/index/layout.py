"""The folder of an index: generations, of which one is current; a lock for its writer; a swap in one step."""

import contextlib
import errno
import json
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retrieval.errors import BadInputError, IndexBusyError, IndexMismatchError

FORMAT = 2
POINTER = "index.json"
VECTORS = "vectors.sqlite"
STORE = "store.sqlite"
LEXICAL = "lexical"

_LOCK = "write.lock"
_PREFIX = "generation-"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)
# SQLite and tantivy do not always say which write failed, or why.
_FULL_WORDS = (
    "no space left",
    "disk is full",
    "file too large",
    "quota exceeded",
    "disk i/o error",
    "worker thread failed",
)


def current(directory: Path) -> Path | None:
    """Return the folder of the generation in use, or None where there is no index.

    Raises:
        IndexMismatchError: it was written in another format.
        BadInputError: the pointer cannot be read.
    """
    try:
        pointer = json.loads((directory / POINTER).read_text(encoding="utf-8"))
        form, name = int(pointer["format"]), str(pointer["generation"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"The index at {directory} is damaged ({POINTER}: {error}); build it again."
        raise BadInputError(message) from error
    if form != FORMAT:
        message = f"The index at {directory} has format {form}, and this version reads format {FORMAT}; build it again."
        raise IndexMismatchError(message)
    return directory / name


def new_generation(directory: Path) -> Path:
    """Make an empty folder for a generation."""
    folder = directory / f"{_PREFIX}{uuid.uuid4().hex[:12]}"
    folder.mkdir(parents=True)
    return folder


def publish(directory: Path, generation: Path) -> None:
    """Make a generation the current one, in one step, and drop the others; open readers keep what they read."""
    for path in generation.iterdir():
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    part = directory / f"{POINTER}.part"
    with part.open("w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, "generation": generation.name}, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(directory / POINTER)
    sweep(directory, generation)


def sweep(directory: Path, keep: Path | None) -> None:
    """Remove generations that are not in use: older ones, and what a killed build left."""
    for folder in directory.glob(f"{_PREFIX}*"):
        if keep is None or folder.name != keep.name:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def writing(directory: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the right to change an index.

    Args:
        directory: the index.
        wait: seconds to wait for another writer.

    Raises:
        IndexBusyError: another process is still writing.
        BadInputError: the folder cannot be written, or the disk is full.
    """
    from filelock import FileLock, Timeout

    with storage(directory):
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory / _LOCK, timeout=wait)
        try:
            lock.acquire()
        except Timeout as error:
            message = f"Another process is writing the index at {directory}; wait for it to end, then try again."
            raise IndexBusyError(message) from error
        try:
            yield
        except BaseException:
            _leave_nothing(directory)
            raise
        finally:
            lock.release()


def _leave_nothing(directory: Path) -> None:
    """Remove the folder of an index that never came to be."""
    with contextlib.suppress(OSError):
        if [path.name for path in directory.iterdir()] == [_LOCK]:
            (directory / _LOCK).unlink()
            directory.rmdir()


@contextmanager
def storage(directory: Path) -> Iterator[None]:
    """Turn a full disk or a folder that cannot be written into one sentence."""
    try:
        yield
    except (OSError, sqlite3.Error, ValueError, RuntimeError) as error:
        if is_full(error):
            message = (
                f"The disk is full or refuses to be written ({error}): what was in the index at {directory} is "
                "unchanged; make room or name another folder, then try again."
            )
            raise BadInputError(message) from error
        if isinstance(error, OSError) and error.errno in _CLOSED:
            message = f"The index at {directory} cannot be written ({error}); name a folder that can."
            raise BadInputError(message) from error
        raise


def is_full(error: BaseException) -> bool:
    """Tell whether an error of the file system, SQLite, tantivy or faiss means that a write was refused."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return any(words in str(error).lower() for words in _FULL_WORDS)
