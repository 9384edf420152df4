"""What more of an axis gains for what it costs, and where to stop (figure h)."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from scaling.axes import fit_law
from scaling.cells import Cells
from scaling.drawing import Mark, Panel, Picture, Ruler, look
from scaling.laws import AxisLaw, form
from scaling.numerals import decades
from scaling.plots import Absent, basis
from scaling.purse import Currency
from scaling.results import Array, AxisFit, ScalingFit
from scaling.stopping import CAUTION, gain

_NOISE = 0.01  # of the cost: a smaller difference of two means says nothing


@dataclass(frozen=True, slots=True)
class _Steps:
    """Steps along an axis: cost after each, success gained per unit of cost, and the lower end of that."""

    place: int
    cost: tuple[float, ...]
    gain: tuple[float, ...]
    low: tuple[float, ...]


def marginal(fit: ScalingFit, cells: Cells, paid: Currency, worth: float | None) -> Picture | Absent:
    """Draw what the next budget of each axis gains for what it costs, and where that is no longer worth it.

    Args:
        fit: of these cells.
        cells: what was measured.
        paid: what cost is counted in.
        worth: what a right answer is worth, counted likewise and above 0; None where nobody said.
    """
    cost, kind = paid.of_cells(cells), paid.unit
    lines = {axis.name: _steps(fit, cells, axis, cost, place) for place, axis in enumerate(fit.axes)}
    lines = {name: steps for name, steps in lines.items() if steps.cost}
    if not lines:
        return Absent("gain", f"No axis has two budgets of which the larger one cost more {kind} and gained anything.")
    gains = [value for steps in lines.values() for value in (*steps.gain, *([] if worth is None else [1 / worth]))]
    sides = min(gains) / 3, 1.5 * max(gains)
    costs = [value for steps in lines.values() for value in steps.cost]
    marks = [mark for name, steps in lines.items() for mark in _line(name, steps, sides[0])]
    if worth is not None:
        marks.append(Mark("level", y=(1 / worth,), dash="--", label="stop below: more costs than it is worth"))
    stop = " No stop line is drawn, for nobody said what a right answer is worth." if worth is None else ""
    return Picture(
        "gain",
        "What more of an axis gains for its cost",
        "Fitted gain from a budget to the next one measured, the other axes at their base, over what that costs more. "
        f"Stop where the lower edge of the band falls below the line.{stop} "
        + basis(fit, f"bands reach down to the lower end of a one-sided {100 * CAUTION:.0f} % interval"),
        (
            Panel(
                "",
                Ruler(f"{kind} an attempt, after the step", log=True, ticks=decades(min(costs), max(costs))),
                Ruler(f"accuracy gained per unit of {kind}", log=True, limits=sides, ticks=decades(*sides)),
                tuple(marks),
            ),
        ),
    )


def _line(name: str, steps: _Steps, bottom: float) -> tuple[Mark, ...]:
    """Return the marks of one axis; a lower end below the frame, or below 0, is drawn at its edge."""
    colour, marker = look(steps.place)
    low = tuple(max(value, bottom) for value in steps.low)
    return (
        Mark("band", steps.cost, low=low, high=steps.gain, colour=colour),
        Mark("line", steps.cost, steps.gain, colour=colour),
        Mark("points", steps.cost, steps.gain, label=name, colour=colour, marker=marker),
    )


def _steps(fit: ScalingFit, cells: Cells, axis: AxisFit, cost: Array, place: int) -> _Steps:
    """Return the steps along an axis, the other axes at their base, that cost more and gain anything."""
    along, column = cells.along(axis.name), cells.axes.index(axis.name)
    fitted = fit_law(along, AxisLaw(form(fit.form), cells.axes))
    found = []
    for before, after in pairwise(axis.spend):
        cell = np.array([cells.base, cells.base])
        cell[:, column] = before, after
        value, low = gain(fitted, *cell)
        paid = [float(cost[(cells.spend == one).all(1)][0]) for one in cell]
        more = paid[1] - paid[0]
        if more > _NOISE * paid[0] and value > 0:
            found.append((paid[1], value / more, low / more))
    return _Steps(place, *(tuple(part) for part in zip(*found, strict=True))) if found else _Steps(place, (), (), ())
