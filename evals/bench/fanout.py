"""32 searches of 100 ms at once against one, through the ledger's doors, with the journal on disk."""

import asyncio
import time
from pathlib import Path

from evals.bench.measure import LEAST, Measure, in_turns, ratio
from research_agent.budget import Budget, Doors, Journal, Ledger
from retrieval.base import Hit, RetrieverInfo

_WIDTH = 32
_LATENCY = 0.1


class Slow:
    """A retriever that takes 100 ms and finds eight passages."""

    info = RetrieverInfo("slow", public=False, search_usd=0.0)

    async def search(self, query: str, *, k: int) -> list[Hit]:
        """Wait, then return `k` hits."""
        await asyncio.sleep(_LATENCY)
        return [Hit(f"d{n}", f"{query} {n} " * 100, 1.0 - n / 10, 0, 100) for n in range(k)]


def measure(work: Path, _quick: bool) -> list[Measure]:
    """Return how much longer 32 searches at once take than one."""
    with Ledger(Budget(1_000_000), journal=Journal(work / "journal.sqlite")) as ledger:
        doors, slow = Doors(ledger), Slow()
        count = iter(range(1_000_000))

        async def together(width: int) -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(width):
                    group.create_task(doors.search(slow, "what is sought", k=8, key=str(next(count))))

        with asyncio.Runner() as runner:
            runner.run(together(_WIDTH))
            pairs = in_turns(lambda: runner.run(together(_WIDTH)), lambda: runner.run(together(1)), LEAST + 4)
            spent = time.process_time()
            runner.run(together(_WIDTH))
            spent = time.process_time() - spent
    # What is beyond the latency and this is other programs' use of the machine.
    detail = {
        "seconds": [[round(wide, 4), round(one, 4)] for wide, one in pairs],
        "width": _WIDTH,
        "latency": _LATENCY,
        "cpu_seconds_of_32": round(spent, 4),
    }
    return [Measure("fan-out of 32 searches over one", ratio(pairs), "ratio", 1.25, "below", detail)]
