"""Laws of all axes at once: what a law of one axis becomes where several budgets move together.

Success is P = f + (A - f) G(x), with a core G in [0, 1] of extra spend x; laws without floor or ceiling leave them out.
With s_j = κ_j / (2^(1/α) - 1) and relative spend C_j = 1 + x_j / u_j:

    ces-lomax             G = 1 - (1 + u)^-α, u = [Σ (x_j / s_j)^ρ]^(1/ρ); ρ = 1 perfect substitutes, < 1 synergy
    bliss-lomax           G = 1 - Π (1 + x_j / s_j)^-α_j: axes fail independently
    cobb-douglas          logit P = c + Σ ε_j ln C_j
    cobb-douglas-ceiling  the same times A
    translog              logit P = c + Σ ε_j ln C_j + Σ_{j≤k} γ_jk ln C_j ln C_k
    additive              -ln P = E + Σ B_j C_j^-α_j, A = e^-E (SYSTEMS.md S13; SCALING.md's Chinchilla-type law)
    additive-decay        the same + Σ D_j C_j^δ_j: too much of an axis does harm (S13; see `scaling.decay`)
    chinchilla            P = f + (A - f) exp(-Σ B_j C_j^-α_j): the same above a guess rate
    iterdrag              P = f + (A - f) σ((a + b ⊙ i)ᵀ ln C + c), the computation allocation model of IterDRAG
                          (arXiv 2410.04343, section 5): the second half of the axes are a task's informativeness i
    beta-binomial:AXIS    P = 1 - B(μ M, (1-μ) M + w)/B(μ M, (1-μ) M), μ = A exp(-Σ B_j C_j^-α_j) over the other axes:
                          AXIS counts independent attempts w, of which one right is enough (`scaling.samples`)

SCALING.md part 2, SYSTEMS.md S13. The unit u_j is the base budget, so that C_j is assigned spend over it; where the
base is 0 it is the smallest budget measured above it. An infinite x_j is a measured ceiling: G = 1, but for `additive`,
`additive-decay` and `chinchilla`, where it only takes the terms of its axis away.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from scaling.cells import Cells
from scaling.cores import Additive, Bliss, Ces, Core, Odds
from scaling.results import Array
from scaling.samples import Samples


@dataclass(frozen=True, slots=True)
class JointLaw:
    """A core between a floor and a ceiling; a `Law` of the likelihood.

    Attributes:
        core: how budgets combine.
        bounds: 2 for a floor and a ceiling (logit f and logit((A - f)/(1 - f)) come first), 1 for a ceiling alone
            (logit A), 0 for neither.
        from_floor: G is 0 in the base cell, so that its success is the floor.
    """

    core: Core
    bounds: Literal[0, 1, 2]
    from_floor: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the p parameters."""
        return (*("logit f", "logit A")[2 - self.bounds :], *self.core.names)

    def probability(self, theta: Array, x: Array) -> tuple[Array, Array]:
        """Return P [B, C] and dP/dθ [B, C, p]."""
        from scipy.special import expit

        gain, slope = self.core.gain(theta[:, self.bounds :], x)
        if not self.bounds:
            return gain, slope
        part = expit(theta[:, self.bounds - 1])[:, None]
        floor = expit(theta[:, 0])[:, None] if self.bounds == 2 else np.zeros_like(part)
        span = (1 - floor) * part
        ends = [floor * (1 - floor) * (1 - part * gain), span * (1 - part) * gain][2 - self.bounds :]
        return floor + span * gain, np.concatenate([np.stack(ends, -1), span[:, :, None] * slope], -1)

    def prior(self, x: Array) -> tuple[Array, Array]:
        """Return mean and sd [p]: sd 3 for the floor, 2 for the ceiling."""
        mean, sd = self.core.prior(x)
        ends = np.array([3.0, 2.0])[2 - self.bounds :]
        return np.concatenate([np.zeros(self.bounds), mean]), np.concatenate([ends, sd])

    def starts(self, x: Array, share: Array) -> Array:
        """Return three points, made of success in the base cell and at the top."""
        from scipy.special import logit

        base = ~np.any(x > 0, axis=1)
        low = float(np.clip(share[base].mean() if base.any() else share.min(), 0.02, 0.9))
        floor = low if self.from_floor else low / 2
        top = float(np.clip(share.max() + 0.05, low + 0.05, 0.97))
        ends = {0: (), 1: (logit(top),), 2: (logit(floor), logit((top - floor) / (1 - floor)))}[self.bounds]
        at_base = {0: low, 1: low / top, 2: (low - floor) / (top - floor)}[self.bounds]
        points = self.core.starts(x, float(at_base))
        return np.hstack([np.tile(np.array(ends), (len(points), 1)), points])


