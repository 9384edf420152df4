"""What is to be swept, and what of it is refused before anything is opened."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evals import evaluate
from evals.errors import SelectionError, SweepError
from evals.sweep.collect import Asked
from evals.sweep.grid import Cell, Design, cells_of, designs, probes_of, read_axes, runs_of
from evals.sweep.orders import Order
from evals.sweep.replay import OUTCOMES, Outcome, applies, partners
from evals.task import Sample, Task, read_task, select
from research_agent.options import AskOptions
from research_agent.resources import check_paths


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """What is to be swept, as the command line says it.

    Attributes:
        task: folder in BEIR form.
        out: folder for the table and the page.
        axes: levels of each axis, "NAME=LEVELS".
        questions: how many at most; None for all.
        design: which cells of the grid are wanted.
        outcome: what is scored.
        kinds: keep only these kinds of question; empty keeps all.
        by: metadata field that makes the groups of the page.
        seeds: how often every question is asked in every cell.
        probes: how many questions are asked afresh, to test replay.
        budget: units one chain may spend; the runs are blind to it.
        index: an index of the corpus; None makes one from the corpus file.
        store: the run store; None for the one in the data folder.
        concurrency: questions at once.
        max_units: the most units that this command may spend; None for no cap.
        dry_run: say what it would cost and stop.
    """

    task: Path
    out: Path
    axes: tuple[str, ...]
    questions: int | None = None
    design: Design = "A+B"
    outcome: Outcome = "right"
    model: str | None = None
    kinds: frozenset[str] = frozenset()
    by: str | None = None
    seed: int = 0
    seeds: int = 1
    probes: int = 200
    budget: float = 1_000_000
    index: Path | None = None
    store: Path | None = None
    concurrency: int = 1
    max_units: float | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Ready:
    """A plan that nothing speaks against so far."""

    task: Task
    samples: tuple[Sample, ...]
    asked: Asked
    orders: tuple[tuple[Order, int], ...]
    options: AskOptions
    corpus: str
    identity: Mapping[str, object]


def make_ready(plan: SweepPlan) -> Ready:
    """Check all that can be checked before anything is opened."""
    for name, number, least in (
        ("--concurrency", plan.concurrency, 1),
        ("--questions", plan.questions, 1),
        ("--seeds", plan.seeds, 1),
        ("--fresh", plan.probes, 0),
    ):
        if number is not None and number < least:
            raise SelectionError(f"{name} must be at least {least}; it was {number}.")
    if plan.max_units is not None and not 0 < plan.max_units < float("inf"):
        raise SweepError(f"--max-units must be a number above 0; it was {plan.max_units:g}.")
    for name, value, known in (("--design", plan.design, designs()), ("--outcome", plan.outcome, OUTCOMES)):
        if value not in known:
            raise SweepError(f"{name} takes {', '.join(known)}; it was {value!r}.")
    levels = read_axes(plan.axes)
    cells = cells_of(levels, plan.design)
    task = read_task(plan.task)
    everyone = select(task, seed=plan.seed, kinds=plan.kinds, by=plan.by)
    samples = tuple(sample for sample in everyone if applies(plan.outcome, sample))[: plan.questions]
    if not samples:
        raise SelectionError(_unscored(task, plan.outcome))
    options, corpus = evaluate.options_of(
        evaluate.Plan(plan.task, model=plan.model, budget=plan.budget, index=plan.index, seed=plan.seed), task
    )
    check_paths(options)
    seeds = range(plan.seed, plan.seed + plan.seeds)
    replace(options, seed=seeds[-1])  # refused where there is no such seed
    runs = runs_of(cells)
    probes = probes_of(levels, runs)
    last = {name: each[-1] for name, each in levels.items()}
    top = Cell(last["depth"], last["width"], levels["think"][0], levels["samples"][0])
    asked = Asked(levels, runs, probes, top, plan.outcome, partners(everyone, plan.outcome), seeds, plan.by)
    orders = [(Order("run", run), len(samples)) for run in dict.fromkeys(runs.values())]
    orders += [(Order("probe", cell), min(plan.probes, len(samples))) for cell in probes if plan.probes]
    orders += [(Order("floor", top), len(samples)), (Order("ceiling", top), len(samples))]
    identity = {
        "task": task.name,
        "outcome": plan.outcome,
        "axes": {name: list(each) for name, each in levels.items()},
        "design": plan.design,
        "kinds": sorted(plan.kinds),
        "seed": plan.seed,
        "seeds": plan.seeds,
        "budget": plan.budget,
        "corpus": corpus,
    }
    return Ready(task, samples, asked, tuple(orders), options, corpus, identity)


def _unscored(task: Task, outcome: str) -> str:
    """Say why no question can be scored."""
    if outcome == "right":
        return f"No question of {task.name} has a reference answer; take --outcome evidence_recall or all_gold."
    return f"No question of {task.name} names the documents that must be read; take --outcome right."


def command_of(plan: SweepPlan) -> str:
    """Return the command that makes the sweep again."""
    parts: list[object] = ["research-agent", "sweep", plan.task.resolve().name]
    for axis in plan.axes:
        parts += ["--axes", axis]
    given: Sequence[tuple[str, object, object]] = (
        ("--questions", plan.questions, None),
        ("--design", plan.design, "A+B"),
        ("--outcome", plan.outcome, "right"),
        ("--model", plan.model, None),
        ("--by", plan.by, None),
        ("--seed", plan.seed, 0),
        ("--seeds", plan.seeds, 1),
        ("--fresh", plan.probes, 200),
        ("--budget", plan.budget, 1_000_000),
    )
    for name, value, usual in given:
        parts += [name, value] if value != usual else []
    for kind in sorted(plan.kinds):
        parts += ["--kind", kind]
    return shlex.join(map(str, [*parts, "--out", "DIR"]))
