import dataclasses

import pytest

from evals.citations import CitationCheck
from evals.harness import Outcome
from evals.metrics import abstention, accuracy, depth_curve, gold_read_all, judge, summary, units_per_correct
from evals.report import report, to_markdown
from evals.runstore import Trial
from evals.task import Sample
from scaling.intervals import wilson


def trial(question, answer, *, units=10.0, trace=()):
    return Trial(
        question,
        "t",
        question,
        {"depth": 3},
        0,
        "c",
        "m",
        "f",
        answer,
        "answered",
        "answered",
        units,
        1.0,
        tuple(trace),
    )


def deep(question, answers, reads=((), (), ())):
    """A run of three rounds that cost 10 units each."""
    trace = [
        {"round": n + 1, "queries": ["?"], "read": list(reads[n]), "answer": answers[n], "units": 10.0 * (n + 1)}
        for n in range(len(answers))
    ]
    return trial(question, answers[-1], units=10.0 * len(answers), trace=trace)


def named(name, **fields):
    return Sample(name, f"{name}?", ("right",), "string", **fields)


def judged(answers, **fields):
    return [judge(named(f"q{n}", **fields), trial(f"q{n}", text)) for n, text in enumerate(answers)]


def test_accuracy_has_wilsons_interval():
    found = accuracy(judged(["right"] * 7 + ["wrong"] * 3))
    assert found.value == 0.7
    assert (found.low, found.high) == pytest.approx(wilson(7, 10))


def test_questions_of_one_cluster_count_as_one_when_they_move_together():
    both = ["right", "right", "wrong", "wrong"] * 10
    alone = accuracy(judged(both))
    together = accuracy(
        [judge(named(f"q{n}", metadata={"cluster": n // 2}), trial(f"q{n}", text)) for n, text in enumerate(both)]
    )
    assert together.clusters == 20
    assert together.high - together.low > 1.3 * (alone.high - alone.low)


def test_units_per_correct_counts_the_units_of_wrong_answers_too():
    assert units_per_correct(judged(["right", "wrong", "right", "wrong"])) == 20.0
    assert units_per_correct(judged(["wrong"])) is None


def test_cost_and_confidence_are_in_the_summary_where_they_are_known():
    found = summary(judged(["right", "wrong", "right", "wrong"]))
    cost = found["units_per_correct"]
    assert cost["value"] == 20.0
    assert cost["low"] < 20.0 < cost["high"]
    assert "ece" not in found
    assert "units_per_correct" not in summary(judged(["wrong"]))
    sure = dataclasses.replace(trial("q", "right"), report={"confidence": 0.8})
    stated = summary([judge(named("q"), sure)])
    assert stated["ece"] == pytest.approx(0.2)
    assert stated["brier"]["value"] == pytest.approx(0.04)


def test_depth_is_the_round_or_the_last_one_before():
    sample = named("q", gold=("a", "b"))
    run = deep("q", ["", "right"], [["x", "a"], ["b"]])
    assert [judge(sample, run, d).answer for d in (1, 2, 3, 9)] == ["", "right", "right", "right"]
    assert [judge(sample, run, d).units for d in (1, 2, 3)] == [10.0, 20.0, 20.0]
    assert [judge(sample, run, d).scores["evidence_recall"].value for d in (1, 2)] == [0.5, 1.0]
    assert judge(sample, run, 1).read == ("x", "a")


def test_depth_curve():
    pairs = [
        (named("q1", gold=("a",)), deep("q1", ["right", "right", "right"], [["a"], [], []])),
        (named("q2", gold=("a", "b")), deep("q2", ["wrong", "", "right"], [["a"], [], ["b"]])),
        (named("q3"), trial("q3", "")),
    ]
    curve = depth_curve(pairs, 3)
    assert [curve[d]["accuracy"]["value"] for d in "123"] == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert [curve[d]["gold_read_all"]["value"] for d in "123"] == [0.5, 0.5, 1.0]
    assert [curve[d]["mean_units"] for d in "123"] == pytest.approx([10.0, 50 / 3, 70 / 3])
    assert [curve[d]["n"] for d in "123"] == [3, 3, 3]
    assert depth_curve([(named("q3"), trial("q3", ""))], 3) == {}


def test_abstention():
    hopeless = [Sample(f"u{n}", "?", (), "unanswerable") for n in range(4)]
    answers = ["", "not enough evidence", "made up", ""]
    mixed = [judge(sample, trial(sample.id, text)) for sample, text in zip(hopeless, answers, strict=True)]
    mixed += judged(["right", "", "wrong"])
    found = abstention(mixed)
    assert found["abstention_recall"]["value"] == 0.75
    assert found["abstention_precision"]["value"] == 0.75
    assert abstention(judged(["right", ""])) == {}
    assert accuracy(mixed).value == pytest.approx(4 / 7)


def test_retrieval_only_questions_have_evidence_and_no_accuracy():
    sample = Sample("r", "?", (), "none", gold=("a",))
    found = [judge(sample, deep("r", ["x"], [["a"]]))]
    assert accuracy(found) is None
    assert gold_read_all(found).value == 1.0
    assert "evidence_recall" in summary(found)


def test_report_and_its_markdown():
    pairs = tuple(
        (named(f"q{n}", gold=("a",), metadata={"hops": hops}), deep(f"q{n}", ["wrong", "right"], [[], ["a"]]))
        for n, hops in enumerate([2, 10, 2, None])
    )
    result = report("toy", Outcome(pairs, 4, 1, ("q9",)), by="hops", depth=2, solver={"model": "m"})
    assert result["task"] == "toy"
    assert result["n"] == 4
    assert result["accuracy"]["value"] == 1.0
    assert list(result["groups"]) == ["2", "10", "not stated"]
    assert result["groups"]["2"]["by_depth"]["1"]["accuracy"]["value"] == 0.0
    assert result["groups"]["2"]["by_depth"]["2"]["accuracy"]["value"] == 1.0
    assert result["units_per_correct"] == 20.0
    assert result["failures"] == 1
    assert result["trials"][0]["answer_by_depth"] == ["wrong", "right"]
    text = to_markdown(result)
    assert "| hops 10 | 1 | 1.000 (0.207 – 1.000) |" in text
    assert "## Depth, hops 2" in text
    check = CitationCheck(3, 3, (), {"q0": (frozenset({"a"}), frozenset({"b"})), "q1": (frozenset({"a"}),)})
    checked = report("toy", Outcome(pairs, 4, 0, ()), by=None, depth=2, solver={}, citations=check)
    assert checked["metrics"]["citation_precision"]["value"] == 0.75
    assert checked["metrics"]["citation_recall"]["value"] == 1.0
    assert checked["metrics"]["citation_precision"]["n"] == 2
    empty = report("toy", Outcome((), 0, 10, ("q1",)), by=None, depth=2, solver={})
    assert empty["accuracy"] is None
    assert "| all | 0 | – |" in to_markdown(empty)
