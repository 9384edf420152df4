"""How budgets combine: cores G [B, C] in [0, 1] of the laws in `scaling.joint`, where their formulas stand."""

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Literal, Protocol

import numpy as np

from scaling.laws import FORMS, AxisLaw
from scaling.results import Array

_LOMAX = FORMS["lomax"]
_NONE = 1e-300  # stands for no extra spend in logarithms
_FAR = 300.0  # e^300 is as good as infinite
_STEEPEST = 3.0  # |ln ρ|; beyond it the smallest or the largest axis decides alone


class Core(Protocol):
    """How budgets combine: G [B, C] in [0, 1]."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the q parameters."""
        ...

    def gain(self, theta: Array, x: Array) -> tuple[Array, Array]:
        """Return G [B, C] and dG/dθ [B, C, q] at θ [B, q] and extra spend x [C, J]."""
        ...

    def prior(self, x: Array) -> tuple[Array, Array]:
        """Return mean and sd [q] of weak normal priors."""
        ...

    def starts(self, x: Array, base: float) -> Array:
        """Return points [S, q], given G in the base cell; S is the same for all cores."""
        ...


@dataclass(frozen=True, slots=True)
class Ces:
    """Constant elasticity of substitution inside a Lomax curve; ρ = 1 is Loewe additivity (Chou & Talalay 1984)."""

    axes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return ln κ of every axis, ln α and ln ρ."""
        return (*(f"ln κ {axis}" for axis in self.axes), "ln α", "ln ρ")

    def gain(self, theta: Array, x: Array) -> tuple[Array, Array]:
        """Return G and its gradient; see `Core`."""
        count = len(self.axes)
        log_rho = np.clip(theta[:, count + 1, None], -_STEEPEST, _STEEPEST)
        rho = np.exp(log_rho)
        # With one α for all axes, u in half-budgets is the same mean of x / κ, and the curve is the law of one axis.
        log_z = _log(x) - theta[:, None, :count]
        top = log_z.max(-1)
        weight = np.exp(rho[:, :, None] * (log_z - top[:, :, None]))
        total = weight.sum(-1)
        weight /= total[:, :, None]
        log_u = top + np.log(total) / rho
        gain, by_z, by_alpha = _open(x, _LOMAX.curve(log_u, theta[:, count, None]))
        by_rho = by_z * ((weight * log_z).sum(-1) - log_u) * (np.abs(log_rho) < _STEEPEST)
        return gain, np.concatenate([-by_z[:, :, None] * weight, np.stack([by_alpha, by_rho], -1)], -1)

    def prior(self, x: Array) -> tuple[Array, Array]:
        """Return priors of half-budgets and tail as on one axis, and ln ρ ~ N(0, 1)."""
        mean, sd = AxisLaw(_LOMAX, self.axes).prior(x)
        return np.append(mean[2:], 0.0), np.append(sd[2:], 1.0)

    def starts(self, x: Array, base: float) -> Array:
        """Return half-budgets at the lower end, the middle and the upper end of what was measured."""
        return _spread(*self.prior(x), len(self.axes))


@dataclass(frozen=True, slots=True)
class Bliss:
    """Axes that fail independently of one another (Bliss 1939), each with a tail of its own."""

    axes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return ln κ and ln α of every axis."""
        return (*(f"ln κ {axis}" for axis in self.axes), *(f"ln α {axis}" for axis in self.axes))

    def gain(self, theta: Array, x: Array) -> tuple[Array, Array]:
        """Return G and its gradient; see `Core`."""
        count = len(self.axes)
        log_x = _log(x)
        parts = [
            _open(x[:, [j]], _LOMAX.curve(log_x[:, j] - theta[:, j, None], theta[:, count + j, None]))
            for j in range(count)
        ]
        failed = np.stack([1 - gain for gain, _, _ in parts], -1)
        others = [np.delete(failed, j, 2).prod(-1) for j in range(count)]
        by_half = [-by_z * rest for (_, by_z, _), rest in zip(parts, others, strict=True)]
        by_tail = [by_alpha * rest for (_, _, by_alpha), rest in zip(parts, others, strict=True)]
        return 1 - failed.prod(-1), np.stack([*by_half, *by_tail], -1)

    def prior(self, x: Array) -> tuple[Array, Array]:
        """Return priors of half-budgets and tails as on one axis."""
        mean, sd = AxisLaw(_LOMAX, self.axes, shared_shape=False).prior(x)
        return mean[2:], sd[2:]

    def starts(self, x: Array, base: float) -> Array:
        """Return half-budgets at the lower end, the middle and the upper end of what was measured."""
        return _spread(*self.prior(x), len(self.axes))


