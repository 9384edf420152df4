"""Buying: every order of a block of questions before the next block, so that a sweep cut short has whole questions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evals.errors import SweepError
from evals.harness import Solver, key_of, run
from evals.runstore import RunStore, code_version
from evals.sweep.orders import Machine, Order, keys_of
from evals.task import Sample, Task
from research_agent.errors import ResearchError

BLOCK = 16  # questions
_HOPELESS = 5  # questions that failed, the last order's all among them
Progress = Callable[[int, int, int], None]
Applies = Callable[[Order, Sample], bool]


def source_now() -> str:
    """Return the version of the source as it is on disk now; `code_version` keeps that of the first call."""
    fresh: Callable[[], str] = getattr(code_version, "__wrapped__", code_version)
    return fresh()


@dataclass(slots=True)
class Buyer:
    """Buys what is not in the store yet.

    Attributes:
        orders: with how many questions each is asked, from the first on.
        applies: tells whether a sample can be asked so.
        seeds: of the trials of one question in one order.
        progress: told (trials there, trials in all, questions failed).
        units: spent by this process.
        bought: trials of this process.
        failed: questions that the infrastructure failed in this process.
    """

    task: Task
    store: RunStore
    machine: Machine
    orders: Sequence[tuple[Order, int]]
    applies: Applies
    seeds: Sequence[int]
    concurrency: int
    progress: Progress
    units: float = 0.0
    bought: int = 0
    failed: int = 0
    _had: int = 0
    _total: int = 0
    _code: str = ""
    _solvers: dict[Order, Solver] = field(default_factory=dict)

    def open(self, samples: Sequence[Sample]) -> None:
        """Count what there is of these samples' trials, and say so."""
        keys = [key for each in self.orders for key in self.keys(*each, samples)]
        self._total, self._had = len(keys), len(keys) - len(self.store.missing(keys))
        self._code = source_now()
        self.progress(self._had, self._total, 0)

    def solver(self, order: Order) -> Solver:
        """Return what answers an order."""
        if order not in self._solvers:
            self._solvers[order] = self.machine.solver(order)
        return self._solvers[order]

    def missing(self, samples: Sequence[Sample]) -> dict[Order, int]:
        """Return how many trials of each order are to be bought still."""
        return {order: len(self.store.missing(self.keys(order, first, samples))) for order, first in self.orders}

    async def buy(self, block: Sequence[Sample], place: int) -> None:
        """Buy every order of a block of questions.

        Args:
            block: the questions.
            place: of the first of them in the sweep's order.

        Raises:
            SweepError: the source changed since the sweep began.
            ResearchError: the infrastructure fails every question.
        """
        if source_now() != self._code:
            raise SweepError(
                "The source changed while the sweep ran, and trials of two versions are not mixed: what is finished "
                "is kept as one of the old version; begin again in another folder, or go back to that version."
            )
        for order, first in self.orders:
            asked = [sample for sample in block[: max(0, first - place)] if self.applies(order, sample)]
            for seed in self.seeds:
                for own in order.seeds(seed):
                    await self._ask(order, asked, own)

    async def _ask(self, order: Order, asked: Sequence[Sample], seed: int) -> None:
        """Buy one trial of each of these questions that has none."""
        solver, keys = self.solver(order), self._seeded(order, asked, seed)
        missing = set(self.store.missing(keys.values()))
        wanted = [sample for sample in asked if keys[sample.id] in missing]
        if not wanted:
            return
        before, failed = self.bought, self.failed

        def told(done: int, _total: int, gone: int) -> None:
            self.failed = failed + gone
            self.progress(self._had + before + done, self._total, self.failed)

        outcome = await run(
            self.task, wanted, solver, self.store, seed=seed, concurrency=self.concurrency, progress=told
        )
        self.bought += outcome.bought
        self.units += sum(trial.units for _, trial in outcome.pairs)
        if not outcome.bought and self.failed >= _HOPELESS:
            raise ResearchError(
                f"The model or a backend fails: none of {len(wanted)} questions at {order.cell} could be asked, and "
                f"{self.failed} failed in all; put it right and give the same command again, what is finished is kept."
            )

    def _seeded(self, order: Order, asked: Sequence[Sample], seed: int) -> dict[str, str]:
        """Return the keys of the trials of one seed by sample id."""
        identity = self.solver(order).identity
        return {sample.id: key_of(sample, identity, seed) for sample in asked}

    def keys(self, order: Order, first: int, samples: Sequence[Sample]) -> list[str]:
        """Return the keys of an order's trials of the first samples."""
        asked = [sample for sample in samples[:first] if self.applies(order, sample)]
        return list(keys_of(order, self.solver(order).identity, asked, self.seeds))
