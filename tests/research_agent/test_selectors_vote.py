"""Who wins a vote."""

import pytest

from research_agent.answer import Claim, Quote
from research_agent.errors import UnknownNameError
from research_agent.selectors import known_selectors, load_selector
from research_agent.selectors.vote import normal, vote
from research_agent.strategies import Candidate


def candidate(chain: str, answer: str, supported: int = 1, error: str = "") -> Candidate:
    claims = tuple(Claim(f"{chain}.{n}", (Quote("s", "x", 0, 1),), True) for n in range(supported))
    return Candidate(chain, answer, claims, "error" if error else "answered", error=error)


def winner(*candidates: Candidate) -> str:
    return vote(candidates).chain


def test_the_majority_wins_however_it_is_written():
    assert winner(candidate("0", "Rust"), candidate("1", "The  Hague."), candidate("2", "the hague")) == "1"


def test_a_tie_goes_to_the_better_supported_then_to_the_first():
    assert winner(candidate("0", "a1"), candidate("1", "b1", supported=2)) == "1"
    assert winner(candidate("0", "a1"), candidate("1", "b1")) == "0"


def test_the_best_supported_of_the_majority_speaks_for_it():
    assert winner(candidate("0", "x", 0), candidate("1", "X", 2), candidate("2", "y", 5)) == "1"


def test_abstentions_do_not_outvote_a_supported_answer():
    assert winner(candidate("0", "", 0), candidate("1", "", 0), candidate("2", "Oslo")) == "2"


def test_abstentions_win_over_answers_that_nothing_supports():
    assert winner(candidate("0", "Oslo", 0), candidate("1", "Oslo", 0), candidate("2", "", 0)) == "2"


def test_a_majority_that_nothing_supports_loses_to_one_supported_answer():
    assert winner(candidate("0", "Bergen", 0), candidate("1", "Bergen", 0), candidate("2", "Oslo")) == "2"


def test_where_all_abstain_one_that_did_not_fail_is_taken():
    assert winner(candidate("0", "", 0, error="gone"), candidate("1", "", 0)) == "1"
    assert winner(candidate("0", "", 0, error="gone")) == "0"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("An Élan", "elan"),
        ("1,000", "1000"),
        ("5 April 2001", "2001-04-05"),
        ("April 5, 2001", "05-Apr-2001"),
        ("3rd of May 1999", "1999-05-03"),
        ("PEP 495", "pep-495"),
        ("“quoted”", "quoted"),
    ],
)
def test_two_ways_of_writing_one_answer(left, right):
    assert normal(left) == normal(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("3.1", "31"),
        ("-5", "5"),
        ("1,000", "1,00"),
        ("2001-04-05", "2001-05-04"),
        ("the", "a"),
        ("?", "!"),
        ("C", "C++"),
    ],
)
def test_answers_that_differ(left, right):
    assert normal(left) != normal(right)


def test_selectors_are_found_by_name_and_an_unknown_one_is_refused_with_the_known_ones():
    assert "vote" in known_selectors()
    assert load_selector("vote").share == 0.0
    with pytest.raises(UnknownNameError, match=r"There is no selector called 'best'; known are .*vote"):
        load_selector("best")
