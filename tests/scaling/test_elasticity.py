"""The slope of log-odds on log spend."""

import numpy as np
import pytest
from simulate import design, outcomes, truth

from scaling.elasticity import difference, elasticity
from scaling.errors import FitError

SPEND = 2.0 ** np.arange(7)


def curve(slope, questions=400, seed=0):
    share = 1 / (1 + np.exp(-(-1 + slope * np.log(SPEND))))
    hits = outcomes(np.random.default_rng(seed), design(1, ())[[0] * 7], share, questions=questions, own=0.0)
    return hits, np.ones_like(hits)


def test_a_straight_line_in_log_odds_is_recovered():
    found = elasticity(SPEND, *curve(0.5))
    assert found.low < 0.5 < found.high
    assert found.high - found.low < 0.15


def test_the_unit_of_spend_does_not_matter_and_trials_that_agree_add_nothing():
    hits, tries = curve(0.4)
    found = elasticity(SPEND, hits, tries)
    scaled, heavier = elasticity(1000 * SPEND, hits, tries), elasticity(SPEND, 3 * hits, 3 * tries)
    for other in (scaled, heavier):
        assert (other.value, other.low, other.high) == pytest.approx((found.value, found.low, found.high), rel=1e-3)


def test_pairs_of_axes_are_compared_on_the_same_questions():
    x = design(2)
    hits = outcomes(np.random.default_rng(1), x, truth(x, half=(4, 4)), questions=300)
    first, second = hits[:, :8], hits[:, [0, *range(8, 15)]]
    tries, spend = np.ones_like(first), 1 + x[:8, 0]
    gap = difference((spend, spend), (first, second), (tries, tries))
    assert gap.low < 0 < gap.high
    each = elasticity(spend, first, tries), elasticity(spend, second, tries)
    assert gap.value == pytest.approx(each[0].value - each[1].value, abs=1e-6)
    # paired: closer than two curves of different questions would be
    apart = np.hypot(*(one.high - one.low for one in each))
    assert gap.high - gap.low < apart


def test_a_published_curve_has_the_binomial_model_s_error():
    hits, tries = curve(0.5)
    total = hits.sum(0, keepdims=True), tries.sum(0, keepdims=True)
    found = elasticity(SPEND, *total, paired=False)
    assert found.value == pytest.approx(elasticity(SPEND, hits, tries).value, abs=1e-6)


def test_two_budgets_are_enough_for_a_published_curve():
    found = elasticity(np.array([1.0, np.e]), np.array([[50.0, 73.0]]), np.full((1, 2), 100.0), paired=False)
    assert found.value == pytest.approx(np.log(0.73 / 0.27), abs=1e-6)
    error = np.sqrt(1 / 50 + 1 / 50 + 1 / 73 + 1 / 27)
    assert found.high - found.value == pytest.approx(1.96 * error, rel=1e-3)


def test_what_has_no_slope_is_refused():
    ones = np.ones((20, 7))
    with pytest.raises(FitError, match="no finite slope"):
        elasticity(SPEND, ones, ones)
    with pytest.raises(FitError, match="no finite slope"):
        elasticity(SPEND, ones * (SPEND > 4), ones)
    with pytest.raises(FitError, match="two budgets"):
        elasticity(SPEND[:1], *(part[:, :1] for part in curve(0.5)))
