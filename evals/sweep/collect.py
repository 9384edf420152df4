"""From trials to the long table that `scaling` reads, and to what the page says of each cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from evals.harness import key_of
from evals.runstore import Trial
from evals.sweep.buying import Buyer
from evals.sweep.equivalence import Equivalence, paired_equivalence
from evals.sweep.grid import Cell, Levels
from evals.sweep.orders import Kind, Order
from evals.sweep.replay import Outcome, Scored, fresh, replay
from evals.task import Sample
from scaling.intervals import Estimate, mean_interval

Row = dict[str, Any]
_ENDS: tuple[Kind, Kind] = ("floor", "ceiling")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was to be measured.

    Attributes:
        levels: of every axis.
        runs: the run that each cell is replayed from.
        probes: cells that were bought afresh too.
        top: the largest search budgets, which floor and ceiling are run with.
        partners: another question for each, by sample id.
        by: metadata field that makes the groups of the page; None for none.
    """

    levels: Levels
    runs: Mapping[Cell, Cell]
    probes: tuple[Cell, ...]
    top: Cell
    outcome: Outcome
    partners: Mapping[str, Sample]
    seeds: Sequence[int]
    by: str | None = None


@dataclass(frozen=True, slots=True)
class CellResult:
    """One cell over all questions.

    Attributes:
        replayed: it was taken from a larger run.
        shuffled: outcome against other questions' answers, which no budget may raise.
        groups: outcome and number of questions by group.
    """

    cell: Cell
    replayed: bool
    outcome: Estimate
    shuffled: float | None
    units: float
    searches: float
    documents: float
    groups: Mapping[str, tuple[float, int]]


@dataclass(frozen=True, slots=True)
class Probe:
    """A cell measured twice: by replay and afresh.

    Attributes:
        fresh_units: mean cost of a fresh run.
        replayed_units: mean cost that replay gives it.
    """

    cell: Cell
    test: Equivalence
    fresh_units: float
    replayed_units: float


@dataclass(slots=True)
class Found:
    """Everything that was measured.

    Attributes:
        rows: of the long table.
        left_out: questions whose trials are not all there.
        exhausted: trials that ended because the budget was used up; they count as they ended.
        failures: attempts that the infrastructure spoiled; they were made again.
        alike: questions all of whose candidates gave the same answer, of those with several; None without any.
    """

    rows: list[Row] = field(default_factory=list)
    cells: list[CellResult] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    floor: Estimate | None = None
    ceiling: Estimate | None = None
    questions: int = 0
    left_out: int = 0
    exhausted: int = 0
    failures: int = 0
    alike: tuple[int, int] | None = None


@dataclass(slots=True)
class _Held:
    """What was scored so far."""

    rows: list[Row] = field(default_factory=list)
    cells: dict[Cell, list[tuple[Sample, Scored]]] = field(default_factory=dict)
    pairs: dict[Cell, list[tuple[Sample, Scored, tuple[float, float]]]] = field(default_factory=dict)
    ends: dict[Kind, list[tuple[Sample, float]]] = field(default_factory=dict)
    alike: list[bool] = field(default_factory=list)


def group_of(sample: Sample) -> str:
    """Return what stands or falls together with a question: its cluster where it names one, else itself."""
    named = sample.metadata.get("cluster")
    return sample.id if named is None else f"cluster {named}"


def trials_of(buyer: Buyer, order: Order, sample: Sample, seed: int) -> list[Trial]:
    """Return the trials of one question and seed in an order; [] where they are not all there."""
    identity = buyer.solver(order).identity
    found = [buyer.store.get(key_of(sample, identity, own)) for own in order.seeds(seed)]
    held = [trial for trial in found if trial is not None]
    return held if len(held) == len(found) else []


def collect(asked: Asked, buyer: Buyer, samples: Sequence[Sample]) -> Found:
    """Score every question whose trials are all there, at every cell."""
    found, held = Found(), _Held()
    for sample in samples:
        bought = {
            (run, seed): trials_of(buyer, Order("run", run), sample, seed)
            for run in dict.fromkeys(asked.runs.values())
            for seed in asked.seeds
        }
        if not all(bought.values()):
            found.left_out += 1
            continue
        found.questions += 1
        for trials in bought.values():
            found.exhausted += sum(trial.stop_reason in ("budget", "deadline") for trial in trials)
            if len(trials) > 1:
                held.alike.append(len({trial.answer for trial in trials}) == 1)
        for seed in asked.seeds:
            _score(asked, buyer, sample, seed, {run: bought[run, seed] for run in asked.runs.values()}, held)
    found.rows = held.rows
    found.cells = [_cell(asked, cell, held.cells[cell]) for cell in asked.runs if cell in held.cells]
    found.probes = [_probe(cell, held.pairs[cell]) for cell in asked.probes if cell in held.pairs]
    found.floor, found.ceiling = (_mean(ends) if (ends := held.ends.get(kind)) else None for kind in _ENDS)
    found.alike = (sum(held.alike), len(held.alike)) if held.alike else None
    found.failures = buyer.store.failures(
        key for order, first in buyer.orders for key in buyer.keys(order, first, samples)
    )
    return found


