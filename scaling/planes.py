"""Figures of several axes at once and what they cost: contours and regret (figures d and i)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from scaling.allocate import grid, measured_levels, path, policies
from scaling.cells import Cells
from scaling.drawing import GREY, Mark, Panel, Picture, Ruler, look
from scaling.numerals import decades, number, steps
from scaling.plots import basis, budget_ruler
from scaling.purse import LABELS, Purse
from scaling.results import Array, ScalingFit

_BUDGETS, _FINE = 16, 40


def contours(fit: ScalingFit, purse: Purse) -> Picture:
    """Draw lines of equal accuracy and of equal cost over every pair of axes, with the best way up (figure d)."""
    cells = purse.cells
    best = path(purse.fitted, grid(cells), purse.money, [float(purse.budgets(5)[2])])[0]
    ranging = [axis for axis in range(len(cells.axes)) if len(_measured(cells, axis)) > 1]
    panels = tuple(_plane(purse, pair, best.spend) for pair in combinations(ranging, 2))
    fixed = ", ".join(f"{axis} {number(at)}" for axis, at in best.spend.items())
    others = f" Axes that a panel does not show stand at {fixed}." if len(cells.axes) > 2 else ""
    return Picture(
        "contours",
        "Equal accuracy, equal cost, and the best way up",
        f"{purse.fitted.name} law. Black: accuracy. Dashed grey: {purse.unit} an attempt. Points: the best cell for "
        f"budgets each twice as large.{others} {basis(fit, 'fitted values')}",
        panels,
    )


def _plane(purse: Purse, pair: tuple[int, int], at: Mapping[str, float]) -> Panel:
    """Return the panel of two axes, the others standing at `at`."""
    cells = purse.cells
    levels = measured_levels(cells)
    sides = [_fine(cells, axis) for axis in pair]
    spend = np.tile([at[axis] for axis in cells.axes], (_FINE * _FINE, 1))
    for axis, values in zip(pair, np.meshgrid(*sides), strict=True):
        spend[:, axis] = values.ravel()
    share, cost = purse.fitted.success(spend), purse.money(spend)
    allowed = {name: levels[name] if cells.axes.index(name) in pair else (value,) for name, value in at.items()}
    marks = [*_contour(sides, share, steps(float(share.min()), float(share.max())), "accuracy")]
    if cost.max() > 0:
        least, most = float(cost[cost > 0].min()), float(cost.max())
        marks = [
            *_contour(sides, cost, [at for at, _ in decades(least, most)], purse.unit),
            *marks,
            *_way(purse, pair, grid(cells, allowed), least, most),
        ]
    x, y = (_ruler(cells.axes[axis], _measured(cells, axis)) for axis in pair)
    return Panel("", x, y, tuple(marks))


def _ruler(name: str, spend: Sequence[float]) -> Ruler:
    """Return the ruler of an axis with room for marks at its ends."""
    ruler, room = budget_ruler(name, spend), 1.2
    low = spend[0] / room if ruler.zero is None else -0.2 * ruler.zero
    return replace(ruler, limits=(low, spend[-1] * room))


def _measured(cells: Cells, axis: int) -> list[float]:
    """Return the finite budgets of an axis, ascending."""
    column = np.unique(cells.spend[:, axis])
    found: list[float] = column[np.isfinite(column)].tolist()
    return found


def _fine(cells: Cells, axis: int) -> Array:
    """Return budgets over the measured range, close together."""
    seen = np.array(_measured(cells, axis))
    extra = seen[1:] - seen[0]
    found: Array = seen[0] + np.append(0.0, np.geomspace(extra[0] / 32, extra[-1], _FINE - 1))
    return found


def _contour(sides: Sequence[Array], value: Array, levels: Sequence[float], label: str) -> Iterator[Mark]:
    """Yield contours of a value over a plane; none where no level lies within."""
    x, y = (tuple(side.tolist()) for side in sides)
    z = tuple(tuple(row) for row in value.reshape(_FINE, _FINE).tolist())
    if levels and label == "accuracy":
        yield Mark("contours", x, y, z=z, levels=tuple(levels), label=label)
    elif levels:
        yield Mark("contours", x, y, z=z, levels=tuple(levels), label=label, colour=GREY, dash="--")


def _way(purse: Purse, pair: tuple[int, int], options: Array, least: float, most: float) -> Iterator[Mark]:
    """Yield the best cells of a plane for budgets from the least to the most, each twice as large as the one before."""
    budgets = [least * 2.0**step for step in range(1 + int(np.log2(most / least)))]
    best = path(purse.fitted, options, purse.money, budgets)
    x, y = (tuple(point.spend[purse.cells.axes[axis]] for point in best) for axis in pair)
    yield Mark("line", x, y, colour=look(1)[0], dash=":")
    yield Mark("points", x, y, label="best for its cost", colour=look(1)[0])


def regret(fit: ScalingFit, purse: Purse) -> Picture:
    """Draw what simpler ways to spend a budget give away against the best one, under the best law (figure i)."""
    options = grid(purse.cells)
    budgets = purse.budgets(_BUDGETS)
    lost: dict[str, list[tuple[float, float]]] = {}
    for budget, best in zip(budgets.tolist(), path(purse.fitted, options, purse.money, budgets.tolist()), strict=True):
        for name, spend in policies(purse.cells, options, purse.money, budget).items():
            success = float(purse.fitted.success(spend[None])[0])
            lost.setdefault(name, []).append((budget, best.success - success))
    marks = []
    for place, (name, points) in enumerate(lost.items()):
        colour, marker = look(place)
        x, y = zip(*points, strict=True)
        marks.append(Mark("line", x, y, colour=colour))
        marks.append(Mark("points", x, y, label=LABELS.get(name, name), colour=colour, marker=marker))
    across = Ruler(f"budget ({purse.unit} an attempt)", log=True, ticks=decades(float(budgets[0]), float(budgets[-1])))
    return Picture(
        "regret",
        "What simpler ways to spend give away",
        f"Accuracy of the best cell that a budget buys, less that of the best cell of a simpler kind, both under the "
        f"{purse.fitted.name} law. {basis(fit, 'fitted values')}",
        (Panel("", across, Ruler("accuracy given away (0 to 1)"), tuple(marks)),),
    )
