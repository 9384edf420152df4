import gzip
import hashlib
import json

import pytest

from evals.citations import check_citations
from evals.runstore import Trial

TEXT = "The cat sat on the mat.\nThe dog’s bowl was empty."


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def trial(quotes, sources, supported=True):
    report = {"claims": [{"text": "It is so.", "supported": supported, "citations": quotes}], "sources": sources}
    return Trial("k", "t", "q", {}, 0, "c", "m", "f", "x", "answered", "answered", 1.0, 1.0, (), report)


def quote(text, start, source="s"):
    return {"source_id": source, "quote": text, "start": start, "end": start + len(text)}


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.jsonl.gz"
    rows = [
        {"_id": "a", "title": "A", "text": "Something else, and a good deal longer than the other one is."},
        {"_id": "b", "text": TEXT},
    ]
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    return path


WHOLE = [{"id": "s", "uri": "corpus#b", "sha256": sha(TEXT)}]


def test_a_quote_of_a_document(corpus):
    found = check_citations([trial([quote("cat sat", 4), quote("dog’s", TEXT.index("dog"))], WHOLE)], corpus)
    assert (found.quotes, found.verbatim, found.share, found.broken) == (2, 2, 1.0, ())


def test_a_quote_of_a_passage(corpus):
    start = TEXT.index("The dog")
    passage = [{"id": "s", "uri": f"corpus#b&char={start},{len(TEXT)}", "sha256": sha(TEXT[start:])}]
    assert check_citations([trial([quote("The dog", 0)], passage)], corpus).share == 1.0
    assert check_citations([trial([quote("The cat", 0)], passage)], corpus).share == 0.0


def test_line_ends_and_control_characters_do_not_count(corpus, tmp_path):
    path = tmp_path / "other.jsonl"
    path.write_text(json.dumps({"_id": "b", "text": TEXT.replace("\n", "\x0c\r\n") + "\x07"}) + "\n")
    stored = TEXT.replace("\n", "\n\n")
    source = [{"id": "s", "uri": "", "sha256": sha(stored)}]
    assert check_citations([trial([quote("mat.\n\nThe dog", stored.index("mat"))], source)], path).share == 1.0


@pytest.mark.parametrize(
    ("quotes", "sources", "fault"),
    [
        ([quote("cat sits", 4)], WHOLE, "does not stand"),
        ([quote("dog's", TEXT.index("dog"))], WHOLE, "does not stand"),
        ([quote("cat sat", 5)], WHOLE, "stands elsewhere"),
        ([quote("cat sat", 4)], [{"id": "s", "uri": "", "sha256": sha("other")}], "no text of the corpus"),
        ([quote("cat sat", 4, "gone")], WHOLE, "not listed"),
        ([{"source_id": "s", "quote": "", "start": 0, "end": 0}], WHOLE, "no place or no words"),
        ([], WHOLE, "without a quote"),
    ],
)
def test_what_is_wrong(corpus, quotes, sources, fault):
    found = check_citations([trial(quotes, sources)], corpus)
    assert found.share == 0.0
    assert fault in found.broken[0][2]


def test_nothing_cited_is_nothing_checked(corpus):
    assert check_citations([trial([], [], supported=False)], corpus).share is None


def test_which_documents_a_citation_points_to(corpus, tmp_path):
    start = TEXT.index("The dog")
    sources = [
        {"id": "s", "uri": "corpus#b", "sha256": sha(TEXT)},
        {"id": "t", "uri": f"corpus#b&char={start},{len(TEXT)}", "sha256": sha(TEXT[start:])},
        {"id": "u", "uri": "", "sha256": sha("other")},
    ]
    shown = trial([quote("cat", 4), quote("The dog", 0, "t"), quote("x", 0, "u"), quote("x", 0, "gone")], sources)
    assert check_citations([shown], corpus).cited == {"k": (frozenset("b"), frozenset("b"), frozenset(), frozenset())}
    twice = tmp_path / "twice.jsonl"
    twice.write_text("".join(json.dumps({"_id": name, "text": TEXT}) + "\n" for name in "ab"))
    assert check_citations([shown], twice).cited["k"][:2] == (frozenset("ab"), frozenset("ab"))
