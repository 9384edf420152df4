"""The best budgets of all axes for an amount of money: enumeration of a grid under a cost model and the laws that hold.

Real costs are not additive, so the grid is enumerated; closed forms stand in `scaling.splits`. Every law that foretells
about as well as the best has its say, and where they disagree, the cell is named that would decide (SCALING.md part 2).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from scaling.axes import RANKED, Fitted, close, extra, fit_law, rank
from scaling.cells import Cells
from scaling.likelihood import bootstrap
from scaling.results import Array, Interval

Money = Callable[[Array], Array]  # assigned spend [n, J] → what an attempt costs, [n]; `cost.priced` makes one
_DENSE, _SPARSE = 64, 16  # most levels of an axis: one a whole number; else geometric
_STEPS = 65  # from none to all of the range, of the uniform way
_AROUND = 1.25  # times the budget and as much less, for its shadow price
_TIE = 1e-12  # of success
_CHUNK = 1_000_000  # numbers in the largest array of a batch
_LIMITS = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Point:
    """The best cell for a budget under one law."""

    budget: float
    spend: Mapping[str, float]
    success: float
    cost: float


@dataclass(frozen=True, slots=True)
class Choice:
    """What one law recommends.

    Attributes:
        law: its name.
        dials: assigned spend by axis, with the range of what samples of the questions would have recommended.
        success: in that cell, with its interval.
        cost: of an attempt.
    """

    law: str
    dials: Mapping[str, Interval]
    success: Interval
    cost: float


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to spend a budget on.

    Attributes:
        budget: money for an attempt.
        best: what the law recommends that foretold best.
        others: what the laws within two standard errors of it recommend.
        decider: where they disagree, the cell whose measurement would tell them apart for the least money; else None.
        shadow_price: success that a unit of money more would add.
        regret: success given away, under the best law, by simpler ways to spend the budget: every axis at the same
            fraction of its range (`uniform`), the best cell that was measured (`best observed`), one axis alone
            (`d only`). One that cannot be paid is left out.
    """

    budget: float
    best: Choice
    others: tuple[Choice, ...]
    decider: Mapping[str, float] | None
    shadow_price: float
    regret: Mapping[str, float]


def recommend(
    cells: Cells,
    money: Money,
    budget: float,
    *,
    levels: Mapping[str, Sequence[float]] | None = None,
    laws: Sequence[str] = RANKED,
    replicates: int = 200,
    seed: int = 0,
) -> Recommendation:
    """Return the best cell for a budget, how sure that is, and what simpler ways to spend it would lose.

    Args:
        cells: the data.
        money: what an attempt costs.
        budget: money for an attempt.
        levels: budgets to choose from, by axis; None for `measured_levels`.
        laws: names of joint laws.
        replicates: samples of questions (cluster bootstrap).
        seed: of the bootstrap.

    Raises:
        FitError: the cells do not say how axes combine, or a level lies beyond four times the measured range.
        ValueError: the budget buys no cell, or an argument names what is not there.
    """
    options = grid(cells, levels)
    bought = affordable(cells, options, money, budget)
    fits = [fit_law(cells, name) for name in close(rank(cells, laws))]
    choices = [_choose(fitted, bought, money, replicates, seed) for fitted in fits]
    agree = len({tuple(dial.value for dial in choice.dials.values()) for choice in choices}) == 1
    return Recommendation(
        budget,
        choices[0],
        tuple(choices[1:]),
        None if agree else _decider(fits, bought, money),
        shadow_price(fits[0], options, money, budget),
        _regrets(fits[0], options, bought, money, budget),
    )


