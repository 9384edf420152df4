"""What a chain carries from step to step. Ids and small values only: documents live in the evidence store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypedDict

from retrieval.base import Retriever

if TYPE_CHECKING:
    from research_agent.budget.doors import Doors
    from research_agent.evidence import EvidenceStore
    from research_agent.reading.base import Reader

Node = Literal["decide", "reason", "search", "read", "verify", "answer"]


class ChainState(TypedDict, total=False):
    """The checkpointed state of one chain: plain JSON values, small.

    Attributes:
        round: search rounds done.
        plan: the question as parts, with what is bound so far (`reading.plan`, JSON form).
        pending: queries of the next round, at most `width`.
        asked: queries issued so far.
        unread: sources found in the last round and not read yet, best first.
        opened: sources read, in reading order.
        claims: candidate and verified claims (JSON form of `answer.Claim`).
        verified: the claims were checked since they last changed.
        exhausted: reasoning has nothing left to ask.
        answer: the short answer, "" for none.
        stop_reason: set by the last step.
        trace: one small record a round.
    """

    question: str
    round: int
    plan: dict[str, object]
    pending: list[str]
    asked: list[str]
    unread: list[str]
    opened: list[str]
    claims: list[dict[str, object]]
    verified: bool
    exhausted: bool
    answer: str
    stop_reason: str
    trace: list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Dials:
    """The three dials of a chain, which are the three axes.

    Attributes:
        depth: dependent search rounds.
        width: queries a round, sent together.
        think: reasoning tokens a model step may use.
    """

    depth: int = 4
    width: int = 2
    think: int = 0


def _silent(_event: Mapping[str, object]) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a chain works with and never checkpoints.

    Attributes:
        doors: the ledger's doors; the only way to a model, a search or a document.
        evidence: the store of what was read.
        retrievers: every query of a round goes to each of them.
        reader: answers closed questions about text, with or without a language model.
        chain: name of this chain within the run; prefixes every idempotency key.
        seed: of this chain.
        k: hits asked of each search.
        blind: the run must not adapt to its budget (measurement), and answers on the side after every round.
        emit: told of each step, for the live view; events are small dicts with a "type".
        stopping: returns the reason to stop now ("budget", "deadline", "cancelled") or None.
    """

    doors: "Doors"
    evidence: "EvidenceStore"
    retrievers: Sequence[Retriever]
    reader: "Reader"
    dials: Dials = field(default_factory=Dials)
    chain: str = "0"
    seed: int = 0
    k: int = 8
    blind: bool = False
    emit: Callable[[Mapping[str, object]], None] = _silent
    stopping: Callable[[], str | None] = lambda: None
