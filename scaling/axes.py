"""Several axes at once: joint laws fitted and ranked by what they foretell, and what one axis is worth in another.

The criterion is loss on the expensive corner that a law was not fitted to: a law is wanted for budgets that nobody has
measured together (SCALING.md part 2). Which laws there are stands in `scaling.joint`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaling.cells import Cells
from scaling.errors import FitError
from scaling.families import FARTHEST
from scaling.joint import LAWS, joint_law
from scaling.likelihood import Law, information, loss, maximise, meat, predict, quantile, sandwich, scores
from scaling.results import Array, ExchangeRate, Interval, LawScore

# Not iterdrag, which takes several tasks to differ from cobb-douglas, nor harm, which is judged by `scaling.decay`.
RANKED = tuple(name for name in LAWS if name not in ("iterdrag", "additive-decay"))
_STEP = 1e-4  # of ln x, for derivatives by differences
_SETTLED = 0.01  # squared standard errors from the mode


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A law fitted to all cells.

    Attributes:
        name: of the law.
        law: of p parameters on J axes.
        cells: what it was fitted to.
        theta: posterior mode, [p].
        covariance: of the mode, cluster-robust, [p, p].
    """

    name: str
    law: Law
    cells: Cells
    theta: Array
    covariance: Array

    @property
    def freedom(self) -> int:
        """Degrees of freedom of intervals: clusters - 1."""
        return len(self.cells.clusters) - 1

    def success(self, spend: Array) -> Array:
        """Return success at assigned spend [n, J], [n].

        Raises:
            FitError: a spend lies beyond four times the measured range.
            ValueError: one lies below the base.
        """
        share: Array = self.law.probability(self.theta[None], extra(self.cells, spend))[0][0]
        return share

    def interval(self, spend: Array, *, confidence: float = 0.95) -> tuple[Array, Array, Array]:
        """Return success with its limits at assigned spend [n, J], each [n].

        Raises:
            FitError: a spend lies beyond four times the measured range.
            ValueError: one lies below the base.
        """
        x = extra(self.cells, spend)
        return predict(self.law, self.theta, self.covariance, x, freedom=self.freedom, confidence=confidence)


def fit_law(cells: Cells, law: str | Law) -> Fitted:
    """Fit a law to all cells.

    Args:
        cells: the data.
        law: the name of a joint law, or a law.

    Raises:
        ValueError: there is no law of that name.
        FitError: the fit does not settle, or there are fewer than two clusters.
    """
    name = law if isinstance(law, str) else type(law).__name__
    chosen = joint_law(law, cells) if isinstance(law, str) else law
    theta = _mode(name, chosen, cells)
    covariance = sandwich(chosen, theta, cells.x, cells.successes, cells.attempts)
    return Fitted(name, chosen, cells, theta, covariance)


def _mode(name: str, law: Law, cells: Cells) -> Array:
    """Return the posterior mode [p]; scoring that creeps along a curved ridge is finished by BFGS."""
    from scipy.optimize import minimize

    x, hits, tries = cells.x, cells.successes.sum(0)[None], cells.attempts.sum(0)[None]
    mean, sd = law.prior(x)
    found = maximise(law, x, hits, tries)
    theta: Array = found.theta[0]
    if found.converged[0]:
        return theta

    def value(at: Array) -> float:
        return float(loss(law, at, x, hits, tries)[0] + 0.5 * (((at - mean) / sd) ** 2).sum())

    def slope(at: Array) -> Array:
        down: Array = (at - mean) / sd**2 - scores(law, at, x, hits, tries)[0]
        return down

    theta = minimize(value, theta, jac=slope, method="BFGS").x
    left = slope(theta)
    if not left @ np.linalg.solve(information(law, theta, x, tries), left) < _SETTLED:
        raise FitError(f"The fit of {name} to {len(x)} cells did not settle; measure more cells that move two axes.")
    return theta


def extra(cells: Cells, spend: Array) -> Array:
    """Return extra spend [n, J] of assigned spend [n, J].

    Raises:
        FitError: one lies beyond four times the measured range, where no law is trusted.
        ValueError: one lies below the base, or is no number.
    """
    x: Array = np.asarray(spend, dtype=float) - cells.base
    for row, axis in np.argwhere(~_near(cells, x)):
        name, base, asked = cells.axes[axis], cells.base[axis], spend[row, axis]
        if not asked >= base:
            raise ValueError(f"{name} was measured from {base:g}, and the spend asked for was {asked:g}.")
        raise FitError(
            f"{name} was measured from {base:g} to {base + _top(cells)[axis]:g}, and a spend of {asked:g} is more than "
            f"{FARTHEST:g} times that range; no law is trusted so far. Measure larger budgets, or ask for smaller ones."
        )
    return x


def within(cells: Cells, x: Array) -> NDArray[np.bool_]:
    """Tell for extra spend [n, J] whether it lies within four times the measured range on every axis, [n]."""
    near: NDArray[np.bool_] = np.all(_near(cells, x), axis=1)
    return near


def _near(cells: Cells, x: Array) -> NDArray[np.bool_]:
    """Tell it for every axis, [n, J]; a measured ceiling counts as near."""
    ceiling = np.isinf(x) & np.isinf(cells.x).any(0)
    farthest: Array = np.where(ceiling, np.inf, FARTHEST * _top(cells) * (1 + 1e-9))
    return (x >= 0) & (x <= farthest)


def _top(cells: Cells) -> Array:
    """Return the largest finite extra spend measured on every axis, [J]."""
    top: Array = np.where(np.isfinite(cells.x), cells.x, 0.0).max(0)
    return top


