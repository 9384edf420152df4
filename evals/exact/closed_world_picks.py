"""What the law recommends in a closed world, fitted to the agent's trials, against the best cell that was measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.exact.closed_world_run import Point
from scaling.allocate import recommend
from scaling.cells import Cells
from scaling.results import Array
from scaling.trials import Trials

ROUND = 4.0  # price of a round, in searches: what a model would think in one
TOLERANCE = 0.05
FITTED = (1, 2, 3, 5, 9, 17, 33), (1, 2, 3, 4, 6)  # depths and widths that the law sees


@dataclass(frozen=True, slots=True)
class Pick:
    """What the law recommends for a budget, and the best cell of the grid, by the success that was measured in each."""

    budget: float
    law: str
    depth: int
    width: int
    success: float
    best_depth: int
    best_width: int
    best: float

    @property
    def close(self) -> bool:
        """The recommended cell's success is within 5 % of the best."""
        return self.success >= (1 - TOLERANCE) * self.best


def price(spend: Array) -> Array:
    """Return what a cell costs, [n], in searches: d rounds of w searches and what is thought in them."""
    cost: Array = spend[:, 0] * (spend[:, 1] + ROUND)
    return cost


def fitted_cells(found: Sequence[Point]) -> Cells:
    """Return the cells that the law is fitted to."""
    depths, widths = FITTED
    rows = [
        {"question": one.question, "depth": one.depth, "width": one.width, "outcome": float(one.right)}
        for one in found
        if one.depth in depths and one.width in widths
    ]
    return Trials.from_rows(rows, ["depth", "width"]).cells()


def picks(found: Sequence[Point], budgets: Sequence[float]) -> list[Pick]:
    """Return recommendations for budgets, over all depths and widths that were measured."""
    cells = fitted_cells(found)
    names = sorted({(one.depth, one.width) for one in found})
    hits: dict[tuple[int, int], list[bool]] = {}
    for one in found:
        hits.setdefault((one.depth, one.width), []).append(one.right)
    grid = np.array(names, dtype=float)
    success, cost = np.array([np.mean(hits[name]) for name in names]), price(grid)
    levels = {"depth": sorted({float(d) for d, _ in names}), "width": sorted({float(w) for _, w in names})}
    made = []
    for budget in budgets:
        best = recommend(cells, price, budget, levels=levels, replicates=20).best
        chosen = int(best.dials["depth"].value), int(best.dials["width"].value)
        at = int(np.argmax(np.where(cost <= budget, success - 1e-9 * cost, -1)))
        made.append(
            Pick(budget, best.law, *chosen, float(success[names.index(chosen)]), *names[at], float(success[at]))
        )
    return made


def budgets(cells: Cells) -> list[float]:
    """Return a small, a middling and a large budget, as `scaling.purse` cuts the range of what cells cost."""
    cost = price(cells.spend)
    return [float(each) for each in np.geomspace(cost.min(), cost.max(), 5)[1:-1]]
