"""Stopping: gains with their cautious end, steps that pay, and samples that go where they are worth most."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from factorial import drawn, exact, success
from hypothesis import given, settings
from hypothesis import strategies as st
from known import answers
from scipy.integrate import quad
from scipy.special import comb
from scipy.stats import beta

from scaling.axes import fit_law
from scaling.errors import FitError
from scaling.stopping import gain, next_step, sample_gain, share_samples, steps

BELIEFS = st.floats(0.1, 30)
FITTED = fit_law(drawn("synergy", seed=0), "ces-lomax")
BASE = np.array([2.0, 2.0, 4.0])


def test_a_gain_is_the_difference_of_success_and_its_low_end_is_below():
    true = fit_law(exact("synergy"), "ces-lomax")
    to = np.array([4.0, 2, 4])
    value, low = gain(true, BASE, to)
    assert value == pytest.approx(np.diff(success("synergy", [BASE, to]))[0], abs=1e-5)
    value, low = gain(FITTED, BASE, to)
    assert low < value
    assert gain(FITTED, BASE, to, confidence=0.5)[1] == pytest.approx(value)
    assert gain(FITTED, BASE, to, confidence=0.95)[1] < low
    with pytest.raises(ValueError, match=r"at least 0\.5 and below 1; it was 1"):
        gain(FITTED, BASE, to, confidence=1.0)


def test_four_times_in_five_the_gain_is_above_its_low_end():
    moves = [np.array(move, dtype=float) for move in ([16, 2, 4], [4, 2, 4], [2, 8, 4], [2, 2, 16])]
    true = [np.diff(success("odds", [BASE, move]))[0] for move in moves]
    above = []
    for seed in range(80):
        fitted = fit_law(drawn("odds", seed=seed), "cobb-douglas-ceiling")
        above.append([gain(fitted, BASE, move)[1] < gained for move, gained in zip(moves, true, strict=True)])
    assert np.mean(above) == pytest.approx(0.8, abs=0.08)


def test_a_step_is_taken_while_its_cautious_value_is_above_its_price():
    value, low = gain(FITTED, BASE, np.array([3.0, 2, 4]))
    step = next_step(FITTED, BASE, "d", 3.0, value=100, price=99 * low)
    assert (step.axis, step.spend, step.to, step.gain, step.gain_low) == ("d", 2, 3, value, low)
    assert step.cost == pytest.approx(99 * low)
    assert step.shadow_price == pytest.approx(value / step.cost)
    assert step.worth_it
    assert not next_step(FITTED, BASE, "d", 3.0, value=100, price=101 * low).worth_it
    free = next_step(FITTED, BASE, "d", 3.0, value=1, price=0)
    assert free.worth_it
    assert free.shadow_price == np.inf


def test_steps_go_on_until_one_does_not_pay():
    found = steps(FITTED, BASE, "d", [4, 8, 16], value=1.0, price=0.02)
    assert [step.to for step in found] == [4, 8, 16][: len(found)]
    assert [step.worth_it for step in found[:-1]] == [True] * (len(found) - 1)
    assert not found[-1].worth_it
    assert len(steps(FITTED, BASE, "d", [4, 8, 16], value=1.0, price=0)) == 3
    dearer = steps(FITTED, BASE, "d", [4, 8, 16], value=1.0, price=10)
    assert (len(dearer), dearer[0].worth_it) == (1, False)


def test_steps_that_are_none_or_lie_too_far_out_are_refused():
    assert next_step(FITTED, BASE, "d", 61.0, value=1, price=1)
    with pytest.raises(FitError, match="a spend of 62 is more than 4 times that range"):
        next_step(FITTED, BASE, "d", 62.0, value=1, price=1)
    with pytest.raises(ValueError, match="from 2 to 2 does not raise it"):
        next_step(FITTED, BASE, "d", 2.0, value=1, price=1)
    with pytest.raises(ValueError, match="no axis 'x'; the axes are d, w, t"):
        next_step(FITTED, BASE, "x", 2.0, value=1, price=1)
    with pytest.raises(ValueError, match="they were 1 and -1"):
        next_step(FITTED, BASE, "d", 3.0, value=1, price=-1)


@settings(deadline=None)
@given(a=BELIEFS, b=BELIEFS, k=st.integers(0, 40))
def test_a_samples_gain_is_the_product_and_the_integral(a, b, k):
    product_form = a / (a + b) * np.prod([(b + i) / (a + b + 1 + i) for i in range(k)])
    assert sample_gain(a, b, k) == pytest.approx(product_form, rel=1e-9)
    assert sample_gain(a, b, k + 1) < sample_gain(a, b, k)


def test_a_samples_gain_is_an_expectation():
    numeric = quad(lambda p: p * (1 - p) ** 5 * beta.pdf(p, 2.5, 4.0), 0, 1)[0]
    assert sample_gain(2.5, 4.0, 5) == pytest.approx(numeric)
    assert sample_gain(np.array([1, 2]), np.array([1, 2]), np.array([0, 1])).shape == (2,)


def test_samples_are_shared_as_well_as_can_be():
    a, b = np.array([0.3, 2.0, 1.0, 8.0]), np.array([4.0, 2.0, 0.5, 30.0])

    def hit(given):
        return sum(sample_gain(a[q], b[q], np.arange(given[q])).sum() for q in range(4))

    found = share_samples(a, b, 7)
    best = max(hit(given) for given in product(range(8), repeat=4) if sum(given) == 7)
    assert found.sum() == 7
    assert hit(found) == pytest.approx(best)


def test_equal_beliefs_are_round_robin():
    one = np.ones(5)
    assert share_samples(one, 3 * one, 13).tolist() == [3, 3, 3, 2, 2]
    assert share_samples(one, one, 0).tolist() == [0] * 5


def test_beliefs_are_checked():
    with pytest.raises(ValueError, match="must be numbers above 0"):
        share_samples(np.array([0.0]), np.array([1.0]), 3)
    with pytest.raises(ValueError, match="must be numbers above 0"):
        sample_gain(np.array([1.0]), np.array([np.nan]), np.array([1]))
    with pytest.raises(ValueError, match="number of samples must be at least 0; it was -1"):
        sample_gain(np.array([1.0]), np.array([1.0]), -1)
    with pytest.raises(ValueError, match="there were 0 and 3"):
        share_samples(np.array([]), np.array([]), 3)


@pytest.mark.data
def test_the_oracle_of_published_rates():
    """SCALING.md part 8: Pythia 12B on MATH, hits at 4, 16 and 64 samples a question, even and by oracle."""
    counts = pd.read_csv(answers("llmonkeys_counts.csv"), comment="#")
    counts = counts[(counts.model == "Pythia 12B") & (counts.benchmark == "MATH")]
    n, c = counts.n.to_numpy(float), counts.c.to_numpy(float)
    for mean, even, oracle in ((4, 0.079, 0.153), (16, 0.210, 0.294), (64, 0.414, 0.496)):
        missed = np.mean(comb(n - c, mean) / comb(n, mean))
        assert 1 - missed == pytest.approx(even, abs=0.001)
        # An oracle's belief is all but certain.
        rate = np.clip(c / n, 1e-6, 1)
        given = share_samples(rate * 1e7, (1 - rate) * 1e7 + 1e-3, mean * len(n))
        assert np.mean(1 - (1 - rate) ** given) == pytest.approx(oracle, abs=0.002)
