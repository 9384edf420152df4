"""All families on the same cells."""

import numpy as np
import pytest
from simulate import design, outcomes, truth

from scaling.errors import FitError
from scaling.families import compare_forms, extrapolate, left_out
from scaling.laws import FORMS

X = design(2)


def data(seed=0, questions=800, **true):
    hits = outcomes(np.random.default_rng(seed), X, truth(X, **true), questions=questions)
    return hits, np.ones_like(hits)


def test_every_form_is_scored_on_budgets_that_it_did_not_see():
    hits, tries = data(shape=(0.5, 0.5))
    scores = compare_forms(("d", "w"), X, hits, tries)
    assert {score.form for score in scores} == set(FORMS)
    assert [score.loss for score in scores] == sorted(score.loss for score in scores)
    assert scores[0].loss_se == 0
    assert all(score.loss_se > 0 for score in scores[1:])
    by_name = {score.form: score for score in scores}
    assert by_name["lomax"].deviance < by_name["exp"].deviance
    assert by_name["lomax"].freedom == len(X) - 7


def test_the_largest_budgets_are_left_out_and_no_ceiling():
    x = design(2, (1.0, 2.0, 4.0, 8.0), ceiling=True)
    assert left_out(x).nonzero()[0].tolist() == [4, 8]
    assert not left_out(design(2, (1.0, 2.0))).any()


def test_without_budgets_to_leave_out_nothing_is_claimed_of_them():
    x = design(1, (1.0, 4.0))
    hits = outcomes(np.random.default_rng(0), x, truth(x), questions=50)
    assert all(score.loss is None for score in compare_forms(("d",), x, hits, np.ones_like(hits)))


def test_an_extrapolation_holds_every_form_that_fits_and_ends_at_four_times_the_range():
    x = design(1, (1.0, 2.0, 4.0, 8.0, 16.0))
    hits = outcomes(np.random.default_rng(2), x, truth(x), questions=300)
    tries = np.ones_like(hits)
    value, low, high = extrapolate("d", x, hits, tries, np.array([16.0, 64.0]), form="lomax")
    assert ((low < value) & (value < high)).all()
    assert high[1] - low[1] > high[0] - low[0]
    with pytest.raises(FitError, match="more than 4 times"):
        extrapolate("d", x, hits, tries, np.array([65.0]), form="lomax")
