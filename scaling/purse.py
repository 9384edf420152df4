"""What a budget buys: the unit that cost is counted in, the law and prices behind a choice, and the choice in words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from scaling.allocate import Choice, Money, Recommendation
from scaling.axes import Fitted, fit_law
from scaling.cells import Cells
from scaling.cost import fit_costs, money, priced
from scaling.errors import FitError
from scaling.numerals import digits, number
from scaling.results import Array, ScalingFit
from scaling.wording import escaped, percent, points, within

LABELS = {"uniform": "all axes alike", "best observed": "best measured cell"}


@dataclass(frozen=True, slots=True)
class Currency:
    """What cost is counted in.

    Attributes:
        unit: its name: a kind of cost, or "money" where prices were given.
        prices: of a unit of each kind of cost that is paid for.
    """

    unit: str
    prices: Mapping[str, float]

    def of_cells(self, cells: Cells) -> Array:
        """Return the mean cost of an attempt in every cell, [C]; NaN where it was not measured."""
        return money(cells.costs, self.prices)


@dataclass(frozen=True, slots=True)
class Purse:
    """What a budget buys.

    Attributes:
        fitted: the joint law that foretold best.
        money: what an attempt costs, by assigned spend.
        unit: what it is counted in.
    """

    fitted: Fitted
    money: Money
    unit: str

    @property
    def cells(self) -> Cells:
        """What was measured."""
        return self.fitted.cells

    def budgets(self, count: int) -> Array:
        """Return budgets from the cheapest measured cell that costs anything to the dearest, equal ratios apart."""
        cost = self.money(self.cells.spend[np.isfinite(self.cells.spend).all(1)])
        found: Array = np.geomspace(float(cost[cost > 0].min()), float(cost.max()), count)
        return found


def currency(cells: Cells, kind: str | None, prices: Mapping[str, float]) -> Currency:
    """Return what cost is counted in: money where there are prices, else one kind of cost.

    Args:
        cells: what was measured.
        kind: of cost; None for the only one.
        prices: of a unit of each kind of cost that is paid for; none to count in `kind`.

    Raises:
        ValueError: both or neither say what to count, or there is no such kind; the message names those there are.
    """
    there = ", ".join(cells.costs) or "none, for the table has no column cost_*"
    if prices and kind is not None:
        raise ValueError(f"Cost is counted in {kind} or, by prices, in money; give one of them.")
    if prices:
        money(cells.costs, prices)
        return Currency("money", prices)
    if kind is None and len(cells.costs) != 1:
        raise ValueError(f"Say which kind of cost the budget is counted in; there are: {there}.")
    chosen = next(iter(cells.costs)) if kind is None else kind
    if chosen not in cells.costs:
        raise ValueError(f"There is no kind of cost {chosen!r}; there are: {there}.")
    return Currency(chosen, {chosen: 1.0})


def purse(fit: ScalingFit, cells: Cells, paid: Currency) -> Purse:
    """Return what budgets buy under the best joint law.

    Raises:
        FitError: how axes combine, or what a cell that was not measured costs, is not known.
    """
    if not fit.joint:
        raise FitError(
            "How the axes combine is not known, for no law of all of them was ranked. Add cells that move two axes."
        )
    if not (paid.of_cells(cells) > 0).any():
        raise FitError(f"No cell costs any {paid.unit}, so there is nothing to spend; count another kind of cost.")
    models = fit_costs(replace(cells, costs={kind: cells.costs[kind] for kind in paid.prices}))
    return Purse(fit_law(cells, fit.joint[0].law), priced(models, paid.prices), paid.unit)


def advice(one: Recommendation, unit: str) -> tuple[str, ...]:
    """Return a recommendation in sentences: what to do, how sure that is, and what it gains."""
    best = one.best
    said = (
        f"With a budget of {number(one.budget)} ({escaped(unit)}) an attempt: **{_dials(best)}**. Expected accuracy "
        f"{within(best.success, percent)}, for {digits(best.cost)}."
    )
    note = "Ranges of budgets are what other samples of questions would have recommended."
    return said, *_disagreement(one), *_worth(one), note


def _dials(choice: Choice) -> str:
    """Return dials with their ranges."""
    return ", ".join(
        f"{escaped(axis)} {number(dial.value)} ({number(dial.low)} to {number(dial.high)})"
        for axis, dial in choice.dials.items()
    )


def _disagreement(one: Recommendation) -> tuple[str, ...]:
    """Return what the laws that foretold about as well recommend."""
    if not one.others:
        return (f"The law {escaped(one.best.law)} foretold unseen cells best, and clearly so.",)
    rest = "; ".join(f"{escaped(other.law)}: {_dials(other)}" for other in one.others)
    if one.decider is None:
        return (f"Laws that foretold about as well as {escaped(one.best.law)} recommend the same: {rest}.",)
    cell = ", ".join(f"{escaped(axis)} {number(at)}" for axis, at in one.decider.items())
    return (
        f"This is the {escaped(one.best.law)} law. Laws that foretold about as well recommend otherwise: {rest}. "
        f"To decide, measure {cell}.",
    )


def _worth(one: Recommendation) -> tuple[str, ...]:
    """Return what more money would add, and what simpler ways to spend it lose."""
    more = f"A budget 10 % larger would add about {points(0.1 * one.budget * one.shadow_price)} of accuracy."
    if not one.regret:
        return (more,)
    lost = "; ".join(f"{escaped(LABELS.get(name, name))} {points(value)}" for name, value in one.regret.items())
    return more, f"Simpler ways to spend the same give away: {lost}."
