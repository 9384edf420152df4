"""How precise a planned experiment would be, from a pilot, from assumed values, or from both."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from scaling.cells import Cells
from scaling.design import Design, Truth, pilot
from scaling.power import PowerTable, power
from scaling.trials import Trials

_ASSUMED: Mapping[str, float] = {"floor": 0.15, "ceiling": 0.75, "tail": 0.8, "common": 0.5, "own": 0.2}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is known of a planned experiment.

    Attributes:
        pilot: trials to take from what is not given here.
        axes: names.
        budgets: above the base, one row for all axes or one each.
        base: budget in the base cell, one for all axes or one each.
        half_budget: κ of each axis, in extra budget.
        truth: floor, ceiling, tail, common and own of `Truth`, by name.
        anchor: a measured ceiling is run too.
        questions: Q.
        seeds: trials of every question in every cell.
        other: tail of the last axis in the world where the axes do not follow one law.
    """

    pilot: Path | None = None
    axes: tuple[str, ...] = ()
    budgets: tuple[tuple[float, ...], ...] = ()
    base: tuple[float, ...] = ()
    half_budget: tuple[float, ...] = ()
    truth: Mapping[str, float] = field(default_factory=dict)
    anchor: bool = False
    questions: int = 300
    seeds: int = 1
    other: float = 3.0


def foresee(wish: Wish) -> PowerTable:
    """Return what the planned experiment would say, and the questions it takes to say it precisely.

    Raises:
        ValueError: what is given does not fit together, or is too little.
        TrialsError: the pilot is malformed.
        FitError: the pilot says too little, or the budgets cannot tell the law's parameters apart.
    """
    design, truth = _assumed(wish) if wish.pilot is None else _piloted(wish, Trials.read(wish.pilot, wish.axes or None))
    if len(design.axes) < 2:
        return power(design, truth)
    tails = (truth.tail,) * (len(design.axes) - 1) if isinstance(truth.tail, float) else truth.tail[:-1]
    name = f"tail of {design.axes[-1]} is {wish.other:g}"
    return power(design, truth, alternatives={name: replace(truth, tail=(*tails, wish.other))})


def _assumed(wish: Wish) -> tuple[Design, Truth]:
    """Return design and truth where there is no pilot."""
    if not (wish.half_budget and wish.budgets):
        raise ValueError("Without a pilot, give the half-budget of each axis and the budgets to be run.")
    axes = wish.axes or tuple(f"axis {place}" for place, _ in enumerate(wish.half_budget, 1))
    truth = Truth(half_budget=wish.half_budget, **{**_ASSUMED, **wish.truth})
    return _design(wish, axes, wish.budgets, wish.base or (0.0,)), truth


def _piloted(wish: Wish, trials: Trials) -> tuple[Design, Truth]:
    """Return design and truth from a pilot, with what is given in their place."""
    cells = trials.cells()
    finite = np.isfinite(cells.spend)
    single = cells.where(((cells.x > 0) & finite).sum(1) + (~finite).any(1) <= 1)
    seen = pilot(cells.axes, single.x, single.successes, single.attempts)
    truth = replace(seen, half_budget=wish.half_budget or seen.half_budget, **wish.truth)
    budgets = wish.budgets or tuple(_levels(cells, column) for column in range(len(cells.axes)))
    planned = replace(wish, anchor=wish.anchor or bool((~finite).any()))
    return _design(planned, cells.axes, budgets, wish.base or tuple(cells.base.tolist())), truth


def _levels(cells: Cells, column: int) -> tuple[float, ...]:
    """Return the budgets of an axis above its base."""
    seen = np.unique(cells.spend[:, column])
    return tuple(seen[np.isfinite(seen) & (seen > cells.base[column])].tolist())


def _design(
    wish: Wish, axes: tuple[str, ...], budgets: tuple[tuple[float, ...], ...], base: tuple[float, ...]
) -> Design:
    """Return the design; one row of budgets, or one base, serves all axes."""
    rows = budgets * len(axes) if len(budgets) == 1 else budgets
    bases = base * len(axes) if len(base) == 1 else base
    return Design(axes, rows, wish.anchor, wish.seeds, wish.questions, bases)
