import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from research_agent.cli import main
from research_agent.options import LONGEST_QUESTION

HEAVY = {"torch", "sentence_transformers", "faiss", "tantivy", "xllamacpp", "langgraph", "langchain_core", "numpy"}
HEAVY |= {"trafilatura", "httpx", "nh3", "markdown_it", "sqlite3", "rich"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RESEARCH_AGENT_HOME", str(tmp_path / "home"))
    for name in ("RESEARCH_AGENT_MODEL", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "ada.md").write_text("# Ada\n\nAda Lovelace wrote the first note. It was printed in 1843.\n")
    return folder


def refused(capsys: pytest.CaptureFixture[str], home: Path, *words: str | Path) -> str:
    """Run a command line that must be refused, and return its one sentence."""
    before = sorted(home.parent.rglob("*"))
    status = main([str(word) for word in words])
    said = capsys.readouterr()
    assert status == 2, said
    assert said.out == ""
    assert said.err.startswith("Error: ")
    assert said.err.count("\n") == 1
    assert sorted(home.parent.rglob("*")) == before, "something was left behind"
    return said.err.removeprefix("Error: ").strip()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["ask", "", "--docs", "NOTES"], "The question is empty"),
        (["ask", " \n", "--docs", "NOTES"], "The question is empty"),
        (["ask", "x" * (LONGEST_QUESTION + 1), "--docs", "NOTES"], "at most 10,000 are taken"),
        (["ask", "--docs", "NOTES"], "There is no question"),
        (["ask", "Who?", "--docs", "NOTES/gone"], "gone does not exist"),
        (["ask", "Who?", "--index", "NOTES/gone"], "gone does not exist"),
        (["ask", "Who?", "--docs", ""], "--docs': it is empty; name a file or folder"),
        (["ask", "Who?", "--docs", "NOTES/" + "x" * 300], "cannot be opened (File name too long)"),
        (["ask", "Who?", "--docs", "NOTES", "--out", "NOTES/" + "x" * 300], "cannot be used (File name too long)"),
        (["ask", "Who?", "--docs", "NOTES", "--run-dir", "NOTES/" + "x" * 300], "cannot be used (File name too long)"),
        (["ask", "Who?", "--backend", "local"], "name its folder with --index"),
        (["ask", "Who?", "--docs", "NOTES", "--model", "gguf:NOTES/gone.gguf"], "There is no model file at"),
        (["ask", "Who?", "--docs", "NOTES", "--prices", "NOTES/gone"], "cannot be opened (No such file or directory)"),
        (["ask", "Who?", "--docs", "NOTES", "--budget", "0"], "above 0"),
        (["ask", "Who?", "--docs", "NOTES", "--budget", "-5"], "above 0"),
        (["ask", "Who?", "--docs", "NOTES", "--budget", "nan"], "not nan"),
        (["ask", "Who?", "--docs", "NOTES", "--budget", "inf"], "not inf"),
        (["ask", "Who?", "--docs", "NOTES", "--budget", "much"], "--budget"),
        (["ask", "Who?", "--docs", "NOTES", "--max-usd", "0"], "US dollars"),
        (["ask", "Who?", "--docs", "NOTES", "--max-seconds", "-1"], "seconds"),
        (["ask", "Who?", "--docs", "NOTES", "--max-searches", "0"], "searches"),
        (["ask", "Who?", "--docs", "NOTES", "--max-tokens", "0"], "tokens"),
        (["ask", "Who?", "--docs", "NOTES", "--depth", "0"], "depth must be a whole number from 1"),
        (["ask", "Who?", "--docs", "NOTES", "--width", "101"], "width must be a whole number from 1 to 100"),
        (["ask", "Who?", "--docs", "NOTES", "--think", "-1"], "think must be a whole number from 0"),
        (["ask", "Who?", "--docs", "NOTES", "--samples", "0"], "samples must be a whole number from 1"),
        (["ask", "Who?", "--docs", "NOTES", "--seed", "-1"], "seed must be a whole number from 0"),
        (["ask", "Who?", "--docs", "NOTES", "--strategy", "best"], "'best'; known are"),
        (["ask", "Who?", "--docs", "NOTES", "--selector", "best"], "'best'; known are vote"),
        (["ask", "Who?", "--docs", "NOTES", "--format", "pdf"], "'pdf'; known are md, html, json"),
        (["ask", "Who?", "--docs", "NOTES", "--out", "NOTES"], "is a folder"),
        (["ask", "Who?", "--docs", "NOTES", "--out", "NOTES/gone/report.md"], "gone does not exist"),
        (["ask", "Who?", "--docs", "NOTES", "--run-dir", "NOTES"], "is not empty"),
        (["ask", "--resume", "r1", "Who?"], "leave out a question"),
        (["ask", "--resume", "r1", "--docs", "NOTES", "--depth", "3"], "leave out --docs, --depth"),
        (["ask", "--resume", "r1"], "no run 'r1'"),
        (["ask", "Who?", "--bogus"], "No such option: --bogus"),
        (["runs", "show", "r1"], "no run 'r1'"),
        (["runs", "show", "x" * 300], "cannot be used (File name too long)"),
        (["runs", "resume", "r1"], "no run 'r1'"),
        (["index"], "Missing command. See: research-agent index --help"),
        (["index", "info", "NOTES"], "no index at"),
        (["index", "build", "NOTES/i", "NOTES/gone"], "gone"),
        (["index", "build", "", "NOTES"], "it is empty; name a file or folder"),
        (["index", "build", "NOTES/i", ""], "it is empty; name a file or folder"),
        (["index", "build", "NOTES/i", "NOTES", "--dense", "some"], "'some'; known are none, lazy, all"),
        (["models", "pull", "huge"], "'huge'; known are default, small"),
        (["backends", "check", "local"], "name its folder with --index"),
        (["backends", "check", "bogus"], "no retrieval backend called 'bogus'; known are local"),
        (["bogus"], "No such command 'bogus'. See: research-agent --help"),
    ],
)
def test_wrong_use_is_one_sentence_and_leaves_nothing(capsys, home, notes, words, sentence) -> None:
    assert sentence in refused(capsys, home, *(word.replace("NOTES", str(notes)) for word in words))


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("research-agent 0.")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_report_that_cannot_be_printed_is_a_sentence(home: Path, notes: Path) -> None:
    command = [sys.executable, "-m", "research_agent", "ask", "Who wrote the first note?", "--docs", notes, "--quiet"]
    with Path("/dev/full").open("w") as full:
        environment = os.environ | {"RESEARCH_AGENT_HOME": str(home)}
        command += ["--model", "extractive"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment)
    assert "Error: The report could not be printed (No space left on device); the run is kept." in done.stderr
    assert "Traceback" not in done.stderr


