"""The seam to strategies: a job in, candidates out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from research_agent.answer import Claim, StopReason
from research_agent.graph.state import Dials

if TYPE_CHECKING:
    from research_agent.budget.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Where a way of spending compute stands among the others.

    Attributes:
        locus: inside the model, or around it.
        when: while training, while idle before the question, while answering, or after the answer.
        shape: how its parts depend on each other.
    """

    locus: Literal["internal", "external"]
    when: Literal["train", "sleep", "test", "post"]
    shape: Literal["parallel", "sequential", "tree", "latent"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one chain came to.

    Attributes:
        chain: its name within the run.
        answer: the short answer; "" where it found none.
        claims: in reading order.
        opened: sources it read, in reading order.
        rounds: search rounds it made.
        trace: one small record a round.
        error: what ended it, in a sentence, where that was a failure; "" otherwise.
    """

    chain: str
    answer: str
    claims: tuple[Claim, ...]
    stop_reason: StopReason
    opened: tuple[str, ...] = ()
    rounds: int = 0
    trace: tuple[dict[str, object], ...] = field(default=())
    error: str = ""

    @property
    def supported(self) -> int:
        """How many of its claims are supported."""
        return sum(claim.supported for claim in self.claims)


class Chains(Protocol):
    """Runs one chain to its end. What goes wrong in it on purpose comes back in the candidate, never as an exception.

    A chain that ran before in this run, under the same name, goes on from its checkpoint or gives its result again.
    """

    async def __call__(self, name: str, ledger: "Ledger", *, seed: int, dials: Dials, question: str) -> Candidate:
        """Run the chain called `name` on this ledger."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """What a strategy is given.

    Attributes:
        dials: of every chain, unless the strategy turns them.
        samples: how many candidates are wanted.
        seed: of the run; a strategy derives one for each chain.
        ledger: all that the strategy may spend; it gives its chains this ledger or slices of it.
        chain: runs one chain.
    """

    question: str
    dials: Dials
    samples: int
    seed: int
    ledger: "Ledger"
    chain: Chains


class Strategy(Protocol):
    """A way of making candidates out of chains. Stateless: what must outlive a crash is in the chains."""

    @property
    def taxonomy(self) -> Taxonomy:
        """Where it stands among the others."""
        ...

    def chains(self, samples: int) -> int:
        """Return into how many chains the budget is divided at once: each must be able to pay for an answer.

        Raises:
            UsageError: it cannot make this many samples.
        """
        ...

    async def run(self, job: Job) -> Sequence[Candidate]:
        """Make the candidates, at least one."""
        ...
