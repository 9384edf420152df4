"""The harness: samples through a solver into the run store, a few at a time."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from evals.errors import SelectionError
from evals.outcome import Outcome, Pairs
from evals.runstore import RunStore, Trial, trial_key
from evals.task import Sample, Task
from research_agent.answer import Answer
from research_agent.errors import DeadlineError, ModelError
from research_agent.report.contract import to_dict
from retrieval.errors import RetrievalError

__all__ = ["INFRASTRUCTURE", "Identity", "Outcome", "Progress", "Solver", "key_of", "run"]

# A dead endpoint fails every question: after this many in a row the rest is left for the next run.
_HOPELESS = 10
# What is no fault of the answer. Anything else that is raised is a fault of the program and stops the run.
INFRASTRUCTURE = (ModelError, RetrievalError, DeadlineError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Identity:
    """What determines a solver's answers, the question and the seed apart.

    Attributes:
        cell: its options: depth, width, thinking cap…
        code: version of the source.
        model: name of the model.
        corpus: fingerprint of what is searched.
    """

    cell: Mapping[str, object]
    code: str
    model: str
    corpus: str


class Solver(Protocol):
    """Anything that answers a question."""

    @property
    def identity(self) -> Identity:
        """What determines its answers."""
        ...

    async def solve(self, sample: Sample, *, seed: int) -> Answer:
        """Answer one question.

        Raises:
            ModelError, RetrievalError, DeadlineError, OSError: the infrastructure failed; the question is asked again.
        """
        ...


@dataclass(slots=True)
class _Tally:
    """What the workers share."""

    bought: int = 0
    failed: int = 0
    in_a_row: int = 0


Progress = Callable[[int, int, int], None]


def _quiet(_done: int, _total: int, _failed: int) -> None:
    """Tell nobody."""


async def run(
    task: Task,
    samples: Sequence[Sample],
    solver: Solver,
    store: RunStore,
    *,
    seed: int = 0,
    concurrency: int = 1,
    attempts: int = 2,
    progress: Progress = _quiet,
) -> Outcome:
    """Answer every sample that has no trial yet, in order, and return all trials. A sample given twice is asked once.

    Each trial is in the store before the next question is taken, so a run that is stopped or killed loses only what is
    under way.

    Args:
        task: where the samples come from.
        samples: in the order they are run.
        solver: answers them.
        store: kept open by the caller.
        seed: of the trials.
        concurrency: samples under way at once, at least 1.
        attempts: how often a question is asked in this run while the infrastructure fails, at least 1.
        progress: told (trials there, different samples, questions failed) after every question.

    Raises:
        SelectionError: `concurrency` or `attempts` is below 1.
        StoreBusyError, StoreDiskError: a trial could not be kept; those before it are.
    """
    if concurrency < 1 or attempts < 1:
        raise SelectionError(f"Concurrency and attempts must be at least 1; they were {concurrency} and {attempts}.")
    identity = solver.identity
    keys = [key_of(sample, identity, seed) for sample in samples]
    asked = dict(zip(keys, samples, strict=True))
    missing = store.missing(asked)
    todo = iter(missing)
    tally = _Tally()
    had = len(asked) - len(missing)

    async def work() -> None:
        for key in todo:
            if await _ask(task, asked[key], solver, store, key, seed, attempts):
                tally.bought, tally.in_a_row = tally.bought + 1, 0
            else:
                tally.failed, tally.in_a_row = tally.failed + 1, tally.in_a_row + 1
            progress(had + tally.bought, len(asked), tally.failed)
            if tally.in_a_row >= _HOPELESS:
                return

    progress(had, len(asked), 0)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(missing))):
                group.create_task(work())
    except ExceptionGroup as faults:
        # The first fault ended the others; it is the one to report.
        raise faults.exceptions[0] from None
    left = set(store.missing(missing))
    there = [(sample, key) for sample, key in zip(samples, keys, strict=True) if key not in left]
    pairs = Pairs(store.path, [sample for sample, _ in there], [key for _, key in there])
    unanswered = tuple(sample.id for sample, key in zip(samples, keys, strict=True) if key in left)
    return Outcome(pairs, tally.bought, store.failures(keys), unanswered)


def key_of(sample: Sample, identity: Identity, seed: int) -> str:
    """Return the hash by which the trial of this sample is known."""
    return trial_key(
        sample.id,
        sample.question,
        cell=identity.cell,
        seed=seed,
        code=identity.code,
        model=identity.model,
        corpus=identity.corpus,
    )


async def _ask(task: Task, sample: Sample, solver: Solver, store: RunStore, key: str, seed: int, attempts: int) -> bool:
    """Answer one question and store the trial; False where the infrastructure failed every time."""
    for _ in range(attempts):
        started = time.monotonic()
        try:
            answer = await solver.solve(sample, seed=seed)
        except INFRASTRUCTURE as error:
            store.add_failure(key, f"{type(error).__name__}: {error}")
            continue
        if answer.status in ("failed", "interrupted"):
            store.add_failure(key, f"status {answer.status}, stop reason {answer.stop_reason}: {answer.error}")
            continue
        store.add(_trial(task, sample, solver.identity, key, seed, answer, time.monotonic() - started))
        return True
    return False


def _trial(
    task: Task, sample: Sample, identity: Identity, key: str, seed: int, answer: Answer, seconds: float
) -> Trial:
    """Return the record of one answer."""
    return Trial(
        key=key,
        task=task.name,
        question_id=sample.id,
        cell=dict(identity.cell),
        seed=seed,
        code=identity.code,
        model=identity.model,
        corpus=identity.corpus,
        answer=answer.answer,
        status=answer.status,
        stop_reason=answer.stop_reason,
        units=answer.spend.units,
        seconds=seconds,
        trace=tuple(dict(record) for record in answer.trace),
        report={name: value for name, value in to_dict(answer).items() if name != "trace"},
    )
