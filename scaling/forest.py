"""The figure of every axis' numbers with their intervals, one above the other (figure c)."""

import math
from collections.abc import Sequence

from scaling.drawing import GREY, Mark, Panel, Picture, Ruler, look
from scaling.numerals import decades
from scaling.plots import basis
from scaling.results import AxisFit, Interval, ScalingFit


def forest(fit: ScalingFit) -> Picture:
    """Draw elasticity, half-budget and tail exponent of every axis with their intervals."""
    kappas = [(axis.half_budget, True) for axis in fit.axes]
    tails = [_tail(axis) for axis in fit.axes]
    panels = [
        _column(fit, "elasticity ε", "slope of log-odds on ln budget", [(axis.elasticity, True) for axis in fit.axes]),
        _column(fit, "half-budget κ", "extra budget, each axis in its unit", kappas, log=True),
    ]
    if any(each for each, _ in tails):
        panels.append(_column(fit, "tail exponent", "no unit", tails, log=True))
    return Picture(
        "forest",
        "What the law says of each axis",
        "Points are estimates, an arrow an end that the data does not bound. Grey: not "
        "identified, the bar is all that can be said. Dotted: mean of the axes, each weighted by its precision. "
        + basis(fit),
        tuple(panels),
    )


def _tail(axis: AxisFit) -> tuple[Interval | None, bool]:
    """Return the tail exponent with whether it is identified; where it is not, its range about a middle."""
    if axis.tail_exponent is not None:
        return axis.tail_exponent, True
    if axis.tail_range is None:
        return None, False
    return Interval(math.nan, *axis.tail_range), False


def _column(
    fit: ScalingFit, title: str, unit: str, values: Sequence[tuple[Interval | None, bool]], *, log: bool = False
) -> Panel:
    """Return one column of figure c: a row for each axis, from the top."""
    ends = [
        end
        for each, _ in values
        if each is not None
        for end in (each.low, each.value, each.high)
        if math.isfinite(end) and (end > 0 or not log)
    ]
    inner = _room(min(ends), max(ends), log=log) if ends else (0.5, 2.0)
    low, high = _room(*inner, log=log)
    marks: list[Mark] = []
    for place, (each, known) in enumerate(values):
        if each is not None:
            marks += _row(each, len(values) - 1 - place, place, known=known, limits=inner)
    shared = None if title.startswith("half") else _pooled([each for each, known in values if each and known], log=log)
    if shared is not None:
        marks.insert(0, Mark("upright", (shared,), dash=":"))
    # Names stand at the first column only; the others have the same rows.
    names = [axis.name if title.startswith("elasticity") else "" for axis in fit.axes]
    rows = tuple((float(len(values) - 1 - place), name) for place, name in enumerate(names))
    across = Ruler(unit, log=log, limits=(low, high), ticks=decades(low, high) if log else ())
    return Panel(title, across, Ruler("", limits=(-0.6, len(values) - 0.4), ticks=rows), tuple(marks))


def _room(low: float, high: float, *, log: bool) -> tuple[float, float]:
    """Return limits with room on both sides."""
    if log:
        room = max((high / low) ** 0.08, 1.15, (2 * low / high) ** 0.5)  # a factor of 2 at least is shown
        return low / room, high * room
    room = 0.08 * (high - low) or 0.1
    return low - room, high + room


def _row(each: Interval, row: int, place: int, *, known: bool, limits: tuple[float, float]) -> list[Mark]:
    """Return a value with its bar; an open end stops short of the frame with an arrow."""
    colour, marker = look(place) if known else (GREY, "")
    low, high, at = max(each.low, limits[0]), min(each.high, limits[1]), float(row)
    if known:
        marks = [Mark("points", (each.value,), (at,), (low,), (high,), colour=colour, marker=marker, across=True)]
    else:
        marks = [Mark("line", (low, high), (at, at), colour=colour)]
    if each.high > limits[1]:
        marks.append(Mark("points", (high,), (at,), colour=colour, marker=">"))
    if each.low < limits[0]:
        marks.append(Mark("points", (low,), (at,), colour=colour, marker="<"))
    return marks


def _pooled(values: Sequence[Interval], *, log: bool) -> float | None:
    """Return the mean of two values or more weighted by 1 / width², on the log scale where that is drawn."""
    scale = math.log if log else float
    bounded = [each for each in values if math.isfinite(each.high - each.low) and (each.low > 0 or not log)]
    weights = [(scale(each.high) - scale(each.low)) ** -2 for each in bounded if each.high > each.low]
    if len(bounded) < 2 or len(weights) < len(bounded):
        return None
    mean = math.fsum(w * scale(each.value) for w, each in zip(weights, bounded, strict=True)) / math.fsum(weights)
    return math.exp(mean) if log else mean
