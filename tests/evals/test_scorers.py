import dataclasses

import pytest

from evals.scorers import (
    Score,
    abstains,
    citation_precision,
    citation_recall,
    evidence_recall,
    polarity,
    score_answer,
)
from evals.task import Item, Sample

NAME = Sample("n", "Who?", ("Guido van Rossum", "@gvr"), "name")
DATE = Sample("d", "When?", ("2015-11-19",), "date")
NUMBER = Sample("c", "How many?", ("7",), "number")
POLAR = Sample("p", "Is it?", ("Answer: Yes",), "yesno")
LIST = Sample(
    "l",
    "Which, and by whom?",
    ("X-1: Ann; X-2: Bob",),
    "list",
    items=(Item(("X-1", "First"), ("Ann",)), Item(("X-2", "Second"), ("Bob", "Robert"))),
)
NONE_SUCH = Sample("u", "What then?", ("unanswerable",), "unanswerable")


def values(sample, answer):
    return {name: score.value for name, score in score_answer(sample, answer).items()}


@pytest.mark.parametrize(
    ("sample", "right", "wrong"),
    [
        (NAME, "guido  van Rossum.", "Guido van Rossum and Barry"),
        (NAME, "GVR", "van Rossum"),
        (DATE, "19 November 2015", "2015-11-18"),
        (DATE, "Nov 19, 2015", "2015"),
        (NUMBER, "seven", "17"),
        (POLAR, "Yes, it is.", "No"),
        (POLAR, "true", "It is not known whether yes"),
        (LIST, "X-1: Ann; X-2: Robert", "X-1: Ann; X-2: Carl"),
        (LIST, "- Second (Bob)\n- First (Ann)", "X-1: Ann"),
        (LIST, "First: Ann, and Second: Bob", "X-1: Ann; X-2: Bob; X-3: Eve"),
        (NONE_SUCH, "", "in May"),
        (NONE_SUCH, "Not enough information.", "7"),
    ],
)
def test_right_and_wrong(sample, right, wrong):
    assert values(sample, right)["right"] == 1.0
    assert values(sample, wrong)["right"] == 0.0


@pytest.mark.parametrize("sample", [NAME, DATE, NUMBER, POLAR, LIST])
def test_abstaining_on_an_answerable_question_is_wrong(sample):
    for silence in ("", "not stated", "Unanswerable"):
        scores = values(sample, silence)
        assert scores["right"] == 0.0
        assert scores["abstained"] == 0.0
        assert scores.get("lenient", 0.0) == 0.0


def test_answering_is_what_abstained_scores_on_answerable_questions():
    assert values(NAME, "somebody else")["abstained"] == 1.0


def test_an_accepted_answer_that_sounds_like_declining_is_still_right():
    assert values(Sample("q", "Title?", ("Unknown",), "string"), "unknown")["right"] == 1.0


def test_exact_is_strict_and_the_lenient_scores_stand_beside_it():
    scores = values(NAME, "It was written by Guido van Rossum in 2001")
    assert scores["right"] == scores["exact"] == 0.0
    assert scores["contains"] == scores["lenient"] == 1.0
    assert scores["token_f1"] == pytest.approx(2 * 3 / (9 + 3))
    other = values(NAME, "Barry Warsaw")
    assert other["contains"] == other["lenient"] == other["token_f1"] == 0.0


def test_a_long_text_that_contains_the_answer_is_not_let_through():
    scores = values(NAME, "Guido van Rossum " + "and many other words " * 12)
    assert scores["contains"] == 1.0
    assert scores["lenient"] == 0.0


def test_value_match_wants_exactly_one_value():
    assert values(DATE, "created on 19-Nov-2015, it says")["value_match"] == 1.0
    assert values(DATE, "created 19-Nov-2015, changed 2016-01-01")["value_match"] == 0.0
    assert values(NUMBER, "7 documents")["value_match"] == 1.0
    assert values(NUMBER, "7 of 12")["value_match"] == 0.0
    assert values(NUMBER, "no documents")["value_match"] == 0.0


def test_token_f1_known_values():
    sample = Sample("q", "?", ("fresh bread and milk",), "string")
    assert values(sample, "fresh milk")["token_f1"] == pytest.approx(2 * 2 / (2 + 4))
    assert values(sample, "fresh fresh")["token_f1"] == pytest.approx(2 * 1 / (2 + 4))


