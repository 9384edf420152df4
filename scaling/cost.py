"""What a cell costs: a model of each kind of cost, and its price.

Real costs are not additive: search calls grow as d·w, tokens as d·(t + w·snippet), and context that is read again at
every step as d². So tokens, calls, latency and whatever else was measured are each fitted by non-negative least squares
on products of budgets, and turned into one currency only where prices are given (SCALING.md part 2). Latency is to be
measured as the sum over steps of the slowest of each step's fan-out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import Literal

import numpy as np

from scaling.cells import Cells
from scaling.errors import FitError
from scaling.results import Array

Role = Literal["depth", "width", "thinking", "samples"]
Term = tuple[int, ...]

ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "d": "depth",
        "depth": "depth",
        "w": "width",
        "width": "width",
        "t": "thinking",
        "thinking": "thinking",
        "n": "samples",
        "samples": "samples",
    }
)
# Exponents of depth, width and thinking: 1, d, d·w, d·t, d², d²·w; and where there is no depth.
_DESIGN = ((0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 0, 1), (2, 0, 0), (2, 1, 0))
_FLAT = ((0, 0, 0), (0, 1, 0), (0, 0, 1))


@dataclass(frozen=True, slots=True)
class CostModel:
    """One kind of cost of an attempt, as a non-negative combination of products of budgets.

    Attributes:
        axes: names of the J axes.
        terms: exponents of the axes in each of T products, each of length J.
        coefficients: one a term, in the kind's unit, [T].
        r_squared: share of the variance between cells that the model explains.
        relative_error: mean |predicted - measured| / measured over cells that cost anything.
    """

    axes: tuple[str, ...]
    terms: tuple[Term, ...]
    coefficients: tuple[float, ...]
    r_squared: float
    relative_error: float

    def predict(self, spend: Array) -> Array:
        """Return the cost, [n], at assigned spend [n, J]."""
        cost: Array = _products(spend, self.terms) @ np.array(self.coefficients)
        return cost


def money(costs: Mapping[str, Array], prices: Mapping[str, float]) -> Array:
    """Return cost vectors in one currency, [n].

    Args:
        costs: by kind, [n], in the kind's unit; `Cells.costs` gives the money of each cell.
        prices: of a unit of each kind that is paid for; kinds without one are not.

    Raises:
        ValueError: no price, a price of a kind that was not measured, or one that is no number of at least 0.
    """
    if not prices:
        raise ValueError(f"Give a price for at least one kind of cost; measured were {', '.join(costs) or 'none'}.")
    for kind, price in prices.items():
        if kind not in costs:
            raise ValueError(f"There is a price for {kind!r}, but measured were {', '.join(costs) or 'none'}.")
        if not 0 <= price < np.inf:
            raise ValueError(f"The price of {kind} must be a number of at least 0; it was {price}.")
    total: Array = np.sum([price * costs[kind] for kind, price in prices.items()], axis=0)
    return total


def priced(models: Mapping[str, CostModel], prices: Mapping[str, float]) -> Callable[[Array], Array]:
    """Return the function from assigned spend [n, J] to money [n].

    Args:
        models: by kind of cost.
        prices: as `money`, which raises what is wrong with them when the function is called.
    """
    return lambda spend: money({kind: model.predict(spend) for kind, model in models.items()}, prices)


def fit_costs(
    cells: Cells, *, roles: Mapping[str, Role] = ROLES, terms: Sequence[Term] | None = None
) -> dict[str, CostModel]:
    """Fit every kind of cost to the cells' means, and return the models by kind.

    Args:
        cells: the data; measured ceilings are left out, for they are not bought with budgets.
        roles: what an axis is, by its name; see `design`.
        terms: exponents of the axes, in place of those of `design`.

    Raises:
        FitError: as `fit_cost`, or no cost was measured.
    """
    if not cells.costs:
        raise FitError("No cost was measured; add columns cost_*, such as cost_tokens and cost_calls.")
    chosen = design(cells.axes, roles) if terms is None else terms
    finite = np.isfinite(cells.spend).all(1)
    return {
        kind: fit_cost(cells.axes, chosen, cells.spend[finite], cost[finite], kind=kind)
        for kind, cost in cells.costs.items()
    }


def design(axes: Sequence[str], roles: Mapping[str, Role] = ROLES) -> tuple[Term, ...]:
    """Return the products of budgets that costs are made of, as exponents of the axes.

    With depth d, width w and thinking t they are 1, d, d·w, d·t, d² and d²·w, as far as there are such axes (without
    depth 1, w and t), and n samples multiply each. Where any axis has none of these roles, they are 1, every axis, and
    every product of two axes.

    Args:
        axes: their names.
        roles: what an axis is, by its name.
    """
    place = {roles[axis]: column for column, axis in enumerate(axes) if axis in roles}
    if len(place) < len(axes):
        chosen = [some for size in range(3) for some in combinations(range(len(axes)), size)]
        return tuple(tuple(int(axis in some) for axis in range(len(axes))) for some in chosen)
    found = []
    for powers in _DESIGN if "depth" in place else _FLAT:
        power = dict(zip(("depth", "width", "thinking"), powers, strict=True)) | {"samples": 1}
        found.append(tuple(power[roles[axis]] for axis in axes))
    return tuple(dict.fromkeys(found))


def _products(spend: Array, terms: Sequence[Term]) -> Array:
    """Return the products of budgets, [n, T]."""
    values: Array = np.prod(np.asarray(spend, dtype=float)[:, None, :] ** np.array(terms), axis=2)
    return values


def fit_cost(axes: Sequence[str], terms: Sequence[Term], spend: Array, cost: Array, *, kind: str) -> CostModel:
    """Fit one kind of cost by non-negative least squares on relative errors.

    Errors are relative because cells differ in cost by orders of magnitude, and so does the noise of their means.

    Args:
        axes: names of the J axes.
        terms: exponents of the axes, T of them.
        spend: assigned budgets of cells, or of single runs, [n, J], finite.
        cost: what each spent, [n]; NaN where it was not measured.
        kind: what the cost is called.

    Raises:
        FitError: what was measured does not tell the terms apart, or a cost is negative.
    """
    from scipy.optimize import nnls

    products, cost = _products(spend, terms)[~np.isnan(cost)], cost[~np.isnan(cost)]
    if (cost < 0).any():
        raise FitError(f"The mean of cost_{kind} is {cost.min():g} in a cell; a cost is at least 0. Mend the table.")
    paid = cost > 0
    weight = 1 / np.maximum(cost, cost[paid].min() if paid.any() else 1.0)
    scale = products.max(0, initial=1e-300)
    weighted = products / scale * weight[:, None]
    rank = int(np.linalg.matrix_rank(weighted)) if len(cost) else 0
    if rank < len(terms):
        raise FitError(
            f"The {len(cost)} cells in which cost_{kind} was measured tell apart {rank} of its {len(terms)} terms "
            f"({', '.join(_name(axes, term) for term in terms)}). Measure cells that move two axes at once and three "
            "budgets of each axis, or give fewer terms."
        )
    coefficients = nnls(weighted, cost * weight)[0] / scale
    miss = products @ coefficients - cost
    spread = float(((cost - cost.mean()) ** 2).sum())  # 0 where every cell costs the same
    return CostModel(
        tuple(axes),
        tuple(terms),
        tuple(coefficients.tolist()),
        1 - float((miss**2).sum()) / spread if spread > 0 else float(np.allclose(miss, 0)),
        float(np.mean(np.abs(miss[paid]) / cost[paid])) if paid.any() else 0.0,
    )


def _name(axes: Sequence[str], term: Term) -> str:
    """Return a product of budgets in words."""
    parts = [axis + ("" if power == 1 else f"^{power}") for axis, power in zip(axes, term, strict=True) if power]
    return "·".join(parts) or "1"
