"""Figures of what was measured and fitted along each axis.

Every function returns a `Picture`, or the sentence that says why there is none (`Absent`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from scaling.drawing import BLACK, GREY, Mark, Panel, Picture, Ruler, look
from scaling.numerals import powers, spread
from scaling.results import AxisFit, Curve, ScalingFit

ACCURACY = "accuracy (mean outcome, 0 to 1)"


@dataclass(frozen=True, slots=True)
class Absent:
    """A figure that the data does not allow.

    Attributes:
        name: as the picture would be called.
        why: a sentence.
    """

    name: str
    why: str


def basis(fit: ScalingFit, shown: str = "bars and bands are 95 % intervals") -> str:
    """Return what a figure stands on, and what is shown of how sure it is, as a sentence."""
    seeds = f"{fit.seeds} seed{'s' if fit.seeds > 1 else ''} in a cell at most"
    groups = "" if fit.clusters == fit.questions else f" in {fit.clusters:,} groups"
    return f"n = {fit.questions:,} questions{groups}, {seeds}, {fit.trials:,} trials; {shown}."


def accuracy(fit: ScalingFit) -> Picture:
    """Draw success against budget for each axis: points, the law, and what lies beyond the data (figure a)."""
    limits = share_limits(
        [value for axis in fit.axes for each in axis.observed for value in (each.low, each.high)]
        + [value for axis in fit.axes for value in (*axis.extrapolation.low, *axis.extrapolation.high)]
        + [fit.floor.value, *(axis.ceiling.value if axis.ceiling else axis.ceiling_at_least for axis in fit.axes)]
    )
    return Picture(
        "accuracy",
        "Accuracy against budget",
        f"Solid: {fit.form} law over the measured budgets. Dashed: beyond them, with all the values that any plausible "
        f"family of curves allows. {basis(fit)}",
        tuple(
            Panel(
                axis.name,
                budget_ruler(axis.name, axis.spend, float(axis.extrapolation.spend[-1])),
                Ruler(ACCURACY, limits=limits),
                _along(fit, axis, place),
            )
            for place, axis in enumerate(fit.axes)
        ),
    )


def _along(fit: ScalingFit, axis: AxisFit, place: int) -> tuple[Mark, ...]:
    """Return the marks of one axis in figure a."""
    colour, _ = look(place)
    if axis.ceiling is not None:
        top = Mark("level", y=(axis.ceiling.value,), colour=BLACK, dash="--", label="ceiling A")
    else:
        top = Mark(
            "level", y=(axis.ceiling_at_least,), colour=GREY, dash="--", label="ceiling not identified; at least"
        )
    floor = Mark("level", y=(fit.floor.value,), colour=BLACK, dash=":", label="floor f")
    return (
        floor,
        top,
        *_curve(axis.curve, colour, "-"),
        *_curve(axis.extrapolation, colour, "--"),
        _observed(axis, place),
    )


def _curve(curve: Curve, colour: str, dash: Literal["-", "--"]) -> tuple[Mark, Mark]:
    """Return a curve and its band."""
    x = tuple(map(float, curve.spend))
    band = Mark("band", x, low=tuple(map(float, curve.low)), high=tuple(map(float, curve.high)), colour=colour)
    return band, Mark("line", x, tuple(map(float, curve.value)), colour=colour, dash=dash)


def _observed(axis: AxisFit, place: int, first: int = 0, last: int | None = None, *, hollow: bool = False) -> Mark:
    """Return the measured points of an axis, or a slice of them."""
    colour, marker = look(place)
    points = axis.observed[first:last]
    return Mark(
        "points",
        axis.spend[first:last],
        tuple(each.value for each in points),
        low=tuple(each.low for each in points),
        high=tuple(each.high for each in points),
        colour=colour,
        marker=marker,
        hollow=hollow,
    )


def budget_ruler(name: str, spend: Sequence[float], end: float | None = None) -> Ruler:
    """Return the ruler of an axis' budgets, with the budgets themselves as ticks.

    Args:
        name: of the axis.
        spend: budgets measured, ascending, the base first.
        end: the largest one drawn, where that is another.
    """
    positive = [budget for budget in spend if budget > 0]
    zero = positive[0] if spend[0] <= 0 and positive else None
    ticks = spread((spend[-1], spend[0], *([] if end is None else [end]), *reversed(spend)), zero)
    return Ruler(f"{name} (budget assigned)", log=True, zero=zero, ticks=ticks)


def share_limits(values: Sequence[float]) -> tuple[float, float]:
    """Return limits for shares that leave a little room, within [0, 1] but for that room."""
    low, high = max(0.0, min(values)), min(1.0, max(values))
    room = max(0.02, 0.05 * (high - low))
    return low - room, high + room


def collapse(fit: ScalingFit) -> Picture | Absent:
    """Draw all axes on extra spend in half-budgets: under one law they lie on one curve (figure b)."""
    name = "collapse"
    if len(fit.axes) < 2:
        return Absent(name, f"Only the axis {fit.axes[0].name} was measured, so there is nothing to lay over it.")
    marks: list[Mark] = []
    for place, axis in enumerate(fit.axes):
        kappa = axis.half_budget.value
        points = _observed(axis, place)
        x = tuple((spend - axis.base) / kappa for spend in axis.spend)
        # From its first extra budget on: a straight line to 0 would be no part of the curve.
        moved = axis.curve.spend > axis.base
        curve = ((axis.curve.spend[moved] - axis.base) / kappa).tolist()
        marks.append(Mark("line", tuple(curve), tuple(axis.curve.value[moved].tolist()), colour=points.colour))
        marks.append(replace(points, x=x, label=axis.name))
    reached = sorted(value for mark in marks if mark.kind == "points" for value in mark.x if value > 0)
    ticks = ((0.0, "0"), *powers(reached[0], reached[-1]))
    return Picture(
        name,
        "Do the axes follow one law?",
        "Extra budget of every axis in units of its own half-budget κ. Under one law all points lie on one curve; "
        "left of the smallest extra budget the scale is linear, to show 0. " + basis(fit),
        (
            Panel(
                "",
                Ruler("extra budget in half-budgets κ", zero=reached[0], ticks=ticks),
                Ruler(ACCURACY, limits=share_limits([v for mark in marks for v in (*mark.low, *mark.high)])),
                tuple(marks),
            ),
        ),
    )


def residuals(fit: ScalingFit) -> Picture:
    """Draw what the law leaves unexplained, in standard errors (figure e)."""
    worst = max(3.0, *(abs(value) for axis in fit.axes for value in axis.residuals))
    panels = []
    for place, axis in enumerate(fit.axes):
        colour, marker = look(place)
        levels = [
            Mark("level", y=(y,), colour=BLACK if y == 0 else GREY, dash="-" if y == 0 else ":")
            for y in (-2.0, 0.0, 2.0)
        ]
        marks = (*levels, Mark("points", axis.spend, axis.residuals, colour=colour, marker=marker))
        side = Ruler("residual (standard errors)", limits=(-1.1 * worst, 1.1 * worst))
        panels.append(Panel(axis.name, budget_ruler(axis.name, axis.spend), side, marks))
    return Picture(
        "residuals",
        "What the law leaves unexplained",
        f"(Observed - {fit.form} law) / standard error. Most points lie between the dotted lines; a trend along an "
        f"axis would mean that the law has the wrong shape. {basis(fit, 'dotted are 95 % limits')}",
        tuple(panels),
    )


def extrapolation(fit: ScalingFit, earlier: Mapping[str, AxisFit]) -> Picture | Absent:
    """Draw a fit to the smaller budgets with the larger ones, which it has not seen, as open points (figure f).

    Args:
        fit: to all budgets.
        earlier: fits of the same axes, by name, to the smaller ones; an axis without one is left out.
    """
    panels = []
    for place, axis in enumerate(fit.axes):
        before = earlier.get(axis.name)
        if before is None or before.spend[-1] >= axis.spend[-1]:
            continue
        colour, _ = look(place)
        known = sum(spend <= before.spend[-1] for spend in axis.spend)
        marks = (*_curve(before.curve, colour, "-"), *_curve(before.extrapolation, colour, "--"))
        points = (_observed(axis, place, last=known), _observed(axis, place, known, hollow=True))
        limits = share_limits([v for mark in (*marks, *points) for v in (*mark.low, *mark.high)])
        panels.append(
            Panel(
                axis.name,
                budget_ruler(axis.name, axis.spend, float(before.extrapolation.spend[-1])),
                Ruler(ACCURACY, limits=limits),
                (*marks, *points),
            )
        )
    if not panels:
        return Absent("extrapolation", "No axis has budgets enough to hold the largest ones back and fit the others.")
    return Picture(
        "extrapolation",
        "Would smaller budgets have foretold the larger ones?",
        "Fitted to the filled points only; the open ones were held back. Dashed: the prediction, with the values that "
        f"any plausible family of curves allows. {basis(fit)}",
        tuple(panels),
    )
