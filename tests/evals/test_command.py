"""The whole of it, with the real agent (no language model) on a small corpus."""

import json
import os
import signal
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from evals.commands import register
from evals.runstore import opened

TOWNS = {
    "Amberfall": ("Brannock", "Ilse Korran"),
    "Birchmoor": ("Caldera", "Tomas Wey"),
    "Cindervale": ("Dunmere", "Petra Lunde"),
    "Dewhollow": ("Eastmarch", "Oskar Brandt"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("towns")
    rows = [
        {
            "_id": f"town-{town}",
            "title": town,
            "text": f"{town} is a small town. The mayor of {town} is {mayor}. It lies in {region}.",
        }
        for town, (region, mayor) in TOWNS.items()
    ]
    queries = [
        {
            "_id": f"q{n}",
            "text": f"Who is the mayor of {town}?",
            "answers": [mayor],
            "metadata": {"kind": "ab"[n % 2], "hops": 1, "answer_type": "name", "gold": [f"town-{town}"]},
        }
        for n, (town, (_, mayor)) in enumerate(TOWNS.items())
    ]
    for name, lines in (("corpus", rows), ("queries", queries)):
        (path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def call(home, monkeypatch):
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    monkeypatch.setenv("RESEARCH_AGENT_HOME", str(home))
    return lambda *arguments: CliRunner().invoke(app, ["eval", *map(str, arguments)])


def test_evaluate_and_go_on(call, folder, home):
    common = (folder, "--model", "extractive", "--depth", 2, "--format", "json")
    first = call(*common, "--limit", 2)
    assert first.exit_code == 0, first.output
    result = json.loads(first.stdout)
    assert result["task"] == folder.name
    assert result["n"] == 2
    assert set(result["accuracy"]) >= {"value", "low", "high"}
    assert result["metrics"]["evidence_recall"]["value"] == 1.0
    assert result["metrics"]["citations_verbatim"]["value"] == 1.0
    assert set(result["by_depth"]) == {"1", "2"}
    assert result["accuracy"]["value"] == 1.0
    assert result["units_per_correct"] > 0
    assert result["solver"]["model"] == "extractive"
    second = json.loads(call(*common, "--by", "kind").stdout)
    assert second["n"] == 4
    assert set(second["groups"]) == {"a", "b"}
    assert second["trials"][:2] == result["trials"]
    with opened(home / "evals.sqlite") as store:
        trials = {trial.key: trial for trial in store.trials()}
    assert len(trials) == 4
    assert not list(home.glob("runs/*"))
    kept = trials[result["trials"][0]["key"]]
    assert kept.trace[0]["round"] == 1
    assert kept.report["claims"][0]["citations"]


def test_markdown_in_a_file(call, folder, tmp_path):
    out = tmp_path / "report.md"
    done = call(folder, "--model", "extractive", "--depth", 2, "--limit", 1, "--out", out)
    assert done.exit_code == 0
    assert done.stdout == ""
    assert out.read_text().startswith(f"# {folder.name}\n")
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["/nowhere/at/all"], "There is no task folder at /nowhere/at/all"),
        (["{folder}", "--limit", "0"], "--limit must be at least 1; it was 0."),
        (["{folder}", "--per-group", "3"], "--per-group needs --by FIELD"),
        (["{folder}", "--by", "colour"], "has the metadata field 'colour'"),
        (["{folder}", "--kind", "z"], "is of kind z; its kinds are a, b."),
        (["{folder}", "--depth", "0"], "depth must be a whole number from 1"),
        (["{folder}", "--concurrency", "0"], "--concurrency must be at least 1; it was 0."),
        (["{folder}", "--budget", "nan"], "budget|units"),
        (["{folder}", "--model", "no-such-model"], "no-such-model"),
        (["{folder}", "--index", "/nowhere/index"], "/nowhere/index does not exist"),
        (["{folder}", "--out", "/nowhere/report.json"], "there is no folder /nowhere"),
        (["{folder}", "--store", "{folder}/corpus.jsonl"], "not a run store"),
    ],
)
def test_wrong_use_is_one_sentence_and_status_2(call, folder, home, arguments, message):
    before = set(home.iterdir())
    done = call(*(argument.format(folder=folder) for argument in arguments))
    assert {path for path in home.iterdir() if path.suffix != ".lock"} <= before
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert any(part in done.stderr for part in message.split("|"))


def test_a_folder_without_corpus_needs_an_index(call, folder, tmp_path):
    (tmp_path / "queries.jsonl").write_text((folder / "queries.jsonl").read_text())
    done = call(tmp_path)
    assert done.exit_code == 2
    assert "name an index with --index" in done.stderr


def test_ctrl_c_keeps_what_is_done(folder, home):
    program = "from research_agent.cli import main; raise SystemExit(main())"
    arguments = ["eval", str(folder), "--model", "extractive", "--depth", "2", "--seed", "7"]
    command = [sys.executable, "-c", program, *arguments]
    environment = {**os.environ, "RESEARCH_AGENT_HOME": str(home)}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as stopped:
        for line in stopped.stderr:
            if "0 of 4" in line:
                stopped.send_signal(signal.SIGINT)
                break
        rest = stopped.stderr.read()
    assert stopped.returncode == 130
    assert rest.endswith("Stopped; every finished trial is kept, and the same command goes on from there.\n")
    assert "Traceback" not in rest
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, env=environment, check=True)
    assert json.loads(done.stdout)["n"] == 4
