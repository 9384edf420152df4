"""The gate: whether the data says where an axis ends and how slowly it gets there, or only what happens in between.

A ceiling and a tail exponent trade off. Where the tail is heavy and nothing anchors the ceiling, their Wald intervals
cover far too seldom and the profile is open upward, so that they are reported only where four conditions hold, and
otherwise refused (SCALING.md part 4).
"""

import math
from dataclasses import dataclass

import numpy as np

from scaling.laws import AxisLaw, ceiling_of
from scaling.likelihood import information, quantile
from scaling.results import Array

# Bounds of the profile: logit A, and ln shape.
_TOP, _SHAPES = 7.0, (-4.0, 4.0)
_SPAN, _REACHED, _CORRELATION = 3.0, 0.70, 0.98


@dataclass(frozen=True, slots=True)
class Profile:
    """Profile-likelihood intervals of one axis; an end that the data does not bound is infinite.

    Attributes:
        ceiling: of A; (0, inf) where neither end is found.
        shape: of the shape; None where the family has none.
    """

    ceiling: tuple[float, float]
    shape: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Gate:
    """What may be said of an axis' asymptote.

    Attributes:
        refused: why not, "" where it is identified.
    """

    profile: Profile
    refused: str

    @property
    def text(self) -> str:
        """The verdict of the gate as it is printed."""
        return f"asymptote not identified: {self.refused}" if self.refused else "identified"


def gate(law: AxisLaw, theta: Array, covariance: Array, x: Array, successes: Array, attempts: Array) -> Gate:
    """Judge one axis.

    Args:
        law: of this axis alone, fitted.
        theta: its parameters, [p].
        covariance: their sandwich, [p, p].
        x: extra spend of its cells, [C, 1].
        successes: [G, C].
        attempts: [G, C].
    """
    profile = profiles(law, theta, covariance, x, successes, attempts)
    freedom = len(successes) - 1
    reasons = []
    if not (math.isfinite(profile.ceiling[0]) and math.isfinite(profile.ceiling[1])):
        reasons.append("the ceiling's profile interval is open")
    reached = _progress(law, theta, covariance, x, freedom)
    if reached < _REACHED:
        reasons.append(
            f"the largest budget may have closed only {max(reached, 0):.0%} of the way from floor to ceiling, and not "
            f"{_REACHED:.0%}"
        )
    if law.family.shaped:
        ceiling, _, shape = law.places(0)
        assert shape is not None
        assert profile.shape is not None
        if not (math.isfinite(profile.shape[0]) and math.isfinite(profile.shape[1])):
            reasons.append("the tail exponent's profile interval is open")
        span = math.exp(min(2 * quantile(freedom) * math.sqrt(covariance[shape, shape]), 50.0))
        if span >= _SPAN:
            reasons.append(f"the tail exponent's interval spans a factor of {span:.3g}, and not less than {_SPAN:g}")
        tie = covariance[ceiling, shape] / math.sqrt(covariance[ceiling, ceiling] * covariance[shape, shape])
        if abs(tie) >= _CORRELATION:
            reasons.append(f"ceiling and tail exponent are correlated {tie:.3f}")
    return Gate(profile, "; ".join(reasons))


def _progress(law: AxisLaw, theta: Array, covariance: Array, x: Array, freedom: int) -> float:
    """Return the lower end of the interval of (P - f)/(A - f) at the largest budget."""
    top = x[np.isfinite(x[:, 0]), 0].max()
    _, half, shape = law.places(0)
    log_z = np.array([math.log(top) - theta[half]])
    value, by_z, by_shape = law.family.curve(log_z, theta[[shape]] if shape is not None else np.zeros(1))
    slope = np.zeros(len(theta))
    slope[half] = -by_z[0]
    if shape is not None:
        slope[shape] = by_shape[0]
    share = min(max(float(value[0]), 1e-9), 1 - 1e-9)
    half_width = quantile(freedom) * math.sqrt(slope @ covariance @ slope) / (share * (1 - share))
    return 1 / (1 + math.exp(-(math.log(share / (1 - share)) - half_width)))


def profiles(law: AxisLaw, theta: Array, covariance: Array, x: Array, successes: Array, attempts: Array) -> Profile:
    """Return profile intervals of A and of the shape (MINOS), at the threshold 3.84 · max(1, robust/naive variance).

    The likelihood alone is profiled, without priors, which would close an interval that the data leaves open.

    Args:
        law: of one axis.
        theta: [p].
        covariance: [p, p].
        x: [C, 1].
        successes: [G, C].
        attempts: [G, C].
    """
    naive = np.linalg.inv(information(law, theta, x, attempts))
    inflation = np.maximum(1.0, np.diag(covariance) / np.diag(naive))
    ceiling, _, shape = law.places(0)
    totals = successes.sum(0), attempts.sum(0)
    low, high = _minos(law, theta, x, totals, ceiling, float(inflation[ceiling]))
    top = (float(_expit(low)), float(_expit(high)) if math.isfinite(high) else math.inf)
    if shape is None:
        return Profile(top, None)
    low, high = _minos(law, theta, x, totals, shape, float(inflation[shape]))
    return Profile(top, (math.exp(low), math.exp(high)))


def _minos(
    law: AxisLaw, theta: Array, x: Array, totals: tuple[Array, Array], place: int, inflation: float
) -> tuple[float, float]:
    """Return the profile interval of one parameter; the ceiling's is of logit A itself."""
    from iminuit import Minuit

    ceiling, half, shape = law.places(0)

    def objective(point: Array) -> float:
        from scipy.special import expit, logit

        floor, top = expit(point[0]), expit(point[ceiling])
        part = np.clip((top - floor) / (1 - floor), 1e-9, 1 - 1e-9)
        inner = np.array(point, dtype=float)
        inner[ceiling] = logit(part)
        share = np.clip(law.probability(inner[None], x)[0][0], 1e-12, 1 - 1e-12)
        loss = -float((totals[0] * np.log(share) + (totals[1] - totals[0]) * np.log1p(-share)).sum())
        # A ceiling below the floor is not of the law: it is driven back.
        return loss + 1e3 * max(0.0, float(floor - top)) ** 2 * float(totals[1].sum())

    start = np.array(theta, dtype=float)
    start[ceiling] = min(_logit(float(ceiling_of(theta, ceiling))), _TOP - 0.5)
    minuit = Minuit(objective, start)
    minuit.errordef = 0.5 * inflation
    minuit.limits[0], minuit.limits[ceiling] = (-12.0, 12.0), (-12.0, _TOP)
    minuit.limits[half] = (start[half] - 12.0, start[half] + 12.0)
    if shape is not None:
        minuit.limits[shape] = _SHAPES
        minuit.values[shape] = min(max(start[shape], _SHAPES[0] + 0.1), _SHAPES[1] - 0.1)
    minuit.migrad(iterate=10)
    return _ends(minuit, place)


def _ends(minuit: object, place: int) -> tuple[float, float]:
    """Return the ends that MINOS finds, infinite where there is none inside the bounds."""
    from iminuit import Minuit

    assert isinstance(minuit, Minuit)
    try:
        minuit.minos(place, cl=0.95)
    except RuntimeError:  # the minimum itself stands at a bound, or is a plain: nothing is bounded
        return -math.inf, math.inf
    error = minuit.merrors[f"x{place}"]
    value = minuit.values[place]
    low = value + error.lower if error.lower_valid and not error.at_lower_limit else -math.inf
    high = value + error.upper if error.upper_valid and not error.at_upper_limit else math.inf
    return low, high


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0


def _logit(share: float) -> float:
    return math.log(share / (1 - share)) if share < 1 else math.inf
