"""The fault table from the command line: whatever a server does, `ask` ends with an answer or a named error."""

import json
import re
from pathlib import Path

import pytest
from contract import CONTRACT, fits
from openai_faults import EVENTS, HALF, TABLE
from openai_server import Answer, OpenAIServer, Seen, refuse, say

from research_agent.budget import Retry
from research_agent.cli import main
from retrieval.base import Document
from retrieval.index import LocalIndex

QUESTION = "When was the Skylark bridge opened?"
LIMIT = 3000.0
# What a server refuses for good, so that nothing but the run's end can follow.
FINAL = {"no credit", "402", "401", "403", "404", "400", "redirect", "413", "cap too large", "error with status 200"}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index") / "i"
    text = "Skylark bridge\n\nThe Skylark bridge was opened in 1931. It has two arches.\n"
    LocalIndex.build(folder, [Document("skylark", text, "Skylark bridge", "file:///skylark")], dense="none")
    return folder


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wait = Retry.wait
    monkeypatch.setattr(Retry, "wait", lambda *given: None if wait(*given) is None else 0.0)
    monkeypatch.setenv("RESEARCH_AGENT_HOME", str(tmp_path / "home"))


def right(seen: Seen) -> Answer:
    """Answer the closed questions of a reader, in JSON where that is asked for."""
    asked = seen.body["messages"][-1]["content"]
    text = "yes" if asked.startswith("Passage:") else "1931"
    shape = json.dumps(seen.body.get("response_format", ""))
    words = sum(len(message["content"].split()) for message in seen.body["messages"])
    usage = {"prompt_tokens": words + 20, "completion_tokens": 4}
    return say(json.dumps({"answer": text}) if '"answer"' in shape else text, usage=usage)


class Script:
    """Gives the faults to the first calls of a model, then answers; `for_ever` never does."""

    def __init__(self, *faults: Answer, for_ever: bool = False) -> None:
        self.faults, self.for_ever, self.calls = faults, for_ever, 0

    def __call__(self, seen: Seen) -> Answer:
        if "messages" not in seen.body:
            return refuse(404, "no such page")
        self.calls += 1
        if self.for_ever:
            return self.faults[0]
        return self.faults[self.calls - 1] if self.calls <= len(self.faults) else right(seen)


def ask(index: Path, script: Script, capsys, *more: str) -> tuple[int, dict, str]:
    """Ask through the command line, and hold the report against the contract and its limit."""
    with OpenAIServer(script) as server:
        words = ["ask", QUESTION, "--index", str(index), "--model", f"openai:tiny@{server.url}"]
        status = main([*words, "--budget", str(LIMIT), "--format", "json", *more])
    said = capsys.readouterr()
    report = json.loads(said.out)
    error = report.pop("error", "")
    fits(report, CONTRACT)
    assert report["spend"]["units"] <= LIMIT
    assert {"answered": 0, "no_evidence": 3, "failed": 5}[report["status"]] == status
    assert bool(error) == (status == 5)
    return status, report, said.err


def test_without_a_fault_it_answers(index, capsys):
    status, report, _ = ask(index, Script(), capsys)
    assert (status, report["answer"], report["spend"]["estimated"]) == (0, "1931", False)


@pytest.mark.parametrize("name", TABLE)
def test_a_fault_once_ends_in_an_answer_or_a_named_error(index, capsys, name):
    answer, _, cost = TABLE[name]
    script = Script(answer)
    status, report, err = ask(index, script, capsys)
    final = name in FINAL or name.startswith("context")
    assert status == (5 if final else 0)
    assert (report["answer"] == "1931") is not final
    assert any(line.startswith("Error: ") for line in err.splitlines()) is final
    assert script.calls <= 10
    assert report["spend"]["estimated"] or cost in ("nothing", "reported")


@pytest.mark.parametrize("name", TABLE)
def test_a_fault_that_goes_on_is_bounded_and_said(index, capsys, name):
    script = Script(TABLE[name][0], for_ever=True)
    status, report, err = ask(index, script, capsys)
    assert report["answer"] == ""
    assert script.calls <= 20
    assert (status == 5 and "Error: " in err) or "No reply of the model could be used; the last of them: " in err


def test_a_wait_that_is_too_long_is_not_begun(index, capsys):
    script = Script(refuse(429, "slow down", headers={"Retry-After": "3600"}))
    status, _, err = ask(index, script, capsys)
    assert (status, script.calls) == (5, 1)
    assert "It asks to wait 3600 s." in err


@pytest.mark.parametrize("answer", [Answer(silent=True, hang=True), Answer(chunks=(HALF,), headers=EVENTS, hang=True)])
def test_the_deadline_ends_a_server_that_holds_the_line(index, capsys, answer):
    script = Script(answer, for_ever=True)
    status, report, _ = ask(index, script, capsys, "--max-seconds", "1")
    assert (status, report["stop_reason"]) == (3, "deadline")
    assert script.calls <= 1
    assert report["spend"]["seconds"] < 30


def test_the_least_budget_pays_for_few_attempts_and_not_one_unit_more(index, capsys):
    script = Script(TABLE["no reply"][0], for_ever=True)
    with OpenAIServer(script) as server:
        words = ["ask", QUESTION, "--index", str(index), "--model", f"openai:tiny@{server.url}"]
        assert main([*words, "--budget", "1"]) == 4
    least = re.search(r"the least that could work is ([\d.]+) units", capsys.readouterr().err)
    assert least
    assert script.calls == 0
    status, report, _ = ask(index, script, capsys, "--budget", least[1])
    assert status in (3, 5)
    assert 1 <= script.calls <= 3
    assert report["spend"]["units"] <= float(least[1])
