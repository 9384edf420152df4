"""Is replay the same as a fresh run? Two one-sided tests on the paired differences (Schuirmann 1987)."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

from scaling.intervals import mean_interval

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

    Differences upwards and downwards are two means with Wilson's interval (cluster-robust), squared and added as by
    Newcombe (1998, paired proportions; MOVER, Zou and Donner 2008): a t interval is far too narrow where few pairs
    differ. No end is nearer than what n independent pairs without any difference would leave open (1 - 0.05^(1/n),
    exact).

    Args:
        fresh: outcomes in [0, 1].
        replayed: of the same questions, in the same order.
        clusters: of each question.
        margin: of equivalence, fixed beforehand.

    Raises:
        ValueError: lengths that differ, or no pair.
    """
    if not fresh or not len(fresh) == len(replayed) == len(clusters):
        raise ValueError(
            f"There must be pairs; {len(fresh)} fresh, {len(replayed)} replayed, {len(clusters)} clusters."
        )
    differences = [one - other for one, other in zip(fresh, replayed, strict=True)]
    n, mean = len(differences), math.fsum(differences) / len(differences)
    up = mean_interval([max(each, 0.0) for each in differences], clusters, confidence=1 - 2 * _LEVEL)
    down = mean_interval([max(-each, 0.0) for each in differences], clusters, confidence=1 - 2 * _LEVEL)
    least = 1 - _LEVEL ** (1 / up.clusters)
    high = mean + max(least, math.hypot(up.high - up.value, down.value - down.low))
    low = mean - max(least, math.hypot(down.high - down.value, up.value - up.low))
    said: Said = "same" if -margin < low and high < margin else "not shown"
    if low > margin or high < -margin:
        said = "different"
    needed = math.ceil(math.log(_LEVEL) / math.log(1 - margin))
    return Equivalence(mean, low, high, said, n, sum(value != 0 for value in differences), needed)
