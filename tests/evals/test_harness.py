import asyncio
import dataclasses
import itertools
import sqlite3
import time

import pytest

from evals.errors import SelectionError, StoreBusyError
from evals.harness import Identity, run
from evals.progress import Bar
from evals.runstore import RunStore, opened
from evals.task import Sample, Task
from research_agent.answer import Answer, Claim, Quote, Source, Spend
from research_agent.errors import ModelUnavailableError

SAMPLES = tuple(Sample(f"q{n}", f"What is {n}?", (str(n),), "number") for n in range(12))
TASK = Task("numbers", SAMPLES, None, "fingerprint")


def answer(text, status="answered", trace=()):
    spend = Spend(100.0, 10.0, {"searches": 1}, 0.1, None, False)
    claim = Claim(f"It is {text}.", (Quote("s1", text, 3, 3 + len(text)),), True)
    source = Source("s1", "file:a", "A", "0" * 64, "2026-01-01T00:00:00Z")
    return Answer("?", text, status, "answered", (claim,), (source,), spend, {"depth": 2}, "run", "hash", trace)


class Counting:
    """Answers with the number in the question; `plan` says what goes wrong first for which question."""

    def __init__(self, plan=(), cell=None):
        self.identity = Identity(cell or {"depth": 2}, "code", "model", "corpus")
        self.plan = {name: list(faults) for name, faults in dict(plan).items()}
        self.asked = []
        self.under_way = self.most = 0

    async def solve(self, sample, *, seed):
        self.asked.append(sample.id)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        faults = self.plan.get(sample.id)
        if faults:
            fault = faults.pop(0)
            if isinstance(fault, BaseException):
                raise fault
            return fault
        return answer(sample.id[1:])


async def test_every_sample_gets_one_trial_in_order(tmp_path):
    solver = Counting()
    seen = []
    with opened(tmp_path / "runs.db") as store:
        outcome = await run(TASK, SAMPLES, solver, store, concurrency=3, progress=lambda *told: seen.append(told))
    assert [sample.id for sample, _ in outcome.pairs] == [sample.id for sample in SAMPLES]
    assert [trial.answer for _, trial in outcome.pairs] == [str(n) for n in range(12)]
    assert (outcome.bought, outcome.failures, outcome.unanswered) == (12, 0, ())
    assert solver.most == 3
    assert seen[0] == (0, 12, 0)
    assert seen[-1] == (12, 12, 0)


async def test_an_identical_trial_is_never_bought_twice(tmp_path):
    with opened(tmp_path / "runs.db") as store:
        await run(TASK, SAMPLES[:5], Counting(), store)
        solver = Counting()
        outcome = await run(TASK, SAMPLES, solver, store)
        assert solver.asked == [f"q{n}" for n in range(5, 12)]
        assert outcome.bought == 7
        assert len(outcome.pairs) == 12
        other = Counting(cell={"depth": 3})
        await run(TASK, SAMPLES, other, store)
        assert len(other.asked) == 12
        again = Counting()
        await run(TASK, SAMPLES, again, store, seed=1)
        assert len(again.asked) == 12


async def test_infrastructure_failures_are_asked_again_and_counted_apart(tmp_path):
    plan = {
        "q1": [ModelUnavailableError("down")],
        "q2": [TimeoutError(), ModelUnavailableError("down")],
        "q3": [answer("", "failed")],
    }
    with opened(tmp_path / "runs.db") as store:
        outcome = await run(TASK, SAMPLES, Counting(plan), store)
        assert outcome.failures == 4
        assert outcome.unanswered == ("q2",)
        assert len(outcome.pairs) == 11
        later = Counting()
        outcome = await run(TASK, SAMPLES, later, store)
        assert later.asked == ["q2"]
        assert (outcome.unanswered, outcome.failures) == ((), 4)


async def test_a_dead_endpoint_does_not_ask_every_question(tmp_path):
    plan = {sample.id: [ModelUnavailableError("down")] * 9 for sample in SAMPLES}
    with opened(tmp_path / "runs.db") as store:
        solver = Counting(plan)
        outcome = await run(TASK, SAMPLES, solver, store, attempts=1)
    assert len(solver.asked) == 10
    assert len(outcome.unanswered) == 12


async def test_a_fault_of_the_program_stops_the_run_and_keeps_what_is_done(tmp_path):
    with opened(tmp_path / "runs.db") as store:
        with pytest.raises(KeyError):
            await run(TASK, SAMPLES, Counting({"q4": [KeyError("x")]}), store)
        assert len(list(store.trials())) == 4


async def test_a_cancelled_run_goes_on_where_it_stopped(tmp_path):
    class Waiting(Counting):
        async def solve(self, sample, *, seed):
            if sample.id == "q6":
                reached.set()
                await asyncio.Event().wait()
            return await super().solve(sample, seed=seed)

    reached = asyncio.Event()
    with opened(tmp_path / "runs.db") as store:
        under_way = asyncio.create_task(run(TASK, SAMPLES, Waiting(), store))
        await reached.wait()
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way
        rest = Counting()
        outcome = await run(TASK, SAMPLES, rest, store)
        assert rest.asked == [f"q{n}" for n in range(6, 12)]
        assert len(outcome.pairs) == 12


