"""One chain, the whole budget."""

from research_agent.errors import UsageError
from research_agent.strategies.base import Candidate, Job, Taxonomy


class Single:
    """Spends everything in sequence: each round rests on the ones before it."""

    taxonomy = Taxonomy(locus="external", when="test", shape="sequential")

    def chains(self, samples: int) -> int:
        """Return 1.

        Raises:
            UsageError: more than one sample was asked for.
        """
        if samples != 1:
            raise UsageError(
                f"The strategy 'single' makes one candidate, and {samples} samples were asked for: "
                "take the strategy 'parallel' for more."
            )
        return 1

    async def run(self, job: Job) -> list[Candidate]:
        """Run the one chain."""
        return [await job.chain("0", job.ledger, seed=job.seed, dials=job.dials, question=job.question)]