def _score(
    asked: Asked, buyer: Buyer, sample: Sample, seed: int, bought: Mapping[Cell, Sequence[Trial]], held: "_Held"
) -> None:
    """Score one question with one seed at every cell, at both ends, and where it was asked afresh."""
    replayed = {cell: _at(asked, sample, bought[run], cell) for cell, run in asked.runs.items()}
    for cell, one in replayed.items():
        held.cells.setdefault(cell, []).append((sample, one))
        held.rows.append(_row(sample, seed, cell, one))
    for cell in asked.probes:
        # Replayed from the very candidates that the fresh run makes again, so that luck stands on both sides.
        same = bought[asked.runs[cell]][: cell.samples]
        for trial in trials_of(buyer, Order("probe", cell), sample, seed):
            again = _at(asked, sample, same, cell)
            held.pairs.setdefault(cell, []).append((sample, again, fresh(sample, trial, asked.outcome)))
    for kind in _ENDS:
        trials = trials_of(buyer, Order(kind, asked.top), sample, seed)
        if trials:
            one = _at(asked, sample, trials, asked.top)
            held.ends.setdefault(kind, []).append((sample, one.outcome))
            held.rows.extend(_anchor(asked, sample, seed, one) if kind == "ceiling" else ())


def _at(asked: Asked, sample: Sample, trials: Sequence[Trial], cell: Cell) -> Scored:
    """Return what a question comes to at one cell, from the trials of its run."""
    other = asked.partners.get(sample.id)
    return replay(sample, other, trials, depth=cell.depth, samples=cell.samples, outcome=asked.outcome)


def _row(sample: Sample, seed: int, cell: Cell, one: Scored) -> Row:
    """Return one row of the long table; what was not measured is blank."""
    return {
        "question": sample.id,
        "seed": seed,
        "outcome": one.outcome,
        "depth": float(cell.depth),
        "width": float(cell.width),
        "think": float(cell.think),
        "samples": float(cell.samples),
        "cost_units": one.units,
        "cost_searches": one.searches,
        "cost_documents": one.documents,
        "cost_seconds": one.seconds,
        "group": group_of(sample),
    }


def _anchor(asked: Asked, sample: Sample, seed: int, one: Scored) -> list[Row]:
    """Return the row of the measured ceiling: no search budget limits it, and its costs are none of a budget's."""
    endless = {name: inf for name in ("depth", "width") if len(asked.levels[name]) > 1}
    if not endless:
        return []
    costs = dict.fromkeys(("cost_units", "cost_searches", "cost_documents", "cost_seconds"))
    return [{**_row(sample, seed, asked.top, one), **endless, **costs}]


def _mean(held: Sequence[tuple[Sample, float]]) -> Estimate:
    """Return a mean with its interval, which respects clusters and questions asked several times."""
    return mean_interval([value for _, value in held], [group_of(sample) for sample, _ in held])


def _cell(asked: Asked, cell: Cell, held: Sequence[tuple[Sample, Scored]]) -> CellResult:
    """Return one cell over all questions."""
    shuffled = [one.shuffled for _, one in held if one.shuffled is not None]
    groups: dict[str, list[float]] = {}
    for sample, one in held if asked.by else ():
        groups.setdefault(sample.label(asked.by or ""), []).append(one.outcome)
    n = len(held)
    return CellResult(
        cell,
        asked.runs[cell] != cell or cell.samples > 1,
        _mean([(sample, one.outcome) for sample, one in held]),
        sum(shuffled) / len(shuffled) if shuffled else None,
        sum(one.units for _, one in held) / n,
        sum(one.searches for _, one in held) / n,
        sum(one.documents for _, one in held) / n,
        {name: (sum(values) / len(values), len(values)) for name, values in sorted(groups.items())},
    )


def _probe(cell: Cell, held: Sequence[tuple[Sample, Scored, tuple[float, float]]]) -> Probe:
    """Return the test of one cell that was measured twice."""
    test = paired_equivalence(
        [outcome for _, _, (outcome, _) in held],
        [again.outcome for _, again, _ in held],
        [group_of(sample) for sample, _, _ in held],
    )
    n = len(held)
    return Probe(cell, test, sum(units for *_, (_, units) in held) / n, sum(one.units for _, one, _ in held) / n)
