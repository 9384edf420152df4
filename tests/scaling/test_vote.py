"""Votes: exact accuracies against enumeration, bounds against simulation, and when drawing stops."""

from collections import Counter
from itertools import combinations, product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, dirichlet

from scaling.vote import (
    first_finished,
    knockout_bound,
    leader_stays,
    league_bound,
    stop_after,
    subset_accuracy,
    vote_accuracy,
    vote_bound,
    vote_curve,
)

SHARES = st.lists(st.integers(0, 9), min_size=1, max_size=4).filter(any).map(lambda each: np.array(each) / sum(each))
WRONG_MODE = (0.45, 0.46, *[0.003] * 30)  # the wrong answer is likeliest, the rest is scattered
MIRROR = (0.46, 0.45, *[0.003] * 30)


def credit(answers, right=0):
    """Return 1/m where the right answer is one of m leaders."""
    tally = Counter(answers)
    leaders = [answer for answer, count in tally.items() if count == max(tally.values())]
    return (right in leaders) / max(1, len(leaders))


@given(SHARES, st.integers(1, 5))
def test_a_vote_is_as_accurate_as_all_its_outcomes(shares, votes):
    outcomes = product(range(len(shares)), repeat=votes)
    exact = sum(prod(shares[answer] for answer in drawn) * credit(drawn) for drawn in outcomes)
    assert vote_accuracy(shares, votes) == pytest.approx(exact, abs=1e-13)


@given(st.lists(st.sampled_from([0, 1, 2, None]), min_size=1, max_size=8), st.data())
def test_logged_answers_are_voted_over_all_subsets(answers, data):
    votes = data.draw(st.integers(1, len(answers)))
    subsets = [[each for each in drawn if each is not None] for drawn in combinations(answers, votes)]
    counts = [answers.count(option) for option in range(3)]
    exact = np.mean([credit(drawn) for drawn in subsets])
    assert subset_accuracy(counts, votes, answers.count(None)) == pytest.approx(exact, abs=1e-13)