def measured_levels(cells: Cells) -> dict[str, tuple[float, ...]]:
    """Return the budgets of every axis that a recommendation may name: from its base to the largest measured.

    They are all whole numbers in between, or, where there are more than 64 or the measured ones are no whole numbers,
    the measured ones and 16 geometric steps of extra spend.
    """
    found = {}
    for axis, base, column in zip(cells.axes, cells.base, cells.spend.T, strict=True):
        steps = np.unique(np.append(column[np.isfinite(column)], base))
        span, whole = float(steps[-1]) - base, not (steps % 1).any()
        if whole and span < _DENSE:
            steps = np.arange(base, base + span + 1)
        elif span:
            between = base + np.geomspace(steps[1] - base, span, _SPARSE)[1:-1]
            steps = np.union1d(steps, np.rint(between) if whole else between)
        found[axis] = tuple(steps.tolist())
    return found


def grid(cells: Cells, levels: Mapping[str, Sequence[float]] | None = None) -> Array:
    """Return all combinations of levels, [N, J].

    Args:
        cells: the data.
        levels: budgets by axis; None for `measured_levels`.

    Raises:
        ValueError: the levels are not those of these axes, or one is below the base.
        FitError: one lies beyond four times the measured range.
    """
    chosen = measured_levels(cells) if levels is None else levels
    if set(chosen) != set(cells.axes) or not all(len(each) for each in chosen.values()):
        raise ValueError(f"Give levels for each of the axes {', '.join(cells.axes)}; they were {dict(chosen)}.")
    options = np.array(list(product(*(sorted(chosen[axis]) for axis in cells.axes))), dtype=float)
    extra(cells, options)
    return options


def affordable(cells: Cells, options: Array, money: Money, budget: float) -> Array:
    """Return the options [N, J] that a budget buys.

    Raises:
        ValueError: there is none, or the budget is no number.
    """
    if not np.isfinite(budget):
        raise ValueError(f"The budget must be a number; it was {budget}.")
    cost = money(options)
    bought: Array = options[cost <= budget * (1 + 1e-9)]
    if not len(bought):
        cheapest = ", ".join(
            f"{axis} {at:g}" for axis, at in zip(cells.axes, options[int(np.argmin(cost))], strict=True)
        )
        raise ValueError(
            f"A budget of {budget:g} buys no attempt; the cheapest ({cheapest}) costs {float(cost.min()):g}."
        )
    return bought


def path(fitted: Fitted, options: Array, money: Money, budgets: Sequence[float]) -> tuple[Point, ...]:
    """Return the best option for each budget.

    Args:
        fitted: the law.
        options: assigned spend, [N, J].
        money: what an attempt costs.
        budgets: amounts of money.

    Raises:
        ValueError: a budget buys none.
    """
    points = []
    for budget in budgets:
        bought = affordable(fitted.cells, options, money, budget)
        share = fitted.success(bought)
        best = _best(share[None], money(bought))[0]
        points.append(Point(budget, _named(fitted, bought[best]), float(share[best]), float(money(bought)[best])))
    return tuple(points)


def shadow_price(fitted: Fitted, options: Array, money: Money, budget: float) -> float:
    """Return the success that a unit of money adds at the optimum, by a difference of budgets 25 % up and down.

    Raises:
        ValueError: the budget buys no option.
    """
    least = max(budget / _AROUND, float(money(options).min()))
    low, high = path(fitted, options, money, [min(least, budget), budget * _AROUND])
    return (high.success - low.success) / (high.budget - low.budget)


