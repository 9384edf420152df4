"""What a run works with, made from options: a model or none, an index of documents, backends by name."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from research_agent.agent import aask
from research_agent.budget import Budget
from research_agent.config import Settings
from research_agent.errors import BudgetTooSmallError, UnknownNameError, UsageError
from research_agent.options import AskOptions
from research_agent.reading.extractive import ExtractiveReader
from research_agent.resources import LOCAL, Resources, check_paths, open_resources
from retrieval.base import Document, Fetcher
from retrieval.errors import EmptyCorpusError, IndexMismatchError, UnknownBackendError
from retrieval.index import LocalIndex
from retrieval.testing import FixedRetriever


def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "fox.md").write_text("# Fox\n\nThe fox lives in Oslo.\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    return folder


async def test_documents_are_indexed_and_what_cannot_be_read_is_told(tmp_path):
    events: list[Any] = []
    settings = Settings(home=tmp_path / "home")
    mine = AskOptions(docs=(corpus(tmp_path),), model="extractive")
    async with open_resources(mine, settings, events.append) as resources:
        assert resources.model is None
        assert resources.spec == "extractive"
        assert isinstance(resources.reader, ExtractiveReader)
        (hit,) = await resources.retrievers[0].search("Where does the fox live?", k=3)
        assert "Oslo" in hit.text
        await asyncio.sleep(0)
    assert [event["path"].endswith("broken.pdf") for event in events if event["type"] == "skipped"] == [True]
    assert events[0]["type"] == "model"


async def test_what_cannot_be_read_is_told_again_from_an_index_that_is_there(tmp_path):
    settings, folder = Settings(home=tmp_path / "home"), corpus(tmp_path)
    mine = AskOptions(docs=(folder,), model="extractive")
    for number in range(14):
        (folder / f"image{number}.png").write_bytes(b"x")
    told: list[list[str]] = []
    for _ in range(2):
        events: list[Any] = []
        async with open_resources(mine, settings, events.append):
            await asyncio.sleep(0)
        told.append([event["text"] for event in events if event["type"] == "skipped"])
    first, again = told
    assert len(first) == 15
    assert set(again[:-1]) < set(first)
    assert (len(again), again[-1]) == (11, "Left out, as before: 5 more.")


async def test_an_index_of_another_embedding_model_is_refused_and_one_without_is_told(tmp_path, monkeypatch):
    class Other:
        name, dim = "another-model", 4

        def encode(self, texts: list[str]) -> Any:
            raise AssertionError

    LocalIndex.build(tmp_path / "i", [Document("fox", "The fox lives in Oslo.")], encoder=Other())
    mine, events = AskOptions(index=tmp_path / "i", model="extractive"), []
    with pytest.raises(
        IndexMismatchError, match=r"built with the embedding model 'another-model', and 'all-MiniLM-L6-v2'"
    ):
        async with open_resources(mine, Settings(home=tmp_path / "home"), lambda event: None):
            pass
    monkeypatch.setattr("retrieval.index.encoder.default_encoder", lambda: None)
    async with open_resources(mine, Settings(home=tmp_path / "home"), events.append) as resources:
        assert await resources.retrievers[0].search("fox", k=1)
        await asyncio.sleep(0)
    (told,) = [event["text"] for event in events if event["type"] == "note"]
    assert told.startswith("The encoder another-model is not installed, so the search is lexical")


async def test_what_is_not_there_is_refused_by_name(tmp_path):
    settings = Settings(home=tmp_path / "home")
    folder = corpus(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    cases = [
        (AskOptions(docs=(folder,), model="gpt-9"), UnknownNameError, "There is no model called 'gpt-9'; known are"),
        (AskOptions(backends=("nowhere",), model="extractive"), UnknownBackendError, "'nowhere'; known are"),
        (AskOptions(docs=(empty,), model="extractive"), EmptyCorpusError, "empty"),
    ]
    for mine, error, sentence in cases:
        with pytest.raises(error, match=sentence):
            async with open_resources(mine, settings, lambda event: None):
                pass


def test_paths_and_price_files_are_checked_before_anything_is_opened(tmp_path):
    prices = tmp_path / "prices.json"
    prices.write_text("[]")
    cases = [
        (AskOptions(), "There is nothing to search"),
        (AskOptions(docs=(tmp_path / "none",)), r"The document path .*none does not exist"),
        (AskOptions(index=tmp_path / "none"), r"The index path .*none does not exist"),
        (AskOptions(docs=(tmp_path / ("x" * 300),)), r"The document path .* cannot be opened \(File name too long\)"),
        (AskOptions(backends=("local",)), r"The backend 'local' is an index of your own: name its folder with --index"),
        (AskOptions(docs=(tmp_path,), index=tmp_path), "Documents and an index were both named: name one of them"),
        (AskOptions(docs=(tmp_path,), price_file=prices), r"The price file .* must have the form"),
    ]
    for mine, sentence in cases:
        with pytest.raises(UsageError, match=sentence):
            check_paths(mine)
    check_paths(AskOptions(docs=(tmp_path,), budget=Budget(10)))


async def test_a_budget_too_small_is_refused_before_documents_are_indexed(tmp_path):
    settings = Settings(home=tmp_path / "home")
    mine = AskOptions(docs=(corpus(tmp_path),), model="extractive", budget=Budget(121))
    with pytest.raises(BudgetTooSmallError) as caught:
        await aask("Where does the fox live?", mine, settings=settings)
    assert caught.value.minimum == 122.1
    assert not settings.home.exists()


async def test_what_is_promised_of_documents_is_what_their_index_says(tmp_path):
    mine = AskOptions(docs=(corpus(tmp_path),), model="extractive")
    async with open_resources(mine, Settings(home=tmp_path / "home"), lambda event: None) as resources:
        assert resources.retrievers[0].info == LOCAL
        assert isinstance(resources.retrievers[0], Fetcher)


def test_a_backend_is_named_once():
    with pytest.raises(UsageError, match="The backend 'fixed' is there more than once: name each backend once"):
        Resources((FixedRetriever([]), FixedRetriever([])), ExtractiveReader())


def test_resources_hold_something_to_search():
    with pytest.raises(UsageError, match="There is nothing to search"):
        Resources((), ExtractiveReader())