async def test_budget_exhaustion_is_a_trial_and_the_record_is_whole(tmp_path):
    with opened(tmp_path / "runs.db") as store:
        spent = answer("", "no_evidence", ({"round": 1, "read": ["d"], "answer": "", "units": 3.0},))
        outcome = await run(TASK, SAMPLES[:1], Counting({"q0": [spent]}), store)
        trial = outcome.pairs[0][1]
    assert (trial.status, trial.answer, trial.units) == ("no_evidence", "", 10.0)
    assert trial.trace == ({"round": 1, "read": ["d"], "answer": "", "units": 3.0},)
    assert trial.report["sources"] == [dataclasses.asdict(spent.sources[0])]
    assert trial.report["spend"]["meters"] == {"searches": 1}
    assert "trace" not in trial.report


async def test_a_sample_given_twice_is_bought_once(tmp_path):
    with opened(tmp_path / "runs.db") as store:
        solver, seen = Counting(), []
        twice = (*SAMPLES[:3], SAMPLES[1], Sample("q1", "What is 1, really?", ("1",)))
        outcome = await run(TASK, twice, solver, store, concurrency=5, progress=lambda *told: seen.append(told))
    assert solver.asked == ["q0", "q1", "q2", "q1"]
    assert (outcome.bought, len(outcome.pairs), outcome.unanswered) == (4, 5, ())
    assert [sample for sample, _ in outcome.pairs] == list(twice)
    assert outcome.pairs[1][1].key == outcome.pairs[3][1].key != outcome.pairs[4][1].key
    assert seen[-1] == (4, 4, 0)


async def test_code_that_changes_in_mid_sweep_is_kept_apart(tmp_path):
    with opened(tmp_path / "runs.db") as store:
        await run(TASK, SAMPLES[:7], Counting(), store)
        changed = Counting()
        changed.identity = dataclasses.replace(changed.identity, code="changed")
        outcome = await run(TASK, SAMPLES, changed, store)
        assert len(changed.asked) == outcome.bought == 12
        assert {trial.code for _, trial in outcome.pairs} == {"changed"}
        assert [trial.code for trial in store.trials()].count("code") == 7
        back = Counting()
        await run(TASK, SAMPLES, back, store)
        assert back.asked == [f"q{n}" for n in range(7, 12)]


async def test_a_clock_that_is_set_back_changes_nothing(tmp_path, monkeypatch):
    with opened(tmp_path / "before.db") as store:
        before = await run(TASK, SAMPLES, Counting(), store)
    hours = itertools.count(50)
    monkeypatch.setattr(time, "time", lambda: -3600.0 * next(hours))
    with opened(tmp_path / "runs.db") as store:
        await run(TASK, SAMPLES[:6], Counting({"q2": [ModelUnavailableError("down")]}), store)
        later = Counting()
        outcome = await run(TASK, SAMPLES, later, store)
    assert later.asked == [f"q{n}" for n in range(6, 12)]
    assert outcome.failures == 1
    assert all(0 <= trial.seconds < 60 for _, trial in outcome.pairs)
    same = [dataclasses.replace(trial, seconds=0) for _, trial in outcome.pairs]
    assert same == [dataclasses.replace(trial, seconds=0) for _, trial in before.pairs]


async def test_pairs_are_read_when_they_are_asked_for(tmp_path):
    with opened(tmp_path / "runs.db") as store:
        outcome = await run(TASK, SAMPLES, Counting({"q2": [ModelUnavailableError("down")] * 2}), store)
        during = list(outcome.pairs)
    assert list(outcome.pairs) == during
    assert len(outcome.pairs) == 11
    assert outcome.pairs[-1] == during[-1]
    assert list(outcome.pairs[2:4]) == during[2:4]
    with pytest.raises(IndexError):
        outcome.pairs[11]


@pytest.mark.parametrize("wrong", [{"concurrency": 0}, {"attempts": 0}])
async def test_a_run_that_could_ask_nothing_is_refused(tmp_path, wrong):
    with opened(tmp_path / "runs.db") as store, pytest.raises(SelectionError, match="must be at least 1"):
        await run(TASK, SAMPLES, Counting(), store, **wrong)


async def test_a_store_that_is_held_stops_the_run_with_a_sentence_and_loses_no_trial(tmp_path):
    class Held(Counting):
        async def solve(self, sample, *, seed):
            if sample.id == "q5":
                other.execute("BEGIN IMMEDIATE")
            return await super().solve(sample, seed=seed)

    path = tmp_path / "runs.db"
    store = RunStore(path, patience=0.0)
    other = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(StoreBusyError, match="Another program holds the run store"):
        await run(TASK, SAMPLES, Held(), store)
    other.close()
    rest = Counting()
    await run(TASK, SAMPLES, rest, store)
    store.close()
    assert rest.asked == [f"q{n}" for n in range(5, 12)]


def test_progress_says_how_far_and_how_long(monkeypatch, capsys):
    clock = iter([0.0, 5.0, 5.0, 6.0, 65.0, 70.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with Bar("numbers") as bar:
        for told in ((4, 12, 0), (5, 12, 0), (6, 12, 1), (12, 12, 1)):
            bar(*told)
    assert capsys.readouterr().err.splitlines() == [
        "numbers: 4 of 12",
        "numbers: 6 of 12, 1 failed, about 3.0 min left",
        "numbers: 12 of 12, 1 failed",
    ]
