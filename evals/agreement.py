"""How good a judge is, from cases whose right verdict is known, and what its verdicts are then worth.

A judge that calls a share a of the answers right, finds Se of the right ones and Sp of the wrong ones, saw the true
share p (Rogan and Gladen, 1978):

    a = p Se + (1 - p)(1 - Sp),   so   p = (a + Sp - 1) / (Se + Sp - 1)
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from evals.errors import JudgeError
from scaling.intervals import Estimate, effective_size, mean_interval


@dataclass(frozen=True, slots=True)
class Agreement:
    """A judge against known verdicts.

    Attributes:
        agreement: share of cases on which it gave the known verdict.
        kappa: Cohen's κ (1960), agreement beyond that of chance, in [-1, 1].
        kappa_low: lower end of its 95 % interval.
        kappa_high: upper end.
        sensitivity: share of the right answers that it calls right.
        specificity: share of the wrong answers that it calls wrong.
    """

    agreement: Estimate
    kappa: float
    kappa_low: float
    kappa_high: float
    sensitivity: Estimate
    specificity: Estimate


def agreement(said: Sequence[bool], known: Sequence[bool], clusters: Sequence[Hashable] | None = None) -> Agreement:
    """Return how well verdicts agree with the known ones.

    Args:
        said: the judge's verdict on each case, right = True.
        known: the true one.
        clusters: of the cases, where several stand or fall together.

    Raises:
        JudgeError: the cases hold no right answer or no wrong one, or the judge cannot be told from one that guesses.
    """
    from statsmodels.stats.inter_rater import cohens_kappa

    if len(said) != len(known):
        raise ValueError(f"There must be one verdict a case; there were {len(said)} and {len(known)}.")
    good, bad = sum(known), len(known) - sum(known)
    if not good or not bad:
        raise JudgeError(
            f"Calibrating a judge takes cases with right and with wrong answers; there were {good} and {bad}."
        )
    names: Sequence[Hashable] = range(len(known)) if clusters is None else clusters
    right = [(said_so, name) for said_so, truth, name in zip(said, known, names, strict=True) if truth]
    wrong = [(not said_so, name) for said_so, truth, name in zip(said, known, names, strict=True) if not truth]
    sensitivity, specificity = (
        mean_interval([float(one) for one, _ in part], [name for _, name in part]) for part in (right, wrong)
    )
    _better_than_chance(sensitivity, specificity)
    hits, refusals = sum(one for one, _ in right), sum(one for one, _ in wrong)
    kappa = cohens_kappa([[hits, good - hits], [bad - refusals, refusals]])
    same = [float(one == truth) for one, truth in zip(said, known, strict=True)]
    low, high = float(kappa.kappa_low), float(kappa.kappa_upp)
    return Agreement(mean_interval(same, names), float(kappa.kappa), low, high, sensitivity, specificity)


def _better_than_chance(sensitivity: Estimate, specificity: Estimate) -> None:
    """Refuse a judge whose Se + Sp - 1 is not above 0 with 97.5 % confidence: its verdicts cannot be corrected."""
    (sense, senses), (spec, specs) = _smoothed(sensitivity), _smoothed(specificity)
    error = math.sqrt(sense * (1 - sense) / senses + spec * (1 - spec) / specs)
    if sense + spec - 1 <= _z(0.95) * error:
        raise JudgeError(
            f"This judge cannot be told from one that guesses: of {sensitivity.n} right answers it calls "
            f"{sensitivity.value:.0%} right, and of {specificity.n} wrong ones it calls {specificity.value:.0%} wrong. "
            "Use another model, or label more cases."
        )


def corrected(
    verdicts: Sequence[bool],
    clusters: Sequence[Hashable],
    calibration: Agreement | None,
    *,
    confidence: float = 0.95,
) -> Estimate:
    """Return accuracy, corrected for the judge's errors, with an interval that holds their uncertainty too.

    The interval is that of Lang and Reiczigel (2014): one success and one failure are added to each of sensitivity and
    specificity, z²/2 of each to the share called right, and the centre moves by 2 z² [p Se (1 - Se)/n_Se - (1 - p) Sp
    (1 - Sp)/n_Sp]. Where questions come in clusters, the number of answers is the one that independent questions would
    have had to have.

    Args:
        verdicts: on each answer, right = True.
        clusters: the cluster of each question.
        calibration: of the same judge.
        confidence: coverage, in (0, 1).

    Raises:
        JudgeError: the judge was not calibrated.
    """
    if calibration is None:
        raise JudgeError("A judge that was not calibrated is not reported: give cases whose verdict is known.")
    raw = mean_interval([float(one) for one in verdicts], clusters, confidence=confidence)
    z = _z(confidence)
    size = effective_size([float(one) for one in verdicts], clusters)
    called, tries = (raw.value * size + z * z / 2) / (size + z * z), size + z * z
    (sense, senses), (spec, specs) = _smoothed(calibration.sensitivity), _smoothed(calibration.specificity)
    youden = sense + spec - 1
    share = (called + spec - 1) / youden
    missed, taken = sense * (1 - sense) / senses, spec * (1 - spec) / specs
    centre = share + 2 * z * z * (share * missed - (1 - share) * taken)
    half = z * math.sqrt(called * (1 - called) / tries + share**2 * missed + (1 - share) ** 2 * taken) / youden
    exact = calibration.sensitivity.value + calibration.specificity.value - 1
    value = min(1.0, max(0.0, (raw.value + calibration.specificity.value - 1) / exact))
    low, high = max(0.0, min(value, centre - half)), min(1.0, max(value, centre + half))
    return Estimate(value, low, high, raw.n, raw.clusters)


def with_settled(judged: Estimate | None, settled: Estimate | None) -> Estimate | None:
    """Return accuracy over the answers that were judged and those whose verdict needs no judge, with a 95 % interval.

    The two shares are strata: their errors add by squares (Donner and Zou, 2012), with that of the strata's own sizes,
    z² q (1 - q) (difference)² / n.

    Args:
        judged: of the answers that were judged, corrected; None for none.
        settled: of the others; None for none.
    """
    if judged is None or settled is None:
        return judged or settled
    n, clusters = judged.n + settled.n, judged.clusters + settled.clusters
    share = judged.n / n
    value = share * judged.value + (1 - share) * settled.value
    split = _z(0.95) ** 2 * share * (1 - share) * (judged.value - settled.value) ** 2 / clusters
    parts = ((share, judged), (1 - share, settled))
    below, above = (
        math.sqrt(split + math.fsum((weight * (getattr(one, end) - one.value)) ** 2 for weight, one in parts))
        for end in ("low", "high")
    )
    return Estimate(value, max(0.0, value - below), min(1.0, value + above), n, clusters)


def _smoothed(share: Estimate) -> tuple[float, float]:
    """Return a share with one success and one failure more, and its number of cases."""
    return (share.value * share.n + 1) / (share.n + 2), share.n + 2.0


def _z(confidence: float) -> float:
    """Return the two-sided normal quantile."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)
