import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from research_agent.answer import Quote
from research_agent.errors import ResearchError
from research_agent.evidence import EvidenceStore
from retrieval.base import Document, Hit

TEXT = "Abstract\n\nThe fold attribute  was “added” in version 3.6.\nIt was added by the same people.\n"
DOCUMENT = Document("doc-1", TEXT, "On folds", "https://example.org/1")


@pytest.fixture(params=["file", "process"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EvidenceStore]:
    made = EvidenceStore(tmp_path / "evidence.sqlite" if request.param == "file" else None)
    yield made
    made.close()


def test_a_snapshot_is_what_was_read(store: EvidenceStore) -> None:
    snapshot = store.add(DOCUMENT, backend="local")
    assert store.get(snapshot.id) == snapshot
    assert (snapshot.text, snapshot.uri, snapshot.title, snapshot.start) == (TEXT, DOCUMENT.uri, "On folds", None)
    assert snapshot.sha256 == hashlib.sha256(TEXT.encode()).hexdigest()
    assert store.source(snapshot.id).sha256 == snapshot.sha256


def test_quotes_come_back_in_the_words_of_the_snapshot(store: EvidenceStore) -> None:
    snapshot = store.add(DOCUMENT, backend="local")
    quote = store.locate('attribute was "added" in\nversion', snapshot.id)
    assert quote is not None
    assert quote.text == "attribute  was “added” in version"
    assert TEXT[quote.start : quote.end] == quote.text
    assert store.check(quote)
    late = store.locate("added", snapshot.id, near=70)
    assert late is not None
    assert late.start == TEXT.rindex("added")
    assert store.locate("Added", snapshot.id) is None


def test_check_is_exact(store: EvidenceStore) -> None:
    source = store.add(DOCUMENT, backend="local").id
    assert store.check(Quote(source, "fold", 14, 18)) == (TEXT[14:18] == "fold")
    good = Quote(source, TEXT[10:30], 10, 30)
    assert store.check(good)
    for bad in (
        Quote(source, TEXT[10:30], 11, 31),
        Quote(source, TEXT[10:30].replace("  ", " ").upper(), 10, 30),
        Quote(source, "", 10, 10),
        Quote(source, TEXT[-5:], -5, len(TEXT)),
        Quote("nowhere", TEXT[10:30], 10, 30),
    ):
        assert not store.check(bad)


def test_a_hit_is_kept_alone_until_its_document_is_opened(store: EvidenceStore) -> None:
    hit = Hit("doc-1", TEXT[10:40], 1.0, 10, 40, "On folds", "https://example.org/1")
    alone = store.add_hit(hit, backend="local")
    assert (alone.text, alone.start) == (TEXT[10:40], 10)
    assert store.source(alone.id).uri == "https://example.org/1#char=10,40"
    whole = store.add(DOCUMENT, backend="local")
    assert store.add_hit(hit, backend="local") == whole
    # The document changed since, or another backend said it: not the same reading.
    assert store.add_hit(Hit("doc-1", "other words", 1.0, 10, 21), backend="local").text == "other words"
    assert store.add_hit(hit, backend="web").id not in {whole.id, alone.id}


def test_the_same_reading_is_kept_once_over_sessions(tmp_path: Path) -> None:
    path = tmp_path / "evidence.sqlite"
    first = EvidenceStore(path, clock=lambda: "2024-01-01T00:00:00+00:00")
    snapshot = first.add(DOCUMENT, backend="local")
    twin = first.add(Document("doc-2", TEXT), backend="local")
    first.close()
    first.close()
    again = EvidenceStore(path, clock=lambda: "2025-01-01T00:00:00+00:00")
    assert again.add(DOCUMENT, backend="local") == snapshot
    assert again.get(twin.id) == twin
    assert (twin.id != snapshot.id, twin.sha256) == (True, snapshot.sha256)
    again.close()
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM texts").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM snapshots").fetchone() == (2,)
    database.close()


def test_a_snapshot_left_open_by_a_killed_session_is_there(tmp_path: Path) -> None:
    killed = EvidenceStore(tmp_path / "e.sqlite")
    snapshot = killed.add(DOCUMENT, backend="local")
    other = EvidenceStore(tmp_path / "e.sqlite")
    assert other.get(snapshot.id) == snapshot
    other.close()
    killed.close()


def test_broken_unicode_keeps_its_offsets(store: EvidenceStore) -> None:
    text = "before \ud800 after \x00 the end"
    snapshot = store.add(Document("odd", text, title="odd \udfff"), backend="local")
    assert store.get(snapshot.id).text == text
    quote = store.locate("the end", snapshot.id)
    assert quote is not None
    assert store.check(quote)


def test_many_large_snapshots_stay_within_what_is_kept_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("research_agent.evidence._AT_HAND", 1_000)
    store = EvidenceStore(tmp_path / "e.sqlite")
    sources = [store.add(Document(str(i), f"{i} " + "word " * 100), backend="b").id for i in range(10)]
    for number, source in enumerate(sources):
        quote = store.locate(f"{number} word", source)
        assert quote is not None
        assert store.check(quote)
    store.close()


def test_a_text_that_was_changed_on_disk_is_refused(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "e.sqlite")
    snapshot = store.add(DOCUMENT, backend="local")
    store.close()
    with sqlite3.connect(tmp_path / "e.sqlite") as database:
        database.execute("UPDATE texts SET text = ?", (b"other",))
    database.close()
    store = EvidenceStore(tmp_path / "e.sqlite")
    with pytest.raises(ResearchError, match="was changed"):
        store.get(snapshot.id)
    store.close()


def test_unknown_sources_and_broken_files_are_named(tmp_path: Path, store: EvidenceStore) -> None:
    with pytest.raises(ResearchError, match="holds no source 'nowhere'"):
        store.get("nowhere")
    (tmp_path / "junk").write_text("this is not a database, and it is long enough to tell" * 9)
    with pytest.raises(ResearchError, match="cannot be opened"):
        EvidenceStore(tmp_path / "junk")
