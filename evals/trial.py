"""One trial, and the hash of all that determines it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path


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
    return hashlib.sha256(canonical(parts).encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=1)
def code_version() -> str:
    """Return a hash of the source that produces answers (the packages `research_agent` and `retrieval`)."""
    digest = hashlib.sha256()
    for package in ("research_agent", "retrieval"):
        root = Path(str(files(package)))
        for path in sorted(root.rglob("*.py")):
            digest.update(f"{package}/{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
