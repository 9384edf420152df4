"""Ctrl-C on real runs: a chain in a process of its own gets real signals."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import asyncio, os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from little_chain import QUESTION, Shelf, options, resources
from research_agent.agent import aask_with
from research_agent.cli.ask import watched
from research_agent.cli.output import deliver
from research_agent.cli.story import Gauge
from research_agent.cli.view import open_view

class Pressed(Shelf):
    async def search(self, query, *, k):
        if not self.queries:
            for _ in range({presses}):
                os.kill(os.getpid(), signal.{signal})
                await asyncio.sleep(0)
        return await super().search(query, k=k)

folder = Path({folder!r})
view = open_view(Gauge(5000, 2), quiet=False)

async def work(stop):
    if {early}:
        os.kill(os.getpid(), signal.{signal})
        await asyncio.sleep(0)
    mine = resources(retrievers=(Pressed(),))
    return await aask_with(QUESTION, options(folder), mine, home=folder, emit=view.emit, stop=stop)

sys.exit(deliver(watched(view, work), "json", None))
"""


def run(folder: Path, presses: int, *, early: bool = False, number: str = "SIGINT") -> subprocess.CompletedProcess[str]:
    tests = str(Path(__file__).parent)
    code = RUN.format(tests=tests, presses=presses, folder=str(folder), early=early, signal=number)
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)


def test_without_a_press_it_answers(tmp_path: Path) -> None:
    done = run(tmp_path, 0)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answer"] == "Oslo"


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_the_first_press_ends_after_the_step_and_says_how_to_go_on(tmp_path: Path, number: str) -> None:
    done = run(tmp_path, 1, number=number)
    assert done.returncode == 130, done.stderr
    report = json.loads(done.stdout)
    assert (report["status"], report["stop_reason"]) == ("interrupted", "cancelled")
    assert report["spend"]["meters"]["searches"] == 2, "the step in hand went on to its end"
    assert (
        f"Stopping after the step in hand; Ctrl-C again ends at once. To go on later: research-agent runs resume "
        f"{tmp_path / 'run'}\n" in done.stderr
    )


def test_the_second_press_ends_at_once_and_the_run_is_kept(tmp_path: Path) -> None:
    done = run(tmp_path, 2)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.splitlines()[-1].startswith("Interrupted; the run can be resumed: research-agent runs resume ")
    assert (tmp_path / "run" / "run.json").exists()
    assert not (tmp_path / "run" / "answer.json").exists()


def test_before_a_run_has_begun_one_press_is_enough(tmp_path: Path) -> None:
    done = run(tmp_path, 0, early=True)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.splitlines()[-1] == "Interrupted; before anything was spent."
    assert list(tmp_path.iterdir()) == []
