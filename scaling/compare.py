"""Do the axes follow one law? A robust test of difference, a test of equivalence, and what they say together.

M0 shares floor, ceiling and shape between the axes and leaves each its half-budget: then all axes lie on one curve
after rescaling, and the ratio of half-budgets is the exchange rate (bioassay's parallelism). M3 frees ceiling and
shape. The difference is tested by the cluster-robust score test at M0, whose size holds where those of likelihood
ratios do not; sameness has to be shown by equivalence within a margin fixed beforehand. SCALING.md part 5.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from scaling.errors import FitError
from scaling.laws import FORMS, AxisLaw, Form
from scaling.likelihood import maximise, quantile, sandwich
from scaling.nested import gap, score_test
from scaling.results import Array, Decision, ExchangeRate, Interval, Verdict

LEVEL = 0.05
_FORM_REPLICATES = 200  # for the other forms, whose verdicts are counted only


def laws(family: Form, axes: Sequence[str]) -> tuple[AxisLaw, AxisLaw]:
    """Return M0, which shares ceiling and shape between the axes, and M3, which does not.

    Raises:
        FitError: fewer than two axes.
    """
    if len(axes) < 2:
        raise FitError(f"Axes are compared with one another; there was {len(axes)}. Measure a second one.")
    return AxisLaw(family, tuple(axes)), AxisLaw(family, tuple(axes), False, False)


def decide(p: float, upper: float, margin: float) -> Decision:
    """Return what a test of difference and one of equivalence say together; no difference found is not sameness."""
    differs, same = p < LEVEL, upper < margin
    if differs:
        return "BOTH" if same else "DIFFERENT"
    return "SAME" if same else "INCONCLUSIVE"


def verdict(
    form: str,
    axes: Sequence[str],
    x: Array,
    successes: Array,
    attempts: Array,
    *,
    margin: float = 0.05,
    replicates: int = 1000,
    seed: int = 0,
) -> Verdict:
    """Return whether all axes follow one law, recomputed under every form.

    Args:
        form: the family that the verdict itself is of.
        axes: names.
        x: [C, J]; cells move one axis at a time.
        successes: [G, C].
        attempts: [G, C].
        margin: of equivalence in success, fixed before the data was seen.
        replicates: of the cluster bootstrap; the other forms take at most 200.
        seed: of the bootstrap.

    Raises:
        ValueError: the margin is not between 0 and 1.
        FitError: fewer than two axes, or too few clusters.
    """
    if not 0 < margin < 1:
        raise ValueError(f"The margin of equivalence is a difference of success between 0 and 1; it was {margin}.")
    decisions: dict[str, Decision] = {}
    for name, family in FORMS.items():
        pair = laws(family, axes)
        test = score_test(*pair, x, successes, attempts)
        rounds = replicates if name == form else min(replicates, _FORM_REPLICATES)
        far = gap(*pair, x, successes, attempts, replicates=rounds, seed=seed)
        decisions[name] = decide(test.p, float(far.upper.max()), margin)
        if name == form:
            kept = test, far
    test, far = kept
    return Verdict(
        decisions[form],
        test.p,
        pairwise(FORMS[form], axes, x, successes, attempts),
        float(far.each.max()),
        float(far.upper.max()),
        margin,
        decisions,
        sum(decision == decisions[form] for decision in decisions.values()),
    )


def pairwise(
    family: Form, axes: Sequence[str], x: Array, successes: Array, attempts: Array
) -> Mapping[tuple[str, str], float]:
    """Return the score test's p-value of every pair of axes, adjusted by Holm (1979)."""
    raw: dict[tuple[str, str], float] = {}
    for pair in combinations(range(len(axes)), 2):
        others = np.delete(x, pair, 1)
        ends = np.isinf(x[:, pair]).any(1, keepdims=True)
        cells = ((others == 0) | (np.isinf(others) & ends)).all(1)
        names = (axes[pair[0]], axes[pair[1]])
        raw[names] = score_test(*laws(family, names), x[cells][:, pair], successes[:, cells], attempts[:, cells]).p
    return holm(raw)


def holm(raw: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """Return p-values adjusted for being several (Holm 1979)."""
    adjusted: dict[tuple[str, str], float] = {}
    largest = 0.0
    for place, name in enumerate(sorted(raw, key=raw.__getitem__)):
        largest = max(largest, min(1.0, (len(raw) - place) * raw[name]))
        adjusted[name] = largest
    return adjusted


def exchange_rates(
    family: Form,
    axes: Sequence[str],
    x: Array,
    successes: Array,
    attempts: Array,
    *,
    halves: Sequence[Interval] | None = None,
) -> tuple[ExchangeRate, ...]:
    """Return κ_to / κ_of for every pair: how much of the second axis does what one of the first does.

    Under one law the interval is made on the logarithm (delta method, cluster sandwich). Otherwise it is put together
    of the two axes' own, so that it is as wide as a heavy tail makes them: distances to the ends add as correlated
    errors do (MOVER, Zou & Donner 2008).

    Args:
        family: the curve.
        axes: names.
        x: [C, J]; cells move one axis at a time.
        successes: [G, C].
        attempts: [G, C].
        halves: of every axis fitted by itself, κ with its profile interval; None where the axes follow one law.
    """
    shared = halves is None
    law = AxisLaw(family, tuple(axes), shared, shared)
    theta = maximise(law, x, successes.sum(0)[None], attempts.sum(0)[None]).theta[0]
    places = [law.places(axis)[1] for axis in range(len(axes))]
    covariance = sandwich(law, theta, x, successes, attempts)[np.ix_(places, places)]
    error = np.sqrt(np.diag(covariance))
    wide = quantile(len(successes) - 1) * error
    with np.errstate(divide="ignore"):  # an end at 0 is open
        value, low, high = (
            np.log([[half.value, half.low, half.high] for half in halves]).T
            if halves is not None
            else (theta[places], theta[places] - wide, theta[places] + wide)
        )
    rates = []
    for of, to in combinations(range(len(axes)), 2):
        alike = covariance[of, to] / (error[of] * error[to])
        log = value[to] - value[of]
        below = _together(value[to] - low[to], high[of] - value[of], alike)
        above = _together(high[to] - value[to], value[of] - low[of], alike)
        rate = Interval(*(float(np.exp(end)) for end in (log, log - below, log + above)))
        rates.append(ExchangeRate(axes[of], axes[to], rate, shared))
    return tuple(rates)


def _together(one: float, other: float, alike: float) -> float:
    """Return the distance from a difference to its end, of those of its parts, whose errors are so correlated."""
    if not np.isfinite([one, other]).all():
        return float("inf")
    return float(np.sqrt(max(one**2 + other**2 - 2 * alike * one * other, 0.0)))
