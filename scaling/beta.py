"""Success rates of questions as draws from a Beta law, and the coverage that follows, also for more attempts than made.

Attempts at one question fail exponentially, and the power law of the mean over questions comes from how success rates
are spread near 0: so that spread is fitted by likelihood, and not the curve by least squares (Schaeffer et al. 2025).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scaling.coverage import by_cluster, counts
from scaling.errors import FitError
from scaling.likelihood import meat, quantile
from scaling.results import Array, Curve, Interval

_ALIKE = 1e6  # a + b, at which questions are all alike
_STATIONARY = 1e-6  # of the mean gradient


def beta_coverage(k: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Return pass@k of questions whose success rates are Beta(a, b): 1 - B(a, b + k)/B(a, b).

    Arrays of k, a and b above 0 are broadcast; k need not be whole. Source: Schaeffer et al. 2025.

    Raises:
        ValueError: a number that is not above 0.
    """
    ks, first, second = (np.asarray(each, dtype=float) for each in (k, a, b))
    if not all((each > 0).all() for each in (ks, first, second)):
        raise ValueError("k, a and b must be above 0, in every element.")
    return -np.expm1(_log_none(ks, first, second))


def _log_none(k: Array, a: Array | float, b: Array | float) -> Array:
    """Return the logarithm of the chance that k attempts all fail."""
    from scipy.special import betaln

    value: Array = betaln(a, b + k) - betaln(a, b)
    return value


@dataclass(frozen=True, slots=True, eq=False)
class BetaFit:
    """A Beta-binomial law fitted to counts.

    Attributes:
        a: shape near 0; coverage approaches 1 as k^-a.
        b: shape near 1.
        errors: standard errors of a and b.
        covariance: of (ln a, ln b), robust to clusters, [2, 2].
        loss: -log likelihood without binomial coefficients.
        questions: how many.
        clusters: how many independent ones.
        attempts: the smallest number of attempts at a question.
    """

    a: Interval
    b: Interval
    errors: tuple[float, float]
    covariance: Array
    loss: float
    questions: int
    clusters: int
    attempts: int

    def coverage(self, k: ArrayLike, confidence: float = 0.95) -> Curve:
        """Return expected pass@k at any k above 0, [K]; the interval is made on ln(-ln(1 - pass@k)) (delta method)."""
        from scipy.special import digamma

        ks = np.atleast_1d(np.asarray(k, dtype=float))
        a, b = self.a.value, self.b.value
        value, none = beta_coverage(ks, a, b), _log_none(ks, a, b)
        both = digamma(a + b) - digamma(a + b + ks)
        gradient = np.stack([a * both, b * (both + digamma(b + ks) - digamma(b))], -1) / none[:, None]
        spread = np.sqrt(np.einsum("kp,pq,kq->k", gradient, self.covariance, gradient))
        factor = np.exp(quantile(self.clusters - 1, confidence) * spread)
        return Curve(ks, value, -np.expm1(none / factor), -np.expm1(none * factor), float(self.attempts))


def fit_beta(
    successes: ArrayLike,
    attempts: ArrayLike,
    *,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> BetaFit:
    """Fit a Beta-binomial law by maximum likelihood, with a covariance that is robust to clusters.

    Args:
        successes: c of each question, [Q].
        attempts: n of each question, [Q] or a number.
        clusters: the cluster of each question; None where each stands for itself.
        confidence: coverage of the intervals, made on the logarithm with t's quantile.

    Raises:
        ValueError: counts that are none, or there is not one cluster a question.
        FitError: the counts determine no Beta law; the message says why and what to add.
    """
    _, hits, tries = counts(1, successes, attempts)
    between = int(((hits > 0) & (hits < tries)).sum())
    if between < 2:
        raise FitError(
            f"{between} of {len(hits)} questions lie between never and always succeeding, and a Beta law needs two at "
            "least; add attempts or other questions."
        )
    theta, loss = _maximum(hits, tries)
    each, curvature = _slopes(theta, hits, tries)
    scores, bread = by_cluster(each.T, clusters), np.linalg.inv(curvature)
    covariance = bread @ meat(scores) @ bread
    width = np.sqrt(np.diag(covariance))
    best, factor = np.exp(theta), np.exp(quantile(len(scores) - 1, confidence) * width)
    a, b = (Interval(*map(float, ends)) for ends in zip(best, best / factor, best * factor, strict=True))
    errors = float(best[0] * width[0]), float(best[1] * width[1])
    return BetaFit(a, b, errors, covariance, loss, len(hits), len(scores), int(tries.min()))


def _maximum(hits: Array, tries: Array) -> tuple[Array, float]:
    """Return the (ln a, ln b) of greatest likelihood and the -log likelihood there."""
    from scipy.optimize import minimize

    found = minimize(
        lambda theta: -_value(theta, hits, tries).mean(),
        _start(hits, tries),
        jac=lambda theta: -_slopes(theta, hits, tries)[0].mean(0),
        hess=lambda theta: -_slopes(theta, hits, tries)[1] / len(hits),
        method="trust-exact",
        options={"gtol": 1e-10, "maxiter": 500},
    )
    if np.exp(found.x).sum() > _ALIKE:
        raise FitError(
            f"The {len(hits)} questions differ no more than chance makes them, so that pass@k is 1 - (1 - p)^k with "
            f"p = {hits.sum() / tries.sum():.4g}; a Beta law needs questions that differ, or more attempts to see it."
        )
    if np.abs(found.jac).max() > _STATIONARY:
        raise FitError(f"No maximum of the likelihood of {len(hits)} questions was found: {found.message}")
    return found.x, float(found.fun) * len(hits)


def _start(hits: Array, tries: Array) -> Array:
    """Return (ln a, ln b) by the method of moments."""
    mean = hits.sum() / tries.sum()
    alike = float(((hits / tries - mean) ** 2).mean() / (mean * (1 - mean)))
    within = float((1 / tries).mean())
    correlation = min(max((alike - within) / (1 - min(within, 0.5)), 1e-3), 0.95)
    start: Array = np.log(np.array([mean, 1 - mean]) * (1 / correlation - 1))
    return start


def _value(theta: Array, hits: Array, tries: Array) -> Array:
    """Return each question's log likelihood without its binomial coefficient, [Q]."""
    from scipy.special import betaln

    a, b = np.exp(theta)
    value: Array = betaln(a + hits, b + tries - hits) - betaln(a, b)
    return value


def _slopes(theta: Array, hits: Array, tries: Array) -> tuple[Array, Array]:
    """Return the gradient of every question, [Q, 2], and the Hessian of their sum, [2, 2], in (ln a, ln b)."""
    from scipy.special import digamma, polygamma

    scale = np.exp(theta)
    shape, seen, whole = scale[None], np.stack([hits, tries - hits], -1), scale.sum()
    both = digamma(whole) - digamma(whole + tries)
    gradient = shape * (both[:, None] + digamma(shape + seen) - digamma(shape))
    shared = (polygamma(1, whole) - polygamma(1, whole + tries)).sum()
    own = (polygamma(1, shape + seen) - polygamma(1, shape)).sum(0)
    return gradient, (shared + np.diag(own)) * np.outer(scale, scale) + np.diag(gradient.sum(0))
