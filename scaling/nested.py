"""Tests of a law within a freer one: whether they differ, and how far apart they are.

Inference is robust to clusters. The score test needs the shared fit alone, and its size holds where those of likelihood
ratios do not (SCALING.md part 5).
"""

from dataclasses import dataclass

import numpy as np

from scaling.likelihood import Law, bootstrap, information, maximise, meat, scores
from scaling.results import Array

_RIDGE = 1e-7  # relative; a direction that no cell speaks of stays invertible


@dataclass(frozen=True, slots=True)
class ScoreTest:
    """A cluster-robust score test.

    Attributes:
        statistic: chi-square with `freedom` degrees of freedom under the null.
    """

    statistic: float
    freedom: int
    p: float


@dataclass(frozen=True, slots=True)
class Gap:
    """How far apart the free and the shared law are.

    Attributes:
        each: |P_free - P_shared| of every cell, [C].
        upper: its one-sided upper 95 % limit, [C].
    """

    each: Array
    upper: Array


def score_test(shared: Law, free: Law, x: Array, successes: Array, attempts: Array) -> ScoreTest:
    """Test a law within a freer one, from the freer law's scores at the fit of the former; robust to clusters.

    T = Uᵀ A⁻¹ Hᵀ (H A⁻¹ B A⁻¹ Hᵀ)⁻¹ H A⁻¹ U with the free law's scores U, information A and clustered variance B at the
    shared fit, and H the directions in which the free law leaves the shared one (Boos 1992; as
    statsmodels' GEE.compare_score_test).

    Args:
        shared: its parameter "ln shape" stands for every "ln shape d", "ln shape w", … of `free`.
        free: the freer law.
        x: [C, J].
        successes: [G, C].
        attempts: [G, C].

    Raises:
        FitError: fewer than two clusters.
        ValueError: the laws' parameters do not correspond.
    """
    from scipy.linalg import null_space
    from scipy.stats import chi2

    spread = _spread(shared, free)
    theta = spread @ maximise(shared, x, successes.sum(0)[None], attempts.sum(0)[None]).theta[0]
    each = scores(free, theta, x, successes, attempts)
    # The data's information alone: with the prior's, the estimated parameters would not drop out of H A⁻¹ U.
    own = information(free, theta, x, attempts) - np.diag(free.prior(x)[1] ** -2.0)
    leaving = null_space(spread.T).T @ np.linalg.inv(own + _RIDGE * np.diag(np.diag(own)))
    moved, variance = leaving @ each.sum(0), leaving @ meat(each) @ leaving.T
    # Pseudo-inverse: a direction in which no question moves is not tested.
    rank = int(np.linalg.matrix_rank(variance, hermitian=True))
    statistic = float(moved @ np.linalg.pinv(variance, hermitian=True) @ moved)
    return ScoreTest(statistic, rank, float(chi2.sf(statistic, rank)) if rank else 1.0)


def _spread(shared: Law, free: Law) -> Array:
    """Return the matrix [p_free, p_shared] that writes parameters of the shared law as those of the free one."""
    spread = np.array([[float(f"{name} ".startswith(f"{of} ")) for of in shared.names] for name in free.names])
    if not ((spread.sum(1) == 1).all() and (spread.sum(0) > 0).all()):
        raise ValueError(
            f"The parameters {', '.join(free.names)} are no freer version of {', '.join(shared.names)}: each must be "
            "one of these, with the name of an axis added where it is its own."
        )
    return spread


def gap(shared: Law, free: Law, x: Array, successes: Array, attempts: Array, *, replicates: int, seed: int = 0) -> Gap:
    """Return how far the free law is from the shared one in every cell, with bootstrap standard errors by cluster."""
    values, samples = [], []
    for law in (shared, free):
        theta = maximise(law, x, successes.sum(0)[None], attempts.sum(0)[None]).theta
        values.append(law.probability(theta, x)[0][0])
        sampled = bootstrap(law, x, successes, attempts, replicates=replicates, seed=seed, start=theta[0])
        samples.append(law.probability(sampled, x)[0])
    each = np.abs(values[1] - values[0])
    return Gap(each, each + 1.645 * (samples[1] - samples[0]).std(0, ddof=1))
