"""The sample corpus: readable, free, small, and its default question really needs two documents."""

import itertools
import re
from pathlib import Path

from research_agent import sample
from research_agent.agent import aask
from research_agent.config import Settings
from research_agent.options import AskOptions
from retrieval.documents import read_documents

FREE = re.compile(r"placed\s+in\s+the\s+public\s+domain|Copyright and related rights waived via \[?CC0", re.IGNORECASE)


def _texts() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(sample.documents().iterdir())}


def test_it_is_small_and_every_text_says_that_it_is_free() -> None:
    texts = _texts()
    assert 50 <= len(texts) <= 80
    assert sum(len(text.encode()) for text in texts.values()) <= 1_500_000
    assert [name for name, text in texts.items() if not FREE.search(text)] == []


def test_the_notice_names_every_file_and_no_other() -> None:
    notice = (Path(sample.__file__).parent / "NOTICE.md").read_text(encoding="utf-8")
    assert set(re.findall(r"documents/([\w.-]+)\)", notice)) == set(_texts())


def test_every_file_is_read_as_a_titled_document() -> None:
    read = {Path(document.uri).name: document for document in read_documents([sample.documents()])}
    assert set(read) == set(_texts())
    assert all(document.title and len(document.text) > 500 for document in read.values())


def test_the_default_question_needs_the_second_document() -> None:
    texts = _texts()
    answer = "Paul Ganssle"
    assert "Superseded-By: 615" in texts["pep-431.txt"]
    assert [name for name, text in texts.items() if answer in text] == ["pep-615.txt"]
    assert answer not in sample.DEFAULT_QUESTION
    assert "615" not in sample.DEFAULT_QUESTION


def test_chains_of_three_documents_are_whole() -> None:
    texts = _texts()
    for chain in (("pep-241", "pep-314", "pep-345", "pep-566"), ("eip-4626", "eip-2612", "eip-712", "eip-191")):
        for first, second in itertools.pairwise(chain):
            ext = "txt" if first.startswith("pep") else "md"
            head = texts[f"{first}.{ext}"][:1500]
            assert re.search(rf"^(?:Superseded-By|requires): .*\b{second.split('-')[1]}\b", head, re.MULTILINE)
            assert f"{second}.{ext}" in texts


async def test_the_default_question_is_answered_from_both_documents(tmp_path: Path) -> None:
    options = AskOptions(docs=(sample.documents(),), model="extractive")
    answer = await aask(sample.DEFAULT_QUESTION, options, settings=Settings(home=tmp_path))
    assert (answer.status, answer.answer) == ("answered", "Paul Ganssle")
    assert all(claim.supported and claim.quotes for claim in answer.claims)
    assert {Path(source.uri).name for source in answer.sources} >= {"pep-431.txt", "pep-615.txt"}
