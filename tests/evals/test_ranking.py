"""Retrieval alone: the measures' known values, and the command on a small corpus with the real index."""

import json
import math

import pytest
import typer
from typer.testing import CliRunner

from evals.baselines import Bm25s
from evals.commands import register
from evals.errors import TaskError
from evals.ranking import grades_of, means, measured, ranked
from evals.task import Sample
from research_agent.errors import UnknownNameError
from retrieval.base import Document, Hit, RetrieverInfo
from retrieval.testing import FixedRetriever

pytest.importorskip("ir_measures", reason="ir-measures is not installed; it comes with the extra 'dev'")

BIRDS = {
    "heron": "A heron stands in shallow water and waits for fish.",
    "owl": "An owl hunts mice at night and hears them under snow.",
    "swift": "A swift sleeps on the wing and never stands on the ground.",
    "wren": "A wren builds several nests and lines one of them.",
}


def sample(name, question="?", **metadata):
    return Sample(name, question, metadata=metadata)


class Passages:
    """Every document in three passages, one after the other; remembers how many hits were asked for."""

    info = RetrieverInfo(name="passages", public=False)

    def __init__(self, documents):
        self.hits = [
            Hit(f"d{n}", "x", 1.0 / (3 * n + place + 1), place, place + 1)
            for n in range(documents)
            for place in range(3)
        ]
        self.asked = []

    async def search(self, query, *, k):
        self.asked.append(k)
        return self.hits[:k]


def test_known_values():
    grades = {"q": {"a": 2, "b": 1, "c": 0, "d": 1}, "lost": {"a": 1}}
    values = measured(grades, {"q": ["x", "b", "a"]})
    gained = 1 / math.log2(3) + 2 / math.log2(4)
    ideal = 2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert values["ndcg@10"] == pytest.approx({"q": gained / ideal, "lost": 0.0})
    assert values["recall@100"] == pytest.approx({"q": 2 / 3, "lost": 0.0})


def test_the_order_of_the_run_counts_and_not_the_names():
    grades = {"q": {"a": 1}}
    first, last = (measured(grades, {"q": order})["ndcg@10"]["q"] for order in (["a", "z"], ["z", "a"]))
    assert (first, last) == (1.0, pytest.approx(1 / math.log2(3)))


def test_only_the_first_ten_and_the_first_hundred_count():
    others = [f"x{n}" for n in range(200)]
    late = measured({"q": {"a": 1}}, {"q": [*others[:10], "a"]})
    assert (late["ndcg@10"]["q"], late["recall@100"]["q"]) == (0.0, 1.0)
    assert measured({"q": {"a": 1}}, {"q": [*others[:100], "a"]})["recall@100"]["q"] == 0.0


def test_means_respect_clusters():
    values = {"ndcg@10": {f"q{n}": float(n % 4 < 2) for n in range(40)}}
    alone = means(values, [sample(f"q{n}") for n in range(40)])["ndcg@10"]
    together = means(values, [sample(f"q{n}", cluster=n // 2) for n in range(40)])["ndcg@10"]
    assert alone.value == together.value == 0.5
    assert together.clusters == 20
    assert together.high - together.low > 1.3 * (alone.high - alone.low)


async def test_documents_stand_where_their_best_passage_does_and_enough_are_asked_for():
    many = Passages(50)
    assert await ranked(many, "?", 20) == tuple(f"d{n}" for n in range(20))
    assert many.asked == [20, 40, 80]
    few = Passages(5)
    assert await ranked(few, "?", 20) == tuple(f"d{n}" for n in range(5))
    assert few.asked == [20]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (None, "There is no qrels.tsv in"),
        ("q\td\ts\nq1\ta\t0\n", "names no relevant document for any of the 1 queries"),
        ("q\td\ts\nq1\ta\t0.5\n", "line 2: expected question id, document id and a whole score"),
    ],
)
def test_judgements_that_cannot_be_used(tmp_path, rows, message):
    if rows is not None:
        (tmp_path / "qrels.tsv").write_text(rows)
    with pytest.raises(TaskError, match=message):
        grades_of(tmp_path, [sample("q1")])


async def test_bm25s_finds_what_another_bm25_finds():
    pytest.importorskip("bm25s", reason="bm25s is not installed; it comes with the extra 'dev'")
    documents = [Document(name, text, name) for name, text in BIRDS.items()]
    theirs, plain = Bm25s(documents), FixedRetriever(documents)
    for query in ("which one hunts mice at night", "fish in shallow water", "nests"):
        assert (await ranked(theirs, query))[0] == (await ranked(plain, query))[0]
    assert await ranked(theirs, "zebra") == ()


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "birds"
    path.mkdir()
    queries = {"q1": "Which bird hunts mice at night?", "q2": "What waits for fish?", "q3": "Unjudged?"}
    rows = [{"_id": name, "title": name, "text": text} for name, text in BIRDS.items()]
    asked = [{"_id": name, "text": text} for name, text in queries.items()]
    for name, lines in (("corpus", rows), ("queries", asked)):
        (path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\towl\t1\nq2\theron\t1\nq2\twren\t0\n")
    return path


@pytest.fixture
def call(tmp_path, monkeypatch):
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    monkeypatch.setenv("RESEARCH_AGENT_HOME", str(tmp_path / "home"))
    return lambda *arguments: CliRunner().invoke(app, ["eval-retrieval", *map(str, arguments)])


def test_the_command(call, folder, tmp_path):
    done = call(folder, "--mode", "lexical", "--format", "json")
    assert done.exit_code == 0, done.output
    row = json.loads(done.stdout)
    assert (row["task"], row["mode"], row["n"]) == ("birds", "lexical", 2)
    assert set(row["metrics"]) == {"ndcg@10", "recall@100"}
    assert set(row["metrics"]["ndcg@10"]) >= {"value", "low", "high"}
    assert row["metrics"]["ndcg@10"]["value"] == row["metrics"]["recall@100"]["value"] == 1.0
    out = tmp_path / "table.md"
    assert call(folder, "--mode", "lexical", "--limit", "1", "--out", out).stdout == ""
    assert "| birds | lexical | 1 | 1.000 (" in out.read_text()


def test_what_the_command_refuses(call, folder, tmp_path):
    (tmp_path / "other").mkdir()
    with pytest.raises(TaskError, match="There is no task folder at /nowhere"):
        raise call("/nowhere").exception
    with pytest.raises(TaskError, match="there is no folder /nowhere"):
        raise call(folder, "--out", "/nowhere/table.md").exception
    with pytest.raises(UnknownNameError, match="There is no mode called 'best'; known are lexical, dense"):
        raise call(folder, "--mode", "best").exception
    (folder / "qrels.tsv").unlink()
    with pytest.raises(TaskError, match=r"There is no qrels.tsv"):
        raise call(folder).exception
    assert not (tmp_path / "home").exists()
