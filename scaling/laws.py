"""The curve families, and the law of one floor and ceiling with an axis' own half-budget and tail.

A family is G(z; shape) with G(0) = 0, G(1) = 1/2, G(∞) = 1, where z = x/κ is extra spend in half-budgets, and success
is P = f + (A - f) G. The default is the Lomax law, P = f + (A - f) [1 - (1 + x/s)^-α] with κ = s (2^(1/α) - 1): a
question has a hit rate λ ~ Gamma(α, s) and is answered by x with probability 1 - exp(-λx) (Koopman's search law with
unequal rates; Schaeffer et al. 2025 for coverage). α → ∞ is exponential saturation, and A - P ~ x^-α for large x. It is
closed under a change of unit (κ), of origin (α stays) and under judge error (f and A). SCALING.md part 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import numpy as np

from scaling.results import Array, Integers

_LN2 = float(np.log(2))
_FAR = 300.0  # exponents are kept within it: e^300 is as good as infinite, and finite


class Form(Protocol):
    """One family of curves."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def shaped(self) -> bool:
        """It has a shape parameter."""
        ...

    def curve(self, log_z: Array, log_shape: Array) -> tuple[Array, Array, Array]:
        """Return G, dG/d ln z and dG/d ln shape at ln z (finite) and ln shape, which broadcast."""
        ...


@dataclass(frozen=True, slots=True)
class Lomax:
    """G = 1 - (1 + (2^(1/α) - 1) z)^-α."""

    name: str = "lomax"
    shaped: bool = True

    def curve(self, log_z: Array, log_shape: Array) -> tuple[Array, Array, Array]:
        """Return G and its derivatives; see `Form`."""
        alpha = np.exp(np.clip(log_shape, -5.0, 10.0))
        scale = np.expm1(_LN2 / alpha)
        spread = np.exp(np.minimum(log_z + np.log(scale), _FAR))
        log_rest = -alpha * np.log1p(spread)
        by_z = alpha * np.exp(log_rest) * spread / (1 + spread)
        # d ln scale / d ln α = -(ln 2 / α) 2^(1/α) / scale
        by_shape = -log_rest * np.exp(log_rest) - by_z * (_LN2 / alpha) * (1 + scale) / scale
        return -np.expm1(log_rest), by_z, by_shape


@dataclass(frozen=True, slots=True)
class Weibull:
    """G = 1 - 2^(-z^β)."""

    name: str = "weibull"
    shaped: bool = True

    def curve(self, log_z: Array, log_shape: Array) -> tuple[Array, Array, Array]:
        """Return G and its derivatives; see `Form`."""
        beta = np.exp(np.clip(log_shape, -5.0, 5.0))
        power = _LN2 * np.exp(np.clip(beta * log_z, -_FAR, _FAR))
        by_log = beta * power * np.exp(-power)
        return -np.expm1(-power), by_log, by_log * log_z


@dataclass(frozen=True, slots=True)
class Exponential:
    """G = 1 - 2^-z, which has no shape."""

    name: str = "exp"
    shaped: bool = False

    def curve(self, log_z: Array, log_shape: Array) -> tuple[Array, Array, Array]:
        """Return G and its derivatives; see `Form`."""
        power = _LN2 * np.exp(np.clip(log_z, -_FAR, _FAR))
        return -np.expm1(-power), power * np.exp(-power), np.zeros_like(power)


@dataclass(frozen=True, slots=True)
class Hill:
    """G = z^h / (1 + z^h), the log-logistic curve."""

    name: str = "hill"
    shaped: bool = True

    def curve(self, log_z: Array, log_shape: Array) -> tuple[Array, Array, Array]:
        """Return G and its derivatives; see `Form`."""
        from scipy.special import expit

        slope = np.exp(np.clip(log_shape, -5.0, 5.0))
        value = expit(slope * log_z)
        by_log = slope * value * expit(-slope * log_z)
        return value, by_log, by_log * log_z


