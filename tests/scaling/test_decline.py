"""Whether more was worse."""

import numpy as np
import pytest
from simulate import design, outcomes, truth

from scaling.decline import decline
from scaling.errors import FitError

X = design(axes=1)


def run(drop, questions=800, seed=0):
    share = truth(X)
    share[-1] = share[-2] - drop
    hits = outcomes(np.random.default_rng(seed), X, share, questions=questions)
    return decline(hits, np.ones_like(hits), replicates=300)


def test_a_drop_is_found_with_its_size():
    found = run(0.12)
    assert found.p < 0.01
    assert found.at == 6
    assert found.drop.low < 0.12 < found.drop.high
    assert 0 < found.detectable < 0.12


def test_a_curve_that_rises_declines_nowhere():
    found = run(-0.02)
    assert found.p > 0.2
    assert found.drop.low < 0


def test_what_cannot_be_seen_is_said_by_its_size():
    assert run(0.05, questions=100).detectable > 0.05


def test_questions_that_all_do_alike_show_no_drop_but_the_one_there_is():
    hits = np.tile([0.0, 1.0, 1.0], (20, 1))
    found = decline(hits, np.ones_like(hits))
    assert (found.drop.value, found.p) == (0.0, 1.0)


def test_too_little_is_refused():
    with pytest.raises(FitError, match="two budgets and two questions"):
        decline(np.ones((1, 3)), np.ones((1, 3)))
