"""Laws with parameters held, and the tests of a law within a freer one."""

import numpy as np
import pytest
from simulate import design, outcomes, truth

from scaling.laws import FORMS, AxisLaw
from scaling.likelihood import maximise
from scaling.nested import score_test
from scaling.pinned import Pinned

AXES = ("d", "w", "t")
X = design()
SHARED = AxisLaw(FORMS["lomax"], AXES)
FREE = AxisLaw(FORMS["lomax"], AXES, shared_ceiling=False, shared_shape=False)


def data(seed=0, **true):
    hits = outcomes(np.random.default_rng(seed), X, truth(X, **true), questions=200)
    return X, hits, np.ones_like(hits)


def test_what_is_held_stays_and_the_rest_is_the_other_law():
    held = {"logit f": -1.7, "ln shape": -0.2}
    law = Pinned(SHARED, held)
    assert law.names == ("logit A", "ln κ d", "ln κ w", "ln κ t")
    theta = np.random.default_rng(0).normal(0, 0.5, (2, 4))
    whole = np.insert(theta, [0, 4], [held["logit f"], held["ln shape"]], axis=1)
    share, slope = law.probability(theta, X)
    expected, slopes = SHARED.probability(whole, X)
    assert (share == expected).all()
    assert (slope == slopes[:, :, 1:5]).all()


def test_parameters_held_at_the_truth_leave_the_truth():
    share = truth(X)
    tries = np.full((1, len(X)), 1e9)
    law = Pinned(SHARED, {"logit f": np.log(0.15 / 0.85), "ln shape": np.log(0.8)})
    found = maximise(law, X, share[None] * tries, tries)
    assert np.exp(found.theta[0][1:]) == pytest.approx([4, 8, 16], rel=1e-4)


def test_a_floor_of_nothing_and_a_ceiling_of_one_are_reached():
    law = Pinned(AxisLaw(FORMS["lomax"], ("k",)), {"logit f": -40.0, "logit A": 40.0})
    share, _ = law.probability(np.zeros((1, 2)), np.array([[0.0], [1.0], [1e12]]))
    assert share[0] == pytest.approx([0, 0.5, 1], abs=1e-9)


def test_wide_priors_leave_the_maximum_of_the_likelihood():
    x, hits, tries = data()
    usual, wide = (
        maximise(Pinned(SHARED, widen=widen), x, hits.sum(0)[None], tries.sum(0)[None]) for widen in (1.0, 100.0)
    )
    assert wide.loss[0] <= usual.loss[0]


def test_a_law_with_its_ceiling_held_is_tested_in_shape_alone():
    ends = {"logit f": -40.0, "logit A": 40.0}
    free = AxisLaw(FORMS["lomax"], AXES, shared_shape=False)
    hits = outcomes(np.random.default_rng(5), X[1:], truth(X[1:], floor=0, ceiling=1, shape=(0.8, 0.8, 3)))
    found = score_test(Pinned(SHARED, ends), Pinned(free, ends), X[1:], hits, np.ones_like(hits))
    assert found.freedom == 2
    assert found.p < 1e-3


def test_laws_that_do_not_correspond_and_parameters_that_are_none_are_named():
    with pytest.raises(ValueError, match="no freer version of"):
        score_test(AxisLaw(FORMS["exp"], AXES), FREE, *data())
    with pytest.raises(ValueError, match="no parameter 'logit B'; its parameters are logit f, logit A"):
        Pinned(SHARED, {"logit B": 0.0})
    with pytest.raises(ValueError, match="it was 0"):
        Pinned(SHARED, widen=0.0)
