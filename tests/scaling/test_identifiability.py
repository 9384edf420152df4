"""The gate: what may be said of an asymptote."""

import numpy as np
import pytest
from simulate import Design, design, outcomes, truth

from scaling.identifiability import gate
from scaling.laws import FORMS, AxisLaw
from scaling.likelihood import maximise, quantile, sandwich
from scaling.pinned import Pinned
from scaling.profiles import profiles


def judge(shape, *, anchored=False, questions=300, seed=0, form="lomax", half=4.0):
    x = design(1, ceiling=anchored)
    share = truth(x, shape=(shape,), half=(half,))
    hits = outcomes(np.random.default_rng(seed), x, share, questions=questions)
    tries = np.ones_like(hits)
    law = AxisLaw(FORMS[form], ("d",))
    theta = maximise(law, x, hits.sum(0)[None], tries.sum(0)[None]).theta[0]
    return gate(law, theta, sandwich(law, theta, x, hits, tries), x, hits, tries)


@pytest.mark.parametrize("seed", range(4))
def test_a_heavy_tail_with_nothing_to_hold_it_is_refused(seed):
    found = judge(0.3, seed=seed)
    assert found.text.startswith("asymptote not identified: ")
    assert found.profile.ceiling[0] > 0.3


def test_many_questions_and_a_measured_ceiling_identify_it():
    found = judge(0.8, anchored=True, questions=4000)
    assert found.text == "identified"
    assert found.profile.ceiling[0] < 0.75 < found.profile.ceiling[1]
    assert found.profile.shape[0] < 0.8 < found.profile.shape[1]


def test_a_range_that_stops_early_is_refused_with_how_far_it_got():
    assert "of the way from floor to ceiling" in judge(0.8, questions=2000, half=200.0).refused


def test_a_family_without_shape_is_judged_by_its_ceiling():
    found = judge(0.8, form="exp", half=2.0, questions=2000)
    assert found.profile.shape is None
    assert found.text == "identified"


@pytest.mark.parametrize("seeds", [1, 4])
def test_profiles_are_as_wide_as_the_robust_errors_where_much_is_known(seeds):
    """With a dispersion of at least 1 they would be 1.3 times as wide, twice at four attempts a question."""
    planned = Design(questions=4000, seeds=seeds, half=(4.0,), anchored=True)
    (hits,), x, tries = planned.draw(1, 3), planned.x, planned.tries
    law = AxisLaw(FORMS["lomax"], ("d",))
    theta = maximise(law, x, hits.sum(0)[None], tries.sum(0)[None]).theta[0]
    error = np.sqrt(np.diag(sandwich(law, theta, x, hits, tries)))
    found = profiles(law, theta, x, hits, tries)
    widths = [np.log(high / low) for low, high in (found.half, found.shape)]
    assert widths == pytest.approx(2 * quantile(3999) * error[2:], rel=0.05)


@pytest.mark.parametrize("seed", [23, 28])
def test_a_ceiling_at_its_limit_does_not_end_the_profile_of_the_tail(seed):
    """Where the best ceiling is 1, MINOS calls ends that are none: it left out α = .3, which fits as well as any."""
    planned = Design(half=(16.0,), shape=(0.3,))
    *_, hits = planned.draw(seed + 1, 12)
    law, x, tries = AxisLaw(FORMS["lomax"], ("d",)), planned.x, planned.tries
    totals = hits.sum(0)[None], tries.sum(0)[None]
    held = {"ln shape": np.log(0.3)}
    free, kept = (maximise(Pinned(law, known, widen=20.0), x, *totals).loss[0] for known in ({}, held))
    assert kept - free < 0.1
    low, high = profiles(law, maximise(law, x, *totals).theta[0], x, hits, tries).shape
    assert low < 0.3 < high
