"""The same trials from a cluster as from this process, and what happens when a worker is lost."""

import os
import pickle
import signal
import sqlite3
import sys
from contextlib import asynccontextmanager
from functools import partial

import pytest

from evals.engines.base import engine_of
from evals.errors import EngineError
from evals.harness import Identity, run
from evals.runstore import opened
from evals.solver import open_solver
from evals.task import Sample, Task
from research_agent.answer import Answer, Spend
from research_agent.budget import Budget
from research_agent.config import load_settings
from research_agent.errors import BudgetTooSmallError, ModelRateLimitedError
from research_agent.graph.state import Dials
from research_agent.options import AskOptions

SAMPLES = tuple(Sample(f"q{n}", f"What is {n}?", (str(n),), "number") for n in range(20))
TASK = Task("numbers", SAMPLES, None, "fingerprint")


def told(_event):
    pass


def test_unknown_engines_are_refused():
    with pytest.raises(EngineError, match=r"There is no engine 'slurm'; the engines are local and ray\."):
        engine_of("slurm")


async def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineError, match=r"Ray is not installed: pip install 'search-as-compute\[ray\]'\."):
        async with engine_of("ray")(open_numbers, 2, told):
            pass


def test_what_an_evaluation_sends_to_its_workers_can_be_sent(tmp_path):
    options = AskOptions(docs=(tmp_path,), model="extractive", budget=Budget(1e6), dials=Dials(6, 2, 0), blind=True)
    opener = partial(open_solver, options, load_settings(), "fingerprint")
    sent = pickle.loads(pickle.dumps(opener))
    assert (sent.func, sent.args) == (opener.func, opener.args)


class Numbers:
    """Answers with the number in the question; `plan` says what goes wrong once for which question."""

    def __init__(self, folder, plan, code):
        self.identity = Identity({"depth": 1}, code, "scripted", "corpus")
        self.folder, self.plan = folder, plan

    async def solve(self, sample, *, seed):
        fault = self.plan.get(sample.id)
        mark = self.folder / sample.id if fault is not None else None
        if mark is not None and not mark.exists():
            mark.touch()
            if fault == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise fault()
        trace = ({"round": 1, "queries": [sample.question], "read": ["d"], "answer": sample.id[1:]},)
        spend = Spend(100.0, 10.0 + seed, {"searches": 1}, 0.1, None, False)
        return Answer("?", sample.id[1:], "answered", "answered", (), (), spend, {}, str(os.getpid()), "0", trace)


@asynccontextmanager
async def open_numbers(emit, folder=None, plan=(), code="code"):
    emit({"type": "opened"})
    yield Numbers(folder, dict(plan), code() if callable(code) else code)


def bodies(path):
    db = sqlite3.connect(path)
    rows = db.execute("SELECT key, body FROM trials ORDER BY key").fetchall()
    db.close()
    return rows


@pytest.fixture(scope="module")
def cluster():
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'search-as-compute[ray]'")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Workers cannot import a test's module.
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


async def swept(path, engine, folder, plan=(), seed=0):
    opener = partial(open_numbers, folder=folder, plan=plan)
    with opened(path) as store:
        async with engine_of(engine)(opener, 6, told) as solver:
            return await run(TASK, SAMPLES, solver, store, seed=seed, concurrency=6)


@pytest.mark.timeout(300)
async def test_a_cluster_gives_the_trials_of_this_process(cluster, tmp_path):
    here = await swept(tmp_path / "local.db", "local", tmp_path, seed=3)
    there = await swept(tmp_path / "ray.db", "ray", tmp_path, seed=3)
    assert bodies(tmp_path / "ray.db") == bodies(tmp_path / "local.db")
    assert (there.bought, there.failures, there.unanswered) == (here.bought, 0, ()) == (20, 0, ())
    processes = {trial.report["run_id"] for _, trial in there.pairs}
    assert len(processes) == 3
    assert str(os.getpid()) not in processes
    again = await swept(tmp_path / "ray.db", "ray", tmp_path, seed=3)
    assert again.bought == 0


@pytest.mark.timeout(300)
async def test_a_lost_worker_is_a_failure_and_its_questions_are_asked_again(cluster, tmp_path):
    plan = {"q3": "killed", "q9": lambda: ModelRateLimitedError("busy", retry_after=2.0)}
    outcome = await swept(tmp_path / "ray.db", "ray", tmp_path, plan)
    # Those under way beside the killed one are lost with it.
    if outcome.unanswered:
        outcome = await swept(tmp_path / "ray.db", "ray", tmp_path, plan)
    assert outcome.unanswered == ()
    assert outcome.failures >= 2
    await swept(tmp_path / "local.db", "local", tmp_path)
    assert bodies(tmp_path / "ray.db") == bodies(tmp_path / "local.db")
    db = sqlite3.connect(tmp_path / "ray.db")
    errors = [error for (error,) in db.execute("SELECT error FROM failures")]
    db.close()
    assert "ModelRateLimitedError: busy" in errors
    assert any(error.startswith("WorkerError: A worker was lost") for error in errors)


@pytest.mark.timeout(300)
async def test_a_fault_of_the_program_comes_through_as_it_was(cluster, tmp_path):
    with pytest.raises(BudgetTooSmallError, match="A budget of 1 units is too small") as raised:
        await swept(tmp_path / "ray.db", "ray", tmp_path, {"q0": lambda: BudgetTooSmallError(1.0, 20.0)})
    assert raised.value.minimum == 20.0


@pytest.mark.timeout(300)
async def test_machines_that_differ_are_refused(cluster, tmp_path):
    opener = partial(open_numbers, code=lambda: str(os.getpid()))
    with pytest.raises(EngineError, match="do not run the same program"):
        async with engine_of("ray")(opener, 2, told):
            pass


@pytest.mark.timeout(300)
async def test_a_worker_that_comes_back_as_another_program_is_refused(cluster, tmp_path):
    opener = partial(open_numbers, folder=tmp_path, plan={"q3": "killed"}, code=lambda: str(os.getpid()))
    with opened(tmp_path / "ray.db") as store, pytest.raises(EngineError, match="do not run the same program"):
        async with engine_of("ray")(opener, 1, told) as solver:
            await run(TASK, SAMPLES, solver, store)


@pytest.mark.timeout(300)
async def test_a_worker_that_cannot_start_is_one_sentence(cluster):
    opener = partial(open_numbers, code=lambda: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(EngineError, match="A worker of the Ray cluster could not start"):
        async with engine_of("ray")(opener, 1, told):
            pass
