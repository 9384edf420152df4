"""One law or several: what the two tests say apart and together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate import design, outcomes, truth

from scaling.compare import decide, exchange_rates, holm, laws, pairwise, verdict
from scaling.errors import FitError
from scaling.laws import FORMS
from scaling.nested import gap, score_test
from scaling.results import Interval

AXES = ("d", "w", "t")
X = design()
LOMAX = FORMS["lomax"]


def data(seed=0, questions=300, **true):
    hits = outcomes(np.random.default_rng(seed), X, truth(X, **true), questions=questions)
    return hits, np.ones_like(hits)


def test_axes_of_one_law_are_the_same_and_half_budgets_are_exchanged():
    hits, tries = data(questions=800)
    found = verdict("lomax", AXES, X, hits, tries, replicates=200)
    assert found.decision == "SAME"
    assert found.agreeing >= 4
    assert found.p > 0.05
    assert found.gap < found.gap_upper < found.margin == 0.05
    rates = exchange_rates(LOMAX, AXES, X, hits, tries)
    assert [(rate.of, rate.to) for rate in rates] == [("d", "w"), ("d", "t"), ("w", "t")]
    for rate, true in zip(rates, (2, 4, 2), strict=True):
        assert rate.rate.low < true < rate.rate.high < 3 * true


def test_the_rate_of_free_laws_is_as_open_as_their_half_budgets():
    hits, tries = data()
    halves = [Interval(4.0, 3.0, 6.0), Interval(8.0, 5.0, np.inf), Interval(16.0, 0.0, 40.0)]
    d_w, d_t, w_t = (rate.rate for rate in exchange_rates(LOMAX, AXES, X, hits, tries, halves=halves))
    assert (d_w.value, d_t.value, w_t.value) == pytest.approx((2, 4, 2))
    assert 5 / 6 < d_w.low < 8 / 6
    assert (d_w.high, d_t.low, w_t.low) == (np.inf, 0, 0)
    assert 40 / 8 < w_t.high < 40 / 5
    assert 40 / 4 < d_t.high < 40 / 3


def test_an_axis_with_a_lower_ceiling_is_found_out():
    hits, tries = data(questions=800, ceiling=(0.75, 0.75, 0.5))
    found = verdict("lomax", AXES, X, hits, tries, replicates=200)
    assert found.decision == "DIFFERENT"
    assert found.gap_upper > 0.05
    assert found.pairs["d", "w"] > 0.05 > found.pairs["w", "t"]


def test_a_small_sample_is_inconclusive_and_never_the_same():
    hits, tries = data(questions=40)
    assert verdict("lomax", AXES, X, hits, tries, replicates=200).decision == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("p", "upper", "decision"),
    [(0.5, 0.04, "SAME"), (0.5, 0.06, "INCONCLUSIVE"), (0.01, 0.04, "BOTH"), (0.01, 0.06, "DIFFERENT")],
)
def test_difference_and_equivalence_together(p, upper, decision):
    assert decide(p, upper, 0.05) == decision


def test_the_same_axis_twice_differs_in_nothing():
    x = design(axes=2)
    along = outcomes(np.random.default_rng(4), x, truth(x, half=(4, 4)), questions=200)
    along[:, 8:] = along[:, 1:8]
    test = score_test(*laws(LOMAX, ("a", "b")), x, along, np.ones_like(along))
    assert test.statistic == pytest.approx(0, abs=1e-3)
    assert test.p > 0.99


def test_a_family_without_shape_is_compared_by_its_ceilings():
    hits, tries = data()
    assert score_test(*laws(FORMS["exp"], AXES), X, hits, tries).freedom == 2
    assert score_test(*laws(LOMAX, AXES), X, hits, tries).freedom == 4


def test_the_gap_of_a_cell_is_within_its_limit():
    hits, tries = data()
    found = gap(*laws(LOMAX, AXES), X, hits, tries, replicates=100, seed=1)
    assert found.each.shape == (len(X),)
    assert (found.upper >= found.each).all()


def test_pairs_look_at_their_own_cells():
    hits, tries = data(ceiling=(0.75, 0.75, 0.5), questions=800)
    spoiled = hits.copy()
    spoiled[:, 15:] = 0.0  # the third axis
    assert pairwise(LOMAX, AXES, X, hits, tries)["d", "w"] <= 1
    two = score_test(*laws(LOMAX, ("d", "w")), X[:15, :2], hits[:, :15], tries[:, :15]).p
    assert holm({("d", "w"): two})["d", "w"] == pytest.approx(two)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_only_raises_and_keeps_the_order(values):
    raw = {("a", str(place)): value for place, value in enumerate(values)}
    found = holm(raw)
    assert all(found[name] >= raw[name] for name in raw)
    ranked = sorted(raw, key=raw.__getitem__)
    assert [found[name] for name in ranked] == sorted(found.values())
    assert min(found.values()) == pytest.approx(min(1, len(values) * min(values)))


def test_what_is_refused():
    hits, tries = data(questions=20)
    with pytest.raises(FitError, match="Measure a second"):
        score_test(*laws(LOMAX, ("d",)), X[:8, :1], hits[:, :8], tries[:, :8])
    with pytest.raises(ValueError, match="between 0 and 1"):
        verdict("lomax", AXES, X, hits, tries, margin=0)
