"""Profile-likelihood intervals of one axis: ceiling, half-budget and shape, as wide as clustered questions make them.

Wald intervals cover far too seldom where the tail is heavy and nothing anchors the ceiling (SCALING.md parts 3 and 4).
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scaling.laws import AxisLaw, ceiling_of
from scaling.likelihood import information, meat, quantile, scores
from scaling.results import Array

if TYPE_CHECKING:
    from iminuit import Minuit

# Bounds of the profile: logit A, and ln shape.
_TOP, _SHAPES = 7.0, (-4.0, 4.0)
_STEP, _EXACT, _NEAR = 0.5, 1e-3, 0.05  # of a search; of what MINOS calls an end, in thresholds
_OFF = 0.25  # from limits, at which Minuit's gradient is lost
_RIDGE = 1e-9  # relative; what no cell speaks of stays invertible
_CHI_SQUARE = 3.841458820694124  # .95 quantile, one degree of freedom


@dataclass(frozen=True, slots=True)
class Profile:
    """Profile-likelihood intervals of one axis; an end that the data does not bound is infinite.

    Attributes:
        ceiling: of A; (0, inf) where neither end is found.
        half: of the half-budget κ, likewise.
        shape: of the shape; None where the family has none.
    """

    ceiling: tuple[float, float]
    half: tuple[float, float]
    shape: tuple[float, float] | None


def profiles(law: AxisLaw, theta: Array, x: Array, successes: Array, attempts: Array) -> Profile:
    """Return profile intervals of A, κ and the shape (MINOS), at the threshold t² · robust/naive variance (Kent 1982).

    The likelihood alone is profiled, without priors, which would close an interval that the data leaves open.

    Args:
        law: of one axis.
        theta: [p].
        x: [C, 1].
        successes: [G, C].
        attempts: [G, C].
    """
    inflation = _dispersion(law, theta, x, successes, attempts) * quantile(len(successes) - 1) ** 2 / _CHI_SQUARE
    loss = _Loss(law, x, successes.sum(0), attempts.sum(0))
    ceiling, half, shape = law.places(0)
    low, high = _minos(loss, theta, ceiling, float(inflation[ceiling]))
    top = (_expit(low), _expit(high) if math.isfinite(high) else math.inf)
    middle = _minos(loss, theta, half, float(inflation[half]))
    tail = None if shape is None else _minos(loss, theta, shape, float(inflation[shape]))
    return Profile(top, _exp(middle), None if tail is None else _exp(tail))


def _dispersion(law: AxisLaw, theta: Array, x: Array, successes: Array, attempts: Array) -> Array:
    """Return robust over naive variance of every parameter, [p], logit A standing in the ceiling's place.

    Both are the data's alone. With the prior's part in them, or held at 1 or more, the dispersion would be up to six
    times too large: for the same questions in all cells tell cells well apart, and more so if asked again.
    """
    from scipy.special import expit

    ceiling = law.places(0)[0]
    own = information(law, theta, x, attempts) - np.diag(law.prior(x)[1] ** -2.0)
    naive = np.linalg.inv(own + _RIDGE * np.diag(np.diag(own) + _RIDGE))
    robust = naive @ meat(scores(law, theta, x, successes, attempts)) @ naive
    floor, part, top = expit(theta[0]), expit(theta[ceiling]), float(ceiling_of(theta, ceiling))
    rows = np.eye(len(theta))
    rows[ceiling, [0, ceiling]] = (1 - part) * (1 - floor) * np.array([floor, part]) / (top * (1 - top))
    value: Array = np.einsum("rp,pq,rq->r", rows, robust, rows) / np.einsum("rp,pq,rq->r", rows, naive, rows)
    return np.where(value > 0, value, 1.0)


@dataclass(frozen=True, slots=True)
class _Loss:
    """-log likelihood of the cells of one axis, C of them."""

    law: AxisLaw
    x: Array
    successes: Array
    attempts: Array

    def __call__(self, point: Array) -> tuple[float, Array]:
        """Return it with its gradient at a point [p] that holds logit A in the ceiling's place."""
        from scipy.special import expit, logit

        ceiling = self.law.places(0)[0]
        floor, top = expit(point[0]), expit(point[ceiling])
        part = (top - floor) / (1 - floor)
        inside = min(max(part, 1e-9), 1 - 1e-9)
        inner = np.array(point, dtype=float)
        inner[ceiling] = logit(inside)
        share, slope = self.law.probability(inner[None], self.x)
        share = np.clip(share[0], 1e-12, 1 - 1e-12)
        loss = -float((self.successes * np.log(share) + (self.attempts - self.successes) * np.log1p(-share)).sum())
        gradient = ((self.attempts * share - self.successes) / (share * (1 - share))) @ slope[0]
        moved = gradient[ceiling] / (inside * (1 - inside) * (1 - floor)) if inside == part else 0.0
        # A ceiling below the floor is not of the law: it is driven back.
        below, weight = max(0.0, float(floor - top)), 1e3 * float(self.attempts.sum())
        gradient[0] += (2 * weight * below * (1 - floor) - moved * (1 - top)) * floor
        gradient[ceiling] = (moved - 2 * weight * below) * top * (1 - top)
        return loss + weight * below**2, gradient


