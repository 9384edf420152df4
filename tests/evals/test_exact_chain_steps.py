"""Chains with a noisy verifier: SYSTEMS.md S3, i to iv, the integral of best of n, the control and the mirror."""

from itertools import pairwise

import numpy as np
import pytest

from evals.exact.chain_steps import Problems, best_of_n_accuracy
from evals.exact.chain_steps_run import SOLVERS, Size, cup, run, variance
from evals.exact.errors import SpentError
from evals.exact.page import lawful

SIZE = Size(problems=2_000)


def accuracy(solver: str, budget: int, noise: float, **more: float) -> float:
    return float(run(solver, budget, noise, SIZE, 0, **more).right.mean())


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("budget", [40, 80, 320])
def test_no_solver_spends_more_steps_than_it_has_or_leaves_a_chain_unspent(solver, budget):
    problems = Problems.draw(50, budget, 0)
    SOLVERS[solver](problems, 0.3)
    assert problems.spent.max() <= budget
    assert problems.spent.min() > budget - 10


def test_a_step_that_is_not_paid_for_is_refused():
    problems = Problems.draw(2, 3, 0)
    problems.step(np.ones((2, 3), dtype=bool))
    with pytest.raises(SpentError, match="has 3 steps to spend, and 4 were asked for"):
        problems.step(np.ones((2, 1), dtype=bool))


def test_best_of_n_follows_its_integral():
    assert best_of_n_accuracy(Problems.draw(1, 40, 0), 0.3) == pytest.approx(0.365, abs=0.01)
    cells = [(noise, budget) for noise in (0.1, 0.3, 1.0, 3.0) for budget in (40, 80, 160, 320)]
    pairs = [
        (best_of_n_accuracy(Problems.draw(1, budget, 0), noise), run("best of n", budget, noise, SIZE, 0).accuracy)
        for noise, budget in cells
    ]
    assert lawful(pairs).holds


@pytest.mark.parametrize("noise", [0.1, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("budget", [80, 160, 320])
def test_i_tree_search_comes_to_what_best_of_n_does(noise, budget):
    assert abs(accuracy("best of n", budget, noise) - accuracy("UCT", budget, noise)) <= 0.05


def test_ii_the_verifier_explains_more_than_the_solver():
    cells = [run(solver, 160, noise, SIZE, 0) for solver in SOLVERS for noise in (0.1, 0.3, 1.0, 3.0)]
    parts = {each.factor: each.lmg for each in variance(cells, 0).shares}
    assert parts["noise"].low > parts["solver"].high


@pytest.mark.parametrize("budget", [40, 80, 160, 320])
def test_iii_checking_steps_pays_the_more_the_better_the_check(budget):
    base = accuracy("best of n", budget, 0.3)
    gains = [accuracy("beam", budget, noise) - base for noise in (4.0, 2.0, 1.0, 0.5, 0.01)]
    assert all(later > earlier for earlier, later in pairwise(gains))
    assert gains[0] < 0
    assert budget > 80 or gains[-1] >= 0.30


def test_iv_a_knockout_keeps_its_bound_and_fails_ten_times_less_often():
    cups = [cup(*each, SIZE, 0) for each in ((4, 2), (8, 4), (16, 8), (32, 16))]
    assert all(each.failure.value <= each.bound.failure for each in cups)
    assert cups[0].failure.value >= 10 * cups[-1].failure.value


def test_a_verifier_that_says_nothing_leaves_every_solver_at_one_chain():
    cells = [run(solver, budget, 1e9, SIZE, 0) for solver in SOLVERS for budget in (40, 320)]
    assert lawful([(0.8**10, cell.accuracy) for cell in cells]).holds


def test_a_verifier_that_likes_wrong_chains_makes_more_draws_worse():
    found = [accuracy("best of n", budget, 1.0, sign=-1.0) for budget in (40, 80, 160)]
    assert all(later < earlier for earlier, later in pairwise([0.8**10, *found]))