@pytest.mark.parametrize("votes", [1, 7, 101])
def test_two_options_are_a_binomial(votes):
    assert vote_accuracy([0.6, 0.4], votes) == pytest.approx(binom.sf(votes // 2, votes, 0.6), abs=1e-13)


@pytest.mark.parametrize(("options", "votes"), [(2, 64), (5, 33), (12, 200)])
def test_equal_options_share_equally_however_many_votes(options, votes):
    assert vote_accuracy([1 / options] * options, votes) == pytest.approx(1 / options, abs=1e-12)


def test_votes_are_as_simulated():
    shares = (0.3, 0.28, 0.2, 0.12, 0.1)
    counts = np.random.default_rng(0).multinomial(64, shares, 200_000)
    ahead = counts == counts.max(1, keepdims=True)
    assert vote_accuracy(shares, 64) == pytest.approx((ahead[:, 0] / ahead.sum(1)).mean(), abs=0.004)


def test_voting_fails_where_a_wrong_answer_is_likeliest_and_wins_on_the_mirror():
    """S1 (a): .45 right against .46 wrong. Against scattered rest the first votes help, by ruling it out."""
    votes = (16, 64, 256, 1024, 4096)
    falling = [vote_accuracy(WRONG_MODE, n) for n in votes]
    rising = [vote_accuracy(MIRROR, n) for n in votes]
    assert (np.diff(falling) < 0).all()
    assert (np.diff(rising) > 0).all()
    assert falling[-1] < 0.27
    assert rising[-1] > 0.73
    two = [vote_accuracy([0.45 / 0.91, 0.46 / 0.91], n) for n in (1, *votes)]
    assert (np.diff(two) < 0).all()


@settings(max_examples=60)
@given(SHARES.filter(lambda shares: len(shares) > 1), st.integers(1, 300))
def test_the_bound_of_debate_or_vote_holds(shares, votes):
    assert vote_bound(shares, votes) <= vote_accuracy(shares, votes) + 1e-12


def test_the_bound_of_debate_or_vote():
    assert vote_bound([0.7, 0.3], 100) == pytest.approx(1 - np.exp(-100 * (0.4 / np.sqrt(2) - 0.1) ** 2))
    assert vote_bound([0.5, 0.4, 0.1], 4) == 0
    assert vote_bound([0.4, 0.6], 10_000) == 0


def test_a_curve_of_votes_over_questions():
    answers = [list("aabbb"), list("cccdd"), ["e", None, None, None, "e"]]
    found = vote_curve(answers, ["a", "c", "e"], [1, 3, 5])
    assert found[0].value == pytest.approx((2 / 5 + 3 / 5 + 2 / 5) / 3)
    assert found[1].value == pytest.approx((0.3 + 0.7 + 0.9) / 3)
    assert found[2].value == pytest.approx(2 / 3)
    assert all(each.low <= each.value <= each.high and each.n == 3 for each in found)
    assert vote_curve(answers, ["a", "c", "e"], [1], clusters=["x", "x", "y"])[0].clusters == 2


def pair(random, right, other, better, times):
    """Return which of two contestants wins most of `times` comparisons, per row; True where the first does."""
    ahead = np.where(right == other, 0.5, np.where(right, better, 1 - better))
    wins = random.binomial(times, ahead)
    return (wins * 2 > times) | ((wins * 2 == times) & (random.random(len(wins)) < 0.5))


def knockout(random, candidates, comparisons, right, better, runs):
    """Return how often a tournament of a power of two of candidates fails."""
    field = random.random((runs, candidates)) < right
    while field.shape[1] > 1:
        first, second = field[:, ::2].ravel(), field[:, 1::2].ravel()
        winners = np.where(pair(random, first, second, better, comparisons), first, second)
        field = winners.reshape(runs, -1)
    return 1 - field.mean()


@pytest.mark.parametrize(("right", "better"), [(0.3, 0.8), (0.5, 0.75), (0.6, 0.9)])
def test_a_knockout_keeps_its_bound_and_gains_from_compute(right, better):
    """S3 (iv)."""
    random = np.random.default_rng(1)
    failures = []
    for candidates, comparisons in ((4, 2), (8, 4), (16, 8), (32, 16)):
        failure = knockout(random, candidates, comparisons, right, better, 20_000)
        assert failure <= knockout_bound(candidates, comparisons, right=right, better=better).failure
        failures.append(failure)
    assert failures[-1] < failures[0] / 10


def test_a_league_keeps_its_bound():
    """Every candidate is right and beats a wrong one in 95 of 100 comparisons, or is wrong."""
    random = np.random.default_rng(2)
    right, better, candidates, opponents, runs = 0.5, 0.98, 129, 128, 300
    gap = (0.5 * right + better * (1 - right)) - ((1 - better) * right + 0.5 * (1 - right))
    field = random.random((runs, candidates)) < right
    scores = np.zeros(field.shape)
    for _ in range(opponents):
        rival = (np.arange(candidates) + random.integers(1, candidates, candidates)) % candidates
        other = field[:, rival]
        scores += random.random(field.shape) < np.where(field == other, 0.5, np.where(field, better, 1 - better))
    failure = 1 - field[np.arange(runs), scores.argmax(1)].mean()
    bound = league_bound(candidates, opponents, strong=right, gap=gap)
    assert failure <= bound.failure
    assert bound.calls == 129 * 129
    assert league_bound(2000, 2000, strong=right, gap=gap).failure < 1e-20


def test_the_bounds_in_closed_form():
    found = knockout_bound(32, 16, right=0.5, better=0.9)
    assert found.failure == pytest.approx(0.5**32 + 5 * np.exp(-32 * 0.4**2))
    assert found.calls == 17 * 32
    assert knockout_bound(5, 200, right=0.5, better=0.9).failure == pytest.approx(0.5**5 + 3 * np.exp(-64))
    assert knockout_bound(1, 3, right=0.25, better=0.9).failure == 0.75
    assert knockout_bound(4, 2, right=0.1, better=0.6).failure == 1
    found = league_bound(500, 400, strong=0.3, gap=0.8)
    assert found.failure == pytest.approx(0.7**500 + 1000 * (np.exp(-400 * 0.08) + np.exp(-499 * 0.08)))
    assert found.calls == 401 * 500


def test_a_leader_of_two_is_sure_by_the_beta_law():
    assert leader_stays([1]) == pytest.approx(0.75)
    assert leader_stays([4]) == leader_stays([0, 4]) == pytest.approx(1 - 0.5**5)
    assert leader_stays([3, 3]) == pytest.approx(0.5)
    assert leader_stays([2, 7]) == pytest.approx(leader_stays([7, 2], "dirichlet"), abs=1e-8)
    assert leader_stays([900, 700], "dirichlet") == pytest.approx(leader_stays([900, 700]), abs=1e-8)


def test_a_leader_of_many_is_sure_by_the_dirichlet_law():
    counts = [5, 3, 3, 1]
    drawn = dirichlet.rvs(np.array(counts) + 1.0, 100_000, random_state=0)
    found = leader_stays(counts, "dirichlet")
    assert found == pytest.approx((drawn.argmax(1) == 0).mean(), abs=0.006)
    assert found < leader_stays(counts)


def test_drawing_stops_once_the_leader_is_sure():
    assert (stop_after("aaaaaaaa").answer, stop_after("aaaaaaaa").draws) == ("a", 4)
    split = stop_after("abababab")
    assert (split.answer, split.draws) == ("a", 8)
    assert split.sure == pytest.approx(0.5)
    assert stop_after([None, "a", None, "a", "a", "a", "b"]).draws == 6
    assert stop_after([None, None]).answer is None
    assert stop_after("aaaaaaaa", threshold=0.7).draws == 1
    wide = [*"abcd" * 3, *"a" * 40]
    assert stop_after(wide, rule="dirichlet").draws > stop_after(wide).draws


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=30), st.floats(0.6, 0.9), st.floats(0.01, 0.09))
def test_a_higher_threshold_never_stops_earlier(answers, threshold, more):
    assert stop_after(answers, threshold=threshold).draws <= stop_after(answers, threshold=threshold + more).draws