def _minos(loss: _Loss, theta: Array, place: int, inflation: float) -> tuple[float, float]:
    """Return the profile interval of one parameter; the ceiling's is of logit A itself."""
    from iminuit import Minuit

    ceiling, half, shape = loss.law.places(0)
    start = np.array(theta, dtype=float)
    start[ceiling] = min(_logit(float(ceiling_of(theta, ceiling))), _TOP - 0.5)
    if shape is not None:
        start[shape] = min(max(start[shape], _SHAPES[0] + 0.1), _SHAPES[1] - 0.1)
    minuit = Minuit(lambda point: loss(point)[0], start, grad=lambda point: loss(point)[1])
    minuit.errordef = 0.5 * inflation
    minuit.print_level = -1  # at 0, C++ writes its errors to stdout, where a command's JSON stands
    minuit.limits[0], minuit.limits[ceiling] = (-12.0, 12.0), (-12.0, _TOP)
    minuit.limits[half] = (start[half] - 12.0, start[half] + 12.0)
    if shape is not None:
        minuit.limits[shape] = _SHAPES
    minuit.migrad(iterate=10)
    return _ends(minuit, place)


def _ends(minuit: "Minuit", place: int) -> tuple[float, float]:
    """Return the ends of the profile interval of one parameter, infinite where there is none inside the bounds."""
    least, best, bounds = float(minuit.fval), np.array(minuit.values), minuit.limits[place]
    try:
        minuit.minos(place, cl=0.95)
        error = minuit.merrors[f"x{place}"]
    except RuntimeError:  # the minimum itself stands at a bound, or is a plain
        error = None
    found = []
    for side, bound in zip(("lower", "upper"), bounds, strict=True):
        at = math.nan
        if error is not None and getattr(error, f"at_{side}_limit"):
            at = math.copysign(math.inf, bound - best[place])
        elif error is not None and getattr(error, f"{side}_valid"):
            at = float(best[place] + getattr(error, side))
        # Heavy tails bend the likelihood, so that MINOS often loses its way, and may not know it.
        if not (math.isinf(at) or _crosses(minuit, place, at, least, best)):
            at = _search(minuit, place, bound, least, best)
        found.append(at)
    return found[0], found[1]


def _crosses(minuit: "Minuit", place: int, at: float, least: float, best: Array) -> bool:
    """Tell whether the profile stands at its threshold there; nowhere is no such place."""
    if math.isnan(at):
        return False
    threshold = _CHI_SQUARE * float(minuit.errordef)
    return abs(_constrained(minuit, place, at, best) - least - threshold) < _NEAR * threshold


def _constrained(minuit: "Minuit", place: int, at: float, near: Array) -> float:
    """Return the least loss with one parameter held there, looked for from a point near by."""
    low, high = np.array(minuit.limits).T
    minuit.values = np.clip(near, low + _OFF, high - _OFF)
    minuit.values[place] = at
    minuit.fixed[place] = True
    minuit.migrad()
    minuit.fixed[place] = False
    return float(minuit.fval)


def _search(minuit: "Minuit", place: int, bound: float, least: float, best: Array) -> float:
    """Return where the profile crosses its threshold on the way to a bound; infinite where it does not."""
    near, step = best, math.copysign(_STEP, bound - best[place])
    while abs(step) > _EXACT and near[place] != bound:
        # In short steps, each from the last point inside: a far one would land in another valley.
        at = min(max(near[place] + step, min(bound, best[place])), max(bound, best[place]))
        if _constrained(minuit, place, at, near) - least > _CHI_SQUARE * minuit.errordef:
            step /= 2
        else:
            near = np.array(minuit.values)
    return float(near[place]) if near[place] != bound else math.copysign(math.inf, step)


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0


def _exp(ends: tuple[float, float]) -> tuple[float, float]:
    return math.exp(ends[0]), math.exp(ends[1])


def _logit(share: float) -> float:
    return math.log(share / (1 - share)) if share < 1 else math.inf
