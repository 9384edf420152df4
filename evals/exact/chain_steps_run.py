"""Chains of steps, measured: solvers, budgets and noises, knockouts, and what explains the variance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from evals.exact.chain_steps import Flags, Problems, beam, best_of_n, knockout, uct
from evals.exact.page import share
from scaling.intervals import Estimate
from scaling.variance import Decomposition, decompose
from scaling.vote import Bound, knockout_bound

ORM = 0.3  # noise of the verifier of whole chains that beams and knockouts have

SOLVERS: dict[str, Callable[[Problems, float], Flags]] = {"best of n": best_of_n, "UCT": uct, "beam": beam}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is run: problems of each cell, and the cells."""

    problems: int = 4_000
    budgets: Sequence[int] = (40, 80, 160, 320)
    noises: Sequence[float] = (0.1, 0.3, 1.0, 3.0)
    step_noises: Sequence[float] = (4.0, 2.0, 1.0, 0.5, 0.01)
    rounds: Sequence[tuple[int, int]] = ((4, 2), (8, 4), (16, 8), (32, 16))


@dataclass(frozen=True, slots=True)
class Cell:
    """One solver at one budget and noise; `right` has a place a problem."""

    solver: str
    budget: int
    noise: float
    right: Flags

    @property
    def accuracy(self) -> Estimate:
        """How often it was right."""
        return share(int(self.right.sum()), len(self.right))


def run(solver: str, budget: int, noise: float, size: Size, seed: int, *, sign: float = 1.0) -> Cell:
    """Run one cell on problems of its own."""
    place = 1000 * list(SOLVERS).index(solver) + round(100 * noise) % 997
    problems = Problems.draw(size.problems, budget, seed + place)
    right = best_of_n(problems, noise, sign=sign) if sign < 0 else SOLVERS[solver](problems, noise)
    return Cell(solver, budget, noise, right)


@dataclass(frozen=True, slots=True)
class Cup:
    """A knockout of N candidates, K comparisons a pair."""

    candidates: int
    comparisons: int
    failure: Estimate
    bound: Bound


def cup(candidates: int, comparisons: int, size: Size, seed: int) -> Cup:
    """Run a knockout whose comparisons are those of the verifier of whole chains."""
    problems = Problems.draw(5 * size.problems, candidates * 10, seed + comparisons)
    failed = ~knockout(problems, candidates, comparisons, ORM)
    better = NormalDist().cdf(1 / (ORM * 2**0.5))  # two scores, each with its noise
    bound = knockout_bound(candidates, comparisons, right=problems.right**problems.steps, better=better)
    return Cup(candidates, comparisons, share(int(failed.sum()), len(failed)), bound)


def variance(cells: Sequence[Cell], seed: int) -> Decomposition:
    """Return what noise and solver explain of accuracy over cells of one budget."""
    return decompose(
        np.stack([cell.right for cell in cells], 1),
        {"noise": np.log([cell.noise for cell in cells]), "solver": [cell.solver for cell in cells]},
        replicates=200,
        seed=seed,
    )


Grid = dict[tuple[str, float, int], Cell]
