import re
import time
import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from research_agent.folding import fold

# Letters of several scripts, marks, ligatures, full-width and Hangul forms, typographic quotes, every kind of space.
ODD = "aAzé e\u0301ﬁ…―–—-“”\"'‘’ \n\t\u00a0\u2003\u200b\u00ad한\u1112\u1161\u11abアｱﾞ½Ⅷ，中文ไม้क्षि.0\u00a8"
UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff"
odd = st.text(st.sampled_from(ODD), max_size=40)
texts = st.text(st.sampled_from(ODD), max_size=60) | st.text(max_size=60)


@given(
    st.text(st.sampled_from(ODD), max_size=40), st.text(st.sampled_from(ODD), min_size=1, max_size=30), texts, st.data()
)
@settings(max_examples=500, deadline=None)
def test_a_mangled_substring_is_found_where_it_stands(
    before: str, wanted: str, after: str, data: st.DataObject
) -> None:
    seen = fold(wanted).folded.strip()
    # A mark at the front belongs to the letter before it; a quote that cuts a letter in two is tested apart.
    assume(seen and not unicodedata.category(seen[0]).startswith("M") and not "\u1160" <= seen[0] <= "\u11ff")
    text = f"{before}|{wanted}|{after}"
    mangled = data.draw(st.sampled_from(["plain", "nfkc", "nfd", "wide", "quotes"]))
    query = {
        "plain": wanted,
        "nfkc": unicodedata.normalize("NFKC", wanted),
        "nfd": unicodedata.normalize("NFD", wanted),
        "wide": re.sub(r" +", "\n\t  ", f"  {wanted} "),
        "quotes": wanted.translate(str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "―"})),
    }[mangled]
    shown = [
        at
        for at, c in enumerate(text)
        if not c.isspace() and c not in "\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff"
    ]
    inside = [at for at in shown if len(before) < at <= len(before) + len(wanted)]
    assert fold(text).find(query, inside[0]) == (inside[0], inside[-1] + 1)


@given(texts)
@settings(max_examples=500, deadline=None)
def test_offsets_map_back_in_order_and_cover_what_shows(text: str) -> None:
    folded = fold(text)
    spans = [folded.origin(i) for i in range(len(folded.folded))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("He  said\n“yes” —\tand left", 'said "yes" - and', "said\n“yes” —\tand"),
        ("the ﬁrst of eﬀorts", "first of efforts", "ﬁrst of eﬀorts"),
        ("cafe\u0301 noir", "café", "cafe\u0301"),
        ("café noir", "cafe\u0301 noir", "café noir"),
        ("inter\u00adnation\u200bal law", "international", "inter\u00adnation\u200bal"),
        ("in 2015 and then 5 more", "5", "5"),
        ("ＰＥＰ　４９５", "PEP 495", "ＰＥＰ　４９５"),
        ("a   b", " a b ", "a   b"),
    ],
)
def test_finds_up_to_whitespace_and_unicode_forms(text: str, query: str, found: str) -> None:
    place = fold(text).find(query)
    assert place is not None
    assert text[slice(*place)] == found
    assert text.index(found) == place[0] or found == "5"


def test_a_number_is_not_found_inside_another_when_it_stands_alone_elsewhere() -> None:
    text = "in 2015 and then 5 more"
    assert fold(text).find("5", near=0) == (17, 18)


@pytest.mark.parametrize("query", ["", "  \n", "\u200b", "may", "said yes", "x"])
def test_case_words_and_blanks_are_not_folded_away(query: str) -> None:
    assert fold("In May he said “yes”.").find(query) is None


def test_nearest_occurrence_wins_and_the_first_without_a_hint() -> None:
    text = "one two. one two. one two."
    assert fold(text).find("one two") == (0, 7)
    assert fold(text).find("one two", near=10) == (9, 16)
    assert fold(text).find("one two", near=99) == (18, 25)


def test_a_quote_that_begins_inside_a_combined_letter_is_still_found_verbatim() -> None:
    text = "e\u0301tude"
    assert fold(text).find("\u0301tude") == (1, 6)


@pytest.mark.parametrize(
    "unit", ["plain words, and a line\n", "检索，是计算。（预算）\n", "cafe\u0301 “ﬁn” — \u00a0", "ภาษาไทยนี้  "]
)
def test_folding_a_megabyte_is_linear(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        begun = time.process_time()
        fold(text)
        return time.process_time() - begun

    small = min(seconds(100_000) for _ in range(3))
    assert seconds(1_000_000) < 40 * small + 0.1
