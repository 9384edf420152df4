"""Does confidence mean what it says: how far stated confidences are from how often they were right."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from scaling.intervals import Estimate, mean_interval

BINS = 10


@dataclass(frozen=True, slots=True)
class Calibration:
    """Stated confidence against outcomes.

    Attributes:
        ece: expected calibration error, in [0, 1]; 0 is perfect. It is biased upward where there are few outcomes.
        brier: mean squared difference of confidence and outcome, in [0, 1], with its interval; lower is better, and
            always saying the base rate p gives p (1 - p).
    """

    ece: float
    brier: Estimate


def calibration(confidence: Sequence[float], right: Sequence[bool], clusters: Sequence[Hashable]) -> Calibration:
    """Return the calibration error (Naeini et al., 2015: ten bins of equal width) and the Brier score (1950).

    ECE = Σ_b n_b / n · |mean outcome in bin b - mean confidence in bin b|.

    Args:
        confidence: that the answer is right, in [0, 1].
        right: whether it was.
        clusters: the cluster of each.

    Raises:
        ValueError: nothing to average, lengths differ, or a confidence is outside [0, 1].
    """
    if not len(confidence) == len(right) == len(clusters):
        raise ValueError(
            f"There must be one confidence, outcome and cluster a question; there were {len(confidence)}, {len(right)} "
            f"and {len(clusters)}."
        )
    if not all(0 <= one <= 1 for one in confidence):
        raise ValueError("Every confidence must lie between 0 and 1.")
    bins: dict[int, float] = {}
    for one, outcome in zip(confidence, right, strict=True):
        place = min(int(one * BINS), BINS - 1)
        bins[place] = bins.get(place, 0.0) + float(outcome) - one
    squares = [(float(outcome) - one) ** 2 for one, outcome in zip(confidence, right, strict=True)]
    brier = mean_interval(squares, clusters)
    return Calibration(sum(map(abs, bins.values())) / len(right), brier)
