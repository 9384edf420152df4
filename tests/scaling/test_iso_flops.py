"""Equal FLOPs: closed forms, and the sign that changes with difficulty."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling.beta import beta_coverage
from scaling.iso_flops import crossover, inference, matched_inference, pretraining, samples_for

RATIO = 14.0


def test_flops_are_equal_where_inference_is_matched():
    """X + m Y of the small model is M (X + Y), what the large one takes."""
    small, pretrained, run = 1.4e9, 2e12, 3e11
    x, y = pretraining(small, pretrained), inference(small, run)
    assert (x, y) == (6 * 1.4e9 * 2e12, 2 * 1.4e9 * 3e11)
    matched = matched_inference(RATIO, pretrained / run)
    assert x + matched * y == pytest.approx(pretraining(RATIO * small, pretrained) + inference(RATIO * small, run))
    assert matched_inference(RATIO) == RATIO
    assert matched_inference(1.0, 5.0) == 1


@given(st.floats(0.01, 0.99), st.floats(0.1, 50))
def test_uniform_rates_need_what_the_closed_form_says(success, b):
    """pass@n of Beta(1, b) is n/(n + b)."""
    assert samples_for(success, 1, b) == pytest.approx(b * success / (1 - success), rel=1e-8)


@given(st.floats(0.05, 0.95), st.floats(0.2, 5), st.floats(0.2, 50))
def test_the_samples_needed_give_the_success_wanted(success, a, b):
    assert beta_coverage(samples_for(success, a, b), a, b) == pytest.approx(success, abs=1e-9)


def test_no_number_of_samples_makes_certain():
    assert samples_for(1.0, 2, 3) == inf
    assert samples_for(0.5, 1e-4, 10) == inf
    assert samples_for(0.0, 2, 3) == 0


def test_a_crossover_in_closed_form():
    found = crossover(1, 1, 0.9, ratio=5, pretrained=1)
    assert found.samples == 5 + 3 * 4
    assert found.small == pytest.approx(17 / 18)
    assert found.gain == pytest.approx(17 / 18 - 0.9)
    assert found.needed == pytest.approx(9)
    assert found.break_even == pytest.approx(3 * 4 / (9 - 5))
    # At the break-even the samples bought are those needed.
    assert matched_inference(5, 1 / found.break_even) == pytest.approx(found.needed)
    assert crossover(1, 1, 0.9, ratio=14).break_even == inf
    assert crossover(1, 1, 1.0, ratio=14).break_even == 0


def test_a_dearer_sample_buys_fewer():
    whole, dear = crossover(1, 1, 0.6, ratio=6), crossover(1, 1, 0.6, ratio=6, sample=2)
    assert (whole.samples, dear.samples) == (6, 3)
    assert crossover(1, 1, 0.1, ratio=6, sample=7).small == 0
    assert dear.break_even == inf
    assert crossover(1, 1, 0.9, ratio=6, sample=2).break_even == pytest.approx(3 * 5 / (18 - 6))
    assert crossover(1, 1, 0.5, ratio=0.3 / 0.1).samples == 3


def test_the_sign_changes_with_difficulty():
    """S10: bins of mean .5 … 0.0002 of the small model; the large one has 30 times its odds (at most 90 %)."""
    signs = []
    for mean in (0.5, 0.3, 0.1, 0.01, 0.001, 0.0002):
        a, b = 1.5, 1.5 / mean - 1.5
        large = min(0.9, 30 * mean)
        signs.append(crossover(a, b, large, ratio=RATIO).gain > 0)
    assert signs == sorted(signs, reverse=True)
    assert signs[0]
    assert not signs[-1]


def test_pretraining_wins_where_inference_is_most_of_the_cost():
    """S10: one bin, D_inf/D_pre from rare use to heavy use."""
    gains = [crossover(0.4, 4, 0.6, ratio=RATIO, pretrained=1 / use).gain for use in (0.01, 0.1, 1.0, 10.0, 100.0)]
    assert (np.diff(gains) <= 0).all()
    assert gains[0] > 0 > gains[-1]
    even = crossover(0.4, 4, 0.6, ratio=RATIO).break_even
    assert crossover(0.4, 4, 0.6, ratio=RATIO, pretrained=1.1 / even).gain > 0
    assert crossover(0.4, 4, 0.6, ratio=RATIO, pretrained=0.9 / even).gain < 0


def test_a_crossover_is_as_simulated():
    random = np.random.default_rng(0)
    rate = random.beta(0.5, 3, 200_000)
    found = crossover(0.5, 3, 0.5, ratio=9)
    assert (random.random((9, len(rate))) < rate).any(0).mean() == pytest.approx(found.small, abs=0.005)


def test_what_is_refused():
    with pytest.raises(ValueError, match="M must be at least 1"):
        matched_inference(0.5)
    with pytest.raises(ValueError, match="at least 0; they were 2 and -1"):
        matched_inference(2, -1)
    with pytest.raises(ValueError, match=r"1\.5 and 1.0 came"):
        crossover(1, 1, 1.5, ratio=2)
    with pytest.raises(ValueError, match="above 0"):
        crossover(0, 1, 0.5, ratio=2)