def _best(share: Array, cost: Array) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the place of the highest success in every row [R, N], the cheapest of those that tie."""
    order = np.argsort(cost, kind="stable")
    found: np.ndarray[tuple[int], np.dtype[np.int64]] = order[np.argmax(share[:, order], axis=1)]
    return found


def _named(fitted: Fitted, spend: Array) -> dict[str, float]:
    """Return a cell by axis."""
    return dict(zip(fitted.cells.axes, spend.tolist(), strict=True))


def _choose(fitted: Fitted, bought: Array, money: Money, replicates: int, seed: int) -> Choice:
    """Return what a law recommends, and how that varies over samples of the questions."""
    cells, cost, x = fitted.cells, money(bought), extra(fitted.cells, bought)
    samples = bootstrap(
        fitted.law, cells.x, cells.successes, cells.attempts, replicates=replicates, seed=seed, start=fitted.theta
    )
    share = fitted.success(bought)
    best = int(_best(share[None], cost)[0])
    chosen, reached = [], []
    size = max(1, _CHUNK // (len(x) * samples.shape[1]))
    for at in range(0, replicates, size):
        sampled = fitted.law.probability(samples[at : at + size], x)[0]
        chosen.append(bought[_best(sampled, cost)])
        reached.append(sampled[:, best])
    low, high = np.quantile(np.concatenate(chosen), _LIMITS, axis=0, method="nearest")
    ends = np.quantile(np.concatenate(reached), _LIMITS)
    dials = {axis: Interval(*map(float, each)) for axis, *each in zip(cells.axes, bought[best], low, high, strict=True)}
    return Choice(fitted.name, dials, Interval(float(share[best]), *ends.tolist()), float(cost[best]))


def _decider(fits: Sequence[Fitted], bought: Array, money: Money) -> dict[str, float]:
    """Return the cell that would tell laws apart for the least money.

    It is one where they differ at least half as much as anywhere, for elsewhere a new fit would make them agree, and
    one that was not measured, if there is any. Among these (max - min)² / (P (1 - P) · cost) is largest, one over the
    money that brings the standard error of a mean down to the difference.
    """
    measured = set(map(tuple, fits[0].cells.spend.tolist()))
    new = np.array([tuple(cell) not in measured for cell in bought.tolist()])
    options = bought[new] if new.any() else bought
    shares = np.stack([fitted.success(options) for fitted in fits])
    spread, mean, cost = np.ptp(shares, axis=0), shares.mean(0), money(options)
    wide = np.flatnonzero(spread >= spread.max() / 2)
    effort = (mean * (1 - mean) * cost / np.maximum(spread, _TIE) ** 2)[wide]
    return _named(fits[0], options[wide[int(np.argmin(effort))]])


def _regrets(fitted: Fitted, options: Array, bought: Array, money: Money, budget: float) -> dict[str, float]:
    """Return what simpler ways to spend the budget lose under a law."""
    top = float(fitted.success(bought).max())
    return {
        name: top - float(fitted.success(spend[None])[0])
        for name, spend in policies(fitted.cells, options, money, budget).items()
    }


def policies(cells: Cells, options: Array, money: Money, budget: float) -> dict[str, Array]:
    """Return simpler ways to spend a budget, each a cell [J]; one that cannot be paid is left out.

    Args:
        cells: the data.
        options: all combinations of levels, [N, J].
        money: what an attempt costs.
        budget: money for an attempt.
    """
    levels = [np.unique(column) for column in options.T]
    measured = cells.where(np.isfinite(cells.spend).all(1) & (cells.attempts.sum(0) > 0))
    # Of each way, cells and by what they are preferred.
    ways = {
        "uniform": (np.stack([_along(column) for column in levels], 1), np.arange(_STEPS)),
        "best observed": (measured.spend, measured.successes.sum(0) / measured.attempts.sum(0)),
    }
    for axis, column in enumerate(levels):
        alone = np.tile([each[0] for each in levels], (len(column), 1))
        alone[:, axis] = column
        ways[f"{cells.axes[axis]} only"] = alone, column
    found = {}
    for name, (spend, preferred) in ways.items():
        paid = money(spend) <= budget * (1 + 1e-9)
        if paid.any():
            found[name] = spend[paid][int(np.argmax(preferred[paid]))]
    return found


def _along(levels: Array) -> Array:
    """Return the largest levels at most the fractions 0, 1/64, …, 1 of their range."""
    at = np.linspace(levels[0], levels[-1], _STEPS) * (1 + 1e-12)
    found: Array = levels[np.searchsorted(levels, at, side="right") - 1]
    return found
