"""The elasticity of success: the slope of its log-odds on the logarithm of spend, over the measured range.

ε is the headline exponent, for it is identified with a few hundred questions where a tail exponent is not. It is the
exponent of IterDRAG's σ⁻¹(P) = (a + b ⊙ i)ᵀ log θ + c (Yue et al. 2025, eq. 3), Cobb-Douglas on the odds. It belongs to
its range: compare two axes over matched ranges of x/κ only. SCALING.md part 1.
"""

import numpy as np

from scaling.errors import FitError
from scaling.likelihood import quantile
from scaling.results import Array, Interval


def elasticity(
    spend: Array, successes: Array, attempts: Array, *, paired: bool = True, confidence: float = 0.95
) -> Interval:
    """Fit logit P = a + ε ln C by a binomial regression with cluster-robust standard errors (statsmodels).

    Args:
        spend: budgets C above 0, [C].
        successes: [G, C].
        attempts: [G, C]; cells without trials are left out.
        paired: the same clusters stand in every cell. Where they do not (published curves of n questions a point), the
            standard error is the binomial model's own.
        confidence: coverage; the quantile is t's with G - 1 degrees of freedom.

    Raises:
        FitError: fewer than two budgets were measured, or right and wrong outcomes do not overlap.
    """
    _refuse(spend, successes, attempts)
    value, covariance = _regress(np.log(spend)[None], successes, attempts, paired)
    half = quantile(len(successes) - 1 if paired else 1e9, confidence) * float(np.sqrt(covariance[0, 0]))
    return Interval(float(value[0]), float(value[0]) - half, float(value[0]) + half)


def difference(
    spend: tuple[Array, Array], successes: tuple[Array, Array], attempts: tuple[Array, Array], confidence: float = 0.95
) -> Interval:
    """Return ε of a first axis less ε of a second, measured on the same clusters.

    Raises:
        FitError: as `elasticity`.
    """
    for place in (0, 1):
        _refuse(spend[place], successes[place], attempts[place])
    first, second = (np.log(each) for each in spend)
    columns = np.zeros((3, len(first) + len(second)))
    columns[0, : len(first)] = first
    columns[1, len(first) :] = second
    columns[2, : len(first)] = 1.0  # an intercept of its own
    value, covariance = _regress(columns, np.hstack(successes), np.hstack(attempts), True)
    gap = float(value[0] - value[1])
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    half = quantile(len(successes[0]) - 1, confidence) * float(np.sqrt(variance))
    return Interval(gap, gap - half, gap + half)


def _refuse(spend: Array, successes: Array, attempts: Array) -> None:
    """Refuse an axis whose log-odds have no finite slope."""
    hits, total = successes.sum(0), attempts.sum(0)
    if len(np.unique(spend[total > 0])) < 2:
        raise FitError("An elasticity needs at least two budgets above 0 on its axis; add cells.")
    right, wrong = spend[hits > 0], spend[hits < total]
    if not (right.size and wrong.size and right.min() < wrong.max() and wrong.min() < right.max()):
        raise FitError(
            f"Of {total.sum():g} outcomes {hits.sum():g} are right, and right and wrong ones overlap at no two "
            "budgets, so that log-odds have no finite slope; add other questions or budgets."
        )


def _regress(columns: Array, successes: Array, attempts: Array, paired: bool) -> tuple[Array, Array]:
    """Return coefficients of the columns [k, C] (an intercept is added last) and their covariance."""
    import statsmodels.api as sm

    design = np.vstack([columns, np.ones(columns.shape[1])]).T
    if paired:
        row, cell = np.nonzero(attempts)
        counts = np.stack([successes[row, cell], attempts[row, cell] - successes[row, cell]], -1)
        model = sm.GLM(counts, design[cell], family=sm.families.Binomial())
        fitted = model.fit(cov_type="cluster", cov_kwds={"groups": row})
    else:
        # Right and wrong answers as weighted rows: counts leave no degree of freedom at two budgets.
        counts = np.concatenate([successes.sum(0), (attempts - successes).sum(0)])
        answers, some = np.repeat([1.0, 0.0], len(design)), counts > 0
        rows = np.vstack([design, design])[some]
        model = sm.GLM(answers[some], rows, family=sm.families.Binomial(), freq_weights=counts[some])
        fitted = model.fit()
    return np.asarray(fitted.params), np.asarray(fitted.cov_params())
