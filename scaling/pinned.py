"""A law with some parameters held, or with priors too wide to matter.

Coverage by repeated sampling starts at 0 and ends at 1, so that floor and ceiling are known and only half-budgets and
tail exponents are fitted; a curve published with its number of questions is judged by maximum likelihood, without
priors. Both are other laws seen through `Pinned`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from scaling.likelihood import Law
from scaling.results import Array, Integers


@dataclass(frozen=True, slots=True)
class Pinned:
    """Another law whose parameters are partly held at given values.

    Attributes:
        law: the other law.
        held: values of held parameters, by name, on the law's unbounded scale; a floor of 0 is logit f = -40.
        widen: what the standard deviations of the law's priors are multiplied by; 100 leaves maximum likelihood.
        names: of the parameters that stay free.
    """

    law: Law
    held: Mapping[str, float] = field(default_factory=dict)
    widen: float = 1.0
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        unknown = [name for name in self.held if name not in self.law.names]
        if unknown:
            raise ValueError(
                f"The law has no parameter {unknown[0]!r}; its parameters are {', '.join(self.law.names)}."
            )
        if not self.widen > 0:
            raise ValueError(f"Priors are widened by a factor above 0; it was {self.widen}.")
        object.__setattr__(self, "names", tuple(name for name in self.law.names if name not in self.held))

    @property
    def _free(self) -> Integers:
        """Places of the free parameters in the other law."""
        return np.array([self.law.names.index(name) for name in self.names], dtype=np.int64)

    def probability(self, theta: Array, x: Array) -> tuple[Array, Array]:
        """Return P [B, C] and its slopes in the free parameters [B, C, p]."""
        whole = np.array([self.held.get(name, 0.0) for name in self.law.names])
        points = np.repeat(whole[None], len(theta), 0)
        points[:, self._free] = theta
        share, slope = self.law.probability(points, x)
        return share, slope[:, :, self._free]

    def prior(self, x: Array) -> tuple[Array, Array]:
        """Return the law's priors of the free parameters, widened."""
        mean, sd = self.law.prior(x)
        return mean[self._free], sd[self._free] * self.widen

    def starts(self, x: Array, share: Array) -> Array:
        """Return the law's points without what is held."""
        return self.law.starts(x, share)[:, self._free]