def test_list_f1_known_values():
    assert values(LIST, "X-1: Ann")["list_f1"] == pytest.approx(2 * 1 / (2 + 1))
    assert values(LIST, "X-1: Ann; X-1: Ann; X-2: Bob")["list_f1"] == 1.0
    assert values(LIST, "X-1; X-2")["list_f1"] == 0.0
    assert values(LIST, "Ann; Bob")["list_f1"] == 0.0
    assert values(LIST, "X-12: Ann; X-2: Bob")["list_f1"] == pytest.approx(2 * 1 / (2 + 2))


def test_items_known_by_their_values_alone_and_equal_items():
    years = Sample(
        "q", "?", ("2006; 2006; 1995",), "list", items=tuple(Item((), (y,)) for y in ("2006", "2006", "1995"))
    )
    assert values(years, "2006; 1995; 2006")["list_f1"] == 1.0
    assert values(years, "2006; 1995")["list_f1"] == pytest.approx(0.8)


def test_an_entry_counts_for_one_item_and_the_best_pairing_is_found():
    names = Sample("q", "?", ("Python; Python 3",), "list", items=(Item(("Python",)), Item(("Python 3",))))
    assert values(names, "Python 3; Python")["list_f1"] == 1.0
    assert values(names, "Python 3 and 2")["list_f1"] < 1.0


def test_a_list_without_items_is_made_of_its_canonical_answer():
    sample = Sample("q", "?", ("red; green; blue",), "list")
    assert values(sample, "blue, red and green")["right"] == 1.0
    assert values(sample, "blue and red")["list_f1"] == pytest.approx(0.8)


def test_retrieval_questions_are_not_scored_for_their_answer():
    assert score_answer(Sample("q", "?", (), "none"), "anything") == {}


def test_evidence_recall():
    chain = Sample("q", "?", gold=("a", "b", "c"))
    assert evidence_recall(chain, ["c", "x", "a"]).value == pytest.approx(2 / 3)
    assert evidence_recall(chain, ["x"]).value == 0.0
    assert evidence_recall(chain, ["a", "b", "c", "x"]).full
    assert evidence_recall(Sample("q", "?"), ["a"]) is None


def test_one_of_several_documents_is_enough_where_the_sample_says_so():
    sample = Sample("q", "?", gold=("table",), gold_any=("table", "page1", "page2"))
    assert evidence_recall(sample, ["page2"]).full
    assert evidence_recall(sample, ["other"]).value == 0.0
    both = dataclasses.replace(sample, gold=("must", "table"))
    assert evidence_recall(both, ["page1"]).value == 0.5


def cited(*documents):
    return [frozenset(names.split()) for names in documents]


@pytest.mark.parametrize(
    ("sample", "citations", "precision", "recall"),
    [
        (Sample("q", "?", gold=("a", "b")), cited("a", "a", "x"), 2 / 3, 0.5),
        (Sample("q", "?", gold=("a", "b")), cited("b", "a"), 1.0, 1.0),
        (Sample("q", "?", gold=("a", "b")), cited("x"), 0.0, 0.0),
        # The same text stands in two documents, and one of them is gold.
        (Sample("q", "?", gold=("a",)), cited("x a"), 1.0, 1.0),
        # A citation whose source is no text of the corpus points nowhere.
        (Sample("q", "?", gold=("a",)), cited("", "a"), 0.5, 1.0),
        (Sample("q", "?", gold=("a", "p1"), gold_any=("p1", "p2")), cited("p2", "a"), 1.0, 1.0),
        (Sample("q", "?", gold=("a",)), [], None, 0.0),
        (Sample("q", "?"), cited("a"), None, None),
    ],
)
def test_citations_against_gold(sample, citations, precision, recall):
    found = citation_precision(sample, citations), citation_recall(sample, citations)
    assert [score.value if score else None for score in found] == [precision, recall]


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf"), "1"])
def test_a_score_lies_between_0_and_1(value):
    with pytest.raises(ValueError, match="between 0 and 1"):
        Score("right", value)


def test_declining_and_polarity():
    assert abstains("  ")
    assert abstains("I don't know.")
    assert not abstains("No")
    assert polarity("No evidence") is None
    assert polarity("No, never") == "no"
    assert polarity("Perhaps") is None