def test_the_first_to_finish_are_voted_and_stop_the_others():
    chosen, spent = first_finished(list("abca"), [400, 100, 900, 200], 2)
    assert chosen == ["b", "a"]
    assert spent == 200 + 100 + 200 + 200


@pytest.mark.parametrize(
    ("call", "say"),
    [
        (lambda: vote_accuracy([0.5, 0.4], 3), "their sum was 0.9"),
        (lambda: vote_accuracy([1.5, -0.5], 3), "at least 0"),
        (lambda: vote_accuracy([1.0], 0), "votes must be a whole number of at least 1; it was 0"),
        (lambda: vote_bound([1.0], 3), "at least two options"),
        (lambda: subset_accuracy([2, 1], 4), "the answers there are, 3; they were 4"),
        (lambda: subset_accuracy([2.5], 1), "whole numbers"),
        (lambda: vote_curve([["a"]], [], [1]), "one right answer a question"),
        (lambda: knockout_bound(4, 2, right=0.5, better=0.5), "beat a coin"),
        (lambda: knockout_bound(0, 2, right=0.5, better=0.6), "candidates must be"),
        (lambda: league_bound(4, 2, strong=1.5, gap=0.6), "strong must lie between 0 and 1"),
        (lambda: leader_stays([]), "one answer or more"),
        (lambda: stop_after([]), "answers and a threshold"),
        (lambda: first_finished(["a"], [1.0], 2), "m must be from 1 to k"),
    ],
)
def test_what_is_refused(call, say):
    with pytest.raises(ValueError, match=say):
        call()