def test_help_of_every_command_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["--help"], ["ask", "--help"], ["index", "--help"], ["index", "build", "--help"]):
        assert main(words) == 0
        said = capsys.readouterr()
        assert said.out.startswith("Usage: research-agent")


@pytest.mark.parametrize("words", [["--help"], ["ask", "--help"], ["index", "--help"], ["runs", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = f"""
import sys
from research_agent.cli import main
status = main({words!r})
print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)
sys.exit(status)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_the_command_runs_as_a_module_and_keeps_stdout_for_the_result(home: Path) -> None:
    environment = os.environ | {"RESEARCH_AGENT_HOME": str(home)}
    command = [sys.executable, "-m", "research_agent", "runs", "list"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "There are no runs yet.\n")
    command = [sys.executable, "-m", "research_agent", "models", "check"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("Error: The embedded model")
    assert "Traceback" not in done.stderr


def test_a_damaged_run_is_listed_with_its_problem(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "runs" / "r1").mkdir(parents=True)
    (home / "runs" / "r1" / "run.json").write_text("{")
    assert main(["runs", "list", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["run"], row["status"]) == ("r1", "damaged")
    assert "cannot be read as JSON" in row["question"]


def test_debug_shows_where_an_error_came_from() -> None:
    command = [sys.executable, "-m", "research_agent", "runs", "show", "gone", "--debug"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "UsageError" in done.stderr


def test_an_index_is_built_described_and_changed(capsys, home, notes, tmp_path) -> None:
    index = tmp_path / "index"
    assert main(["index", "build", str(index), str(notes), "--dense", "none"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "1 document in 1 passage, no vectors." in said.err
    (notes / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (notes / "bob.txt").write_text("Bob was born in Oslo.")
    assert main(["index", "add", str(index), str(notes)]) == 0
    said = capsys.readouterr().err
    assert "New or changed: 1 document." in said
    assert "Left out:" in said
    assert "broken.pdf" in said
    assert main(["index", "info", str(index), "--json"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert (described["documents"], described["dense"], len(described["skipped"])) == (2, "none", 1)
    assert main(["index", "remove", str(index), "notes/bob.txt", "notes/gone.txt"]) == 0
    assert "Removed: 1 document of 2 named. Not there: notes/gone.txt." in capsys.readouterr().err
    assert main(["index", "remove", str(index), "notes/gone.txt"]) == 2
    assert f"The index at {index} has no document 'notes/gone.txt'" in capsys.readouterr().err
    assert main(["backends", "check", "local", "--index", str(index), "--query", "Lovelace"]) == 0
    assert "1 of at most 3 hits for 'Lovelace'" in capsys.readouterr().out
    assert main(["index", "info", str(index)]) == 0
    assert "1 document in 1 passage" in capsys.readouterr().out


def test_lists_come_as_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--json"]) == 0
    assert [row["state"] for row in json.loads(capsys.readouterr().out)] == ["missing", "missing"]
    assert main(["backends", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["name"] == "local"
    assert main(["models", "list"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["model", "state", "MB", "licence", "title", "file"]
    assert [line[:4] for line in lines[1:]] == [
        ["default", "missing", "1117", "Apache-2.0"],
        ["small", "missing", "98", "Apache-2.0"],
    ]
