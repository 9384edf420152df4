"""Which document a name means: by title, by code, by number; never by a number of another scheme."""

import pytest

from research_agent.reading.identity import identifiers, identity, match, refers

OWN = identity("PEP 495 – Local Time Disambiguation", "pep-0495", "PEP: 495\nTitle: Local Time Disambiguation\n")
PART = identity("Amber Anvil", "r0001", "Number: TX-103\nTitle: Amber Anvil\n")
ACT = identity("§ 12: Quiet Meadow", "r0012", "Title: Quiet Meadow\n")


@pytest.mark.parametrize("name", ["PEP 495", "pep-0495", "PEP-495", "pep 0495", "Local Time Disambiguation"])
def test_a_name_of_its_own(name):
    assert match(name, "PEP", OWN) >= 0.99


@pytest.mark.parametrize("name", ["PEP 496", "EIP 495", "pep-0049"])
def test_another_identifier_is_another_document(name):
    assert match(name, "", OWN) == 0.0


def test_a_bare_number_counts_with_its_kind():
    assert match("495", "PEP", OWN) == 1.0
    assert match("495", "EIP", OWN) == 0.0
    assert match("103", "part", PART) >= 0.99


def test_a_code_may_stand_in_a_field_or_the_title():
    assert match("TX-103", "part", PART) >= 0.99
    assert match("TX-103 (Amber Anvil)", "part", PART) >= 0.99
    assert match("§ 12", "act", ACT) >= 0.99
    assert match("§ 13", "act", ACT) == 0.0


@pytest.mark.parametrize(
    ("entry", "own", "expected"),
    [
        ("[Amber Anvil](./1.md)", PART, True),
        ('"Amber Anvil"', PART, True),
        ("103", PART, True),
        ("104", PART, False),
        ("TX-104", PART, False),
        ("495", OWN, True),
        ("Amber", PART, False),
    ],
)
def test_an_entry_that_refers_to_a_document(entry, own, expected):
    assert refers(entry, "", own) is expected


def test_an_empty_name_means_nothing():
    assert match("", "", PART) == 0.0
    assert match(" - ", "", PART) == 0.0


def test_identifiers_are_scheme_and_number():
    assert identifiers("PEP 495") == identifiers("pep-0495") == {("pep", "495")}
    assert identifiers("No. 7") == {("no", "7")}
    assert identifiers("no number") == set()


def test_what_others_write_for_it():
    assert OWN.spoken("PEP")[0] == "pep 495"
    assert PART.label == "Amber Anvil"
    assert OWN.label == "PEP 495"
