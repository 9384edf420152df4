"""Intervals for proportions and bounded means: independent questions, and questions that come in clusters."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean in [0, 1] with its interval.

    Attributes:
        n: observations.
        clusters: independent groups among them; equal to `n` where each stands for itself.
    """

    value: float
    low: float
    high: float
    n: int
    clusters: int


def wilson(
    successes: float, n: float, *, confidence: float = 0.95, quantile: float | None = None
) -> tuple[float, float]:
    """Return the score interval of Wilson (1927) for a proportion.

    It is the set of true values p with |p̂ - p| ≤ z √(p (1 - p) / n): it never leaves [0, 1] and has width at 0 and 1.

    Args:
        successes: between 0 and `n`; fractions are taken (weighted or effective counts).
        n: observations, above 0.
        confidence: coverage, in (0, 1).
        quantile: used in place of the normal quantile z.

    Raises:
        ValueError: `n` is not positive, or `successes` or `confidence` are out of range.
    """
    if not n > 0:
        raise ValueError(f"An interval needs at least one observation; n was {n}.")
    if not 0 <= successes <= n:
        raise ValueError(f"The successes must lie between 0 and n = {n}; they were {successes}.")
    z = _normal(confidence) if quantile is None else quantile
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (0.0 if successes == 0 else max(0.0, centre - half), 1.0 if successes == n else min(1.0, centre + half))


def _normal(confidence: float) -> float:
    """Return the two-sided normal quantile."""
    if not 0 < confidence < 1:
        raise ValueError(f"The confidence must lie between 0 and 1; it was {confidence}.")
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def mean_interval(
    values: Sequence[float], clusters: Sequence[Hashable] | None = None, *, confidence: float = 0.95
) -> Estimate:
    """Return the mean of outcomes in [0, 1] with an interval that respects clusters.

    Independent right/wrong outcomes get Wilson's interval. Otherwise the variance of the mean is the cluster
    sandwich G/(G-1) Σ_g (Σ_i∈g (y_i - ȳ))² / n², and Wilson's interval is taken at the sample size that a proportion
    with this variance would have had (at most n where outcomes are right or wrong), with the t quantile at G - 1
    degrees of freedom. Where all outcomes are equal the variance says nothing, and that size is the number of clusters.

    Args:
        values: outcomes, right = 1; fractions (F1, recall) are taken.
        clusters: the cluster of each value; None where each stands for itself.
        confidence: coverage, in (0, 1).

    Raises:
        ValueError: no values, a value outside [0, 1], or lengths that differ.
    """
    n = len(values)
    if not n:
        raise ValueError("An interval needs at least one observation; there was none.")
    if clusters is not None and len(clusters) != n:
        raise ValueError(f"There must be one cluster a value; there were {n} values and {len(clusters)} clusters.")
    if not all(0 <= value <= 1 for value in values):
        raise ValueError("Every value must lie between 0 and 1.")
    mean = math.fsum(values) / n
    names: Sequence[Hashable] = range(n) if clusters is None else clusters
    groups = len(set(names))
    if groups == n and all(value in (0, 1) for value in values):
        return Estimate(mean, *wilson(sum(values), n, confidence=confidence), n, n)
    size = _effective(values, names, mean, groups)
    low, high = wilson(mean * size, size, quantile=_student(confidence, groups - 1))
    return Estimate(mean, low, high, n, groups)


def effective_size(values: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """Return how many independent right/wrong outcomes would give their mean the precision that this mean has.

    Args:
        values: outcomes in [0, 1], at least one.
        clusters: the cluster of each value.
    """
    mean, groups = math.fsum(values) / len(values), len(set(clusters))
    if groups == len(values) and all(value in (0, 1) for value in values):
        return float(len(values))
    return _effective(values, clusters, mean, groups)


def _effective(values: Sequence[float], names: Sequence[Hashable], mean: float, groups: int) -> float:
    """Return the sample size of a proportion with the same mean and the variance measured over clusters."""
    n = len(values)
    if groups < 2:
        return 1.0
    sums: dict[Hashable, float] = {}
    for value, name in zip(values, names, strict=True):
        sums[name] = sums.get(name, 0.0) + value - mean
    variance = groups / (groups - 1) * math.fsum(total * total for total in sums.values()) / (n * n)
    return _size(mean, variance, n, groups, any(value not in (0, 1) for value in values))


def _size(mean: float, variance: float, n: float, groups: int, fractional: bool) -> float:
    """Return the number of right/wrong outcomes whose mean has this variance; where it has none, that of clusters."""
    if mean in (0, 1) or variance == 0:
        return float(groups)
    size = mean * (1 - mean) / variance
    return size if fractional else min(size, float(n))


def estimates(
    successes: "NDArray[np.float64]", attempts: "NDArray[np.float64]", *, confidence: float = 0.95
) -> tuple[Estimate, ...]:
    """Return success in every cell with an interval that respects clusters, as `mean_interval` does.

    Args:
        successes: sums of outcomes, [G clusters, C cells].
        attempts: numbers of trials, [G, C], with at least one in every cell.
        confidence: coverage.

    Raises:
        ValueError: a cell holds no trial.
    """
    found = []
    for hits, tries in zip(successes.T, attempts.T, strict=True):
        n = float(tries.sum())
        if not n > 0:
            raise ValueError("Every cell needs at least one trial.")
        groups, mean = int((tries > 0).sum()), float(hits.sum()) / n
        moved = float(((hits - tries * mean) ** 2).sum()) / (n * n)
        variance = groups / (groups - 1) * moved if groups > 1 else 0.0
        size = _size(mean, variance, n, groups, bool((hits % 1).any()))
        low, high = wilson(mean * size, size, quantile=_student(confidence, groups - 1))
        found.append(Estimate(mean, low, high, round(n), groups))
    return tuple(found)


def _student(confidence: float, freedom: int) -> float:
    """Return the two-sided t quantile; the normal one where there is a single cluster, which is no estimate at all."""
    from scipy.stats import t

    normal = _normal(confidence)
    return float(t.ppf(0.5 + confidence / 2, freedom)) if freedom > 0 else normal
