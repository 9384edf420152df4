"""Runs killed with SIGKILL at random moments, and resumed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
KILLS = 28
ENDINGS = {("answered", "answered"), ("answered", "budget"), ("no_evidence", "budget")}
WIDTH = 2  # queries a chain sends together


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    path = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(HERE / "killing.py"), str(KILLS), str(folder), "1"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_enough_sessions_were_killed(rows):
    assert sum(row["kills"] for row in rows) >= KILLS


def test_no_run_spends_more_than_it_was_given(rows):
    assert all(row["units"] <= row["limit"] for row in rows)


def test_nothing_that_was_paid_for_is_bought_again(rows):
    assert [row["bought_again"] for row in rows] == [0] * len(rows)


def test_only_calls_in_flight_when_killed_are_made_twice(rows):
    assert all(row["extra_calls"] <= row["kills"] * row["chains"] * WIDTH for row in rows)


def test_every_run_ends_with_an_answer_and_a_reason(rows):
    assert {(row["status"], row["stop_reason"]) for row in rows} <= ENDINGS


def test_a_killed_run_comes_to_the_state_of_an_undisturbed_one(rows):
    undisturbed = {row["kind"]: row for row in rows if row["undisturbed"]}
    # Without room for the worst case of a call in flight, a kill may rightly end a run earlier.
    for row in rows:
        if row["room"]:
            assert row["result"] == undisturbed[row["kind"]]["result"]
            assert row["states"] == undisturbed[row["kind"]]["states"]
