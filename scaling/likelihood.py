"""Binomial likelihood of laws over cells: posterior mode by Fisher scoring, batched over replicates, and its sandwich.

Questions (or larger clusters) are the independent units and the same ones stand in every cell, so that the inverse
information is no variance: `sandwich` and `bootstrap` move all cells of a cluster together (SCALING.md part 3).
Shapes: B replicates, G clusters, C cells, J axes, p parameters.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from scaling.errors import FitError
from scaling.results import Array

_EDGE = 1e-12  # of fitted probabilities, never of data
_STEPS, _TOLERANCE = 200, 1e-10
_HALVINGS = 1e12  # damping at which a step is hopeless
_CHUNK = 2_000_000  # numbers in the largest array of a batch


class Law(Protocol):
    """Success as a smooth function of spend and of p parameters on an unbounded scale."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the p parameters."""
        ...

    def probability(self, theta: Array, x: Array) -> tuple[Array, Array]:
        """Return P [B, C] and dP/dθ [B, C, p] at θ [B, p] and extra spend x [C, J] (inf at a measured ceiling)."""
        ...

    def prior(self, x: Array) -> tuple[Array, Array]:
        """Return mean [p] and sd [p] of weak normal priors, made of the measured budgets alone."""
        ...

    def starts(self, x: Array, share: Array) -> Array:
        """Return points [S, p] to start from, given the observed success `share` [C]."""
        ...


@dataclass(frozen=True, slots=True)
class Maximum:
    """Posterior modes.

    Attributes:
        theta: [B, p].
        loss: -log likelihood without the prior and without binomial coefficients, [B].
        converged: [B].
    """

    theta: Array
    loss: Array
    converged: np.ndarray[tuple[int], np.dtype[np.bool_]]


def maximise(law: Law, x: Array, successes: Array, attempts: Array, starts: Array | None = None) -> Maximum:
    """Find the posterior mode of every replicate by Fisher scoring with Levenberg damping.

    Args:
        law: what is fitted.
        x: extra spend of the cells, [C, J].
        successes: sums over clusters, [B, C]; fractions are taken (quasi-binomial).
        attempts: likewise, above 0 somewhere in every row.
        starts: [S, p], or [B, 1, p] for a start of its own for each replicate; None for the law's own.

    Raises:
        FitError: no replicate can be fitted: there is nothing but zeros in `attempts`.
    """
    if not np.any(attempts > 0):
        raise FitError("No cell holds a trial, so there is nothing to fit; add trials.")
    if starts is None:
        total = attempts.sum(0)
        starts = law.starts(x, np.divide(successes.sum(0), total, out=np.full(total.shape, 0.5), where=total > 0))
    batch = len(successes)
    points = np.broadcast_to(starts, (batch, *starts.shape[-2:])).reshape(-1, starts.shape[-1])
    each = starts.shape[-2]
    y, n = np.repeat(successes, each, 0), np.repeat(attempts, each, 0)
    theta, value, done = _climb_all(law, x, y, n, points)
    best = value.reshape(batch, each).argmax(1) + each * np.arange(batch)
    return Maximum(theta[best], -_log_likelihood(law, theta[best], x, successes, attempts), done[best])


