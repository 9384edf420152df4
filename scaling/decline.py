"""Whether more compute made it worse: over-thinking and over-searching, without a model (SCALING.md part 5)."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from scaling.errors import FitError
from scaling.likelihood import draws
from scaling.results import Array, Interval


@dataclass(frozen=True, slots=True)
class Decline:
    """The largest drop from an earlier budget to the largest one.

    Attributes:
        drop: P at the earlier budget less P at the largest, with simultaneous limits over all earlier budgets.
        at: which earlier budget, its place.
        p: of "no earlier budget is better".
        detectable: the drop that this data would have shown with power .8 at the level .05.
    """

    drop: Interval
    at: int
    p: float
    detectable: float


def decline(successes: Array, attempts: Array, *, replicates: int = 1000, seed: int = 0) -> Decline:
    """Test whether success fell at the end: the largest paired z over earlier budgets, by centred cluster bootstrap.

    Budgets whose success is so far below the top's that they cannot be the largest are left out of the null
    distribution (moment selection, Andrews & Soares 2010).

    Args:
        successes: [G, C], cells in the order of their budgets, the largest last.
        attempts: [G, C].
        replicates: bootstrap samples of clusters.
        seed: of the bootstrap.

    Raises:
        FitError: fewer than two budgets or two clusters.
    """
    clusters, cells = successes.shape
    if cells < 2 or clusters < 2:
        raise FitError(f"A decline needs two budgets and two questions; there were {cells} and {clusters}.")
    drops = _drops(successes.sum(0)[None], attempts.sum(0)[None])[0]
    sampled = np.concatenate(
        [_drops(weights @ successes, weights @ attempts) for weights in draws(clusters, replicates, seed)]
    )
    error = sampled.std(0, ddof=1)
    moved = error > 0
    if not moved.any():  # every question did alike at every budget
        largest = float(drops.max())
        return Decline(Interval(largest, largest, largest), int(drops.argmax()), 1.0, 0.0)
    z = np.where(moved, drops / np.where(moved, error, 1.0), -np.inf)
    centred = (sampled[:, moved] - drops[moved]) / error[moved]
    chosen = z[moved] >= -math.sqrt(math.log(clusters))
    null = centred[:, chosen].max(1) if chosen.any() else np.full(replicates, np.inf)
    at = int(z.argmax())
    limit = float(np.quantile(np.abs(centred).max(1), 0.95)) * float(error[at])
    power = float(np.quantile(centred.max(1), 0.95)) + NormalDist().inv_cdf(0.8)
    return Decline(
        Interval(float(drops[at]), float(drops[at]) - limit, float(drops[at]) + limit),
        at,
        (1 + int((null >= z[at]).sum())) / (1 + replicates),
        power * float(error[at]),
    )


def _drops(successes: Array, attempts: Array) -> Array:
    """Return success at every earlier budget less that at the last, [B, C - 1]; 0 where a sample holds no trial."""
    share = np.divide(successes, attempts, out=np.zeros_like(successes), where=attempts > 0)
    drops: Array = share[:, :-1] - share[:, -1:]
    return drops
