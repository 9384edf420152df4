"""The command `sweep`, with the real agent (no language model) on a small corpus of chains."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
import typer
from typer.testing import CliRunner

from evals.commands import register
from evals.runstore import opened
from evals.sweep import buying
from scaling.trials import Trials

WORDS = "amber basin cedar delta ember fjord grove haven inlet jetty karst ledge mesa north ochre pine".split()
NAMES = "Ilse Korran;Tomas Wey;Petra Lunde;Oskar Brandt;Nora Vance;Jan Sorel;Mira Holt;Paul Denk".split(";")
AXES = ("--axes", "depth=1,2,3")
MODEL = ("--model", "extractive")


def write_chains(folder, chains=4, hops=3):
    """Write `chains` chains of `hops` proposals, and a question of each length about each."""
    documents, questions = [], []
    for chain in range(chains):
        numbers = [9000 + 100 * chain + hop for hop in range(hops)]
        titles = [f"The {WORDS[chain]} {WORDS[8 + hop]} rule" for hop in range(hops)]
        for hop, (number, title) in enumerate(zip(numbers, titles, strict=True)):
            after = f"Superseded-By: {numbers[hop + 1]}\n" if hop + 1 < hops else ""
            before = f"Replaces: {numbers[hop - 1]}\n" if hop else ""
            author = f"{NAMES[(chain + 3 * hop) % len(NAMES)]} {WORDS[chain].title()}"
            head = f"PEP: {number}\nTitle: {title}\nAuthor: {author}\n{before}{after}"
            text = f"{head}\nIt says what {title.lower()} is.\n"
            documents.append({"_id": f"pep-{number}", "title": title, "text": text, "metadata": {}})
            asked = f'PEP {numbers[0]}, "{titles[0]}"'
            for _ in range(hop):
                asked = f"the PEP that superseded {asked}"
            metadata = {
                "kind": "chain",
                "hops": hop + 1,
                "answer_type": "name",
                "gold": [f"pep-{each}" for each in numbers[: hop + 1]],
            }
            questions.append(
                {
                    "_id": f"c{chain}h{hop + 1}",
                    "text": f"Who is the author of {asked}?",
                    "answers": [author],
                    "metadata": metadata,
                }
            )
    folder.mkdir(exist_ok=True)
    for name, rows in (("corpus", documents), ("queries", questions)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_chains(tmp_path_factory.mktemp("sweep") / "chains", chains=2, hops=2)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def call(home, monkeypatch):
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    monkeypatch.setenv("RESEARCH_AGENT_HOME", str(home))
    return lambda *arguments: CliRunner().invoke(app, ["sweep", *map(str, arguments)])


def stored(path):
    with opened(path) as store:
        return {trial.key: trial for trial in store.trials()}


def bought(path):
    """How many trials a store holds that another process is writing."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reading:
            return reading.execute("SELECT count(*) FROM trials").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def refused(done, status=2):
    assert done.exit_code == status, done.output
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    return line


def test_a_sweep_from_the_estimate_to_the_table(call, folder, home, tmp_path):
    store, out = tmp_path / "runs.sqlite", tmp_path / "out"
    common = (folder, *AXES, *MODEL, "--store", store, "--out", out)
    dry = call(*common, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "From a pilot of 4 questions: 0 trials to buy" in dry.stdout
    assert not out.exists()
    pilot = stored(store)
    # One run to depth 3, two cells asked afresh, the floor and the ceiling, of each of four questions.
    assert len(pilot) == 4 * 5
    assert call(*common, "--by", "hops").exit_code == 0
    assert stored(store) == pilot
    trials = Trials.read(out / "trials.parquet")
    assert trials.axes == ("depth",)
    cells = trials.cells()
    assert cells.spend.ravel().tolist() == [1, 2, 3, float("inf")]
    assert cells.successes.sum(0).tolist() == [2, 4, 4, 4]
    assert cells.attempts.sum(0).tolist() == [4, 4, 4, 4]
    assert {"units", "searches", "documents", "seconds"} == set(trials.costs)
    record = json.loads((out / "sweep.json").read_text())
    assert [one["outcome"]["value"] for one in record["cells"]] == [0.5, 1, 1]
    assert [one["shuffled"] for one in record["cells"]] == [0, 0, 0]
    assert record["floor"]["value"] == 0
    assert record["ceiling"]["value"] == 1
    assert [one["test"]["unequal"] for one in record["replay"]] == [0, 0]
    assert [one["fresh_units"] for one in record["replay"]] == [one["replayed_units"] for one in record["replay"]]
    page = (out / "README.md").read_text()
    assert "research-agent sweep chains --axes depth=1,2,3 --model extractive --by hops --out DIR" in page
    assert "- model: extractive" in page
    assert "sameness is not shown; at least 99 independent questions are needed" in page
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "sweep.json", "trials.parquet"]


