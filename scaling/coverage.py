"""Coverage: success of k attempts at a question, from counts c of how many of n attempts succeeded.

pass@k is success of at least one of k attempts (Chen et al. 2021), pass^k that of all of them (τ-bench, Yao et al.
2024). Both are unbiased for k up to n; for larger k there is the law of `scaling.beta`. The power laws here are
descriptions of a measured curve. Shapes: Q questions, K values of k, G clusters of questions.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scaling.errors import FitError
from scaling.intervals import Estimate, estimates
from scaling.likelihood import draws, meat, quantile
from scaling.results import Array, Interval

_EXPONENTS = np.arange(0.05, 3.0, 0.05)  # where a fit may start


def pass_at(k: ArrayLike, successes: ArrayLike, attempts: ArrayLike) -> Array:
    """Return the chance that k of the n attempts, drawn at random, hold a success: 1 - C(n-c, k)/C(n, k), [K, Q].

    Args:
        k: [K] or a number; whole, from 1 to the smallest n.
        successes: c of each question, [Q].
        attempts: n of each question, [Q] or a number.

    Raises:
        ValueError: counts that are none, or a k for which some question has too few attempts.
    """
    ks, hits, tries = counts(k, successes, attempts)
    return -np.expm1(_log_none(ks, hits, tries))


def pass_all(k: ArrayLike, successes: ArrayLike, attempts: ArrayLike) -> Array:
    """Return pass^k, the chance that k of the n attempts, drawn at random, all succeed: C(c, k)/C(n, k), [K, Q].

    Arguments and errors are those of `pass_at`.
    """
    ks, hits, tries = counts(k, successes, attempts)
    every: Array = np.exp(_log_none(ks, tries - hits, tries))
    return every


def coverage(
    k: ArrayLike,
    successes: ArrayLike,
    attempts: ArrayLike,
    *,
    every: bool = False,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> tuple[Estimate, ...]:
    """Return the mean of pass@k over questions for every k, with the intervals of `scaling.intervals`.

    Args:
        k: as `pass_at`.
        successes: as `pass_at`.
        attempts: as `pass_at`.
        every: pass^k in place of pass@k.
        clusters: the cluster of each question; None where each stands for itself.
        confidence: coverage of the intervals.

    Raises:
        ValueError: as `pass_at`, or there is not one cluster a question.
    """
    each = (pass_all if every else pass_at)(k, successes, attempts)
    sizes = by_cluster(np.ones_like(each), clusters)
    return estimates(by_cluster(each, clusters), sizes, confidence=confidence)


def slope(
    k: ArrayLike,
    successes: ArrayLike,
    attempts: ArrayLike,
    *,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Interval:
    """Return the least-squares slope of ln(-ln pass@k) on ln k: the exponent b of exp(a·k^b) (Brown et al. 2024).

    The interval is by the delta method over clusters, with t's quantile. Arguments are those of `coverage`.

    Raises:
        ValueError: as `coverage`.
        FitError: fewer than two values of k or two clusters, or a mean of 0 or 1, which has no ln(-ln).
    """
    ks, each, mean = _curve(k, successes, attempts, 2)
    if not (mean[0] > 0 and mean[-1] < 1):
        raise FitError(
            f"ln(-ln coverage) needs coverage between 0 and 1, but it runs from {mean[0]:g} at k = {ks[0]:g} to "
            f"{mean[-1]:g} at k = {ks[-1]:g}; leave the ends out."
        )
    weight = np.log(ks) - np.log(ks).mean()
    weight /= weight @ weight
    moved = (weight / (mean * np.log(mean))) @ (each - mean[:, None]) / each.shape[1]
    value = float(weight @ np.log(-np.log(mean)))
    shares = by_cluster(moved[None], clusters)
    half = quantile(len(shares) - 1, confidence) * float(np.sqrt(meat(shares)[0, 0]))
    return Interval(value, value - half, value + half)


@dataclass(frozen=True, slots=True)
class PowerFit:
    """Coverage as A·exp(-B k^-α) over the range of k that was measured, `measured`.

    Attributes:
        ceiling: A, at most 1; A = 1 is the law of Large Language Monkeys.
        scale: B.
        exponent: α.
        error: root mean square of what the curve misses.
    """

    ceiling: Interval
    scale: Interval
    exponent: Interval
    error: float
    measured: tuple[float, float]


def power_law(k: ArrayLike, ceiling: float, scale: float, exponent: float) -> Array:
    """Return A·exp(-B k^-α) at k > 0, in the shape of k: -ln success is E + B x^-α with A = exp(-E)."""
    value: Array = ceiling * np.exp(-scale * np.asarray(k, dtype=float) ** -exponent)
    return value


def fit_power(
    k: ArrayLike,
    successes: ArrayLike,
    attempts: ArrayLike,
    *,
    clusters: Sequence[Hashable] | None = None,
    replicates: int = 200,
    seed: int = 0,
    confidence: float = 0.95,
) -> PowerFit:
    """Fit A·exp(-B k^-α) to pass@k by least squares, with percentile intervals of a bootstrap over clusters.

    A and α trade off where the curve is short of its ceiling; the intervals say so.

    Args:
        k: as `coverage`, four values or more.
        successes: as `coverage`.
        attempts: as `coverage`.
        clusters: as `coverage`.
        replicates: bootstrap samples.
        seed: of the bootstrap.
        confidence: coverage of the intervals.

    Raises:
        ValueError: as `coverage`.
        FitError: fewer than four values of k or two clusters, or coverage that is 0 somewhere or does not rise.
    """
    ks, each, mean = _curve(k, successes, attempts, 4)
    if not 0 < mean[0] < mean[-1]:
        raise FitError(
            f"Coverage is {mean[0]:g} at k = {ks[0]:g} and {mean[-1]:g} at k = {ks[-1]:g}, and a power law needs one "
            "that rises from above 0; add attempts, or leave out the values of k without a success."
        )
    sums, sizes = by_cluster(each, clusters), by_cluster(np.ones((1, each.shape[1])), clusters)
    if len(sums) < 2:
        raise FitError("One question says nothing of how questions differ; an interval needs at least two.")
    theta = _least(ks, mean, _power_start(ks, mean))
    drawn = (w @ sums / (w @ sizes) for w in draws(len(sums), replicates, seed))
    samples = [_least(ks, curve, theta) for curves in drawn for curve in curves]
    low, high = np.exp(np.quantile(samples, [0.5 - confidence / 2, 0.5 + confidence / 2], axis=0))
    value = np.exp(theta)
    ceiling, scale, exponent = (Interval(*map(float, ends)) for ends in zip(value, low, high, strict=True))
    error = float(np.sqrt(((power_law(ks, *value) - mean) ** 2).mean()))
    return PowerFit(ceiling, scale, exponent, error, (float(ks[0]), float(ks[-1])))


def _power_start(ks: Array, mean: Array) -> Array:
    """Return (ln A, ln B, ln α): the best of straight lines of ln P on k^-α, one for each exponent."""
    best, start = np.inf, np.zeros(3)
    for exponent in _EXPONENTS:
        line = np.polynomial.Polynomial.fit(ks**-exponent, np.log(mean), 1).convert().coef
        ceiling, scale = min(float(line[0]), -1e-3), max(-float(line[1]), 1e-3)
        missed = float(((np.exp(ceiling - scale * ks**-exponent) - mean) ** 2).sum())
        if missed < best:
            best, start = missed, np.array([ceiling, np.log(scale), np.log(exponent)])
    return start


def _least(ks: Array, mean: Array, start: Array) -> Array:
    """Return (ln A, ln B, ln α) of the least-squares curve, A at most 1."""
    from scipy.optimize import least_squares

    logs = np.log(ks)

    def missed(theta: Array) -> Array:
        value: Array = np.exp(theta[0] - np.exp(theta[1] - np.exp(theta[2]) * logs)) - mean
        return value

    def slopes(theta: Array) -> Array:
        power = np.exp(theta[1] - np.exp(theta[2]) * logs)
        by = np.stack([np.ones_like(power), -power, power * np.exp(theta[2]) * logs], -1)
        gradient: Array = np.exp(theta[0] - power)[:, None] * by
        return gradient

    found: Array = least_squares(
        missed, start, jac=slopes, bounds=([-20, -20, -5], [0, 20, 2]), x_scale="jac", ftol=1e-12, xtol=1e-12
    ).x
    return found


def _curve(k: ArrayLike, successes: ArrayLike, attempts: ArrayLike, least: int) -> tuple[Array, Array, Array]:
    """Return the values of k, ascending [K], pass@k of every question, [K, Q], and its mean, [K]."""
    ks = np.unique(np.asarray(k, dtype=float))
    if len(ks) < least:
        raise FitError(f"A curve of this kind needs at least {least} values of k; there were {len(ks)}.")
    each = pass_at(ks, successes, attempts)
    return ks, each, each.mean(1)


def counts(k: ArrayLike, successes: ArrayLike, attempts: ArrayLike) -> tuple[Array, Array, Array]:
    """Return k [K], c [Q] and n [Q] as arrays, checked.

    Raises:
        ValueError: as `pass_at`.
    """
    ks, hits = (np.atleast_1d(np.asarray(each, dtype=float)) for each in (k, successes))
    tries = np.asarray(attempts, dtype=float)
    if hits.ndim != 1 or tries.shape not in ((), hits.shape) or not hits.size:
        raise ValueError(
            f"Successes and attempts are one number a question; their shapes were {hits.shape}, {tries.shape}."
        )
    tries = np.broadcast_to(tries, hits.shape)
    if not ((hits >= 0) & (hits <= tries) & (hits % 1 == 0) & (tries % 1 == 0)).all():
        raise ValueError("Successes must be whole numbers between 0 and the number of attempts, which is whole too.")
    wrong = ks[~((ks >= 1) & (ks <= tries.min()) & (ks % 1 == 0))]
    if wrong.size:
        raise ValueError(
            f"k must be whole and from 1 to the smallest number of attempts, {tries.min():g}; one was {wrong[0]:g}. "
            "For more attempts than were made, fit a Beta law."
        )
    return ks, hits, tries


def by_cluster(values: Array, clusters: Sequence[Hashable] | None) -> Array:
    """Return sums of values [M, Q] over the questions of each cluster, [G, M]; None where each stands for itself.

    Raises:
        ValueError: there is not one cluster a question.
    """
    if clusters is None:
        return values.T
    if len(clusters) != values.shape[1]:
        raise ValueError(f"There must be one cluster a question, {values.shape[1]}; there were {len(clusters)}.")
    place = {name: at for at, name in enumerate(dict.fromkeys(clusters))}
    sums = np.zeros((len(place), len(values)))
    np.add.at(sums, [place[name] for name in clusters], values.T)
    return sums


def _log_none(ks: Array, hits: Array, tries: Array) -> Array:
    """Return ln [C(n-c, k)/C(n, k)] = Σ_{j<c} ln(1 - k/(n - j)), [K, Q]; -inf where k attempts must hold a success.

    The sum keeps every digit of a small chance, which differences of ln Γ lose.
    """
    none = np.full((len(ks), len(hits)), -np.inf)
    for n in np.unique(tries):
        here = np.flatnonzero(tries == n)
        for row, k in zip(none, ks, strict=True):
            left = here[hits[here] <= n - k]
            steps = n - np.arange(hits[left].max(initial=0))
            row[left] = np.concatenate([[0.0], np.cumsum(np.log1p(-k / steps))])[hits[left].astype(int)]
    return none
