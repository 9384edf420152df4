"""Passages are slices of the text, in order, and leave nothing out."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.documents import cut, pieces

LINES = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.sampled_from(
            ["", "# Heading", "Title\n=====", "| a | b |", "word " * 90, "x" * 700, "A sentence. " * 40, "日本" * 200]
        ),
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(LINES, st.integers(8, 240))
def test_passages_are_slices_that_cover_the_text(lines, limit):
    text = "\n".join(lines)
    spans = cut(text, limit)
    covered = "".join(text[start:end] for start, end in spans)
    assert "".join(covered.split()) == "".join(text.split())
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert all(end <= after for (_, end), (after, _) in pairwise(spans))


def test_no_passage_is_longer_than_the_encoder_reads():
    text = "\n\n".join(
        f"## Part {i}\n\n" + f"Some words of part {i}, and some more of them. " * (i % 37) for i in range(120)
    )
    sizes = [pieces(text[start:end]) for start, end in cut(text, 100)]
    assert max(sizes) <= 110
    assert sum(sizes) / len(sizes) > 50


def test_a_heading_opens_a_passage_and_never_closes_one():
    body = "Words of a paragraph that is rather long, on and on. " * 4
    text = "\n\n".join(part for i in range(12) for part in (f"# Section {i}", body))
    passages = [text[start:end] for start, end in cut(text, 120)]
    assert all(not passage.splitlines()[-1].startswith("#") for passage in passages)


def test_a_block_that_fits_is_not_torn():
    table = "\n".join(f"| row {i} | value {i} |" for i in range(8))
    head = "---\nnumber: 5\ntitle: A thing\nauthor: Somebody Else\n---"
    text = f"{head}\n\n{'A long paragraph of prose. ' * 20}\n\n{table}\n\n{'More prose after it. ' * 20}"
    passages = [text[start:end] for start, end in cut(text, 150)]
    assert any(head in passage for passage in passages)
    assert any(table in passage for passage in passages)


def test_a_long_table_breaks_between_rows():
    text = "\n".join(f"| name {i} | a value that takes some room {i} |" for i in range(200))
    for start, end in cut(text, 100):
        assert text[start] == "|"
        assert text[end - 1] == "|"