@dataclass(frozen=True, slots=True)
class Additive:
    """Needs that must all be met: -ln G = Σ B_j C_j^-α_j (Hoffmann et al. 2022 on -ln of success).

    Attributes:
        axes: their names.
        unit: what relative spend C is counted in.
        decays: more also does harm: + Σ D_j C_j^δ_j (SYSTEMS.md S13).
    """

    axes: tuple[str, ...]
    unit: tuple[float, ...]
    decays: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return ln B and ln α of every axis, and where more does harm ln D and ln δ."""
        return tuple(f"ln {one} {axis}" for one in ("Bα", "BαDδ")[self.decays] for axis in self.axes)

    def gain(self, theta: Array, x: Array) -> tuple[Array, Array]:
        """Return G and its gradient; see `Core`."""
        count = len(self.axes)
        log_c = _relative(x, self.unit)
        slopes, needs = [], np.zeros((len(theta), len(x)))
        for place, sign in ((0, -1.0), (2 * count, 1.0))[: 1 + self.decays]:
            scale, power = theta[:, None, place : place + count], theta[:, None, place + count : place + 2 * count]
            power = sign * np.exp(np.clip(power, -5.0, 5.0))
            terms = np.exp(np.minimum(scale + power * log_c, _FAR)) * np.isfinite(x)
            needs += terms.sum(-1)
            slopes += [terms, terms * power * log_c]
        gain = np.exp(-needs)
        return gain, -gain[:, :, None] * np.concatenate(slopes, -1)

    def prior(self, x: Array) -> tuple[Array, Array]:
        """Return ln B, ln α ~ N(0, 1.5²), ln D ~ N(-6, 2²), so that harm is not assumed, and ln δ ~ N(0, 1)."""
        of = ((0.0, 1.5), (0.0, 1.5), (-6.0, 2.0), (0.0, 1.0))[: 4 if self.decays else 2]
        mean, sd = np.repeat(np.array(of), len(self.axes), 0).T
        return mean, sd

    def starts(self, x: Array, base: float) -> Array:
        """Return needs that are equal in the base cell, with tails 1/4, 1/2 and 1, and little harm."""
        count = len(self.axes)
        scale, harm = np.log(-np.log(base) / count), ((), (-6.0, 0.0))[self.decays]
        return np.stack([np.repeat([scale, np.log(tail), *harm], count) for tail in (0.25, 0.5, 1.0)])


@dataclass(frozen=True, slots=True)
class Odds:
    """Log-odds linear in logarithms of spend: first order, with squares and products, or by informativeness."""

    axes: tuple[str, ...]
    unit: tuple[float, ...]
    order: Literal["first", "second", "informed"] = "first"

    @property
    def names(self) -> tuple[str, ...]:
        """Return the intercept c, elasticities ε (a of IterDRAG), and γ of every pair or b of every axis."""
        if self.order == "informed":
            budgets = self.axes[: len(self.axes) // 2]
            return ("c", *(f"a {axis}" for axis in budgets), *(f"b {axis}" for axis in budgets))
        pairs = combinations_with_replacement(self.axes, 2) if self.order == "second" else ()
        return ("c", *(f"ε {axis}" for axis in self.axes), *(f"γ {one} {other}" for one, other in pairs))

    def _terms(self, x: Array) -> Array:
        """Return what the parameters multiply, [C, q]."""
        log_c = _relative(x, self.unit)
        if self.order == "informed":
            half = len(self.axes) // 2
            log_c = np.hstack([log_c[:, :half], log_c[:, :half] * np.where(np.isfinite(x), x, 0.0)[:, half:]])
        elif self.order == "second":
            first, second = np.triu_indices(len(self.axes))
            log_c = np.hstack([log_c, log_c[:, first] * log_c[:, second]])
        return np.hstack([np.ones((len(x), 1)), log_c])

    def gain(self, theta: Array, x: Array) -> tuple[Array, Array]:
        """Return G and its gradient; see `Core`."""
        from scipy.special import expit

        terms = self._terms(x)
        gain = expit(theta @ terms.T)
        gain, slope, _ = _open(x, (gain, gain * (1 - gain), gain))
        return gain, slope[:, :, None] * terms

    def prior(self, x: Array) -> tuple[Array, Array]:
        """Return sd 3 for the intercept, 1 for elasticities, 1/2 for what bends them."""
        sd = np.full(len(self.names), 0.5)
        sd[0], sd[1 : 1 + len(self.axes)] = 3.0, 1.0
        return np.zeros(len(sd)), sd

    def starts(self, x: Array, base: float) -> Array:
        """Return elasticities of 0.1, 0.3 and 1, unbent."""
        points = np.zeros((3, len(self.names)))
        points[:, 0] = np.log(base / (1 - base))
        budgets = len(self.axes) // (2 if self.order == "informed" else 1)
        points[:, 1 : 1 + budgets] = np.array([[0.1], [0.3], [1.0]])
        return points


def _log(x: Array) -> Array:
    """Return ln x; 0 is taken for as good as none, and for what is infinite see `_open`."""
    log: Array = np.log(np.where(np.isfinite(x), np.maximum(x, _NONE), 1.0))
    return log


def _relative(x: Array, unit: tuple[float, ...]) -> Array:
    """Return ln C of relative spend; 0 where it is infinite."""
    log: Array = np.log1p(np.where(np.isfinite(x), x, 0.0) / np.array(unit))
    return log


def _open(x: Array, curve: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
    """Return a value and its derivatives, which are 1 and 0 where a budget is infinite."""
    ceiling = np.isinf(x).any(1)
    value, first, second = curve
    return np.where(ceiling, 1.0, value), np.where(ceiling, 0.0, first), np.where(ceiling, 0.0, second)


def _spread(mean: Array, sd: Array, count: int) -> Array:
    """Return three points that differ in the first `count` parameters, by half a prior sd."""
    points = np.tile(mean, (3, 1))
    points[:, :count] += np.array([[-0.5], [0.0], [0.5]]) * sd[:count]
    return points
