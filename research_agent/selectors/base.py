"""The seam to selectors: candidates in, one of them out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from research_agent.strategies.base import Candidate, Taxonomy

if TYPE_CHECKING:
    from research_agent.budget.doors import Doors
    from research_agent.evidence import EvidenceStore


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a selector may use besides the candidates.

    Attributes:
        doors: the only way to a model; they spend the selector's share and what the chains left over.
        evidence: what was read.
    """

    question: str
    seed: int
    doors: "Doors"
    evidence: "EvidenceStore"


class Selector(Protocol):
    """A way of choosing among candidates."""

    @property
    def taxonomy(self) -> Taxonomy:
        """Where it stands among the others."""
        ...

    @property
    def share(self) -> float:
        """The part of the budget, at least 0 and below 1, that is kept for choosing."""
        ...

    async def choose(self, candidates: Sequence[Candidate], ballot: Ballot) -> Candidate:
        """Return one of the candidates, of which there is at least one.

        Raises:
            ResearchError: it could not choose; the run then takes the vote's choice.
        """
        ...
