"""The research agent in closed worlds: every width run once, deep and blind; smaller depths are its trace, replayed."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.exact.closed_world import Shape, build
from evals.harness import run
from evals.metrics import judge
from evals.runstore import RunStore, Trial, opened
from evals.solver import AgentSolver
from evals.task import Sample, Task
from research_agent.budget.budget import Budget
from research_agent.errors import ModelError
from research_agent.graph.state import Dials
from research_agent.options import AskOptions
from research_agent.reading.extractive import ExtractiveReader
from research_agent.resources import Resources
from retrieval.index import build_files
from scaling.intervals import Estimate, mean_interval

_AMPLE = 1_000_000.0  # units of a run, which is blind to them
_AT_ONCE = 16  # questions: a chain mostly waits for its journal


@dataclass(frozen=True, slots=True)
class Point:
    """One question at one depth and width.

    Attributes:
        world: seed of its world.
        searches: queries sent until then.
    """

    world: int
    question: str
    hops: int
    facets: int
    depth: int
    width: int
    right: bool
    searches: int


def measure(
    shape: Shape, worlds: Sequence[int], widths: Sequence[int], *, depth: int | None = None, shuffled: bool = False
) -> list[Point]:
    """Put every question of some worlds to the agent, with the extractive reader and the real index.

    Args:
        shape: of the worlds.
        worlds: their seeds; the agent has seed 0 in each.
        widths: queries a round.
        depth: of the runs; None for what the hardest question needs.
        shuffled: texts stand under wrong titles.

    Raises:
        ModelError: a question was left without a trial.
    """
    deepest = shape.deepest if depth is None else depth
    found: list[Point] = []
    with tempfile.TemporaryDirectory(prefix="exact-") as scratch, opened(Path(scratch) / "trials.sqlite") as store:
        for world in worlds:
            task = build(Path(scratch) / f"world-{world}", shape, world, shuffled=shuffled)
            depths = range(1, deepest + 1) if depth is None else [deepest]
            for width, pairs in asyncio.run(_run(task, deepest, widths, store, Path(scratch))).items():
                for sample, trial in pairs:
                    found.extend(_points(sample, trial, world, width, depths))
    return found


async def _run(
    task: Task, depth: int, widths: Sequence[int], store: RunStore, scratch: Path
) -> dict[int, Sequence[tuple[Sample, Trial]]]:
    """Answer every question of a task once in each width."""
    assert task.corpus is not None
    found = {}
    # Of words alone: made-up names have no neighbours in meaning.
    index = build_files(scratch / f"index-{task.name}", [task.corpus], dense="none")
    try:
        resources = Resources((index,), ExtractiveReader())
        for width in widths:
            dials = Dials(depth, width, 0)
            options = AskOptions(
                docs=(task.corpus,), model="extractive", budget=Budget(_AMPLE), dials=dials, blind=True
            )
            solver = AgentSolver(options, resources, task.fingerprint, scratch)
            outcome = await run(task, task.samples, solver, store, concurrency=_AT_ONCE)
            if outcome.unanswered:
                raise ModelError(f"{len(outcome.unanswered)} of {len(task.samples)} questions have no trial.")
            found[width] = outcome.pairs
    finally:
        await index.aclose()
    return found


def _points(sample: Sample, trial: Trial, world: int, width: int, depths: Sequence[int]) -> Iterator[Point]:
    """Yield what a run comes to at each depth."""
    hops, facets = int(sample.label("hops")), int(sample.label("facets"))
    sent = [len(_queries(record.get("queries"))) for record in trial.trace]
    for depth in depths:
        right = judge(sample, trial, depth).scores["right"].full
        name = f"{world}-{sample.id}"
        yield Point(world, name, hops, facets, depth, width, right, sum(sent[:depth]))


def _queries(value: object) -> Sequence[object]:
    """Return the queries of a record of a trace."""
    return value if isinstance(value, (list, tuple)) else ()


def share(found: Sequence[Point], **where: int) -> Estimate:
    """Return the share of right answers among the points with these values."""
    kept = [one for one in found if all(getattr(one, name) == value for name, value in where.items())]
    return mean_interval([float(one.right) for one in kept])


def first_right(found: Sequence[Point]) -> dict[tuple[str, int], int | None]:
    """Return by question and width the least depth from which on the answer is right, None for none."""
    least: dict[tuple[str, int], int | None] = {}
    for one in sorted(found, key=lambda point: point.depth):
        key = (one.question, one.width)
        least[key] = (least.get(key) or one.depth) if one.right else None
    return least
