"""`ask` from the command line to the report, with the reader that needs no model, on a few real files."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from contract import CONTRACT, fits

from research_agent.cli import main

QUESTION = "When was the Skylark bridge opened?"
SCRIPT = Path(__file__).parents[1] / "check_citations.py"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder and documents, shared: what is indexed once stays indexed."""
    folder = tmp_path_factory.mktemp("cli")
    notes = folder / "notes"
    notes.mkdir()
    (notes / "skylark.md").write_text("# Skylark bridge\n\nThe Skylark bridge was opened in 1931. It has two arches.\n")
    (notes / "heron.txt").write_text("Heron tower\n\nThe Heron tower was built by Mora Lind. It stands in Tarn.\n")
    return folder


@pytest.fixture(autouse=True)
def home(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RESEARCH_AGENT_HOME", str(place / "home"))
    return place / "home"


def ask(place: Path, *words: str) -> int:
    return main(["ask", QUESTION, "--docs", str(place / "notes"), "--model", "extractive", *words])


def test_the_json_report_keeps_the_contract_and_its_quotes_stand(place: Path, capsys) -> None:
    assert ask(place, "--format", "json") == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    fits(report, CONTRACT)
    assert (report["question"], report["status"]) == (QUESTION, "answered")
    assert "1931" in report["answer"]
    assert all(cited["verified"] for claim in report["claims"] for cited in claim["citations"])
    assert 0 < report["spend"]["units"] <= report["spend"]["limit"] == 20_000
    assert "Round 1: " in said.err
    assert "found: " in said.err
    command = [sys.executable, str(SCRIPT), "--docs", str(place / "notes")]
    checked = subprocess.run(command, input=said.out, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    assert json.loads(checked.stdout)["citations"] > 0


def test_a_run_is_listed_shown_and_resumed_for_nothing(place: Path, capsys) -> None:
    assert ask(place, "--format", "json", "--quiet") == 0
    said = capsys.readouterr()
    assert said.err == ""
    run = json.loads(said.out)["run_id"]
    assert main(["runs", "list", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)[0]
    assert (row["run"], row["status"], row["question"]) == (run, "answered", QUESTION)
    for words in (["runs", "show", run], ["runs", "resume", run], ["ask", "--resume", run]):
        assert main([*words, "--format", "json"]) == 0
        assert capsys.readouterr().out == said.out


def test_the_report_is_written_whole_in_the_form_its_name_says(place: Path, capsys, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert ask(place, "--out", str(page), "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert page.read_text().startswith("<!doctype html>")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_budget_too_small_is_refused_with_the_least_that_could_work(place: Path, capsys, home: Path) -> None:
    before = sorted((home / "runs").glob("*")) if (home / "runs").exists() else []
    assert ask(place, "--budget", "0.5") == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert re.search(
        r"Error: A budget of 0\.5 units is too small .* the least that could work is [\d.]+ units", said.err
    )
    assert (sorted((home / "runs").glob("*")) if (home / "runs").exists() else []) == before


def test_what_the_documents_do_not_say_is_not_answered(place: Path, capsys) -> None:
    words = ["ask", "Which opera did Mora Lind compose in Vienna?", "--docs", str(place / "notes")]
    assert main([*words, "--model", "extractive", "--format", "json"]) == 3
    report = json.loads(capsys.readouterr().out)
    assert (report["status"], report["answer"]) == ("no_evidence", "")
    assert main(["runs", "show", report["run_id"]]) == 3
    assert "Not enough evidence was found to answer this question." in capsys.readouterr().out


def test_a_question_may_come_from_stdin_and_a_long_one_is_refused(place: Path) -> None:
    def piped(text: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
        command = [sys.executable, "-m", "research_agent", "ask", "-", "--docs", str(place / "notes"), "--quiet"]
        return subprocess.run(
            [*command, "--model", "extractive"],
            input=text,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            env=os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8:strict"},
        )

    done = piped(QUESTION)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"# {QUESTION}\n")
    assert done.stderr == ""
    done = piped("x" * 1_000_000)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: The question has more than 100,000 characters")
    assert done.stderr.count("\n") == 1
    done = piped("Wh\udcff?")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: The question on stdin is no text")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("broken.pdf", b"%PDF-1.4 broken", "cannot be read"),
        ("broken.jsonl.gz", b"\x1f\x8b broken", "cannot be read"),
        ("broken.jsonl", b"{no json", "Nothing readable was found"),
        ("empty.txt", b"", "cannot be read"),
        ("folder", None, "Nothing readable was found"),
    ],
)
def test_documents_that_cannot_be_read_are_refused(tmp_path: Path, capsys, home: Path, name, content, sentence) -> None:
    path = tmp_path / name
    path.mkdir() if content is None else path.write_bytes(content)
    runs = sorted((home / "runs").glob("*")) if (home / "runs").exists() else []
    assert main(["ask", QUESTION, "--docs", str(path), "--model", "extractive", "--quiet"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert sentence in said.err
    assert said.err.startswith("Error: ")
    assert said.err.count("\n") == 1
    assert (sorted((home / "runs").glob("*")) if (home / "runs").exists() else []) == runs


def test_an_unknown_model_or_backend_names_the_known_ones(place: Path, capsys) -> None:
    assert main(["ask", QUESTION, "--docs", str(place / "notes"), "--model", "bogus", "--quiet"]) == 2
    assert "extractive" in capsys.readouterr().err
    assert main(["ask", QUESTION, "--backend", "bogus", "--model", "extractive", "--quiet"]) == 2
    assert "known are local" in capsys.readouterr().err


def test_without_a_corpus_the_sample_answers_and_says_so(capsys) -> None:
    assert main(["ask", "--model", "extractive", "--depth", "1", "--format", "json"]) in {0, 3}
    said = capsys.readouterr()
    assert "No question was given; the default one is asked: " in said.err
    assert "answering from the sample corpus" in said.err
    assert json.loads(said.out)["question"] in said.err
