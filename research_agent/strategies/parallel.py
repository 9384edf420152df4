"""n independent chains at once, each on an equal slice of the budget."""

import asyncio
import hashlib

from research_agent.strategies.base import Candidate, Job, Taxonomy


class Parallel:
    """Spends everything side by side: chains that know nothing of each other, for a selector to choose among."""

    taxonomy = Taxonomy(locus="external", when="test", shape="parallel")

    def chains(self, samples: int) -> int:
        """Return one chain a sample."""
        return samples

    async def run(self, job: Job) -> list[Candidate]:
        """Run the chains together; one that fails comes back as a failed candidate and disturbs no other."""
        names = [str(number) for number in range(job.samples)]
        slices = job.ledger.split(names)

        async def run_one(name: str, number: int) -> Candidate:
            # Closing gives what was not used back to the run, for the selector.
            with slices[number] as ledger:
                seed = chain_seed(job.seed, number)
                return await job.chain(name, ledger, seed=seed, dials=job.dials, question=job.question)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run_one(name, number)) for number, name in enumerate(names)]
        return [task.result() for task in tasks]


def chain_seed(seed: int, number: int) -> int:
    """Return the seed of a chain: the run's own for the first, and unlike those of other runs for the rest.

    Consecutive numbers would give run 1 the chains of run 0, and repeated measurements would not be independent.
    """
    if number == 0:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed}/{number}".encode()).digest()[:4]) >> 1
