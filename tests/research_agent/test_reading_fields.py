"""Labelled values are found by the shape of their lines, with exact offsets."""

import random

import pytest
import records
import records_fresh
import records_held

from research_agent.reading.fields import bare_name, fields, items, label_match, named, plain, whole

GRAMMARS = {**records_fresh.GRAMMARS, **records_held.GRAMMARS, **records.GRAMMARS}
VALUES = [("Title", ["Amber Anvil"]), ("Designer", ["Mara Holm", "Ilse Brandt"]), ("First Made", ["3 May 1951"])]


@pytest.mark.parametrize("grammar", sorted(GRAMMARS))
def test_every_way_to_write_a_record_is_read(grammar):
    text = GRAMMARS[grammar](VALUES) + "\n\nIt was looked at again in 1884.\n"
    found = fields(text)
    assert [whole(field).text for field in named(found, "title")][:1] == ["Amber Anvil"], found
    made = named(found, "first made")
    assert made, found
    assert plain(whole(made[0]).text) == "3 May 1951", made
    assert [plain(item.text) for item in items(named(found, "designer")[0])] == ["Mara Holm", "Ilse Brandt"]


@pytest.mark.parametrize("grammar", sorted(GRAMMARS))
def test_offsets_are_exact(grammar):
    """Property, over drawn labels and values: text[start:end] is the value, and an entry's text stands at its place."""
    rng = random.Random(grammar)
    words = "amber brass quiet hollow north silver broken crimson".split()
    for _ in range(12):
        drawn = [
            (
                " ".join(rng.sample(words, rng.randrange(1, 3))).title(),
                [" ".join(rng.sample(words, 2)).title() for _ in range(rng.randrange(1, 4))],
            )
            for _ in range(5)
        ]
        text = "Before it.\n\n" * rng.randrange(2) + GRAMMARS[grammar](drawn) + "\n\nAfter it.\n"
        for field in fields(text):
            assert text[field.start : field.end].startswith(field.value)
            assert text[field.start : field.start + len(field.value)] == field.value
            assert field.line <= field.start
            for item in items(field):
                assert text[item.start : item.end] == item.text
                assert field.start <= item.start <= item.end <= field.end


def test_a_value_goes_on_over_indented_lines():
    found = fields("Author: Mara Holm,\n        Ilse Brandt\nStatus: Final\n")
    assert [item.text for item in items(found[0])] == ["Mara Holm", "Ilse Brandt"]
    assert [field.label for field in found] == ["Author", "Status"]


def test_a_label_is_not_a_value_above_it():
    found = fields("One:\n  Two: 2\nThree: 3\n")
    assert {(field.label, field.value) for field in found} >= {("Two", "2"), ("Three", "3")}


def test_rows_of_a_table_are_no_fields_of_the_document():
    found = fields("| Name | Born | Died |\n|---|---|---|\n| Ann | 1901 | 1980 |\n| Bea | 1902 | 1981 |\n")
    assert [field.value for field in found if field.label == "Born" and field.row is not None] == ["1901", "1902"]
    assert not named(found, "born")


def test_a_line_of_pairs_is_a_record_where_there_are_several():
    one = fields("name=Ann; born=1901\n")
    two = fields("name=Ann; born=1901\nname=Bea; born=1902\n")
    assert [field.value for field in named(one, "born")] == ["1901"]
    assert not named(two, "born")


def test_a_date_is_not_cut_at_its_comma():
    field = fields("Opened: May 3, 1951, June 4, 1952\n")[0]
    assert [item.text for item in items(field)] == ["May 3, 1951", "June 4, 1952"]


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        ("A1, B2 and C3", ["A1", "B2", "C3"]),
        ("[A1, B2]", ["A1", "B2"]),
        ("[A one](./a.md), [B two](./b.md)", ["A one", "B two"]),
        ('["A1", "B2"]', ["A1", "B2"]),
        ("A1 / B2", ["A1", "B2"]),
        ("A1<br/>B2", ["A1", "B2"]),
        ("Smith (see A, B)", ["Smith (see A, B)"]),
        ("Foo and bar", ["Foo and bar"]),
    ],
)
def test_entries_of_a_value(value, entries):
    assert [plain(item.text) for item in items(fields(f"Refs: {value}\n")[0])] == entries


def test_a_list_over_lines_is_shown_on_one():
    assert whole(fields("Refs:\n  - A1\n  - B2\n")[0]).text == "A1, B2"


@pytest.mark.parametrize(
    ("wanted", "label", "least", "most"),
    [
        ("created", "Created", 1.0, 1.0),
        ("release date", "releaseDate", 1.0, 1.0),
        ("release date", "RELEASE_DATE", 1.0, 1.0),
        ("depends on", "dependsOn", 0.9, 1.0),
        ("launched", "Launch date", 0.6, 0.9),
        ("directed by", "Director", 0.6, 1.0),
        ("written by", "Author", 0.6, 1.0),
        ("built by", "Builder", 0.6, 1.0),
        ("requires", "Prerequisites", 0.6, 0.9),
        ("created", "Requires", 0.0, 0.0),
        ("weight", "Height", 0.0, 0.59),
    ],
)
def test_labels_are_compared_by_their_words(wanted, label, least, most):
    assert least <= label_match(wanted, label) <= most


def test_a_name_is_told_from_contact_details():
    assert bare_name("Ann Lee (@ann) <a@b.c>") == "Ann Lee"
    assert bare_name("@ann") == "@ann"


def test_prose_has_no_labels():
    assert fields("The ship lay in the harbour for a year. Nobody asked for it.\n") == []
    assert fields("") == []
