"""Fits of published results, on results that are made up and therefore known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling.errors import FitError
from scaling.published import LossFit, PublishedCurve, equal_exponents, equal_slopes, fit_loss, misfits

SIZES = np.repeat(np.geomspace(1e8, 1e10, 8), 6)
TOKENS = np.tile(np.geomspace(2e9, 4e11, 6), 8)
TRUTH = np.array([1.8, 400.0, 2000.0, 0.34, 0.37])


def losses(noise=0.0, seed=0):
    irreducible, a, b, alpha, beta = TRUTH
    exact = irreducible + a * SIZES**-alpha + b * TOKENS**-beta
    return exact * np.exp(noise * np.random.default_rng(seed).standard_normal(len(exact)))


SPEND = 2.0 ** np.arange(6)


def straight(slope, intercept, *, spend=SPEND, questions=1e4):
    share = 1 / (1 + np.exp(-(intercept + slope * np.log(spend))))
    return PublishedCurve(spend, share * questions, np.full(len(spend), questions))


def test_exact_losses_give_their_law_from_every_start():
    found = fit_loss(SIZES, TOKENS, losses(), replicates=2)
    assert found.value == pytest.approx(TRUTH, rel=1e-3)
    assert found.objective == pytest.approx(0, abs=1e-9)


def test_the_bootstrap_covers_the_truth():
    fits = [fit_loss(SIZES, TOKENS, losses(noise=0.003, seed=seed), replicates=50) for seed in range(12)]
    within = [(np.abs(fit.value - TRUTH) < 2 * fit.error)[[0, 3, 4]] for fit in fits]
    assert np.mean(within) >= 0.8


def test_gross_errors_hardly_move_the_fit():
    noisy = losses(noise=0.003, seed=1)
    noisy[::12] *= 1.3
    assert fit_loss(SIZES, TOKENS, noisy, replicates=2).value[3:] == pytest.approx(TRUTH[3:], abs=0.03)


def test_units_of_size_and_tokens_change_the_coefficients_alone():
    noisy = losses(noise=0.003)
    plain, scaled = (fit_loss(SIZES * unit, TOKENS * unit, noisy, replicates=2).value for unit in (1, 1e-6))
    assert scaled[[0, 3, 4]] == pytest.approx(plain[[0, 3, 4]], rel=1e-4)
    assert scaled[1] == pytest.approx(plain[1] * 1e-6 ** plain[3], rel=1e-2)


@pytest.mark.parametrize(
    ("difference", "error", "decision"),
    [(0.0, 0.01, "SAME"), (0.03, 0.01, "BOTH"), (0.2, 0.01, "DIFFERENT"), (0.0, 0.1, "INCONCLUSIVE")],
)
def test_equal_exponents_are_shown_and_not_assumed(difference, error, decision):
    value = TRUTH.copy()
    value[3] = value[4] + difference
    samples = np.tile(value, (400, 1))
    samples[:, 3] += error * np.random.default_rng(0).standard_normal(400)
    found = equal_exponents(LossFit(value, samples, 0.0, 1.0))
    assert found.decision == decision
    assert found.difference.low < difference < found.difference.high


def test_losses_that_cannot_be_fitted_are_refused():
    with pytest.raises(FitError, match="There are 6 models of 1 sizes and 6 numbers of tokens"):
        fit_loss(SIZES[:6], TOKENS[:6], losses()[:6])
    with pytest.raises(FitError, match="of 1 sizes"):
        fit_loss(np.full(48, 1e9), TOKENS, losses())
    for sizes in (SIZES[1:], np.append(SIZES[1:], np.nan), -SIZES):
        with pytest.raises(ValueError, match="positive, finite and as many"):
            fit_loss(sizes, TOKENS, losses())
    with pytest.raises(ValueError, match="they were 0 and 1000"):
        fit_loss(SIZES, TOKENS, losses(), delta=0)
    with pytest.raises(ValueError, match="it was 0"):
        equal_exponents(LossFit(TRUTH, TRUTH[None], 0.0, 1.0), margin=0)
    with pytest.raises(FitError, match="1 samples do not say"):
        equal_exponents(LossFit(TRUTH, TRUTH[None], 0.0, 1.0))


def test_a_straight_line_fits_straight_log_odds_and_lomax_fits_lomax():
    line, _ = misfits(straight(0.5, -1.0))
    assert (line.deviance, line.freedom) == (pytest.approx(0, abs=1e-6), 4)
    x = 2.0 ** np.arange(8)
    share = 0.2 + 0.6 * (1 - (1 + (x - 1) / 3) ** -1.2)
    line, lomax = misfits(PublishedCurve(x, share * 1e4, np.full(8, 1e4)))
    assert (lomax.deviance, lomax.freedom) == (pytest.approx(0, abs=1e-3), 4)
    assert line.deviance > 50


@settings(max_examples=25)
@given(first=st.floats(-1, 1), second=st.floats(-1, 1))
def test_slopes_of_several_curves_are_theirs_and_the_common_one_lies_between(first, second):
    found = equal_slopes([straight(first, -1.0), straight(second, 0.5)])
    assert [each.value for each in found.each] == pytest.approx([first, second], abs=1e-5)
    assert min(first, second) - 1e-5 <= found.common.value <= max(first, second) + 1e-5
    assert found.freedom == 1
    assert (found.p < 0.05) == (found.statistic > 3.8415)


def test_two_budgets_are_met_exactly():
    line, lomax = misfits(straight(0.5, -1.0, spend=np.array([1.0, 4.0])))
    assert (line.deviance, line.freedom, lomax.freedom) == (pytest.approx(0, abs=1e-9), 0, -2)


def test_curves_that_have_no_slope_are_refused():
    three, tries = np.array([1.0, 2.0, 4.0]), np.full(3, 10.0)
    for right in ((0, 0, 0), (10, 10, 10), (0, 0, 10), (0, 4, 10), (10, 4, 0)):
        curve = PublishedCurve(three, np.array(right, dtype=float), tries)
        with pytest.raises(FitError, match="no finite slope"):
            equal_slopes([straight(0.5, -1.0), curve])
    with pytest.raises(FitError, match="at 1 budgets"):
        misfits(straight(0.5, -1.0, spend=np.array([4.0])))
    with pytest.raises(FitError, match="there was 1 curve"):
        equal_slopes([straight(0.5, -1.0)])


def test_malformed_curves_are_refused():
    with pytest.raises(ValueError, match="as many budgets"):
        PublishedCurve(np.ones(2), np.ones(3), np.ones(3))
    for spend, hits in ((0.0, 1.0), (np.inf, 1.0), (1.0, 3.0), (1.0, np.nan)):
        with pytest.raises(ValueError, match="between 0 and attempts"):
            PublishedCurve(np.array([spend]), np.array([hits]), np.array([2.0]))
