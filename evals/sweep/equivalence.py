"""Is replay the same as a fresh run? Two one-sided tests on the paired differences (Schuirmann 1987)."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

Said = Literal["same", "different", "not shown"]
MARGIN = 0.03
_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Equivalence:
    """What the paired differences, fresh less replay, say.

    Attributes:
        low: lower end of the 90 % interval: both one-sided tests at 5 % pass where it lies within the margin.
        said: "same": it does; "different": it lies wholly beyond the margin; "not shown": anything else.
        n: pairs.
        unequal: pairs that differ at all.
        needed: independent questions without which no equality could be shown, even were no pair unequal.
    """

    mean: float
    low: float
    high: float
    said: Said
    n: int
    unequal: int
    needed: int


def paired_equivalence(
    fresh: Sequence[float], replayed: Sequence[float], clusters: Sequence[Hashable], *, margin: float = MARGIN
) -> Equivalence:
    """Test whether two ways to measure the same questions differ by less than a margin.

    The interval is the cluster-robust t interval of the mean difference, and never narrower than what n independent
    pairs without any difference would leave open (1 - 0.05^(1/n), the exact bound): where hardly any pair differs, the
    variance says nothing.

    Args:
        fresh: outcomes in [0, 1].
        replayed: of the same questions, in the same order.
        clusters: of each question.
        margin: of equivalence, fixed beforehand.

    Raises:
        ValueError: lengths that differ, or no pair.
    """
    from scipy.stats import t

    if not fresh or not len(fresh) == len(replayed) == len(clusters):
        raise ValueError(
            f"There must be pairs; {len(fresh)} fresh, {len(replayed)} replayed, {len(clusters)} clusters."
        )
    differences = [one - other for one, other in zip(fresh, replayed, strict=True)]
    n, mean = len(differences), math.fsum(differences) / len(differences)
    sums: dict[Hashable, float] = {}
    for value, name in zip(differences, clusters, strict=True):
        sums[name] = sums.get(name, 0.0) + value - mean
    groups = len(sums)
    least = 1 - _LEVEL ** (1 / groups)
    half = least
    if groups > 1:
        error = math.sqrt(groups / (groups - 1) * math.fsum(each * each for each in sums.values())) / n
        half = max(least, float(t.ppf(1 - _LEVEL, groups - 1)) * error)
    low, high = mean - half, mean + half
    said: Said = "same" if -margin < low and high < margin else "not shown"
    if low > margin or high < -margin:
        said = "different"
    needed = math.ceil(math.log(_LEVEL) / math.log(1 - margin))
    return Equivalence(mean, low, high, said, n, sum(value != 0 for value in differences), needed)