def test_evidence_is_an_outcome_of_the_same_trials(call, folder, tmp_path):
    store = tmp_path / "runs.sqlite"
    common = (folder, *AXES, *MODEL, "--store", store, "--questions", 2, "--fresh", 0)
    assert call(*common, "--out", tmp_path / "right").exit_code == 0
    before = stored(store)
    for outcome in ("evidence_recall", "all_gold"):
        assert call(*common, "--outcome", outcome, "--out", tmp_path / outcome).exit_code == 0
    assert stored(store) == before
    recall, every = (
        Trials.read(tmp_path / name / "trials.parquet").cells().successes.sum(0)
        for name in ("evidence_recall", "all_gold")
    )
    assert (every <= recall).all()
    assert every[-1] == recall[-1] == 2
    first, second = (json.loads((tmp_path / name / "sweep.json").read_text()) for name in ("right", "all_gold"))
    assert first["questions"] == second["questions"] == 2


def test_a_cap_below_the_estimate_is_refused_and_nothing_is_bought(call, folder, tmp_path):
    store, out = tmp_path / "runs.sqlite", tmp_path / "out"
    common = (folder, *AXES, *MODEL, "--store", store, "--out", out)
    assert "over the cap of 1 (--max-units)" in refused(call(*common, "--max-units", 1))
    assert not out.exists()
    spent = len(stored(store))
    assert 0 < spent < 4 * 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{folder}", "--axes", "height=1,2", "--out", "{out}"], "There is no axis 'height'"),
        (["{folder}", "--axes", "depth=1..6", "--out", "{out}"], "1 does not double to 6"),
        (["{folder}", "--axes", "depth=2", "--out", "{out}"], "Nothing varies"),
        (["/nowhere", *AXES, "--out", "{out}"], "There is no task folder at /nowhere"),
        (["{empty}", *AXES, "--out", "{out}"], "holds no question"),
        (["{broken}", *AXES, "--out", "{out}"], "queries.jsonl, line 2: the field 'text' is missing"),
        (["{unscored}", *AXES, "--out", "{out}"], "has a reference answer; take --outcome evidence_recall"),
        (["{folder}", *AXES, "--out", "{out}", "--kind", "z"], "is of kind z; its kinds are chain."),
        (["{folder}", *AXES, "--out", "{out}", "--questions", "0"], "--questions must be at least 1; it was 0."),
        (["{folder}", *AXES, "--out", "{out}", "--seeds", "0"], "--seeds must be at least 1; it was 0."),
        (["{folder}", *AXES, "--out", "{out}", "--fresh", "-1"], "--fresh must be at least 0; it was -1."),
        (["{folder}", *AXES, "--out", "{out}", "--concurrency", "0"], "--concurrency must be at least 1"),
        (
            ["{folder}", *AXES, "--out", "{out}", "--max-units", "-3"],
            "--max-units must be a number above 0; it was -3.",
        ),
        (
            ["{folder}", *AXES, "--out", "{out}", "--outcome", "luck"],
            "--outcome takes right, evidence_recall, all_gold",
        ),
        (["{folder}", *AXES, "--out", "{out}", "--design", "C"], "--design takes A, B, A+B, grid; it was 'C'."),
        (["{folder}", *AXES, "--out", "{folder}/corpus.jsonl"], "is a file; name a folder for the sweep."),
        (["{folder}", *AXES, "--out", "/nowhere/else"], "there is no folder /nowhere."),
        (["{folder}", *AXES, "--out", "{taken}"], "holds a README.md that no sweep wrote; name another folder."),
        (
            ["{folder}", "--axes", "think=0,128", "--out", "{out}"],
            "The axis think moves nothing with the extractive reader",
        ),
        (["{folder}", "--axes", "samples=1,2", "--out", "{out}"], "The axis samples moves nothing with the extractive"),
    ],
)
def test_wrong_use_is_one_sentence_and_nothing_is_spent(call, folder, home, tmp_path, arguments, message):
    for name, rows in (
        ("empty", []),
        ("broken", [{"_id": "a", "text": "b"}, {"_id": "c"}]),
        ("unscored", [{"_id": "a", "text": "b"}]),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (tmp_path / name / "corpus.jsonl").write_text((folder / "corpus.jsonl").read_text())
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "README.md").write_text("mine")
    before = set(tmp_path.rglob("*"))
    names = {name: tmp_path / name for name in ("empty", "broken", "unscored", "taken", "out")}
    store = tmp_path / "runs.sqlite"
    done = call(*(each.format(folder=folder, **names) for each in arguments), *MODEL, "--store", store)
    assert message in refused(done)
    assert not bought(store)
    assert {path for path in tmp_path.rglob("*") if not path.name.startswith("runs.sqlite")} == before