@dataclass(frozen=True, slots=True)
class Frechet:
    """G = 2^(-z^-b): with f = 0, A = 1 the coverage law exp(-a k^-b) of Large Language Monkeys (Brown et al. 2024)."""

    name: str = "frechet"
    shaped: bool = True

    def curve(self, log_z: Array, log_shape: Array) -> tuple[Array, Array, Array]:
        """Return G and its derivatives; see `Form`."""
        b = np.exp(np.clip(log_shape, -5.0, 5.0))
        power = _LN2 * np.exp(np.clip(-b * log_z, -_FAR, _FAR))
        by_log = b * power * np.exp(-power)
        return np.exp(-power), by_log, by_log * log_z


FORMS: Mapping[str, Form] = MappingProxyType(
    {form.name: form for form in (Lomax(), Frechet(), Hill(), Weibull(), Exponential())}
)


def form(name: str) -> Form:
    """Return the family of that name.

    Raises:
        ValueError: there is none.
    """
    if name not in FORMS:
        raise ValueError(f"There is no form {name!r}; the forms are {', '.join(FORMS)}.")
    return FORMS[name]


@dataclass(frozen=True, slots=True)
class AxisLaw:
    """One law along each of J axes, for cells that move one axis at a time, with one shared floor.

    P = f + (A_j - f) G(x_j / κ_j; shape_j). The parameters are logit f, logit((A - f)/(1 - f)), ln κ_j and ln shape,
    so that f < A < 1 always.

    Attributes:
        family: the curve.
        axes: their names, in the order of the columns of x.
        shared_ceiling: one A for all axes, else one each.
        shared_shape: one shape for all axes, else one each.
    """

    family: Form
    axes: tuple[str, ...]
    shared_ceiling: bool = True
    shared_shape: bool = True
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        ceilings = ("logit A",) if self.shared_ceiling else tuple(f"logit A {axis}" for axis in self.axes)
        shapes = ("ln shape",) if self.shared_shape else tuple(f"ln shape {axis}" for axis in self.axes)
        halves = tuple(f"ln κ {axis}" for axis in self.axes)
        object.__setattr__(self, "names", ("logit f", *ceilings, *halves, *(shapes if self.family.shaped else ())))

    def places(self, axis: int) -> tuple[int, int, int | None]:
        """Return where the parameters of an axis stand: its ceiling, half-budget and shape (None where it has none)."""
        ceilings = 1 if self.shared_ceiling else len(self.axes)
        shape = 1 + ceilings + len(self.axes) + (0 if self.shared_shape else axis)
        return 1 + (0 if self.shared_ceiling else axis), 1 + ceilings + axis, shape if self.family.shaped else None

    def probability(self, theta: Array, x: Array) -> tuple[Array, Array]:
        """Return P [B, C] and dP/dθ [B, C, p]; a cell with an infinite x_j stands at the ceiling of axis j."""
        from scipy.special import expit

        floor = expit(theta[:, 0])[:, None]
        share = np.repeat(floor, len(x), 1)
        slope = np.zeros((len(theta), len(x), len(self.names)))
        slope[:, :, 0] = floor * (1 - floor)
        for axis in range(len(self.axes)):
            cells = np.flatnonzero(x[:, axis] > 0)
            if cells.size:
                part_of = 1 / np.maximum(np.isinf(x[cells]).sum(1), 1)
                self._along(axis, theta, x[cells, axis], cells, part_of, share, slope)
        return share, slope

    def _along(
        self, axis: int, theta: Array, x: Array, cells: Integers, part_of: Array, share: Array, slope: Array
    ) -> None:
        """Add what the cells that move one axis gain by it."""
        from scipy.special import expit

        ceiling, half, shape = self.places(axis)
        finite = np.isfinite(x)
        log_z = np.log(np.where(finite, x, 1.0)) - theta[:, half, None]
        gain, by_z, by_shape = self.family.curve(log_z, theta[:, shape, None] if shape is not None else np.zeros(1))
        gain, by_z, by_shape = (np.where(finite, part, at) for part, at in ((gain, 1.0), (by_z, 0.0), (by_shape, 0.0)))
        floor = expit(theta[:, 0])[:, None]
        part = expit(theta[:, ceiling])[:, None]
        span = (1 - floor) * part  # A - f
        # A measured ceiling may be that of several axes, and is then the mean of theirs.
        span = span * part_of
        share[:, cells] += span * gain
        slope[:, cells, 0] -= floor * (1 - floor) * part * gain * part_of
        slope[:, cells, ceiling] += span * (1 - part) * gain
        slope[:, cells, half] -= span * by_z
        if shape is not None:
            slope[:, cells, shape] += span * by_shape

    def prior(self, x: Array) -> tuple[Array, Array]:
        """Return weak priors: sd 3 for the floor, 2 for ceilings, 1.5 half-ranges for ln κ, 1.5 for ln shape."""
        mean, sd = np.zeros(len(self.names)), np.full(len(self.names), 1.5)
        sd[0] = 3.0
        for axis in range(len(self.axes)):
            ceiling, half, _ = self.places(axis)
            sd[ceiling] = 2.0
            mean[half], sd[half] = _middle(x[:, axis])
        return mean, sd

    def starts(self, x: Array, share: Array) -> Array:
        """Return three points: half-budgets at the lower end, the middle and the upper end of what was measured."""
        from scipy.special import logit

        mean, sd = self.prior(x)
        base = ~np.any(x > 0, axis=1)
        floor = share[base].mean() if base.any() else share.min()
        points = np.tile(mean, (3, 1))
        points[:, 0] = logit(np.clip(floor, 0.02, 0.95))
        for axis in range(len(self.axes)):
            ceiling, half, _ = self.places(axis)
            moved = share[x[:, axis] > 0]
            top = np.clip(moved.max() if moved.size else 0.5, 0.05, 0.97)
            points[:, ceiling] = logit(np.clip((top - floor) / max(1 - floor, 0.02) + 0.05, 0.05, 0.95))
            points[:, half] = mean[half] + np.array([-0.5, 0.0, 0.5]) * sd[half]
        return points


