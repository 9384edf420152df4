"""The harness: samples through a solver into the run store, a few at a time."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from evals.runstore import RunStore, Trial, trial_key
from evals.task import Sample, Task
from research_agent.answer import Answer
from research_agent.errors import DeadlineError, ModelError
from research_agent.report.contract import to_dict
from retrieval.errors import RetrievalError

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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left in the store.

    Attributes:
        pairs: every sample that has a trial, with it, in the order of the samples.
        bought: trials of this run; the others were there before.
        failures: attempts that the infrastructure spoiled, this run and earlier ones.
        unanswered: ids of samples that have no trial.
    """

    pairs: tuple[tuple[Sample, Trial], ...]
    bought: int
    failures: int
    unanswered: tuple[str, ...]


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
    """Answer every sample that has no trial yet, in order, and return all trials.

    Each trial is in the store before the next question is taken, so a run that is stopped or killed loses only what is
    under way.

    Args:
        task: where the samples come from.
        samples: in the order they are run.
        solver: answers them.
        store: kept open by the caller.
        seed: of the trials.
        concurrency: samples under way at once, at least 1.
        attempts: how often a question is asked in this run while the infrastructure fails.
        progress: told (trials there, samples, questions failed) after every question.
    """
    keys = {sample.id: key_of(sample, solver.identity, seed) for sample in samples}
    missing = set(store.missing(keys.values()))
    todo = iter([sample for sample in samples if keys[sample.id] in missing])
    tally = _Tally()
    had = len(samples) - len(missing)

    async def work() -> None:
        for sample in todo:
            trial = await _ask(task, sample, solver, store, keys[sample.id], seed, attempts)
            if trial is None:
                tally.failed, tally.in_a_row = tally.failed + 1, tally.in_a_row + 1
            else:
                tally.bought, tally.in_a_row = tally.bought + 1, 0
            progress(had + tally.bought, len(samples), tally.failed)
            if tally.in_a_row >= _HOPELESS:
                return

    progress(had, len(samples), 0)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(missing))):
                group.create_task(work())
    except ExceptionGroup as faults:
        # The first fault ended the others; it is the one to report.
        raise faults.exceptions[0] from None
    found = tuple(_stored(samples, keys, store))
    done = {sample.id for sample, _ in found}
    unanswered = tuple(sample.id for sample in samples if sample.id not in done)
    return Outcome(found, tally.bought, store.failures(keys.values()), unanswered)


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


def _stored(samples: Sequence[Sample], keys: Mapping[str, str], store: RunStore) -> Iterator[tuple[Sample, Trial]]:
    """Yield those samples that have a trial, with it."""
    for sample in samples:
        trial = store.get(keys[sample.id])
        if trial is not None:
            yield sample, trial


async def _ask(
    task: Task, sample: Sample, solver: Solver, store: RunStore, key: str, seed: int, attempts: int
) -> Trial | None:
    """Answer one question and store the trial; None where the infrastructure failed every time."""
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
        trial = _trial(task, sample, solver.identity, key, seed, answer, time.monotonic() - started)
        store.add(trial)
        return trial
    return None


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
