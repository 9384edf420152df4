import dataclasses
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from evals.errors import StoreBusyError, StoreDiskError, StoreFormatError
from evals.runstore import RunStore, Trial, code_version, opened, read_trials, trial_key

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


def test_a_store_of_another_version_is_named_with_both_versions(tmp_path):
    path = tmp_path / "runs.db"
    with opened(path) as store:
        store.add(TRIAL)
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 7")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreFormatError) as refused:
        RunStore(path)
    assert str(refused.value) == (
        f"The run store {path} is of version 7, and this program works with version 1; name another file, or use the "
        "program that made it."
    )
    assert path.read_bytes() == before


def test_a_store_that_another_program_holds_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "runs.db"
    with opened(path) as store:
        store.add(TRIAL)
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("PRAGMA locking_mode = EXCLUSIVE")
    shell.execute("BEGIN IMMEDIATE")
    shell.execute("INSERT INTO failures (key, at, error) VALUES ('x', 0, 'y')")
    with pytest.raises(StoreBusyError, match=r"Another program holds the run store .*runs\.db \(database is locked\)"):
        RunStore(path, patience=0.0)
    shell.close()
    with opened(path) as store:
        assert list(store.trials()) == [TRIAL]


def test_what_the_disk_refuses_is_one_sentence(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreDiskError, match=r"The run store .*folder cannot be read or written: unable to open"):
        RunStore(tmp_path / "folder")
    with opened(tmp_path / "runs.db") as store:
        store.add(TRIAL)
        (pages,) = store._db.execute("PRAGMA page_count").fetchone()
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        large = dataclasses.replace(TRIAL, key="large", report={"text": "x" * 100_000})
        with pytest.raises(StoreDiskError, match="database or disk is full"):
            store.add(large)
        assert store.missing(["k", "large"]) == ["large"]
    with pytest.raises(StoreDiskError, match="unable to open"):
        list(read_trials(tmp_path / "gone.db", ["k"]))
    assert not (tmp_path / "gone.db").exists()


def test_trials_are_read_beside_the_writer_in_the_order_of_the_keys(tmp_path):
    with opened(tmp_path / "runs.db") as store:
        for key in "cab":
            store.add(dataclasses.replace(TRIAL, key=key))
        found = read_trials(store.path, ["b", "gone", "c", "b"])
        assert [trial.key for trial in found] == ["b", "c", "b"]
        assert [trial.key for trial in store.trials()] == ["a", "b", "c"]


def test_what_a_model_may_say_is_kept_as_it_was(tmp_path):
    odd = dataclasses.replace(TRIAL, answer="half \ud83d of a pair, \x00, “ü” 😀", report={"answer": "\udc00"})
    with opened(tmp_path / "runs.db") as store:
        store.add(odd)
        store.add_failure("k", "\ud83d")
        assert store.get("k") == odd
    assert trial_key("q", "\ud83d?", **DETERMINED) != trial_key("q", "?", **DETERMINED)


def test_a_store_made_before_rows_lay_in_order_is_still_read_and_written(tmp_path):
    path = tmp_path / "runs.db"
    with opened(path) as store:
        store.add(TRIAL)
    db = sqlite3.connect(path)
    (made,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'trials'").fetchone()
    db.executescript(f"ALTER TABLE trials RENAME TO was; {made} WITHOUT ROWID; INSERT INTO trials SELECT * FROM was;")
    db.close()
    with opened(path) as store:
        store.add(dataclasses.replace(TRIAL, key="a"))
        assert [trial.key for trial in store.trials()] == ["a", "k"]
        assert store.missing(["a", "b"]) == ["b"]


def test_the_code_version_follows_the_source(tmp_path):
    root = Path(__file__).parents[2]
    for package in ("evals", "research_agent", "retrieval"):
        shutil.copytree(root / package, tmp_path / package, ignore=unlike_source)
    command = [sys.executable, "-c", "from evals.runstore import code_version; print(code_version())"]

    def version():
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
        ).stdout.strip()

    assert version() == code_version()
    with (tmp_path / "retrieval" / "errors.py").open("a") as source:
        source.write("\n# changed in mid-sweep\n")
    assert version() != code_version()


def unlike_source(folder, names):
    return [name for name in names if not name.endswith(".py") and not (Path(folder) / name).is_dir()]


def test_an_empty_new_store_leaves_no_file_and_closing_twice_is_harmless(tmp_path):
    store = RunStore(tmp_path / "runs.db")
    store.close()
    store.close()
    assert not (tmp_path / "runs.db").exists()


def test_busy_is_wrong_use():
    from research_agent.errors import UsageError

    assert issubclass(StoreBusyError, UsageError)
