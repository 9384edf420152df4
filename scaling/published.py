"""Fits of published results: losses of models, accuracies with their number of questions, means over configurations.

Such data has no questions to cluster by, so that standard errors are unpaired. The known answers of SCALING.md part 6
are reproduced with what is here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from scaling.compare import decide
from scaling.errors import FitError
from scaling.laws import FORMS, AxisLaw
from scaling.likelihood import draws, maximise
from scaling.pinned import Pinned
from scaling.results import Array, Decision, Interval

_NO_PRIOR = 100.0  # standard deviations of priors so wide that the mode is the maximum of the likelihood
_FAR = 300.0  # e^300 is as good as infinite
_FEWEST = 10  # points of a fit of five parameters


@dataclass(frozen=True, slots=True)
class LossFit:
    """The fit of L = E + A N^-α + B D^-β (Hoffmann et al. 2022, eq. 2) with its bootstrap.

    Attributes:
        value: E, A, B, α, β, [5].
        samples: the same of samples of the points with replacement, [R, 5].
        objective: Σ Huber(ln L - ln L̂), the sum and not the mean.
        agreeing: the part of the starts that reached this objective to one part in 10⁴.
    """

    value: Array
    samples: Array
    objective: float
    agreeing: float

    @property
    def error(self) -> Array:
        """Bootstrap standard errors, [5]."""
        error: Array = self.samples.std(0, ddof=1)
        return error


@dataclass(frozen=True, slots=True)
class Equality:
    """Whether two exponents are equal: a test of difference, and two one-sided tests of equivalence.

    Attributes:
        difference: with its 95 % bootstrap percentiles.
        p: of no difference (normal, bootstrap standard error).
        upper: one-sided upper 95 % limit of the absolute difference; equal where it is below the margin.
    """

    difference: Interval
    p: float
    upper: float
    decision: Decision


@dataclass(frozen=True, slots=True)
class _Huber:
    """The summed Huber loss of ln L.

    ln N and ln D are counted from their means, where the size of a term hardly trades off with its exponent: no start
    is lost on the way, where of uncentred ones many are. In units of δ² the loss is of order 1 a point.
    """

    log_n: Array
    log_d: Array
    log_loss: Array
    delta: float

    def __call__(self, theta: Array, weight: Array) -> tuple[float, Array]:
        """Return the loss of points weighted by `weight` and its gradient at θ = ln E, ln a, ln b, α, β."""
        from scipy.special import huber

        size, tokens = theta[1] - theta[3] * self.log_n, theta[2] - theta[4] * self.log_d
        terms = np.exp(np.clip([np.full_like(size, theta[0]), size, tokens], -_FAR, _FAR))
        total = terms.sum(0)
        rest = (np.log(total) - self.log_loss) / self.delta
        pull = terms / total * np.clip(rest, -1.0, 1.0) * weight / self.delta
        gradient = np.append(pull.sum(1), (-pull[1] @ self.log_n, -pull[2] @ self.log_d))
        return float(huber(1.0, rest) @ weight), gradient

    def minimise(self, start: Array, weight: Array) -> tuple[float, Array]:
        """Return the minimum and where it is."""
        from scipy.optimize import minimize

        # Loose tolerances stop early: the error in the first published fit of this law.
        options = {"ftol": 1e-14, "gtol": 1e-7, "maxiter": 5000, "maxfun": 20000, "maxcor": 20}
        found = minimize(self, start, args=(weight,), jac=True, method="L-BFGS-B", options=options)
        return float(found.fun), np.asarray(found.x)

    def starts(self) -> list[Array]:
        """Return points over E from a third to nearly all of the least loss, and exponents from .2 to 1."""
        least, middle = np.exp(self.log_loss.min()), np.exp(np.median(self.log_loss))
        return [
            np.array([np.log(part * least), *np.log([(middle - part * least) / 2] * 2), alpha, beta])
            for part, alpha, beta in product((0.3, 0.6, 0.9), (0.2, 0.5, 1.0), (0.2, 0.5, 1.0))
        ]


def fit_loss(
    parameters: Array, tokens: Array, loss: Array, *, delta: float = 1e-3, replicates: int = 1000, seed: int = 0
) -> LossFit:
    """Fit L = E + A N^-α + B D^-β to final losses by Huber's loss on ln L, from many starts.

    The estimator is that of Hoffmann et al. 2022 as corrected by Besiroglu et al. 2024: losses are summed and
    tolerances tight, for a mean makes the optimiser stop early.

    Args:
        parameters: N, [n].
        tokens: D, [n].
        loss: L, [n].
        delta: where Huber's loss turns from squares to absolute values.
        replicates: of the bootstrap over points, at least 2.
        seed: of the bootstrap.

    Raises:
        FitError: fewer than ten points, or all of one size or one number of tokens.
        ValueError: lengths that differ, a number that is not positive and finite, or fewer than two replicates.
    """
    data = np.stack([parameters, tokens, loss]) if len(parameters) == len(tokens) == len(loss) else np.zeros((3, 0))
    if not data.size or not (np.isfinite(data) & (data > 0)).all():
        raise ValueError("Sizes, tokens and losses must be positive, finite and as many of each.")
    if not delta > 0 or replicates < 2:
        raise ValueError(f"δ must be above 0 and replicates at least 2; they were {delta} and {replicates}.")
    points = data.shape[1]
    if points < _FEWEST or (np.ptp(data[:2], 1) == 0).any():
        raise FitError(
            f"There are {points} models of {len(np.unique(data[0]))} sizes and {len(np.unique(data[1]))} numbers of "
            f"tokens; five parameters need at least {_FEWEST} models that differ in both."
        )
    logs = np.log(data)
    centre = logs[:2].mean(1)
    huber = _Huber(logs[0] - centre[0], logs[1] - centre[1], logs[2], delta)
    reached = [huber.minimise(start, np.ones(points)) for start in huber.starts()]
    least, best = min(reached, key=lambda each: each[0])
    samples = [huber.minimise(best, weight)[1] for part in draws(points, replicates, seed) for weight in part]
    agreeing = float(np.mean([value <= least * (1 + 1e-4) for value, _ in reached]))
    return LossFit(_uncentred(best, centre), _uncentred(np.array(samples), centre), least * delta**2, agreeing)


def _uncentred(theta: Array, centre: Array) -> Array:
    """Return E, A, B, α, β of ln E, ln a, ln b, α, β [..., 5]."""
    value = theta.copy()
    value[..., 1:3] += theta[..., 3:] * centre
    value[..., :3] = np.exp(value[..., :3])
    return value


def equal_exponents(fit: LossFit, margin: float = 0.05) -> Equality:
    """Judge whether size and tokens have the same exponent, α = β.

    Args:
        fit: of the law.
        margin: of equivalence, fixed before looking.

    Raises:
        FitError: the bootstrap did not move the exponents.
        ValueError: the margin is not above 0.
    """
    from scipy.stats import norm

    if not margin > 0:
        raise ValueError(f"The margin of equivalence must be above 0; it was {margin}.")
    value, samples = float(fit.value[3] - fit.value[4]), fit.samples[:, 3] - fit.samples[:, 4]
    error = float(samples.std(ddof=1)) if len(samples) > 1 else 0.0
    if not error > 0:
        raise FitError(f"{len(samples)} samples do not say how far the exponents may move; ask for more replicates.")
    p = 2 * float(norm.sf(abs(value) / error))
    upper = abs(value) + float(norm.ppf(0.95)) * error
    low, high = np.quantile(samples, (0.025, 0.975))
    return Equality(Interval(value, float(low), float(high)), p, upper, decide(p, upper, margin))


@dataclass(frozen=True, slots=True)
class PublishedCurve:
    """Accuracy along one axis as it was published.

    Attributes:
        spend: budgets C, finite and above 0, [C].
        successes: right answers, [C]; accuracy × questions where only that is known.
        attempts: questions, above 0, [C].
    """

    spend: Array
    successes: Array
    attempts: Array

    def __post_init__(self) -> None:
        if not len(self.spend) == len(self.successes) == len(self.attempts):
            raise ValueError("A curve needs as many budgets, successes and attempts.")
        budgets = np.isfinite(self.spend) & (self.spend > 0)
        if not (budgets & (self.successes >= 0) & (self.successes <= self.attempts) & (self.attempts > 0)).all():
            raise ValueError("Budgets and attempts must be above 0, and successes between 0 and attempts.")


@dataclass(frozen=True, slots=True)
class Misfit:
    """How far a law is from a published curve.

    Attributes:
        deviance: 2 (ln likelihood of the counts themselves - that of the law), about chi-square.
        freedom: points less parameters.
    """

    deviance: float
    freedom: int


def misfits(curve: PublishedCurve) -> tuple[Misfit, Misfit]:
    """Return the misfit of straight log-odds, logit P = a + ε ln C, and of the Lomax law with floor and ceiling free.

    Both are fitted by maximum likelihood, without priors. Extra spend is counted from the smallest budget.

    Raises:
        FitError: there are not right and wrong answers at two budgets, or Lomax does not settle.
    """
    from scipy.special import expit, rel_entr

    hits, tries = curve.successes, curve.attempts
    slope, intercept = _log_odds([curve], common=True).params
    law = Pinned(AxisLaw(FORMS["lomax"], ("spend",)), widen=_NO_PRIOR)
    x = (curve.spend - curve.spend.min())[:, None]
    found = maximise(law, x, hits[None], tries[None])
    if not found.converged[0]:
        raise FitError(f"The Lomax law did not settle on these {len(x)} budgets, so that its misfit is not known.")
    bent = law.probability(found.theta, x)[0][0]

    def misfit(share: Array, parameters: int) -> Misfit:
        apart = rel_entr(hits, tries * share) + rel_entr(tries - hits, tries * (1 - share))
        return Misfit(2 * float(apart.sum()), len(x) - parameters)

    return misfit(expit(intercept + slope * np.log(curve.spend)), 2), misfit(bent, len(law.names))


@dataclass(frozen=True, slots=True)
class Slopes:
    """Elasticities of several published curves, with 95 % intervals of the binomial model.

    Attributes:
        each: one a curve.
        common: of all curves, each with an intercept of its own.
        statistic: of the likelihood-ratio test that all slopes are equal, chi-square with `freedom` degrees of freedom.
    """

    each: tuple[Interval, ...]
    common: Interval
    statistic: float
    freedom: int
    p: float


def equal_slopes(curves: Sequence[PublishedCurve]) -> Slopes:
    """Fit logit P = a_i + ε_i ln C to several curves and test whether one ε serves all; curves are independent.

    Raises:
        FitError: fewer than two curves, or one without right and wrong answers at two budgets.
    """
    from scipy.stats import chi2

    if len(curves) < 2:
        raise FitError(f"Slopes are compared with one another; there was {len(curves)} curve. Add one.")
    common, own = _log_odds(curves, common=True), _log_odds(curves, common=False)
    each, (shared, *_) = (
        [Interval(*map(float, ends)) for ends in np.column_stack([fit.params, fit.conf_int()])] for fit in (own, common)
    )
    statistic, freedom = float(common.deviance - own.deviance), len(curves) - 1
    return Slopes(tuple(each[: len(curves)]), shared, statistic, freedom, float(chi2.sf(statistic, freedom)))


def _log_odds(curves: Sequence[PublishedCurve], *, common: bool) -> Any:
    """Return statsmodels' binomial regression on ln C: the slope or slopes first, then an intercept a curve.

    Right and wrong answers are rows with weights: of counts, it stops at a curve that is met exactly, as one of two
    budgets is.
    """
    import statsmodels.api as sm

    for curve in curves:
        right, wrong = curve.spend[curve.successes > 0], curve.spend[curve.successes < curve.attempts]
        if not (right.size and wrong.size and right.min() < wrong.max() and wrong.min() < right.max()):
            raise FitError(
                f"A curve has {curve.successes.sum():g} of {curve.attempts.sum():g} answers right at "
                f"{len(np.unique(curve.spend))} budgets, and right and wrong ones at no two of them, so that its "
                "log-odds have no finite slope; leave it out."
            )
    own = np.repeat(np.eye(len(curves)), [len(curve.spend) for curve in curves], axis=0)
    log = np.log(np.concatenate([curve.spend for curve in curves]))[:, None]
    design = np.hstack([log if common else log * own, own])
    counts = np.concatenate([c.successes for c in curves] + [c.attempts - c.successes for c in curves])
    some, answers = counts > 0, np.repeat([1.0, 0.0], len(log))
    rows = np.vstack([design, design])[some]
    return sm.GLM(answers[some], rows, family=sm.families.Binomial(), freq_weights=counts[some]).fit()
