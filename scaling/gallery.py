"""All figures of a fit, and why some of them cannot be drawn."""

from collections.abc import Callable

import numpy as np

from scaling.along import Options, fit_axis
from scaling.cells import Cells
from scaling.drawing import Picture
from scaling.errors import FitError
from scaling.families import FARTHEST
from scaling.forest import forest
from scaling.planes import contours, regret
from scaling.plots import Absent, accuracy, collapse, extrapolation, residuals
from scaling.purse import Currency, purse
from scaling.results import AxisFit, ScalingFit
from scaling.returns import marginal
from scaling.spending import pareto

_FEWEST = 4  # budgets of a fit that others are held back from, its base included


def figures(
    fit: ScalingFit, cells: Cells, options: Options, paid: Currency | None = None, worth: float | None = None
) -> tuple[Picture | Absent, ...]:
    """Return every figure of a fit, or why there is none, in reading order.

    Args:
        fit: of these cells.
        cells: what was measured.
        options: of the fit, for the one to smaller budgets alone.
        paid: what cost is counted in; None where none was measured.
        worth: what a right answer is worth, counted likewise; None where nobody said.
    """
    return (
        accuracy(fit),
        collapse(fit),
        forest(fit),
        residuals(fit),
        extrapolation(fit, earlier(fit, cells, options)),
        pareto(fit, cells),
        *_costly(fit, cells, paid, worth),
    )


def _costly(fit: ScalingFit, cells: Cells, paid: Currency | None, worth: float | None) -> tuple[Picture | Absent, ...]:
    """Return the figures that need to know what a cell costs, or why there is none."""
    if paid is None:
        why = "The table has no column cost_*, so nothing can be said of what an answer costs."
        return tuple(Absent(name, why) for name in ("contours", "gain", "regret"))
    return (
        _tried("contours", lambda: contours(fit, purse(fit, cells, paid))),
        _tried("gain", lambda: marginal(fit, cells, paid, worth)),
        _tried("regret", lambda: regret(fit, purse(fit, cells, paid))),
    )


def _tried(name: str, draw: Callable[[], Picture | Absent]) -> Picture | Absent:
    """Return a figure, or why the data does not allow it."""
    try:
        return draw()
    except FitError as error:
        return Absent(name, str(error))


def earlier(fit: ScalingFit, cells: Cells, options: Options) -> dict[str, AxisFit]:
    """Return fits, by axis, that have not seen the largest budgets, for a look at whether they foretell them.

    Held back are all budgets above a quarter of the largest one, which is how far an extrapolation may reach, or the
    largest one alone where too few would be left. An axis with too few budgets for that, or whose smaller budgets say
    nothing, is left out.
    """
    found = {}
    for axis in fit.axes:
        extra = np.array(axis.spend) - axis.base
        limits = [limit for limit in (extra[-1] / FARTHEST, extra[-2]) if (extra <= limit).sum() >= _FEWEST]
        if limits:
            x = cells.x[:, cells.axes.index(axis.name)]
            try:
                found[axis.name] = fit_axis(cells.where(np.isinf(x) | (x <= limits[0])), axis.name, options, [])
            except FitError:  # then there is nothing to draw, as with too few budgets
                continue
    return found