def _middle(x: Array) -> tuple[float, float]:
    """Return the middle of the logarithms of positive finite x, and 1.5 times their half-range."""
    moved = np.log(x[np.isfinite(x) & (x > 0)])
    if not moved.size:
        return 0.0, 1.5
    return float(moved.min() + moved.max()) / 2, 1.5 * max(float(moved.max() - moved.min()) / 2, _LN2)


def ceiling_of(theta: Array, place: int) -> Array:
    """Return A of parameters [..., p], whose part of 1 - f stands at `place`."""
    from scipy.special import expit

    floor = expit(theta[..., 0])
    value: Array = floor + (1 - floor) * expit(theta[..., place])
    return value


def decline_factor(x: Array, eta: float) -> Array:
    """Return exp(-η x), by which overthinking multiplies success; η ≥ 0."""
    if not eta >= 0:
        raise ValueError(f"The decline η must be at least 0; it was {eta}.")
    factor: Array = np.exp(-eta * x)
    return factor


def loglinear(spend: Array, intercept: float, slope: float) -> tuple[Array, Array]:
    """Return P = a + b ln C and its gradient [n, 2]: a diagnostic only, for it leaves [0, 1]."""
    log = np.log(spend)
    return intercept + slope * log, np.stack([np.ones_like(log), log], -1)


def broken_power_law(spend: Array, a: float, b: float, c0: float, c1: float, d1: float, f1: float) -> Array:
    """Return a + b C^-c0 (1 + (C/d1)^(1/f1))^(-c1 f1), one break (Caballero et al. 2023, eq. 1): a diagnostic only."""
    value: Array = a + b * spend**-c0 * (1 + (spend / d1) ** (1 / f1)) ** (-c1 * f1)
    return value
