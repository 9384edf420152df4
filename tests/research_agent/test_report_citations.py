"""The independent citation check finds what is right and every way of being wrong."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from research_agent.answer import Answer, Claim, Spend
from research_agent.evidence import EvidenceStore
from research_agent.report import render
from retrieval.base import Document, Hit

SCRIPT = Path(__file__).parents[1] / "check_citations.py"
TEXT = "Ada wrote the first note.\nIt was printed  in 1843."


def run(report: dict, *options: str | Path) -> tuple[int, dict]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, options)], input=json.dumps(report), capture_output=True, text=True
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.jsonl.gz"
    rows = [{"_id": "notes", "title": "Notes", "text": TEXT}, {"_id": "other", "title": "Other", "text": "Nothing."}]
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    return path


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    return tmp_path / "evidence.sqlite"


@pytest.fixture
def report(corpus: Path, evidence: Path) -> dict:
    """A report as the project makes it, of a whole document and of a passage."""
    store = EvidenceStore(evidence)
    uri = f"{corpus.as_uri()}#notes"
    passage = store.add_hit(Hit("notes", TEXT[26:], 1.0, 26, len(TEXT), "Notes", uri), backend="local")
    whole = store.add(Document("notes", TEXT, "Notes", uri), backend="local")
    quotes = (store.locate("printed in 1843", passage.id), store.locate("Ada wrote", whole.id))
    assert all(quotes)
    claims = (Claim("In 1843.", quotes, supported=True),)
    sources = (store.source(passage.id), store.source(whole.id))
    store.close()
    spend = Spend(100, 1, {}, 0.1, None, estimated=False)
    answer = Answer("When?", "1843", "answered", "answered", claims, sources, spend, {}, "run", "0" * 64)
    return json.loads(render(answer, "json"))


def test_true_citations_pass_against_documents_and_snapshots(report: dict, corpus: Path, evidence: Path) -> None:
    assert run(report, "--docs", corpus) == (0, {"citations": 2, "wrong": []})
    assert run(report, "--evidence", evidence) == (0, {"citations": 2, "wrong": []})


@pytest.mark.parametrize("change", ["words", "offset", "source", "hash", "unverified", "bare", "empty"])
def test_every_way_of_being_wrong_is_found(report: dict, corpus: Path, evidence: Path, change: str) -> None:
    claim = report["claims"][0]
    cited = claim["citations"][1]
    if change == "words":
        cited["quote"] = "Ada stole"
    elif change == "offset":
        cited["start"], cited["end"] = cited["start"] + 1, cited["end"] + 1
    elif change == "source":
        cited["source_id"] = "gone"
    elif change == "hash":
        report["sources"][1] |= {"sha256": "0" * 64, "title": "gone", "uri": "gone"}
    elif change == "unverified":
        cited["verified"] = False
    elif change == "bare":
        claim["citations"] = []
    elif change == "empty":
        cited |= {"quote": "", "end": cited["start"]}
    for where in (["--docs", corpus], ["--evidence", evidence]):
        status, found = run(report, *where)
        assert status == 1
        assert len(found["wrong"]) == 1


def test_a_document_that_is_stored_as_other_text_is_searched_by_name(report: dict, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>Ada wrote\nthe first note.</p>")
    report["claims"][0]["citations"] = [report["claims"][0]["citations"][1]]
    report["sources"][1] |= {"sha256": "0" * 64, "uri": page.as_uri(), "title": "A page"}
    assert run(report, "--docs", page)[0] == 0
    report["claims"][0]["citations"][0]["quote"] = "Ada stole"
    assert run(report, "--docs", page)[0] == 1


def test_it_imports_nothing_of_the_project() -> None:
    text = SCRIPT.read_text()
    assert not [name for name in ("research_agent", "retrieval", "evals", "scaling") if f"import {name}" in text]
    assert "from research_agent" not in text
