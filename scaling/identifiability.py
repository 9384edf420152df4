"""The gate: whether the data says where an axis ends and how slowly it gets there, or only what happens in between.

A ceiling and a tail exponent trade off. Where the tail is heavy and nothing anchors the ceiling, their Wald intervals
cover far too seldom and the profile is open upward, so that they are reported only where four conditions hold, and
otherwise refused (SCALING.md part 4).
"""

import math
from dataclasses import dataclass

import numpy as np

from scaling.laws import AxisLaw
from scaling.likelihood import quantile
from scaling.profiles import Profile, profiles
from scaling.results import Array

_SPAN, _REACHED, _CORRELATION = 3.0, 0.70, 0.98


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
    profile = profiles(law, theta, x, successes, attempts)
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
