from decimal import Decimal

import pytest

from evals.normalise import contains, date_value, number_value, same, tokens


@pytest.mark.parametrize(
    "text",
    [
        "2015-11-19",
        "2015/11/19",
        "19-Nov-2015",
        "19 November 2015",
        "November 19, 2015",
        "Nov 19 , 2015",
        "2015 Nov 19",
        "Thursday, 19th of November 2015",
        "2015-11-19 10:22:33",
        "2015-11-19T10:22:33Z",
        "19.11.2015",
        "11/19/2015",
        "20151119",
        "Answer: (November 19, 2015).",
    ],
)
def test_one_day_in_many_forms(text):
    assert date_value(text) == (2015, 11, 19)


@pytest.mark.parametrize("text", ["03/04/2001", "2001-02-31", "13/13/2001", "in 2001", "", "7", "19 Nov 2015 or later"])
def test_no_date_or_more_than_one_reading(text):
    assert date_value(text) is None


def test_parts_of_a_date_are_another_date():
    assert date_value("May 2001") == (2001, 5, None)
    assert not same("May 2001", "1 May 2001")
    assert not same("2001", "1 May 2001")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("seven", 7),
        ("1,250", 1250),
        ("1.6 million", 1_600_000),
        ("twenty-one", 21),
        ("two hundred and five", 205),
        ("five thousand two hundred", 5200),
        ("−5", -5),
        ("5%", Decimal("0.05")),
        ("ten percent", Decimal("0.1")),
    ],
)
def test_numbers_in_digits_and_words(text, value):
    assert number_value(text) == value


@pytest.mark.parametrize("text", ["one two", "million", "EIP 5", "1-0", "", "twenty thirty"])
def test_what_is_no_number(text):
    assert number_value(text) is None


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Aristotle 's Poetics", "Aristotle’s poetics."),
        ("EIP165", "EIP-165"),
        ("U.S.", "us"),
        ("Brasília", "brasilia"),
        ("The Eye Network", "eye network"),
        ("J. R. R. Tolkien", "JRR Tolkien"),
        ("7", "seven"),
        ("1,000", "1000"),
        ("@someone", "someone"),
        ("Answer: Paris", "Paris"),
        ("+", "+"),
        ("ﬁne", "fine"),
        ("JaneDoe", "Jane Doe"),
        ("well-known", "wellknown"),
    ],
)
def test_the_same_answer(left, right):
    assert same(left, right)
    assert same(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("C++", "C"),
        ("3.1", "3.10"),
        ("1-0", "10"),
        ("5", "-5"),
        ("A. Smith", "Smith"),
        ("", ""),
        ("+", "-"),
        ("5", "5%"),
        ("3 10", "31 0"),
        ("no 1", "no1 1"),
    ],
)
def test_another_answer(left, right):
    assert not same(left, right)


def test_contains_takes_whole_words_in_one_piece():
    assert contains("It was Guido van Rossum, in 1999.", "Guido van Rossum")
    assert not contains("EIP-8164 was first", "EIP-816")
    assert not contains("Guido and van Rossum", "Guido van Rossum")
    assert not contains("anything", "")


def test_an_answer_that_is_only_an_article_keeps_it():
    assert tokens("The") == ("the",)
