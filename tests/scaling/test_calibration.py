"""Intervals and tests are as often right as they say, and estimates do not depend on what they should not."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from calibration import alone, beyond, declines, elasticities, equivalence, percentile, score, shared
from hypothesis import given, settings
from hypothesis import strategies as st
from simulate import ALONE, APART, BEYOND, DIFFERENT, HEAVY, NOISELESS, SAME, SHARED, Design, apart

from scaling.along import Options, fit_axis
from scaling.compare import exchange_rates, laws
from scaling.laws import FORMS, AxisLaw, ceiling_of
from scaling.likelihood import maximise
from scaling.nested import score_test
from scaling.trials import Trials

LOMAX = FORMS["lomax"]
X = np.array([0.0, *(2.0**k for k in range(12))])[:, None]


def missed(rows):
    """Return the rows that miss their bounds; some row has to have one."""
    assert any(row.low is not None or row.high is not None for row in rows)
    return [str(row) for row in rows if not row.met]


@pytest.mark.parametrize(("name", "sets"), [("Q=300", 1000), ("Q=300, α=(.8,.8,.3)", 300)])
def test_intervals_of_half_budgets_their_ratios_and_curves_cover(name, sets):
    assert missed(shared(name, SHARED[name], sets)) == []


def test_intervals_of_elasticities_cover():
    assert missed(elasticities("Q=300", SHARED["Q=300"], 300)) == []


def test_what_the_gate_lets_pass_is_right():
    name = "Q=800, κ=4 + measured ceiling"
    rows = alone(name, ALONE[name], 30)
    assert missed(rows) == []
    assert {"α where reported", "ceiling where reported"} <= {row.measured for row in rows}


@cache
def heavy():
    name = "Q=300, α=.3, κ=4, no anchor"
    return alone(name, HEAVY[name], 15, refused=0.85)


def test_a_heavy_tail_with_nothing_to_hold_it_is_refused_and_what_is_said_of_it_still_holds():
    assert missed([row for row in heavy() if row.measured != "κ"]) == []


def test_the_half_budget_of_a_heavy_tail_is_covered():
    assert missed([row for row in heavy() if row.measured == "κ"]) == []


def test_the_score_test_has_its_size_and_power():
    name = "Q=300, κ=4,4,4"
    assert missed(score(f"{name}, one law", SAME[name], 300, low=0.02, high=0.09)) == []
    assert missed(score(f"{name}, one axis α=3", replace(SAME[name], **DIFFERENT["α=3"]), 300, low=0.80)) == []


def test_laws_six_points_apart_are_not_called_the_same_and_one_law_is():
    assert missed(equivalence("a higher ceiling", apart("a higher ceiling", 0.06), 15, high=0.08, replicates=80)) == []
    assert missed(equivalence("one law", Design(half=APART), 15, low=0.65, replicates=80)) == []


@pytest.mark.parametrize("form", BEYOND)
def test_the_union_of_forms_covers_four_times_the_range(form):
    assert missed(beyond(form, 4.0, 25)) == []


def test_a_decline_is_found_where_there_is_one_and_not_elsewhere():
    design, flat = Design(half=(4.0,)), np.full(8, 0.5)
    assert missed(declines("flat", design, flat, 200, high=0.08, replicates=300)) == []
    assert missed(declines("5 points down", design, np.append(flat[1:], 0.45), 100, low=0.24, replicates=300)) == []
    assert missed(declines("8 points down", design, np.append(flat[1:], 0.42), 100, low=0.55, replicates=300)) == []


def test_percentile_limits_of_the_bootstrap_cover():
    assert missed(percentile("Q=300", SHARED["Q=300"], 30, replicates=150)) == []


# What should not matter. One experiment of 300 questions, and the same told otherwise.


def table(*, order=None, seeds=1, unit=1.0, origin=0.0):
    """Return cells with the questions in another order, asked more often, or the first axis' budgets renamed."""
    design = SHARED["Q=300"]
    (hits,) = design.draw(1, 11)
    hits = hits if order is None else hits[order]
    spend = design.x + 1
    spend[:, 0] = spend[:, 0] * unit + origin
    columns = {
        "question": np.repeat(np.arange(len(hits)), len(spend) * seeds),
        "seed": np.tile(np.arange(seeds), hits.size),
        "outcome": np.repeat(hits.ravel(), seeds),
    }
    for axis, budgets in zip(design.axes, spend.T, strict=True):
        columns[axis] = np.repeat(np.tile(budgets, len(hits)), seeds)
    return Trials.from_frame(pd.DataFrame(columns)).cells()


