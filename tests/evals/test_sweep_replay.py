import random
from math import comb

import pytest

from evals.runstore import Trial
from evals.sweep.equivalence import paired_equivalence
from evals.sweep.estimate import estimate
from evals.sweep.grid import Cell
from evals.sweep.orders import Order
from evals.sweep.replay import applies, partners, replay
from evals.task import Sample

SAMPLE = Sample("q", "Who?", ("Ada",), "name", ("d1", "d2"))


def trial(answers, final=None, units=10.0, seconds=1.0, read=("d1", "d2", "d3")):
    trace = tuple(
        {"round": n, "queries": ["a", "b"], "read": [read[n - 1]], "answer": text, "units": units * n}
        for n, text in enumerate(answers, 1)
    )
    final = answers[-1] if final is None else final
    report = {"claims": [{"supported": True}] if final else []}
    names = {"task": "t", "question_id": "q", "cell": {}, "seed": 0, "code": "c", "model": "m", "corpus": "k"}
    names |= {"status": "answered", "stop_reason": "answered"}
    return Trial(
        "key", answer=final, units=units * len(answers) + 1, seconds=seconds, trace=trace, report=report, **names
    )


def at(trials, depth, samples=1, outcome="right", other=None):
    return replay(SAMPLE, other, trials, depth=depth, samples=samples, outcome=outcome)


def test_depth_is_replayed_from_the_answer_after_that_round():
    deep = [trial(["", "Bob", "Ada"])]
    assert [at(deep, depth).outcome for depth in (1, 2, 3, 8)] == [0, 0, 1, 1]
    assert [at(deep, depth).units for depth in (1, 2, 3, 8)] == [10, 20, 31, 31]
    assert [at(deep, depth).searches for depth in (1, 2, 3, 8)] == [2, 4, 6, 6]
    assert [at(deep, depth, outcome="evidence_recall").outcome for depth in (1, 2)] == [0.5, 1]
    assert [at(deep, depth, outcome="all_gold").outcome for depth in (1, 2)] == [0, 1]
    assert [at(deep, depth).seconds for depth in (2, 3)] == [None, 1.0]


def test_a_run_that_ended_by_itself_keeps_the_answer_that_was_verified():
    doubted = [trial(["", "Ada"], final="")]
    assert at(doubted, 8).outcome == 0


def test_samples_are_the_mean_over_all_subsets():
    given = ["Ada", "Ada", "Ada", "Bob", "Bob"]
    trials = [trial([text]) for text in given]
    assert at(trials, 1, samples=1).outcome == pytest.approx(3 / 5)
    # A majority of three is right where at least two of them are.
    assert at(trials, 1, samples=3).outcome == pytest.approx((comb(3, 3) + comb(3, 2) * 2) / comb(5, 3))
    assert at(trials, 1, samples=5).outcome == 1
    assert at(trials, 1, samples=3).units == pytest.approx(33)


def test_abstentions_outvote_no_supported_answer():
    trials = [trial([""]), trial([""]), trial(["Ada"])]
    assert at(trials, 1, samples=3).outcome == 1
    assert at(trials, 1, samples=1).outcome == pytest.approx(1 / 3)


def test_many_subsets_are_drawn_without_bias():
    draw = random.Random(5)
    trials = [trial(["Ada" if draw.random() < 0.6 else "Bob"]) for _ in range(14)]
    right = sum(one.answer == "Ada" for one in trials)
    exact = sum(comb(right, k) * comb(14 - right, 7 - k) for k in range(4, 8)) / comb(14, 7)
    assert at(trials, 1, samples=7).outcome == pytest.approx(exact, abs=0.1)
    assert at(trials, 1, samples=7) == at(trials, 1, samples=7)


def test_labels_are_shuffled_within_an_answer_type():
    others = [
        SAMPLE,
        Sample("r", "?", ("ada",), "name"),
        Sample("s", "?", ("7",), "number"),
        Sample("t", "?", ("Eve",), "name"),
    ]
    found = partners(others, "right")
    assert found["q"].id == "t"
    assert found["t"].id == "q"
    assert "s" not in found
    assert at([trial(["Eve"])], 1, other=found["q"]).shuffled == 1
    assert at([trial(["Ada"])], 1, other=found["q"]).shuffled == 0


def test_only_scored_questions_have_an_outcome():
    silent = Sample("q", "?", (), "none", ("d",))
    assert not applies("right", silent)
    assert applies("evidence_recall", silent)
    assert not applies("all_gold", Sample("q", "?", ("Ada",), "name"))


def test_sameness_is_shown_from_99_questions_on():
    for n, said in ((98, "not shown"), (99, "same")):
        found = paired_equivalence([1.0] * n, [1.0] * n, list(range(n)))
        assert (found.said, found.needed, found.unequal) == (said, 99, 0)


def test_a_difference_is_seen():
    fresh = [1.0] * 60 + [0.0] * 140
    assert paired_equivalence(fresh, [0.0] * 200, list(range(200))).said == "different"
    few = paired_equivalence([1.0] * 2 + [0.0] * 198, [0.0] * 200, list(range(200)))
    assert (few.said, few.unequal) == ("same", 2)


def test_questions_of_one_cluster_count_once():
    clusters = [n // 2 for n in range(120)]
    assert paired_equivalence([1.0] * 120, [1.0] * 120, clusters).said == "not shown"


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_a_difference_as_large_as_the_margin_is_rarely_called_the_same(noise):
    draw, n, wrong = random.Random(3), 200, 0
    for _ in range(500):
        better = [draw.random() < 0.03 + noise for _ in range(n)]
        worse = [draw.random() < noise for _ in range(n)]
        fresh = [float(one) for one in better]
        replayed = [float(not one and other) for one, other in zip(better, worse, strict=True)]
        wrong += paired_equivalence(fresh, replayed, list(range(n))).said == "same"
    assert wrong / 500 <= 0.08


def test_the_estimate_holds_what_the_rest_costs():
    order = Order("run", Cell(4, 1, 0, 1))
    draw, held = random.Random(1), 0
    for _ in range(400):
        costs = [draw.uniform(50, 150) for _ in range(105)]
        pilot = [[trial([""], units=cost - 1)] for cost in costs[:5]]
        found = estimate({order: pilot}, {order: (5, 100)}, 100)
        held += found.units.low <= sum(costs[5:]) <= found.units.high
    assert 0.92 <= held / 400 <= 0.98
    assert found.orders[0].missing == 100


def test_nothing_missing_costs_nothing():
    order = Order("run", Cell(4, 1, 0, 1))
    assert estimate({order: [[trial([""])]] * 3}, {order: (3, 0)}, 0).units.value == 0
