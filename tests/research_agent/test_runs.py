"""Run folders: made whole, found by id or path, listed, refused where they are not runs."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from research_agent.answer import Answer, Claim, Quote, Source, Spend
from research_agent.budget import Money
from research_agent.errors import UsageError
from research_agent.options import AskOptions
from research_agent.runs import Run, RunRecord, create_run, list_runs, load_run, new_run_id, write_whole


def record(run_id: str = "r1") -> RunRecord:
    options, money = AskOptions().to_json(), Money().to_json()
    return RunRecord(run_id, "2026-01-01T00:00:00.000+00:00", "Who?", options, None, ("shelf",), money, "0.1.0")


def answer(run_id: str = "r1") -> Answer:
    quote = Quote("s1", "Ω in Oslo", 3, 12)
    return Answer(
        "Who?",
        "Ω",
        "answered",
        "answered",
        (Claim("It is Ω.", (quote,), True),),
        (Source("s1", "file:///a", "A", "00", "2026-01-01T00:00:00+00:00"),),
        Spend(100.0, 40.5, {"searches": 1}, 1.5, None, True),
        {"strategy": "single"},
        run_id,
        "ff",
        ({"round": 1},),
    )


def test_ids_are_unique_and_sort_by_time():
    ids = [new_run_id() for _ in range(500)]
    assert len(set(ids)) == 500
    assert [name.split("-")[0] for name in ids] == sorted(name.split("-")[0] for name in ids)


def test_a_run_is_found_by_id_and_by_folder(tmp_path):
    made = create_run(tmp_path / "runs" / "r1", record())
    assert load_run("r1", tmp_path) == made
    assert load_run(tmp_path / "runs" / "r1", Path("/nowhere")) == made
    assert load_run(str(tmp_path / "runs" / "r1"), Path("/nowhere")) == made


def test_an_answer_comes_back_as_it_was_stored(tmp_path):
    run = create_run(tmp_path / "r", record())
    assert run.answer() is None
    run.store(answer())
    assert run.answer() == answer()


def test_a_list_has_the_newest_first_and_says_which_have_no_answer_yet(tmp_path):
    for name in ("20260101T1-a", "20260102T1-b"):
        create_run(tmp_path / "runs" / name, record(name))
    load_run("20260101T1-a", tmp_path).store(answer("20260101T1-a"))
    newest, oldest = list_runs(tmp_path)
    assert (newest.run_id, newest.status, newest.units, newest.limit) == ("20260102T1-b", None, None, 20_000.0)
    assert (oldest.status, oldest.stop_reason, oldest.units) == ("answered", "answered", 40.5)


def test_a_damaged_run_does_not_hide_the_others(tmp_path):
    for name in ("1", "2"):
        create_run(tmp_path / "runs" / name, record(name))
    (tmp_path / "runs" / "2" / "run.json").write_text("{")
    damaged, fine = list_runs(tmp_path)
    assert (damaged.run_id, fine.run_id) == ("2", "1")
    assert "cannot be read as JSON" in damaged.problem
    assert fine.problem == ""


def test_no_runs_make_an_empty_list(tmp_path):
    assert list_runs(tmp_path) == []


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda folder: (folder / "run.json").unlink(), "There is no run .*: give an id from the list of runs"),
        (lambda folder: (folder / "run.json").write_text("{"), "cannot be read as JSON"),
        (lambda folder: (folder / "run.json").write_text("[]"), "holds no JSON object"),
        (
            lambda folder: (folder / "run.json").write_text(json.dumps({**asdict(record()), "form": 9})),
            "has form 9, and this program reads form 1",
        ),
        (lambda folder: (folder / "run.json").write_text('{"form": 1}'), "is no run record"),
        (
            lambda folder: (folder / "run.json").write_text(json.dumps({**asdict(record()), "options": {}})),
            r"is no run record \(KeyError\('index'\)\): the run cannot go on, start a new one",
        ),
        (
            lambda folder: (folder / "run.json").write_text(json.dumps({**asdict(record()), "money": {}})),
            r"is no run record \(KeyError",
        ),
    ],
)
def test_what_is_no_run_is_refused(tmp_path, spoil, sentence):
    create_run(tmp_path / "r", record())
    spoil(tmp_path / "r")
    with pytest.raises(UsageError, match=sentence):
        load_run(tmp_path / "r", tmp_path)


def test_a_damaged_answer_is_refused(tmp_path):
    run = create_run(tmp_path / "r", record())
    (tmp_path / "r" / "answer.json").write_text("{}")
    with pytest.raises(UsageError, match=r"cannot be read .*: remove answer.json and resume the run"):
        run.answer()


def test_a_folder_in_use_is_refused(tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "letter.txt").write_text("dear")
    (tmp_path / "file").write_text("x")
    for name, sentence in (("used", "is not empty"), ("file", "is a file: choose a folder")):
        with pytest.raises(UsageError, match=sentence):
            create_run(tmp_path / name, record())


def test_a_folder_that_cannot_be_made_leaves_nothing(tmp_path, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match=r"cannot be made \(.*No space left.*\)"):
        create_run(tmp_path / "r", record())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("links", [True, False])
def test_of_two_runs_made_in_one_folder_at_once_the_second_is_refused(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", raises(OSError(95, "Operation not supported")))
        assert create_run(tmp_path / "r", record()).record.run_id == "r1"
        return
    path = tmp_path / "r"
    first = create_run(path, record("first"))
    # The second looked before the first had written anything.
    monkeypatch.setattr("research_agent.runs.check_folder", lambda folder: None)
    with pytest.raises(UsageError, match="holds a run already: resume it"):
        create_run(path, record("second"))
    assert load_run(path, tmp_path) == first
    assert [file.name for file in path.iterdir()] == ["run.json"]


def raises(error: Exception) -> Any:
    def fail(*_given: object) -> None:
        raise error

    return fail


def test_a_file_is_written_whole_or_stays_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_whole(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "new" * 1000)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_run_belongs_to_its_folder(tmp_path):
    run = Run(tmp_path, replace(record(), run_id="x"))
    assert {run.journal.parent, run.evidence.parent, run.checkpoints.parent} == {tmp_path}
