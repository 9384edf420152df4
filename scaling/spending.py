"""Figures of what success cost in the measured cells: their frontier (figure g)."""

import numpy as np

from scaling.cells import Cells
from scaling.drawing import BLACK, GREY, Mark, Panel, Picture, Ruler, look
from scaling.intervals import estimates
from scaling.numerals import decades
from scaling.plots import ACCURACY, Absent, basis, share_limits
from scaling.results import Array, ScalingFit


def pareto(fit: ScalingFit, cells: Cells) -> Picture | Absent:
    """Draw success of every cell against each kind of cost, and the frontier of cells that none beats.

    Args:
        fit: of these cells.
        cells: what was measured, with mean costs of an attempt.
    """
    name = "pareto"
    if not cells.costs:
        return Absent(name, "The table has no column cost_*, so what an answer cost is not known.")
    # A measured ceiling is not bought with budgets, so it is no choice.
    measured = (cells.attempts.sum(0) > 0) & np.isfinite(cells.spend).all(1)
    panels = tuple(
        panel
        for kind, cost in cells.costs.items()
        if (panel := _frontier(fit, cells.where(measured & (cost > 0)), kind))
    )
    if not panels:
        return Absent(name, f"No two cells have a cost above 0 ({', '.join(cells.costs)}).")
    return Picture(
        name,
        "What accuracy cost",
        "Every point is a cell: its mean cost of an attempt and its accuracy. Line: the frontier, cells that no "
        f"cheaper one beats. The best of many noisy cells looks better than it is. {basis(fit)}",
        panels,
    )


def _frontier(fit: ScalingFit, cells: Cells, kind: str) -> Panel | None:
    """Return the panel of one kind of cost; None where fewer than two cells have it."""
    cost = cells.costs[kind]
    if len(cost) < 2 or cost.min() == cost.max():
        return None
    seen = estimates(cells.successes, cells.attempts)
    share = np.array([each.value for each in seen])
    marks = [_steps(cost, share)]
    moved = cells.x > 0
    single = moved.sum(1) == 1
    groups = [(~moved.any(1), "base", (BLACK, "*")), (moved.sum(1) > 1, "several axes", (GREY, "X"))]
    # Axes without a law of their own come last, so that the others look as in the other figures.
    names = dict.fromkeys([*(axis.name for axis in fit.axes), *cells.axes])
    groups += [(single & moved[:, cells.axes.index(name)], name, look(place)) for place, name in enumerate(names)]
    for chosen, label, (colour, marker) in groups:
        at = np.flatnonzero(chosen)
        if at.size:
            marks.append(
                Mark(
                    "points",
                    tuple(cost[at].tolist()),
                    tuple(share[at].tolist()),
                    tuple(seen[place].low for place in at),
                    tuple(seen[place].high for place in at),
                    label=label,
                    colour=colour,
                    marker=marker,
                )
            )
    across = Ruler(f"{kind} an attempt (mean)", log=True, ticks=decades(float(cost.min()), float(cost.max())))
    limits = share_limits([end for each in seen for end in (each.low, each.high)])
    return Panel(kind, across, Ruler(ACCURACY, limits=limits), tuple(marks))


def _steps(cost: Array, share: Array) -> Mark:
    """Return the frontier as a staircase that stays at a cell's success until a better one can be paid."""
    x: list[float] = []
    y: list[float] = []
    for place in np.lexsort((-share, cost)):
        if not y or share[place] > y[-1]:
            if y:
                x.append(float(cost[place]))
                y.append(y[-1])
            x.append(float(cost[place]))
            y.append(float(share[place]))
    return Mark("line", (*x, float(cost.max())), (*y, y[-1]), label="frontier")
