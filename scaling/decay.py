"""Whether too much of an axis does harm, how fast, and from which budget on: the decay term of the additive law.

-ln P = E + Σ B_j C_j^-α_j + D_j C_j^δ_j (SYSTEMS.md S13). D and δ are known only where success was seen to fall, so
that they are reported where a test says so and their intervals are short, and refused otherwise. `scaling.decline` asks
without a law whether success fell at the largest budget.
"""

import math
from dataclasses import dataclass

import numpy as np

from scaling.axes import Fitted, fit_law
from scaling.cells import Cells
from scaling.families import FARTHEST
from scaling.joint import units
from scaling.likelihood import information, meat, quantile, scores
from scaling.results import Array, Interval

_POWERS = (0.5, 1.0, 2.0)  # δ at which harm is looked for, as it has none where D is 0
_FAINT = -20.0  # ln D that is as good as none, and still has a slope
_SPAN, _LEVEL = 3.0, 0.05


@dataclass(frozen=True, slots=True)
class Decay:
    """What too much of one axis does.

    Attributes:
        p: of no harm: a cluster-robust one-sided score test of D = 0, over three values of δ (Bonferroni).
        scale: D, in -ln success at the unit of spend; None where it is not identified.
        power: δ; likewise.
        best: the budget from which on more does harm, the other axes being what they may; likewise.
        refused: why they are not identified, "" where they are.
    """

    axis: str
    p: float
    scale: Interval | None
    power: Interval | None
    best: Interval | None
    refused: str


def decays(cells: Cells) -> tuple[Decay, ...]:
    """Judge for every axis whether more of it does harm.

    Args:
        cells: the data; cells that move several axes count too.

    Raises:
        FitError: the additive law does not settle, or there are fewer than two clusters.
    """
    none, harm = fit_law(cells, "additive"), fit_law(cells, "additive-decay")
    return tuple(_judge(none, harm, place, axis) for place, axis in enumerate(cells.axes))


def _judge(none: Fitted, harm: Fitted, place: int, axis: str) -> Decay:
    p = _test(none, harm, axis)
    if p >= _LEVEL:
        return Decay(axis, p, None, None, None, f"no harm was found (p = {p:.2g})")
    scale, power = parameter(harm, f"ln D {axis}"), parameter(harm, f"ln δ {axis}")
    span = power.high / power.low
    if span >= _SPAN:
        return Decay(axis, p, None, None, None, f"the interval of δ spans a factor of {span:.3g}, not below {_SPAN:g}")
    best, top = _best(harm, place, axis), _largest(harm.cells, place)
    if best.high > FARTHEST * top:
        why = f"the best budget may lie beyond {FARTHEST:g} times the measured range, up to {top:g}"
        return Decay(axis, p, None, None, None, why)
    return Decay(axis, p, scale, power, best, "")


def parameter(fitted: Fitted, name: str) -> Interval:
    """Return a parameter that a law holds as a logarithm, with the 95 % interval made there (cluster sandwich).

    Raises:
        ValueError: the law has no such parameter.
    """
    if name not in fitted.law.names or not name.startswith("ln "):
        raise ValueError(f"{fitted.name} has no parameter {name!r}; it has {', '.join(fitted.law.names)}.")
    place = fitted.law.names.index(name)
    gradient = np.zeros(len(fitted.theta))
    gradient[place] = 1.0
    return _exponential(fitted, float(fitted.theta[place]), gradient)


def _exponential(fitted: Fitted, value: float, gradient: Array) -> Interval:
    """Return e^value with the interval of its logarithm, whose gradient by θ is given."""
    half = quantile(fitted.freedom) * math.sqrt(float(gradient @ fitted.covariance @ gradient))
    return Interval(*(math.exp(min(end, 700.0)) for end in (value, value - half, value + half)))


def _test(none: Fitted, harm: Fitted, axis: str) -> float:
    """Return the p-value of D = 0 of an axis, of its score at the fit without harm less what others explain of it."""
    from scipy.stats import norm

    cells, names = none.cells, harm.law.names
    theta = np.array([dict(zip(none.law.names, none.theta, strict=True)).get(name, _FAINT) for name in names])
    own, kept = names.index(f"ln D {axis}"), [names.index(name) for name in none.law.names]
    others = [names.index(f"ln δ {each}") for each in cells.axes]
    least = 1.0
    for power in _POWERS:
        theta[others] = math.log(power)
        each = scores(harm.law, theta, cells.x, cells.successes, cells.attempts)
        known = information(harm.law, theta, cells.x, cells.attempts) - np.diag(harm.law.prior(cells.x)[1] ** -2.0)
        explained = np.linalg.lstsq(known[np.ix_(kept, kept)], known[kept, own], rcond=None)[0]
        left = (each[:, own] - each[:, kept] @ explained)[:, None] * math.exp(-_FAINT)
        error = math.sqrt(float(meat(left)[0, 0]))
        least = min(least, float(norm.sf(left.sum() / error)) if error else 1.0)
    return min(1.0, len(_POWERS) * least)


def _best(harm: Fitted, place: int, axis: str) -> Interval:
    """Return the budget at which α B C^-α = δ D C^δ (delta method on its logarithm)."""
    names = harm.law.names
    at = [names.index(f"ln {one} {axis}") for one in "BαDδ"]
    b, alpha, d, delta = (float(harm.theta[one]) for one in at)
    rate = math.exp(alpha) + math.exp(delta)
    value = (alpha + b - delta - d) / rate  # ln C
    gradient = np.zeros(len(names))
    slopes = np.array([1.0, 1.0 - value * math.exp(alpha), -1.0, -1.0 - value * math.exp(delta)])
    gradient[at] = slopes / rate
    found = _exponential(harm, value, gradient)
    unit, base = units(harm.cells)[place], float(harm.cells.base[place])
    return Interval(*(base + unit * (end - 1) for end in (found.value, found.low, found.high)))


def _largest(cells: Cells, place: int) -> float:
    """Return the largest finite budget of an axis."""
    column = cells.spend[:, place]
    return float(column[np.isfinite(column)].max())
