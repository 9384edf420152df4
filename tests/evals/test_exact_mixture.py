"""The mixture: SYSTEMS.md S9 where the truth is known, with its control and its mirror."""

import numpy as np
import pytest

from evals.exact.mixture import EQUAL, MISLED, MIXED, Mixture, Questions, adaptive, follow, uniform, water_filling
from evals.exact.mixture_page import Size, measure
from evals.exact.page import lawful

SIZE = Size(questions=8_000)


@pytest.fixture(scope="module")
def mixed():
    return measure(MIXED, MIXED, SIZE, 0)


def test_round_robin_follows_its_law(mixed):
    assert lawful([(each.foretold, each.even) for each in mixed.compared]).holds
    assert [each.units for each in mixed.compared] == pytest.approx(
        [each.expected for each in mixed.compared], rel=0.02
    )


def test_attempts_where_they_are_worth_most_save_half_and_leave_the_hopeless(mixed):
    here = next(each for each in mixed.compared if each.rounds == 4)
    assert here.fewer >= 2
    assert here.fewer > here.fewer_stopped > 1.3
    assert mixed.lost_adaptive < mixed.lost_even / 2


def test_regret_is_small(mixed):
    assert all(each.adaptive.value >= 0.85 * each.filled for each in mixed.compared)
    assert all(0.85 * each.oracle.value <= each.adaptive.value <= each.oracle.value for each in mixed.compared)


def test_equal_questions_leave_nothing_to_gain():
    found = measure(EQUAL, EQUAL, Size(questions=20_000), 0)
    assert all(abs(each.adaptive.value - each.even.value) <= 0.01 for each in found.compared)


def test_hints_that_say_the_opposite_make_it_lose():
    found = measure(MISLED, MIXED, SIZE, 0)
    assert all(each.adaptive.high < each.even.low for each in found.compared)


def test_a_policy_sees_hints_alone():
    questions = Questions.draw(MIXED, 500, 1)
    blinded = Questions(questions.hint, np.zeros_like(questions.kind), np.ones_like(questions.needed))
    assert (adaptive(questions, MIXED, 8) == adaptive(blinded, MIXED, 8)).all()
    assert len(np.unique(adaptive(questions, MIXED, 8)[:, 0])) == 5


def test_a_solved_question_gets_no_more_attempts():
    questions = Questions.draw(MIXED, 500, 2)
    course = follow(questions, uniform(questions, 8), 10_000)
    counts = np.bincount(course.question, minlength=500)
    assert (counts == np.minimum(questions.needed, 8)).all()
    assert course.hit.sum() == (questions.needed <= 8).sum()


def test_water_filling_is_the_best_of_all_allotments():
    two = Mixture.of((0.6, 0.2), (0.5, 0.5))
    best = max(0.5 * (1 - 0.4**k) + 0.5 * (1 - 0.8 ** (6 - k)) for k in range(7))
    assert water_filling(two, 3.0) == pytest.approx(best)
