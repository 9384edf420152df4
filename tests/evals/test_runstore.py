import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from evals.errors import StoreBusyError, StoreDiskError, StoreFormatError
from evals.runstore import RunStore, Trial, code_version, opened, trial_key

TRIAL = Trial(
    key="k",
    task="t",
    question_id="q",
    cell={"depth": 3},
    seed=1,
    code="c",
    model="m",
    corpus="f",
    answer="x",
    status="answered",
    stop_reason="answered",
    units=12.5,
    seconds=0.25,
    trace=({"round": 1, "read": ["d"], "answer": "x", "units": 4.0},),
    report={"answer": "x"},
)
DETERMINED = {"cell": {"depth": 3, "width": 2}, "seed": 0, "code": "c", "model": "m", "corpus": "f"}


def test_a_trial_comes_back_as_it_was_put_in(tmp_path):
    with opened(tmp_path / "deep" / "runs.db") as store:
        store.add(TRIAL)
        assert store.get("k") == TRIAL
        assert store.get("other") is None
    with opened(tmp_path / "deep" / "runs.db") as store:
        assert list(store.trials()) == [TRIAL]


def test_the_same_trial_again_changes_nothing(tmp_path):
    with opened(tmp_path / "runs.db") as store:
        store.add(TRIAL)
        store.add(dataclasses.replace(TRIAL, answer="y"))
        assert [trial.answer for trial in store.trials()] == ["x"]


def test_what_stands_in_the_store_cannot_be_changed_or_removed(tmp_path):
    with opened(tmp_path / "runs.db") as store:
        store.add(TRIAL)
        store.add_failure("k", "gone")
    db = sqlite3.connect(tmp_path / "runs.db")
    for statement in (
        "DELETE FROM trials",
        "UPDATE trials SET body = ''",
        "DELETE FROM failures",
        "UPDATE failures SET error = ''",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            db.execute(statement)
    db.close()


def test_missing_is_the_anti_join(tmp_path):
    with opened(tmp_path / "runs.db") as store:
        store.add(TRIAL)
        assert store.missing(["a", "k", "b", "a"]) == ["a", "b"]


def test_failures_are_no_trials(tmp_path):
    with opened(tmp_path / "runs.db") as store:
        store.add_failure("k", "ModelUnavailableError: down")
        store.add_failure("k", "again")
        assert store.missing(["k"]) == ["k"]
        assert store.failures(["k", "other"]) == 2


@pytest.mark.parametrize("name", ["cell", "seed", "code", "model", "corpus"])
def test_the_key_follows_everything_that_determines_a_trial(name):
    key = trial_key("q", "text?", **DETERMINED)
    assert key == trial_key("q", "text?", **{**DETERMINED, "cell": {"width": 2, "depth": 3}})
    changed = {"cell": {"depth": 4, "width": 2}, "seed": 1}.get(name, "other")
    assert key != trial_key("q", "text?", **{**DETERMINED, name: changed})
    assert key != trial_key("q", "other text?", **DETERMINED)
    assert key != trial_key("q2", "text?", **DETERMINED)


def test_the_code_version_is_stable_and_short():
    assert code_version() == code_version()
    assert len(code_version()) == 16


def test_a_store_is_written_by_one_process_at_a_time(tmp_path):
    path = tmp_path / "runs.db"
    script = f"from pathlib import Path; from evals.runstore import RunStore; RunStore(Path({str(path)!r}))"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with opened(path):
        second = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert "StoreBusyError: Another process is writing the run store" in second.stderr
    RunStore(path).close()


def test_a_killed_writer_leaves_its_trials(tmp_path):
    path = tmp_path / "runs.db"
    script = f"""
import os, signal, dataclasses
from pathlib import Path
from evals.runstore import RunStore, Trial
store = RunStore(Path({str(path)!r}))
for n in range(20):
    store.add(Trial(str(n), "t", "q", {{}}, 0, "c", "m", "f", "a", "answered", "answered", 1.0, 0.1))
os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, env=environment)
    assert killed.returncode == -signal.SIGKILL
    with opened(path) as store:
        assert len(list(store.trials())) == 20


def test_other_files_are_refused_and_left_as_they_were(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to be looked at " * 30)
    before = text.read_bytes()
    with pytest.raises(StoreFormatError, match="is not a run store"):
        RunStore(text)
    assert text.read_bytes() == before
    foreign = tmp_path / "other.db"
    db = sqlite3.connect(foreign)
    db.execute("CREATE TABLE mine (x)")
    db.commit()
    db.close()
    with pytest.raises(StoreFormatError, match="is not a run store; name another file"):
        RunStore(foreign)
    with pytest.raises(StoreDiskError, match="cannot be written"):
        RunStore(text / "below" / "runs.db")


def test_an_empty_new_store_leaves_no_file_and_closing_twice_is_harmless(tmp_path):
    store = RunStore(tmp_path / "runs.db")
    store.close()
    store.close()
    assert not (tmp_path / "runs.db").exists()


def test_busy_is_wrong_use():
    from research_agent.errors import UsageError

    assert issubclass(StoreBusyError, UsageError)