def _climb_all(law: Law, x: Array, y: Array, n: Array, points: Array) -> tuple[Array, Array, Array]:
    """Climb from every point, in pieces that fit in memory."""
    size = max(1, _CHUNK // (len(x) * points.shape[1]))
    parts = [
        _climb(law, x, y[at : at + size], n[at : at + size], points[at : at + size])
        for at in range(0, len(points), size)
    ]
    theta, value, done = (np.concatenate(each) for each in zip(*parts, strict=True))
    return theta, value, done


def _climb(law: Law, x: Array, y: Array, n: Array, points: Array) -> tuple[Array, Array, Array]:
    """Return the points reached, their log posterior, and whether the last step was none to speak of."""
    mean, sd = law.prior(x)
    theta = np.array(points, dtype=float)
    value = np.full(len(theta), -np.inf)
    done = np.zeros(len(theta), dtype=bool)
    damping = np.full(len(theta), 1e-3)
    live = np.arange(len(theta))
    gradient, curvature, value[live] = _derivatives(law, theta, x, y, n, mean, sd)
    for _ in range(_STEPS):
        diagonal = np.einsum("bii->bi", curvature)
        damped = curvature + (damping[live, None] * diagonal)[:, :, None] * np.eye(theta.shape[1])
        step = np.linalg.solve(damped, gradient[:, :, None])[:, :, 0]
        small = np.einsum("bi,bi->b", gradient, step) < _TOLERANCE * (1 + np.abs(value[live]))
        done[live[small]] = True
        step = np.clip(step, -2.0, 2.0)  # a longer one leaves the region where the information says anything
        tried = theta[live] + step
        reached = _log_posterior(law, tried, x, y[live], n[live], mean, sd)
        better = reached >= value[live]
        damping[live] = np.where(better, np.maximum(damping[live] / 5, 1e-9), damping[live] * 8)
        theta[live[better]], value[live[better]] = tried[better], reached[better]
        live = live[~done[live] & (damping[live] < _HALVINGS)]
        if not live.size:
            break
        gradient, curvature, _ = _derivatives(law, theta[live], x, y[live], n[live], mean, sd)
    return theta, value, done


def _derivatives(
    law: Law, theta: Array, x: Array, y: Array, n: Array, mean: Array, sd: Array
) -> tuple[Array, Array, Array]:
    """Return gradient [B, p], expected curvature [B, p, p] and value [B] of the log posterior."""
    share, slope = law.probability(theta, x)
    share = np.clip(share, _EDGE, 1 - _EDGE)
    weight = 1 / (share * (1 - share))
    gradient = np.einsum("bc,bcp->bp", (y - n * share) * weight, slope) - (theta - mean) / sd**2
    scaled = slope * np.sqrt(n * weight)[:, :, None]
    curvature = scaled.transpose(0, 2, 1) @ scaled + np.diag(sd**-2.0)
    return gradient, curvature, _value(share, y, n) - _penalty(theta, mean, sd)


def _value(share: Array, y: Array, n: Array) -> Array:
    value: Array = (y * np.log(share) + (n - y) * np.log1p(-share)).sum(-1)
    return value


def _penalty(theta: Array, mean: Array, sd: Array) -> Array:
    penalty: Array = 0.5 * (((theta - mean) / sd) ** 2).sum(-1)
    return penalty


def _log_likelihood(law: Law, theta: Array, x: Array, y: Array, n: Array) -> Array:
    share: Array = np.clip(law.probability(theta, x)[0], _EDGE, 1 - _EDGE)
    return _value(share, y, n)


def _log_posterior(law: Law, theta: Array, x: Array, y: Array, n: Array, mean: Array, sd: Array) -> Array:
    return _log_likelihood(law, theta, x, y, n) - _penalty(theta, mean, sd)


def information(law: Law, theta: Array, x: Array, attempts: Array) -> Array:
    """Return the expected information [p, p] at θ [p], prior included.

    Args:
        law: the law.
        theta: [p].
        x: [C, J].
        attempts: [C], or [G, C] to be summed.
    """
    mean, sd = law.prior(x)
    n = np.atleast_2d(attempts).sum(0)[None]
    curvature: Array = _derivatives(law, theta[None], x, np.zeros_like(n), n, mean, sd)[1][0]
    return curvature


def scores(law: Law, theta: Array, x: Array, successes: Array, attempts: Array) -> Array:
    """Return every cluster's gradient of the log likelihood, [G, p], from successes and attempts [G, C]."""
    share, slope = law.probability(theta[None], x)
    share = np.clip(share[0], _EDGE, 1 - _EDGE)
    gradient: Array = ((successes - attempts * share) / (share * (1 - share))) @ slope[0]
    return gradient


def meat(each: Array) -> Array:
    """Return G/(G-1) Σ s sᵀ of the clusters' scores [G, p], centred: the variance of their sum."""
    clusters = len(each)
    if clusters < 2:
        raise FitError("One question says nothing of how questions differ; an interval needs at least two.")
    centred = each - each.mean(0)
    variance: Array = clusters / (clusters - 1) * centred.T @ centred
    return variance


def sandwich(law: Law, theta: Array, x: Array, successes: Array, attempts: Array) -> Array:
    """Return the cluster-robust covariance [p, p] of the posterior mode θ [p].

    Bread is the inverse information with the prior's. The prior's information is added to the meat too, as if it came
    from earlier data: a direction that the data says nothing of has the prior's width, and not none.

    Raises:
        FitError: fewer than two clusters.
    """
    _, sd = law.prior(x)
    bread = np.linalg.inv(information(law, theta, x, attempts))
    covariance: Array = bread @ (meat(scores(law, theta, x, successes, attempts)) + np.diag(sd**-2.0)) @ bread
    return covariance


def bootstrap(
    law: Law, x: Array, successes: Array, attempts: Array, *, replicates: int, seed: int, start: Array
) -> Array:
    """Return the modes [R, p] of samples of clusters drawn with replacement, each started from `start` [p].

    All cells of a cluster move together. Replicates of the same seed and number of clusters draw the same clusters, so
    that two laws fitted to them are paired.
    """
    parts = [
        maximise(law, x, weights @ successes, weights @ attempts, start[None]).theta
        for weights in draws(len(successes), replicates, seed)
    ]
    return np.concatenate(parts)


def draws(clusters: int, replicates: int, seed: int) -> Iterator[Array]:
    """Yield how often each cluster is drawn, [≤ R, G], in pieces that fit in memory."""
    random = np.random.default_rng(seed)
    size = max(1, min(replicates, 50_000_000 // (8 * clusters)))
    for at in range(0, replicates, size):
        taken = random.integers(0, clusters, (min(size, replicates - at), clusters))
        # Counted row by row: many times as fast as drawing from a multinomial law where there are many clusters.
        yield np.array([np.bincount(row, minlength=clusters) for row in taken], dtype=float)


def loss(law: Law, theta: Array, x: Array, successes: Array, attempts: Array) -> Array:
    """Return the -log likelihood of every cluster, [G], at θ [p]."""
    share = np.clip(law.probability(theta[None], x)[0][0], _EDGE, 1 - _EDGE)
    each: Array = -_value(share, successes, attempts)
    return each


def predict(
    law: Law, theta: Array, covariance: Array, x: Array, *, freedom: float, confidence: float = 0.95
) -> tuple[Array, Array, Array]:
    """Return success with its limits at x [C, J], each [C]; the interval is made on the logit scale (delta method).

    Args:
        law: the fitted law.
        theta: [p].
        covariance: [p, p].
        x: [C, J].
        freedom: degrees of freedom of the t quantile, clusters - 1.
        confidence: coverage.
    """
    from scipy.special import expit, logit

    share, slope = law.probability(theta[None], x)
    share = np.clip(share[0], _EDGE, 1 - _EDGE)
    gradient = slope[0] / (share * (1 - share))[:, None]
    half = quantile(freedom, confidence) * np.sqrt(np.einsum("cp,pq,cq->c", gradient, covariance, gradient))
    return share, expit(logit(share) - half), expit(logit(share) + half)


def quantile(freedom: float, confidence: float = 0.95) -> float:
    """Return the two-sided t quantile."""
    from scipy.stats import t

    return float(t.ppf(0.5 + confidence / 2, freedom))
