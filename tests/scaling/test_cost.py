"""What cells cost: the terms come back from their sums, and money is asked for last."""

import numpy as np
import pytest
from factorial import AXES, GRID, cells

from scaling.cost import CostModel, design, fit_cost, fit_costs, money, priced
from scaling.errors import FitError

D, W, T = GRID.T
TOKENS = 300 + 50 * D + 120 * D * W + 500 * D * T + 40 * D**2  # d²·w is not among them
CALLS = D * W


def measured(**costs):
    return cells(GRID, np.ones((2, len(GRID))), costs=costs)


def test_the_terms_come_back_from_exact_costs():
    models = fit_costs(measured(tokens=TOKENS, calls=CALLS))
    assert models["tokens"].coefficients == pytest.approx([300, 50, 120, 500, 40, 0], rel=1e-6, abs=1e-6)
    assert models["calls"].coefficients == pytest.approx([0, 0, 1, 0, 0, 0], abs=1e-9)
    assert models["tokens"].r_squared == pytest.approx(1)
    assert models["tokens"].relative_error == pytest.approx(0, abs=1e-9)
    assert models["tokens"].predict([[3, 5, 7]]) == pytest.approx([300 + 150 + 1800 + 10500 + 360])


def test_noise_of_a_tenth_leaves_errors_of_a_tenth_and_no_negative_term():
    random = np.random.default_rng(0)
    noisy = TOKENS * np.exp(random.normal(0, 0.1, len(GRID)))
    model = fit_costs(measured(tokens=noisy))["tokens"]
    assert min(model.coefficients) >= 0
    assert 0.05 < model.relative_error < 0.11
    assert model.r_squared == pytest.approx(0.97, abs=0.03)
    assert model.predict(GRID) == pytest.approx(TOKENS, rel=0.15)


def test_small_cells_count_as_much_as_large_ones():
    wrong = TOKENS * np.where(GRID[:, 0] == 16, 1.3, 1.0)
    model = fit_costs(measured(tokens=wrong))["tokens"]
    small = GRID[:, 0] <= 2
    assert np.abs(model.predict(GRID[small]) / TOKENS[small] - 1).max() < 0.12


def test_the_design_follows_from_the_roles_of_the_axes():
    assert design(AXES) == ((0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 0, 1), (2, 0, 0), (2, 1, 0))
    assert design(("thinking", "depth")) == ((0, 0), (0, 1), (1, 1), (0, 2))
    assert design(("w", "t")) == ((0, 0), (1, 0), (0, 1))
    assert design(("d",)) == ((0,), (1,), (2,))
    assert design(("n", "d", "w")) == ((1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 2, 0), (1, 2, 1))
    assert design(("hops", "fan"), {"hops": "depth", "fan": "width"}) == ((0, 0), (1, 0), (1, 1), (2, 0), (2, 1))


def test_other_axes_are_taken_as_they_are_with_their_products():
    assert design(("d", "temperature")) == ((0, 0), (1, 0), (0, 1), (1, 1))
    spend = np.array([[1, 1, 1], [2, 1, 1], [1, 3, 1], [1, 1, 5], [2, 3, 1], [2, 1, 5], [1, 3, 5], [2, 3, 5]], float)
    cost = 2 + spend[:, 0] + 3 * spend[:, 1] * spend[:, 2]
    model = fit_cost("abc", design("abc"), spend, cost, kind="calls")
    assert model.coefficients == pytest.approx([2, 1, 0, 0, 0, 0, 3], abs=1e-9)


def test_samples_multiply_what_a_run_costs():
    spend = np.array([[d, n] for d in (1, 2, 4) for n in (1, 3)], float)
    data = cells(spend, np.ones((2, 6)), axes=("d", "n"), costs={"calls": (2 + 3 * spend[:, 0]) * spend[:, 1]})
    assert fit_costs(data)["calls"].predict([[10, 7]]) == pytest.approx([7 * 32])


def test_ceilings_and_cells_without_a_cost_are_left_out():
    spend = np.vstack([GRID, [np.inf] * 3])
    cost = np.append(CALLS, 5.0)
    cost[3] = np.nan
    data = cells(spend, np.ones((2, 61)), costs={"calls": cost})
    assert fit_costs(data)["calls"].coefficients[2] == pytest.approx(1)


def test_a_cost_that_never_changes_or_is_nothing_is_told_as_it_is():
    models = fit_costs(measured(fee=np.full(60, 7.0), free=np.zeros(60)))
    assert models["fee"].coefficients[0] == pytest.approx(7)
    assert (models["fee"].r_squared, models["free"].r_squared, models["free"].relative_error) == (1, 1, 0)


def test_what_does_not_tell_the_terms_apart_is_refused():
    alone = (GRID > 1).sum(1) < 2
    data = measured(tokens=TOKENS).where(alone)
    with pytest.raises(
        FitError, match=r"10 cells in which cost_tokens was measured tell apart 5 of its 6 terms \(1, d,"
    ):
        fit_costs(data)
    fewer = fit_costs(data, terms=[(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 0, 1), (2, 0, 0)])["tokens"]
    assert fewer.coefficients == pytest.approx([300, 50, 120, 500, 40], rel=1e-6)
    with pytest.raises(FitError, match="The 0 cells in which cost_tokens was measured"):
        fit_costs(measured(tokens=np.full(60, np.nan)))
    with pytest.raises(FitError, match="The mean of cost_tokens is -1 in a cell"):
        fit_costs(measured(tokens=np.where(D == 1, -1.0, TOKENS)))
    with pytest.raises(FitError, match="No cost was measured"):
        fit_costs(measured())


def test_money_is_a_matter_of_prices():
    data = measured(tokens=TOKENS, calls=CALLS, latency=D)
    assert money(data.costs, {"tokens": 2e-6, "calls": 0.01}) == pytest.approx(2e-6 * TOKENS + 0.01 * CALLS)
    buys = priced(fit_costs(data), {"tokens": 2e-6, "calls": 0.01})
    assert buys(GRID) == pytest.approx(2e-6 * TOKENS + 0.01 * CALLS)
    with pytest.raises(ValueError, match="a price for 'pages', but measured were tokens, calls, latency"):
        money(data.costs, {"pages": 1.0})
    with pytest.raises(ValueError, match="price of calls must be a number of at least 0; it was -1"):
        money(data.costs, {"calls": -1.0})
    with pytest.raises(ValueError, match="at least one kind of cost"):
        money(data.costs, {})
    with pytest.raises(ValueError, match="measured were none"):
        money({}, {"calls": 1.0})


def test_a_model_is_its_coefficients():
    model = CostModel(("d",), ((0,), (2,)), (1.0, 3.0), 1.0, 0.0)
    assert model.predict(np.array([[0.0], [2.0]])).tolist() == [1, 13]
