"""What a right answer costs, with its interval: the ratio of two means over the same questions."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from scaling.coverage import by_cluster
from scaling.intervals import mean_interval
from scaling.likelihood import quantile


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of means with its 95 % interval.

    Attributes:
        n: questions.
        clusters: independent groups among them.
    """

    value: float
    low: float
    high: float
    n: int
    clusters: int


def cost_per_correct(
    costs: Sequence[float], right: Sequence[bool], clusters: Sequence[Hashable], *, confidence: float = 0.95
) -> Ratio | None:
    """Return all that was spent over the number of right answers, None where none was right.

    The interval is that of Donner and Zou (2012) for a ratio θ₁/θ₂ whose parts have intervals (l, u) of their own
    (MOVER-R): the mean cost has the t interval of the cluster sandwich, and the share of right answers Wilson's
    (`scaling.intervals.mean_interval`), so that it has width even where every answer was right. The limits solve

        θ₁ - Lθ₂ = √[(θ₁ - l₁)² + L²(u₂ - θ₂)² - 2 L r (θ₁ - l₁)(u₂ - θ₂)]
        Uθ₂ - θ₁ = √[(u₁ - θ₁)² + U²(θ₂ - l₂)² - 2 U r (u₁ - θ₁)(θ₂ - l₂)]

    with r the correlation of the two means over clusters.

    Args:
        costs: of each question, at least 0.
        right: whether its answer was right.
        clusters: the cluster of each.
        confidence: coverage, in (0, 1).

    Raises:
        ValueError: lengths differ, or a cost is no number of at least 0.
    """
    if not len(costs) == len(right) == len(clusters):
        raise ValueError(
            f"There must be one cost, outcome and cluster a question; there were {len(costs)}, {len(right)} and "
            f"{len(clusters)}."
        )
    if not all(math.isfinite(cost) and cost >= 0 for cost in costs):
        raise ValueError("Every cost must be a number of at least 0.")
    if not any(right):
        return None
    share = mean_interval([float(one) for one in right], clusters, confidence=confidence)
    mean, error, r = _moments(costs, right, clusters)
    half = quantile(share.clusters - 1, confidence) * error if share.clusters > 1 else mean
    low, high = max(0.0, mean - half), mean + half
    across = mean * share.value
    below = across - r * (mean - low) * (share.high - share.value)
    root = math.sqrt(max(0.0, below**2 - low * share.high * (2 * mean - low) * (2 * share.value - share.high)))
    least = low * (2 * mean - low) / (below + root) if low else 0.0
    above = across - r * (high - mean) * (share.value - share.low)
    root = math.sqrt(max(0.0, above**2 - high * share.low * (2 * mean - high) * (2 * share.value - share.low)))
    most = (above + root) / (share.low * (2 * share.value - share.low))
    return Ratio(mean / share.value, least, most, len(costs), share.clusters)


def _moments(costs: Sequence[float], right: Sequence[bool], clusters: Sequence[Hashable]) -> tuple[float, float, float]:
    """Return the mean cost, its standard error and its correlation with the share of right answers."""
    values = np.array([costs, [float(one) for one in right]], dtype=float)
    mean = values.mean(axis=1, keepdims=True)
    sums = by_cluster(values - mean, clusters)
    groups = len(sums)
    moved = sums.T @ sums * (groups / max(1, groups - 1)) / len(costs) ** 2
    spread = math.sqrt(moved[0, 0] * moved[1, 1])
    return float(mean[0, 0]), math.sqrt(moved[0, 0]), float(moved[0, 1] / spread) if spread else 0.0
