"""Cells: the sums of a table of trials that every fit is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scaling.errors import TrialsError
from scaling.results import Array, Integers

LARGEST = 50_000_000  # clusters × cells; two such arrays are held


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Sufficient statistics: C cells, sorted by spend, of G clusters on J axes.

    A cell is a set of assigned budgets, one an axis. Budgets are counted from the base ("extra spend"), so that all
    axes share one measured cell (SCALING.md part 1).

    Attributes:
        axes: names of the axes.
        spend: assigned budgets, [C, J], in each axis' own unit; inf at a measured ceiling.
        base: the budgets that extra spend is counted from, [J].
        successes: sums of outcome × attempts, [G, C].
        attempts: [G, C]; 0 where a cluster has no trial in a cell.
        costs: mean cost of one attempt, [C] for each kind; NaN where no trial of the cell has it.
        clusters: names of the independent units, each of one or more whole questions.
        questions: number of questions in the table.
        trials: number of its rows.
        seeds: the most attempts of one question in one cell, whether they stand in rows or in column `n`.
        repeats: attempts of one question in one cell, on average over those it stands in.
    """

    axes: tuple[str, ...]
    spend: Array
    base: Array
    successes: Array
    attempts: Array
    costs: Mapping[str, Array]
    clusters: tuple[str, ...]
    questions: int
    trials: int
    seeds: int
    repeats: float = 1.0

    @property
    def x(self) -> Array:
        """Extra spend above the base, [C, J]; inf at a measured ceiling."""
        extra: Array = self.spend - self.base
        return extra

    def along(self, axis: str) -> "Cells":
        """Return the cells that move this axis alone, the base, and the axis' measured ceilings.

        The other axes stand at their base; at a ceiling of `axis` they may be at theirs too, as they are where one run
        with the gold evidence serves all. The columns, clusters and counts stay as they are.

        Raises:
            ValueError: there is no such axis.
        """
        if axis not in self.axes:
            raise ValueError(f"There is no axis {axis!r}; the axes are {', '.join(self.axes)}.")
        column = self.axes.index(axis)
        x = self.x
        others = np.delete(x, column, 1)
        return self.where(((others == 0) | (np.isinf(others) & np.isinf(x[:, [column]]))).all(1))

    def by_question(self) -> "Cells":
        """Return the counts over `repeats`, so that the weak priors of a fit weigh against questions, not attempts.

        Asking every question twice in the same way tells nothing new, and then changes no estimate and no interval.
        """
        return replace(
            self, successes=self.successes / self.repeats, attempts=self.attempts / self.repeats, repeats=1.0
        )

    def where(self, chosen: NDArray[np.bool_]) -> "Cells":
        """Return the chosen cells, [C]; `questions`, `trials` and `seeds` stay those of the whole table."""
        return replace(
            self,
            spend=self.spend[chosen],
            successes=self.successes[:, chosen],
            attempts=self.attempts[:, chosen],
            costs={name: cost[chosen] for name, cost in self.costs.items()},
        )


def locate(spend: Array) -> tuple[Integers, Array]:
    """Return the cell of every trial, [n], and the cells' budgets, [C, J], in lexicographic order.

    Args:
        spend: budgets of the trials, [n, J], without NaN.
    """
    import pandas as pd

    codes = np.zeros(len(spend), dtype=np.int64)
    for column in spend.T:
        place, budgets = pd.factorize(column, sort=True)
        # Codes are made dense at every axis, or the product over many axes would overflow.
        codes, found = pd.factorize(codes * len(budgets) + place, sort=True)
    first = np.zeros(len(found), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(spend))[::-1]
    return codes, spend[first]


def base_of(axes: tuple[str, ...], spend: Array, given: Mapping[str, float]) -> Array:
    """Return the base budgets, [J]: those given, else the smallest finite one of each axis.

    Raises:
        TrialsError: a cell stands below the base, or an axis was measured at its ceiling only.
        ValueError: `given` names no axis, or a budget that is none.
    """
    for axis, budget in given.items():
        if axis not in axes:
            raise ValueError(f"There is no axis {axis!r} to give a base for; the axes are {', '.join(axes)}.")
        if not 0 <= budget < np.inf:
            raise ValueError(f"The base of {axis} must be a finite budget of at least 0; it was {budget}.")
    smallest = spend.min(0)
    base = np.array([given.get(axis, low) for axis, low in zip(axes, smallest, strict=True)], dtype=float)
    for axis, budget, low in zip(axes, base, smallest, strict=True):
        if low < budget:
            raise TrialsError(
                f"Axis {axis!r} was measured at {low:g}, below the base of {budget:g}; give {low:g} as its base, or "
                "leave those trials out."
            )
        if np.isinf(budget):
            raise TrialsError(f"Axis {axis!r} was measured at its ceiling only; add trials at a finite budget.")
    return base


def totals(codes: tuple[Integers, Integers], shape: tuple[int, int], weights: Array) -> Array:
    """Return sums of `weights` [n] by cluster and cell, [G, C].

    Args:
        codes: cluster and cell of every trial, each [n].
        shape: G and C.
        weights: what is summed.

    Raises:
        TrialsError: the sums would not fit in memory, which means that budgets are realised, not assigned ones.
    """
    if shape[0] * shape[1] > LARGEST:
        raise TrialsError(
            f"{shape[0]:,} clusters in {shape[1]:,} cells are more than the {LARGEST:,} sums that fit in memory. An "
            "axis holds budgets that were assigned, the same for many trials; put what a trial really spent in a "
            "column cost_*."
        )
    sums = np.bincount(codes[0] * shape[1] + codes[1], weights, shape[0] * shape[1])
    return sums.reshape(shape).astype(np.float64)


def mean_cost(cells: Integers, count: int, cost: Array, attempts: Array) -> Array:
    """Return the mean cost of an attempt in each cell, [C], over trials that have it; NaN where none has.

    Args:
        cells: cell of every trial, [n].
        count: C.
        cost: of an attempt of every trial, [n]; NaN where it was not measured.
        attempts: [n].
    """
    weight = np.where(np.isnan(cost), 0.0, attempts)
    total = np.bincount(cells, weight, count)
    spent = np.bincount(cells, weight * np.nan_to_num(cost), count)
    mean: Array = np.divide(spent, total, out=np.full(count, np.nan), where=total > 0)
    return mean
