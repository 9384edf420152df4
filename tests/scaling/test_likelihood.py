"""The engine: modes that are modes, variances that respect clusters, and samples that are paired."""

import numpy as np
import pytest
from simulate import design, outcomes, truth

from scaling.errors import FitError
from scaling.laws import FORMS, AxisLaw
from scaling.likelihood import bootstrap, information, loss, maximise, predict, sandwich, scores

AXES = ("d", "w", "t")
LAW = AxisLaw(FORMS["lomax"], AXES)
X = design()


def data(seed=0, questions=300):
    hits = outcomes(np.random.default_rng(seed), X, truth(X), questions=questions)
    return hits, np.ones_like(hits)


def mode(law=LAW, hits=None, tries=None):
    return maximise(law, X, hits.sum(0)[None], tries.sum(0)[None])


def test_at_the_mode_the_likelihood_and_the_prior_pull_alike():
    hits, tries = data()
    found = mode(hits=hits, tries=tries)
    mean, sd = LAW.prior(X)
    pull = scores(LAW, found.theta[0], X, hits, tries).sum(0) - (found.theta[0] - mean) / sd**2
    assert found.converged.all()
    assert pull == pytest.approx(np.zeros_like(pull), abs=2e-3)
    assert found.loss[0] == pytest.approx(loss(LAW, found.theta[0], X, hits, tries).sum())


def test_without_noise_the_truth_comes_back():
    share = truth(X)
    tries = np.full((1, len(X)), 1e9)
    found = maximise(LAW, X, share[None] * tries, tries)
    assert LAW.probability(found.theta, X)[0][0] == pytest.approx(share, abs=1e-6)
    assert np.exp(found.theta[0][2:]) == pytest.approx([4, 8, 16, 0.8], rel=1e-3)


@pytest.mark.parametrize("name", list(FORMS))
def test_every_family_is_recovered_from_its_own_truth(name):
    share = truth(X, form=name, shape=(1.3,) * 3)
    tries = np.full((1, len(X)), 1e9)
    found = maximise(AxisLaw(FORMS[name], AXES), X, share[None] * tries, tries)
    assert AxisLaw(FORMS[name], AXES).probability(found.theta, X)[0][0] == pytest.approx(share, abs=1e-5)


def test_a_batch_is_its_parts():
    (first, tries), (second, _) = data(1), data(2)
    both = maximise(LAW, X, np.stack([first.sum(0), second.sum(0)]), np.stack([tries.sum(0)] * 2))
    each = [mode(hits=hits, tries=tries).theta[0] for hits in (first, second)]
    assert both.theta == pytest.approx(np.array(each), abs=1e-6)


def test_ten_trials_that_always_agree_are_one():
    hits, tries = data(questions=2000)
    theta = mode(hits=hits, tries=tries).theta[0]
    alone = np.sqrt(np.diag(sandwich(LAW, theta, X, hits, tries)))
    heavier = np.sqrt(np.diag(sandwich(LAW, theta, X, 10 * hits, 10 * tries)))
    naive = np.sqrt(np.diag(np.linalg.inv(information(LAW, theta, X, 10 * tries))))
    assert heavier[[0, 2]] == pytest.approx(alone[[0, 2]], rel=0.2)
    assert naive[2] < heavier[2] / 2


def test_the_bootstrap_agrees_with_the_sandwich_and_is_paired():
    hits, tries = data()
    theta = mode(hits=hits, tries=tries).theta[0]
    first = bootstrap(LAW, X, hits, tries, replicates=400, seed=3, start=theta)
    again = bootstrap(LAW, X, hits, tries, replicates=400, seed=3, start=theta + 0.1)
    assert first == pytest.approx(again, abs=2e-3)
    error = np.sqrt(np.diag(sandwich(LAW, theta, X, hits, tries)))
    assert first.std(0)[[0, 2, 3]] == pytest.approx(error[[0, 2, 3]], rel=0.2)


def test_intervals_of_success_hold_it_and_stay_within_0_and_1():
    hits, tries = data()
    theta = mode(hits=hits, tries=tries).theta[0]
    far = np.array([[0.0, 0, 0], [1e9, 0, 0], [np.inf, 0, 0]])
    value, low, high = predict(LAW, theta, sandwich(LAW, theta, X, hits, tries), far, freedom=299)
    assert ((low > 0) & (low < value) & (value < high) & (high < 1)).all()


def test_fractions_are_taken():
    hits, tries = data()
    halves = maximise(LAW, X, hits.sum(0)[None] / 2, tries.sum(0)[None] / 2)
    whole = mode(hits=hits, tries=tries)
    gap = LAW.probability(halves.theta, X)[0] - LAW.probability(whole.theta, X)[0]
    assert np.abs(gap).max() < 0.01


def test_what_cannot_be_fitted_is_refused():
    hits, tries = data(questions=1)
    with pytest.raises(FitError, match="at least two"):
        sandwich(LAW, np.zeros(6), X, hits, tries)
    with pytest.raises(FitError, match="No cell holds a trial"):
        maximise(LAW, X, np.zeros((1, len(X))), np.zeros((1, len(X))))