def test_a_folder_keeps_one_sweep_apart_from_another(call, folder, home, tmp_path):
    store, out = tmp_path / "runs.sqlite", tmp_path / "out"
    common = (folder, *MODEL, "--store", store, "--out", out, "--questions", 1, "--fresh", 0)
    assert call(*common, *AXES).exit_code == 0
    kept, trials = (out / "sweep.json").read_bytes(), stored(store)
    other = refused(call(*common, "--axes", "depth=1,2"))
    assert "holds a sweep whose axes is" in other
    assert "they are not mixed; name another folder" in other
    record = json.loads(kept)
    record["identity"]["code"] = "0123456789abcdef"
    (out / "sweep.json").write_text(json.dumps(record))
    assert 'holds a sweep whose code is "0123456789abcdef"' in refused(call(*common, *AXES))
    assert stored(store) == trials


def test_a_source_that_changes_under_way_ends_the_sweep(call, folder, tmp_path, monkeypatch):
    store, out = tmp_path / "runs.sqlite", tmp_path / "out"
    versions = iter(["old", "old", "new"])
    monkeypatch.setattr(buying, "source_now", lambda: next(versions))
    done = call(folder, *AXES, *MODEL, "--store", store, "--out", out, "--fresh", 0)
    assert "The source changed while the sweep ran, and trials of two versions are not mixed" in refused(done)
    assert len(stored(store)) == 3
    assert not out.exists()


def test_a_store_that_another_process_writes_is_refused(call, folder, tmp_path):
    with opened(tmp_path / "runs.sqlite"):
        done = call(folder, *AXES, *MODEL, "--store", tmp_path / "runs.sqlite", "--out", tmp_path / "out")
    assert "Another process is writing the run store" in refused(done)


def test_a_clock_that_is_moved_back_changes_nothing(call, folder, tmp_path, monkeypatch):
    common = (folder, *AXES, *MODEL, "--questions", 2, "--fresh", 0)
    assert call(*common, "--store", tmp_path / "a.sqlite", "--out", tmp_path / "a").exit_code == 0
    real = time.time
    moves = iter(range(10**6))
    monkeypatch.setattr(time, "time", lambda: real() - 3600.0 * next(moves))
    assert call(*common, "--store", tmp_path / "b.sqlite", "--out", tmp_path / "b").exit_code == 0
    a, b = (Trials.read(tmp_path / name / "trials.parquet").to_frame() for name in "ab")
    assert a.drop(columns="cost_seconds").equals(b.drop(columns="cost_seconds"))
    assert set(stored(tmp_path / "a.sqlite")) == set(stored(tmp_path / "b.sqlite"))


def test_a_killed_sweep_goes_on_where_it_was(call, folder, home, tmp_path):
    store, out = tmp_path / "runs.sqlite", tmp_path / "out"
    program = "from research_agent.cli import main; raise SystemExit(main())"
    arguments = [folder, *AXES, *MODEL, "--store", store, "--out", out]
    command = [sys.executable, "-c", program, "sweep", *map(str, arguments)]
    environment = {**os.environ, "RESEARCH_AGENT_HOME": str(home)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as killed:
        while killed.poll() is None and not bought(store):
            pass
        killed.send_signal(signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    before = stored(store)
    assert 0 < len(before) < 20
    assert call(*arguments).exit_code == 0
    after = stored(store)
    assert len(after) == 20
    assert {key: after[key] for key in before} == before