@cache
def told(**otherwise):
    """Return what is said of the first axis and of all, the bootstrap's figures apart, as arrays."""
    cells = table(**{name: np.array(value) if name == "order" else value for name, value in otherwise.items()})
    axis, counted = fit_axis(cells, "d", Options("lomax", 100, 0), []), cells.by_question()
    data = cells.x, counted.successes, counted.attempts
    rates = exchange_rates(LOMAX, cells.axes, *data)
    test = score_test(*laws(LOMAX, cells.axes), *data)
    return {
        "κ": ends(axis.half_budget),
        "ε": ends(axis.elasticity),
        "rates": np.array([ends(each.rate) for each in rates]),
        "gain": ends(axis.last_doubling),
        "curve": np.array([axis.curve.value, axis.curve.low, axis.curve.high]),
        "beyond": np.array([axis.extrapolation.low, axis.extrapolation.high]),
        "gate": np.array([axis.ceiling_at_least, *axis.tail_range]),
        "test": np.array([test.statistic]),
    }


def ends(interval):
    return np.array([interval.value, interval.low, interval.high])


def changed(found, wanted, but=()):
    """Return the names of what is not the same; the profile's ends are searched for to about a thousandth."""
    exact = {name: 3e-3 if name == "gate" else 1e-5 for name in wanted.keys() - set(but)}
    return [name for name, rel in exact.items() if found[name] != pytest.approx(wanted[name], rel=rel)]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_order_of_questions_does_not_matter(seed):
    assert changed(told(order=tuple(np.random.default_rng(seed).permutation(300))), told()) == []


def moved(name):
    """Return how far asking twice moves values and limits, in widths of their intervals."""
    twice, once = told(seeds=2)[name], told()[name]
    *_, low, high = once if name in ("curve", "beyond") else np.moveaxis(once, -1, 0)
    return np.abs(twice - once).max() / np.min(high - low)


@pytest.mark.parametrize("name", ["κ", "ε", "gain", "rates", "curve", "beyond"])
def test_asking_every_question_twice_the_same_way_tells_nothing_new(name):
    """Were clusters lost, intervals would shrink by √2."""
    assert moved(name) < 0.02


def test_asking_every_question_twice_leaves_what_the_gate_states():
    assert changed(told(seeds=2), told(), but=told().keys() - {"gate"}) == []


def test_a_unit_a_thousand_times_smaller_moves_the_half_budget_alone():
    found, before = told(unit=1000.0), told()
    assert found["κ"] == pytest.approx(1000 * before["κ"], rel=1e-6)
    assert found["rates"][:2] == pytest.approx(before["rates"][:2] / 1000, rel=1e-5)
    assert found["rates"][2] == pytest.approx(before["rates"][2], rel=1e-5)
    assert changed(found, before, but=("κ", "rates")) == []


def test_budgets_counted_from_another_base_are_the_same_extra_budgets():
    assert changed(told(origin=7.0), told(), but=("ε", "gain")) == []


@settings(max_examples=25, deadline=None)
@given(alpha=st.floats(0.4, 2.5), scale=st.floats(1, 10), shift=st.floats(0.2, 8), floor=st.floats(0.02, 0.3))
def test_a_base_further_along_the_axis_changes_scale_and_floor_and_leaves_ceiling_and_tail(alpha, scale, shift, floor):
    share = floor + (0.8 - floor) * -np.expm1(-alpha * np.log1p((X[:, 0] + shift) / scale))
    law, tries = AxisLaw(LOMAX, ("d",)), np.full((1, len(X)), NOISELESS)
    theta = maximise(law, X, share[None] * tries, tries).theta[0]
    assert np.exp(theta[3]) == pytest.approx(alpha, rel=1e-2)
    assert ceiling_of(theta, 1) == pytest.approx(0.8, abs=1e-3)
    assert np.exp(theta[2]) == pytest.approx((scale + shift) * (2 ** (1 / alpha) - 1), rel=1e-2)
    assert law.probability(theta[None], X[:1])[0][0] == pytest.approx(share[:1], abs=1e-5)
