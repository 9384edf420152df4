import gzip
import json

import pytest

from evals.errors import SelectionError, TaskError
from evals.task import read_task, select

ROWS = [
    {
        "_id": f"q{n}",
        "text": f"Question {n}?",
        "answers": ["x"],
        "metadata": {"hops": n % 3 + 1, "kind": "ab"[n % 2], "gold": ["d1"]},
    }
    for n in range(60)
]


def folder(path, rows, name="queries.jsonl", corpus=True):
    path.mkdir(exist_ok=True)
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    (path / name).write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    if corpus:
        (path / "corpus.jsonl").write_text(json.dumps({"_id": "d1", "title": "T", "text": "Words."}) + "\n")
    return path


@pytest.mark.parametrize("name", ["queries.jsonl", "queries.jsonl.gz"])
def test_read(tmp_path, name):
    task = read_task(folder(tmp_path / "set", ROWS, name))
    assert task.name == "set"
    assert len(task.samples) == 60
    assert task.samples[3].gold == ("d1",)
    assert task.samples[3].label("hops") == "1"
    assert task.samples[3].label("nothing") == "not stated"
    assert len(task.fingerprint) == 64


def test_the_fingerprint_follows_the_corpus(tmp_path):
    path = folder(tmp_path / "set", ROWS)
    before = read_task(path).fingerprint
    (path / "corpus.jsonl").write_text("{}\n")
    assert read_task(path).fingerprint != before


def test_gold_from_qrels_and_types_from_what_is_there(tmp_path):
    rows = [
        {"_id": "a", "text": "?a"},
        {"_id": "b", "text": "?b", "answers": ["1"]},
        {"_id": "c", "text": "?c", "metadata": {"answer_items": [{"key": ["k"], "value": ["v"]}]}},
        {"_id": "d", "text": "?d", "answers": ["e"], "metadata": {"answer_type": "entity"}},
    ]
    path = folder(tmp_path / "set", rows)
    (path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\na\td1\t1\na\td2\t0\na\td3\t2\n")
    samples = {sample.id: sample for sample in read_task(path).samples}
    assert samples["a"].gold == ("d1", "d3")
    assert [samples[name].answer_type for name in "abcd"] == ["none", "string", "list", "entity"]
    assert samples["c"].items[0].values == ("v",)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([ROWS[0], "{broken"], "line 2: not valid JSON"),
        ([ROWS[0], "[1]"], "line 2: expected a JSON object, found list"),
        ([ROWS[0], ROWS[0]], "line 2: the question id 'q0' occurs twice"),
        ([{"text": "?"}], "line 1: the field '_id' is missing"),
        ([{"_id": "a", "text": " "}], "line 1: the field 'text' is missing or empty"),
        ([{"_id": "a", "text": "?", "answers": "x"}], "line 1: the field 'answers' must be a list"),
        ([{"_id": "a", "text": "?", "metadata": [1]}], "line 1: the field 'metadata' must be an object"),
        (
            [{"_id": "a", "text": "?", "metadata": {"answer_type": "date"}}],
            "line 1: answer_type is 'date', and 'answers' is",
        ),
        ([{"_id": "a", "text": "?", "metadata": {"answer_items": [{}]}}], "line 1: each of 'metadata.answer_items'"),
        (["", ""], "holds no question"),
    ],
)
def test_malformed_sets_are_refused_with_the_row(tmp_path, rows, message):
    path = folder(tmp_path / "set", rows)
    with pytest.raises(TaskError, match=message):
        read_task(path)


def test_missing_and_corrupt_files_are_refused(tmp_path):
    with pytest.raises(TaskError, match="no task folder"):
        read_task(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(TaskError, match=r"holds no queries\.jsonl"):
        read_task(tmp_path / "empty")
    path = folder(tmp_path / "set", ROWS, "queries.jsonl.gz")
    packed = (path / "queries.jsonl.gz").read_bytes()
    (path / "queries.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(TaskError, match="cannot be read after line"):
        read_task(path)
    (path / "queries.jsonl.gz").unlink()
    folder(tmp_path / "set", ROWS)
    (path / "qrels.tsv").write_text("a\tb\tc\nq1\td1\tmuch\n")
    with pytest.raises(TaskError, match=r"qrels.tsv, line 2"):
        read_task(path)


def test_any_prefix_is_the_start_of_the_same_random_order(tmp_path):
    task = read_task(folder(tmp_path / "set", ROWS))
    everything = [sample.id for sample in select(task, seed=1)]
    assert [sample.id for sample in select(task, seed=1, limit=10)] == everything[:10]
    assert everything != [sample.id for sample in task.samples]
    assert everything != [sample.id for sample in select(task, seed=2)]
    kept = [sample.id for sample in select(task, seed=1, kinds=frozenset({"a"}))]
    assert kept == [name for name in everything if int(name[1:]) % 2 == 0]


def test_groups_are_cut_at_the_same_size(tmp_path):
    task = read_task(folder(tmp_path / "set", ROWS))
    chosen = select(task, seed=1, by="hops", per_group=7)
    labels = [sample.label("hops") for sample in chosen]
    assert {label: labels.count(label) for label in labels} == {"1": 7, "2": 7, "3": 7}
    more = {sample.id for sample in select(task, seed=1, by="hops", per_group=9)}
    assert {sample.id for sample in chosen} <= more


@pytest.mark.parametrize(
    "options",
    [{"limit": 0}, {"per_group": 2}, {"by": "colour"}, {"kinds": frozenset({"z"})}, {"by": "hops", "per_group": 0}],
)
def test_impossible_selections_are_refused(tmp_path, options):
    task = read_task(folder(tmp_path / "set", ROWS))
    with pytest.raises(SelectionError):
        select(task, **options)