LAWS: Mapping[str, Callable[[tuple[str, ...], tuple[float, ...]], JointLaw]] = MappingProxyType(
    {
        "ces-lomax": lambda axes, unit: JointLaw(Ces(axes), 2, from_floor=True),
        "bliss-lomax": lambda axes, unit: JointLaw(Bliss(axes), 2, from_floor=True),
        "cobb-douglas": lambda axes, unit: JointLaw(Odds(axes, unit), 0),
        "cobb-douglas-ceiling": lambda axes, unit: JointLaw(Odds(axes, unit), 1),
        "translog": lambda axes, unit: JointLaw(Odds(axes, unit, "second"), 0),
        "additive": lambda axes, unit: JointLaw(Additive(axes, unit), 1),
        "additive-decay": lambda axes, unit: JointLaw(Additive(axes, unit, decays=True), 1),
        "chinchilla": lambda axes, unit: JointLaw(Additive(axes, unit), 2),
        "iterdrag": lambda axes, unit: JointLaw(Odds(axes, unit, "informed"), 2),
    }
)

COUNTED = "beta-binomial"


def joint_law(name: str, cells: Cells) -> JointLaw:
    """Return the law of that name for the axes of these cells.

    Raises:
        ValueError: there is none; or, for `iterdrag`, the axes are not J budgets followed by J columns of
            informativeness, these counted from a base of 0; or, for `beta-binomial`, its axis is none that counts.
    """
    kind, _, axis = name.partition(":")
    if kind == COUNTED:
        return JointLaw(_samples(axis, cells), 0)
    if name not in LAWS:
        raise ValueError(f"There is no joint law {name!r}; the laws are {', '.join(LAWS)} and {COUNTED}:AXIS.")
    if name == "iterdrag" and (len(cells.axes) % 2 or np.any(cells.base[len(cells.axes) // 2 :])):
        raise ValueError(
            "iterdrag takes J budgets and then, in the same order, J columns of informativeness counted from a base of "
            f"0; the axes are {', '.join(cells.axes)} with bases {', '.join(f'{one:g}' for one in cells.base)}."
        )
    return LAWS[name](cells.axes, units(cells))


def _samples(axis: str, cells: Cells) -> Samples:
    """Return the core in which an axis counts independent attempts."""
    if axis not in cells.axes:
        raise ValueError(
            f"{COUNTED} needs the axis that counts independent attempts, as in {COUNTED}:{cells.axes[-1]}; {axis!r} is "
            f"none of {', '.join(cells.axes)}."
        )
    place = cells.axes.index(axis)
    if not (np.isfinite(cells.spend[:, place]) & (cells.spend[:, place] >= 1)).all():
        raise ValueError(
            f"Independent attempts are counted from 1, and their number has no measured ceiling; {axis} runs from "
            f"{cells.spend[:, place].min():g} to {cells.spend[:, place].max():g}. Leave those cells out."
        )
    return Samples(cells.axes, units(cells), float(cells.base[place]), place)


def units(cells: Cells) -> tuple[float, ...]:
    """Return what relative spend is counted in: the base budget, or where it is 0 the smallest one above it."""
    moved = np.where((cells.x > 0) & np.isfinite(cells.x), cells.x, np.inf).min(0)
    return tuple(np.where(cells.base > 0, cells.base, np.where(np.isfinite(moved), moved, 1.0)).tolist())
