"""A sweep killed five times with SIGKILL and resumed leaves the trials of one that was left alone, byte for byte.

Outside of the comparison is what two runs of one trial may differ in: the columns `seconds` and `at` (wall time), and
in the report `run_id`, `ledger_sha256`, `spend.seconds` and when each source was read.
"""

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import evals

KILLS, TRIALS, AT_ONCE = 5, 24, 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("killed")
    here = Path(__file__).parent
    roots = [Path(evals.__file__).parents[1], here.parent / "research_agent"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))}
    command = [sys.executable, here / "sweep_killing.py", path, str(KILLS), "1"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [-9] * KILLS + [0], done.stderr
    return path


def rows(path, columns):
    db = sqlite3.connect(path)
    found = db.execute(f"SELECT {columns} FROM trials ORDER BY key").fetchall()
    db.close()
    return found


def test_the_trials_are_the_same_byte_for_byte(folder):
    killed = rows(folder / "killed.sqlite", "CAST(key AS BLOB), CAST(body AS BLOB)")
    assert killed == rows(folder / "whole.sqlite", "CAST(key AS BLOB), CAST(body AS BLOB)")
    assert len(killed) == TRIALS
    answers = Counter(json.loads(body)["answer"] for _, body in killed)
    assert set(answers) >= {"Korrin", "Ilse Brandt", ""}


def test_the_reports_differ_in_times_and_names_of_runs_alone(folder):
    def timeless(text):
        report = json.loads(text)
        for name in ("run_id", "ledger_sha256"):
            del report[name]
        del report["spend"]["seconds"]
        for source in report["sources"]:
            del source["retrieved_at"]
        return report

    killed, whole = (
        [timeless(text) for (text,) in rows(folder / name, "report")] for name in ("killed.sqlite", "whole.sqlite")
    )
    assert killed == whole
    assert any(report["claims"] for report in whole)


def test_a_kill_loses_only_what_is_under_way(folder):
    asked = Counter((folder / "killed.asked").read_text().split())
    assert set(asked) == {key for (key,) in rows(folder / "killed.sqlite", "key")}
    assert TRIALS < asked.total() <= TRIALS + KILLS * AT_ONCE
    assert set(Counter((folder / "whole.asked").read_text().split()).values()) == {1}
