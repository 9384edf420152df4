"""Independent attempts as one of the axes: a Beta-binomial head on top of what the other axes do.

Where one right answer among w independent attempts is enough, success in w is no curve of its own but follows from how
success rates of single attempts differ between questions: they are Beta, with a mean that the other axes raise
(SYSTEMS.md S13; Schaeffer et al. 2025 for the rates).
"""

from dataclasses import dataclass

import numpy as np

from scaling.cores import Additive
from scaling.results import Array

_EDGE = 1e-9  # of a mean success rate


@dataclass(frozen=True, slots=True)
class Samples:
    """P = 1 - B(a, b + w)/B(a, b) with a = μ M, b = (1 - μ) M, and μ = A exp(-Σ B_j C_j^-α_j) over the other axes.

    Attributes:
        axes: names.
        unit: what relative spend of the other axes is counted in.
        base: attempts in the base cell.
        counted: place of the axis that counts attempts.
    """

    axes: tuple[str, ...]
    unit: tuple[float, ...]
    base: float
    counted: int

    @property
    def _others(self) -> list[int]:
        return [axis for axis in range(len(self.axes)) if axis != self.counted]

    @property
    def _needs(self) -> Additive:
        """What the other axes do to the success of one attempt."""
        return Additive(tuple(self.axes[j] for j in self._others), tuple(self.unit[j] for j in self._others))

    @property
    def names(self) -> tuple[str, ...]:
        """Return logit A, ln B and ln α of the other axes, and ln M: how alike questions are."""
        return ("logit A", *self._needs.names, "ln M")

    def gain(self, theta: Array, x: Array) -> tuple[Array, Array]:
        """Return P and its gradient; see `cores.Core`."""
        from scipy.special import betaln, digamma, expit

        part, slope = self._needs.gain(theta[:, 1:-1], x[:, self._others])
        top = expit(theta[:, 0])[:, None]
        mean = np.clip(top * part, _EDGE, 1 - _EDGE)
        alike = np.exp(np.clip(theta[:, -1], -10.0, 15.0))[:, None]
        tries, wrong = self.base + x[:, self.counted], (1 - mean) * alike
        none = np.exp(betaln(mean * alike, wrong + tries) - betaln(mean * alike, wrong))
        by_wrong = digamma(wrong + tries) - digamma(wrong)
        by_mean = none * alike * by_wrong
        by_alike = -none * alike * ((1 - mean) * by_wrong + digamma(alike) - digamma(alike + tries))
        ends = (by_mean * top * (1 - top) * part)[:, :, None], by_alike[:, :, None]
        return 1 - none, np.concatenate([ends[0], (by_mean * top)[:, :, None] * slope, ends[1]], -1)

    def prior(self, x: Array) -> tuple[Array, Array]:
        """Return the priors of a ceiling and of needs, and ln M ~ N(1, 2²)."""
        mean, sd = self._needs.prior(x[:, self._others])
        return np.array([0.0, *mean, 1.0]), np.array([2.0, *sd, 2.0])

    def starts(self, x: Array, base: float) -> Array:
        """Return the starts of needs, with questions that differ much, some and little."""
        from scipy.special import logit

        one = base / max(self.base, 1.0)  # as if attempts in the base cell did not overlap
        top = max(0.9, (1 + one) / 2)
        needs = self._needs.starts(x[:, self._others], one / top) if self._others else np.zeros((3, 0))
        return np.column_stack([np.full(3, logit(top)), needs, [0.0, 1.0, 3.0]])
