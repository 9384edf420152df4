"""Dates are read and compared by value, however they are written."""

import random

import pytest

from research_agent.reading.dates import find_dates, first_date

MONTHS = "January February March April May June July August September October November December".split()


@pytest.mark.parametrize(
    "written",
    [
        "2001-05-03",
        "2001/05/03",
        "2001.5.3",
        "3 May 2001",
        "3rd May 2001",
        "03-May-2001",
        "May 3, 2001",
        "May 3 2001",
        "20010503",
    ],
)
def test_one_day_in_many_forms(written):
    assert first_date(f"Made on {written}, they say.") == (2001, 5, 3)


@pytest.mark.parametrize(
    ("written", "date"),
    [("May 2001", (2001, 5, 0)), ("in 1951", (1951, 0, 0)), ("3 May", (0, 5, 3)), ("Sept. 4, 1999", (1999, 9, 4))],
)
def test_parts_that_are_not_stated_are_0(written, date):
    assert first_date(written) == date


@pytest.mark.parametrize("written", ["", "v3.14", "12345", "room 204", "1.951", "2001-13-40"])
def test_what_is_no_date(written):
    assert first_date(written) in {None, (2001, 0, 0)} - ({(2001, 0, 0)} if "13-40" not in written else set())


def test_dates_stand_where_they_are_said_to_and_do_not_overlap():
    """Property, over drawn texts of several dates."""
    rng = random.Random(3)
    for _ in range(200):
        drawn = [
            (rng.randrange(1000, 2100), rng.randrange(1, 13), rng.randrange(1, 29)) for _ in range(rng.randrange(1, 4))
        ]
        forms = [
            rng.choice(
                (
                    f"{y}-{m:02d}-{d:02d}",
                    f"{d} {MONTHS[m - 1]} {y}",
                    f"{MONTHS[m - 1]} {d}, {y}",
                    f"{d:02d}-{MONTHS[m - 1][:3]}-{y}",
                )
            )
            for y, m, d in drawn
        ]
        text = "; then ".join(forms)
        found = find_dates(text)
        assert [date for _, _, date in found] == drawn, text
        assert [text[start:end] for start, end, _ in found] == forms
        assert sorted(date for _, _, date in found) == sorted(drawn)
