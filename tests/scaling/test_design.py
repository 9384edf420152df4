"""What is planned and what is assumed: the copula of a question's outcomes, and what a pilot says of it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm
from simulate import BUDGETS, outcomes
from simulate import design as cells
from simulate import truth as success

from scaling.design import Design, Truth, joint_moment, pilot
from scaling.errors import FitError
from scaling.laws import FORMS, AxisLaw
from scaling.power import power

AXES = ("d", "w", "t")
DESIGN = Design(AXES, (BUDGETS,) * 3)
TRUTH = Truth(0.15, 0.75, (4.0, 8.0, 16.0), 0.8)


def test_the_covariance_of_successes_is_that_of_the_copula():
    x = cells(ceiling=True)
    share = success(x)
    hits = outcomes(np.random.default_rng(4), x, share, questions=100_000, seeds=3)
    assert TRUTH.covariance(x, share, 3) == pytest.approx(np.cov(hits.T), abs=0.04)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.0, 0.95))
def test_joint_moments_against_scipys(one, other, correlation):
    found = joint_moment(np.array([one, other]), np.array(correlation))
    both = multivariate_normal(cov=[[1, correlation], [correlation, 1]]).cdf(norm.ppf([one, other]))
    assert found[0, 1] == pytest.approx(both - one * other, abs=1e-8)
    assert found[0, 1] == found[1, 0]


def test_joint_moments_in_closed_form():
    """Sheppard: two medians agree with arcsin ρ / 2π beyond chance."""
    for correlation in (0.0, 0.3, 0.7, 0.95):
        found = joint_moment(np.array([0.5]), np.array(correlation))[0, 0]
        assert found == pytest.approx(np.arcsin(correlation) / (2 * np.pi), abs=1e-14)


def test_a_pilot_gives_back_what_it_was_made_of():
    x = cells(ceiling=True)
    hits = outcomes(np.random.default_rng(7), x, success(x), questions=3000, common=0.4, own=0.3)
    found = pilot(AXES, x, hits, np.ones_like(hits))
    assert found.half_budget == pytest.approx((4, 8, 16), rel=0.15)
    assert (found.floor, found.ceiling) == pytest.approx((0.15, 0.75), abs=0.03)
    assert found.tail == pytest.approx(0.8, rel=0.2)
    assert (found.common, found.own) == pytest.approx((0.4, 0.3), abs=0.04)
    assert power(DESIGN, found).row("ε", "d").half == pytest.approx(
        power(DESIGN, replace(TRUTH, common=0.4, own=0.3)).row("ε", "d").half, rel=0.05
    )


def test_a_small_pilot_with_seeds_and_holes_is_enough_to_plan():
    x, random = cells(axes=2), np.random.default_rng(8)
    hits = outcomes(random, x, success(x, half=(4, 8)), questions=50, seeds=2)
    tries = np.where(random.random(hits.shape) < 0.2, 0.0, 2.0)
    found = pilot(("d", "w"), x, np.where(tries > 0, hits, 0.0), tries)
    assert 0.2 < found.common + found.own < 0.95
    assert power(Design(("d", "w"), (BUDGETS,) * 2), found).row("ε", "d").half == pytest.approx(0.06, abs=0.015)


def test_questions_that_have_nothing_in_common_or_all_give_correlations_at_their_ends():
    x, random = cells(axes=2), np.random.default_rng(9)
    share = success(x, half=(4, 8))
    alone = (random.random((2000, len(x))) < share).astype(float)
    found = pilot(("d", "w"), x, alone, np.ones_like(alone))
    assert found.common + found.own == pytest.approx(0, abs=0.05)
    alike = (random.random((2000, 1)) < share).astype(float)
    assert pilot(("d", "w"), x, alike, np.ones_like(alike)).common > 0.95


def test_the_axis_law_of_a_truth_is_the_engines():
    law, theta = replace(TRUTH, tail=(0.8, 0.3, 3.0)).law(AXES)
    assert law == AxisLaw(FORMS["lomax"], AXES, True, False)
    assert law.probability(theta[None], cells())[0][0] == pytest.approx(success(cells(), shape=(0.8, 0.3, 3.0)))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Design(AXES, (BUDGETS,) * 2), "3 axes and 2 rows"),
        (lambda: Design((), ()), "0 axes"),
        (lambda: Design(("d",), ((1, 1),)), "must rise"),
        (lambda: Design(("d",), ((1, 2),), base=1.0), "must rise from its base, 1"),
        (lambda: Design(("d",), ((1, float("nan")),)), "must rise"),
        (lambda: Design(("d",), ((1, float("inf")),)), "must rise"),
        (lambda: Design(("d",), ((),)), "must rise"),
        (lambda: Design(AXES, (BUDGETS,) * 3, base=(0.0, 0.0)), "2 bases for 3 axes"),
        (lambda: replace(DESIGN, seeds=0), "there were 0 and 300"),
        (lambda: replace(DESIGN, questions=1), "there were 1 and 1"),
        (lambda: replace(TRUTH, floor=0.8), "0 < floor < ceiling < 1"),
        (lambda: replace(TRUTH, ceiling=(0.7, 1.0, 0.7)), "0 < floor < ceiling < 1"),
        (lambda: replace(TRUTH, half_budget=(4, 0, 8)), "above 0"),
        (lambda: replace(TRUTH, tail=float("nan")), "above 0"),
        (lambda: replace(TRUTH, common=0.9), "below 1 in sum"),
    ],
)  # fmt: skip
def test_what_no_design_or_truth_is(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_a_pilot_that_shows_nothing_of_correlations_is_refused():
    with pytest.raises(FitError, match="there were 1"):
        pilot(("d",), cells(axes=1), np.ones((1, 8)), np.ones((1, 8)))
    apart = np.repeat(np.eye(8), 5, 0)
    with pytest.raises(FitError, match="same questions in every cell"):
        pilot(("d",), cells(axes=1), apart * (np.arange(40) % 2)[:, None], apart)