def corner(cells: Cells) -> NDArray[np.bool_]:
    """Mark the expensive corner, [C]: cells with two axes or more in the upper half of their measured levels.

    The upper half starts at the median of the levels above the base. Measured ceilings are no part of it.

    Raises:
        FitError: no cell moves two axes, or none lies in that corner, or nothing else is left.
    """
    x = cells.x
    moved = (x > 0) & np.isfinite(x)
    if not (moved.sum(1) > 1).any():
        raise FitError(
            f"None of the {len(x)} cells moves two axes at once, so how they combine was not measured; add cells that "
            "do, such as all corners of low and high budgets."
        )
    high = np.zeros_like(moved)
    for axis, column in enumerate(x.T):
        levels = np.unique(column[moved[:, axis]])
        if levels.size:
            high[:, axis] = moved[:, axis] & (column >= np.median(levels))
    found: NDArray[np.bool_] = (high.sum(1) > 1) & np.isfinite(x).all(1) & (cells.attempts.sum(0) > 0)
    if not found.any() or (cells.attempts[:, ~found].sum(0) > 0).sum() < 2:
        raise FitError(
            f"{int(found.sum())} of {len(x)} cells have two axes in the upper half of their budgets; ranking laws "
            "takes such cells to foretell and others to fit. Add cells that move two axes far, and some that do not."
        )
    return found


def rank(cells: Cells, laws: Sequence[str] = RANKED) -> tuple[LawScore, ...]:
    """Return joint laws, the one that foretells the expensive corner best first.

    Args:
        cells: the data.
        laws: names of joint laws.

    Raises:
        ValueError: there is no law of that name, or none is named.
        FitError: the cells do not say how axes combine (see `corner`), or all outcomes are equal.
    """
    if not laws:
        raise ValueError("Name at least one joint law to rank.")
    hits, tries = float(cells.successes.sum()), float(cells.attempts.sum())
    if hits in (0.0, tries):
        raise FitError(
            f"All {tries:g} outcomes are {hits / max(tries, 1):g}, which every law foretells; add other questions."
        )
    out = corner(cells)
    kept, left = cells.where(~out), cells.where(out)
    trials = float(left.attempts.sum())
    losses, thetas = {}, {}
    for name in laws:
        law = joint_law(name, cells)
        foretold = _mode(name, law, kept)
        losses[name] = loss(law, foretold, left.x, left.successes, left.attempts)
        thetas[name] = dict(zip(law.names, _mode(name, law, cells).tolist(), strict=True))
    best = losses[min(losses, key=lambda name: float(losses[name].sum()))]
    ranked = [
        LawScore(
            name,
            float(each.sum()) / trials,
            float(np.sqrt(meat((each - best)[:, None])[0, 0])) / trials,
            thetas[name],
        )
        for name, each in losses.items()
    ]
    return tuple(sorted(ranked, key=lambda score: score.loss))


def close(ranked: Sequence[LawScore]) -> tuple[str, ...]:
    """Return the names of the laws within two standard errors of the best one's loss, itself first."""
    ranked = sorted(ranked, key=lambda score: score.loss)
    return tuple(score.law for score in ranked if score.loss - ranked[0].loss <= 2 * score.loss_se)


def exchange(fitted: Fitted, spend: Array, of: str, to: str, *, confidence: float = 0.95) -> ExchangeRate:
    """Return how much of one axis does at this point what a unit of another does: (∂P/∂x_of) / (∂P/∂x_to).

    The interval is made on the logarithm (delta method, cluster sandwich). It holds at this point; under CES with ρ = 1
    it is κ_to / κ_of everywhere.

    Args:
        fitted: the law.
        spend: assigned budgets, [J], above the base on both axes.
        of: the axis whose unit is exchanged.
        to: the axis it is counted in.
        confidence: coverage.

    Raises:
        ValueError: there is no such axis, or one stands at its base.
        FitError: the point lies too far out, or more of an axis does not raise success there.
    """
    logs, slopes = [], []
    for axis in (of, to):
        log, slope = _marginal(fitted, spend, axis)
        logs.append(log)
        slopes.append(slope)
    contrast = slopes[0] - slopes[1]
    half = quantile(fitted.freedom, confidence) * float(np.sqrt(contrast @ fitted.covariance @ contrast))
    log = logs[0] - logs[1]
    rate = Interval(*(float(np.exp(end)) for end in (log, log - half, log + half)))
    return ExchangeRate(of, to, rate, constant=False)


def _marginal(fitted: Fitted, spend: Array, axis: str) -> tuple[float, Array]:
    """Return ln ∂P/∂x of an axis and its gradient by θ [p], by central differences in ln x."""
    cells = fitted.cells
    if axis not in cells.axes:
        raise ValueError(f"There is no axis {axis!r}; the axes are {', '.join(cells.axes)}.")
    column = cells.axes.index(axis)
    x = extra(cells, np.asarray(spend, dtype=float)[None])[0]
    if not 0 < x[column] < np.inf:
        raise ValueError(f"An exchange rate needs some of both axes; {axis} stands at {spend[column]:g}.")
    pair = np.stack([x, x])
    pair[:, column] *= np.exp([-_STEP, _STEP])
    share, slope = fitted.law.probability(fitted.theta[None], pair)
    gain = float(share[0, 1] - share[0, 0])
    if not gain > 0:
        raise FitError(
            f"Under {fitted.name} more {axis} does not raise success at {spend[column]:g}; there is no exchange rate."
        )
    return float(np.log(gain / (2 * _STEP * x[column]))), (slope[0, 1] - slope[0, 0]) / gain
