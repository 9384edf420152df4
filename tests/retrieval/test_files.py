"""The cached index of files follows the files."""

import gc
import json
import os

import pytest

from retrieval.errors import BadInputError, EmptyCorpusError, IndexBusyError
from retrieval.index import LocalIndex, add_files, build_files, open_or_build
from retrieval.index.layout import writing


@pytest.fixture
def docs(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("# Apples\n\nThe orchard grows apples.")
    (folder / "b.md").write_text("# Bees\n\nThe hive makes honey.")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    rows = [{"_id": f"r{i}", "title": f"Row {i}", "text": f"Line {i} of the ledger."} for i in range(3)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "{bad\n")
    return folder


@pytest.fixture
def opening(tmp_path, docs, encoder):
    return lambda **options: open_or_build([docs], home=tmp_path / "home", encoder=encoder, **options)


async def first(index, query):
    hits = await index.search(query, k=1)
    return hits[0].document_id if hits else None


def touch(path, text):
    path.write_text(text)
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1_000_000))


async def test_only_what_has_changed_is_read_again(opening, docs):
    steps = []
    index = opening(progress=steps.append)
    assert index.describe().documents == 5
    assert len(steps) == 5
    assert [(path.rpartition("/")[2], reason[:10]) for path, reason in index.describe().skipped] == [
        ("broken.pdf", "it is no P"),
        ("rows.jsonl:4", "the line i"),
    ]
    opening(progress=steps.append)
    assert len(steps) == 5

    touch(docs / "a.md", "# Apricots\n\nThe orchard grows apricots.")
    (docs / "b.md").unlink()
    (docs / "c.md").write_text("# Cats\n\nThe cat sleeps.")
    touch(docs / "rows.jsonl", '{"_id": "r1", "title": "Row 1", "text": "Line 1 of the ledger."}\n')
    (docs / "broken.pdf").unlink()
    index = opening()
    assert index.describe().documents == 3
    assert index.describe().skipped == ()
    assert await first(index, "apricots") == "docs/a.md"
    assert await first(index, "cat") == "docs/c.md"
    assert await first(index, "apples") is None
    assert await first(index, "honey") is None
    assert [hit.document_id for hit in await index.search("ledger", k=9)] == ["r1"]


async def test_an_open_index_follows_too(opening, docs):
    index = opening()
    touch(docs / "a.md", "# Apricots\n\nThe orchard grows apricots.")
    opening()
    assert await first(index, "apricots") == "docs/a.md"


def test_paths_have_an_index_each(opening, docs, tmp_path, encoder):
    opening()
    open_or_build([docs / "a.md"], home=tmp_path / "home", encoder=encoder)
    assert len(list((tmp_path / "home" / "indexes").iterdir())) == 2


def test_a_corpus_that_vanished_is_refused_and_a_damaged_cache_is_made_again(opening, docs, tmp_path):
    opening()
    pointer = next((tmp_path / "home" / "indexes").glob("*/index.json"))
    pointer.write_text("{")
    assert opening().describe().documents == 5
    for path in docs.iterdir():
        path.unlink()
    with pytest.raises(EmptyCorpusError, match="Nothing readable was found"):
        opening()
    with pytest.raises(BadInputError, match="There is no file or folder"):
        open_or_build([tmp_path / "gone"], home=tmp_path / "home")


def test_a_busy_cache_is_waited_for_and_then_named(opening, tmp_path, docs):
    opening()
    directory = next((tmp_path / "home" / "indexes").iterdir())
    with writing(directory):
        assert opening(wait=0).describe().documents == 5
        (docs / "c.md").write_text("New.")
        with pytest.raises(IndexBusyError):
            opening(wait=0.05)


async def test_dense_all_and_none(opening, encoder):
    index = opening(dense="all")
    assert index.describe().embedded == index.describe().passages
    encoder.seen.clear()
    await opening(dense="none").search("orchard", k=3)
    assert encoder.seen == []


async def test_where_nothing_can_be_kept_a_temporary_index_serves(docs, tmp_path, encoder):
    (tmp_path / "home").write_text("a file, not a folder")
    index = open_or_build([docs], home=tmp_path / "home", encoder=encoder)
    directory = index.describe().directory
    assert await first(index, "honey") == "docs/b.md"
    assert directory.exists()
    del index
    gc.collect()
    assert not directory.exists()


def test_the_home_comes_from_the_environment(docs, tmp_path, monkeypatch, encoder):
    monkeypatch.setenv("RESEARCH_AGENT_HOME", str(tmp_path / "elsewhere"))
    assert tmp_path / "elsewhere" in open_or_build([docs], encoder=encoder).describe().directory.parents


async def test_build_and_add_by_hand(docs, tmp_path, encoder):
    skipped = []
    build_files(tmp_path / "i", [docs / "a.md"], encoder=encoder, on_skip=skipped.append)
    assert add_files(tmp_path / "i", [docs], on_skip=skipped.append) == 4
    assert add_files(tmp_path / "i", [docs]) == 0
    assert len(skipped) == 2
    index = LocalIndex.open(tmp_path / "i", encoder=encoder)
    assert index.remove(["docs/b.md"]) == 1
    assert await first(index, "honey") is None
    with pytest.raises(BadInputError, match=r"broken\.pdf' cannot be read: it is no PDF"):
        add_files(tmp_path / "i", [docs / "broken.pdf"])


async def test_what_was_removed_comes_back_when_its_file_is_added_again(tmp_path, docs, encoder):
    index = build_files(tmp_path / "index", [docs], encoder=encoder)
    assert index.remove(["docs/a.md", "r1"]) == 2
    assert await first(index, "apples") is None
    assert add_files(tmp_path / "index", [docs]) == 2
    assert await first(index, "apples") == "docs/a.md"
    assert add_files(tmp_path / "index", [docs]) == 0


def test_a_first_build_that_is_refused_leaves_nothing_behind(tmp_path, encoder):
    (tmp_path / "empty").mkdir()
    with pytest.raises(EmptyCorpusError):
        build_files(tmp_path / "index", [tmp_path / "empty"], encoder=encoder)
    with pytest.raises(EmptyCorpusError):
        open_or_build([tmp_path / "empty"], home=tmp_path / "home", encoder=encoder)
    assert [path for path in tmp_path.rglob("*") if path.name not in {"empty", "home", "indexes"}] == []
