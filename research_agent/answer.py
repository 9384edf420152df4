"""What a run gives back: claims with quotes, the sources they stand in, and what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

StopReason = Literal["answered", "budget", "deadline", "marginal_value", "no_evidence", "cancelled", "error"]
Status = Literal["answered", "no_evidence", "budget_too_small", "failed", "interrupted"]

EXIT_STATUS: Mapping[Status, int] = {
    "answered": 0,
    "no_evidence": 3,
    "budget_too_small": 4,
    "failed": 5,
    "interrupted": 130,
}


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that stand in a source: `snapshot.text[start:end] == text`.

    Attributes:
        source_id: the snapshot in the evidence store.
        start: offset in the snapshot's text, in characters.
        end: its end.
    """

    source_id: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence and the quotes it rests on.

    Attributes:
        supported: every quote was found in its snapshot, and the quotes were judged to say what the claim says.
    """

    text: str
    quotes: tuple[Quote, ...]
    supported: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A snapshot as a report lists it."""

    id: str
    uri: str
    title: str
    sha256: str
    retrieved_at: str


@dataclass(frozen=True, slots=True)
class Spend:
    """What a run was given and what it used.

    Attributes:
        limit: budget in units.
        units: units spent.
        meters: counts by the names of the JSON contract (prompt_tokens, …, latent_steps).
        seconds: wall time over all sessions of the run.
        usd: money, or None where some price is unknown.
        estimated: some count was estimated because a provider did not report it.
    """

    limit: float
    units: float
    meters: Mapping[str, int]
    seconds: float
    usd: float | None
    estimated: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one run.

    Attributes:
        answer: the short answer; "" where there was not enough evidence.
        claims: in reading order; only supported ones are shown as found.
        config: strategy, selector, depth, width, think, samples, seed, model, backends, prices.
        trace: one record a search round (queries, documents read, the answer a run of that depth would give);
            filled for measurement runs.
        ledger_sha256: hash of the journal, so that a report can be held against its run.
        error: why the run failed, in a sentence; "" where it did not.
    """

    question: str
    answer: str
    status: Status
    stop_reason: StopReason
    claims: tuple[Claim, ...]
    sources: tuple[Source, ...]
    spend: Spend
    config: Mapping[str, object]
    run_id: str
    ledger_sha256: str
    trace: tuple[Mapping[str, object], ...] = ()
    error: str = ""
