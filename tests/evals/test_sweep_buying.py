"""Buying and collecting with solvers whose chances are known."""

import hashlib

import pytest

from evals.harness import Identity
from evals.runstore import opened
from evals.sweep.buying import Buyer
from evals.sweep.collect import Asked, collect
from evals.sweep.grid import Cell, cells_of, probes_of, read_axes, runs_of
from evals.sweep.orders import Order
from evals.task import Sample, Task
from research_agent.answer import Answer, Claim, Quote, Source, Spend
from research_agent.errors import ModelUnavailableError, ResearchError
from research_agent.selectors.vote import vote
from research_agent.strategies.base import Candidate
from research_agent.strategies.parallel import chain_seed

SAMPLES = tuple(Sample(f"q{n}", f"What is {n}?", (str(n),), "number", metadata={"cluster": n % 90}) for n in range(120))
TASK = Task("numbers", SAMPLES, None, "fingerprint")
LEVELS = read_axes(["depth=1,2,4", "samples=1..4"])
RUNS = runs_of(cells_of(LEVELS, "A"))
ASKED = Asked(LEVELS, RUNS, probes_of(LEVELS, RUNS), Cell(4, 2, 0, 1), "right", {}, (0,))


def luck(*parts):
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4]) / 2**32


class Chancy:
    """Right from a round that luck decides, else wrong from another; one that is aware of its budget does worse."""

    def __init__(self, order, aware):
        self.identity = Identity({"order": str(order)}, "code", "model", "corpus")
        self.order, self.aware, self.asked = order, aware, 0

    def chain(self, sample, seed):
        after = 1 + int(6 * luck(sample.id, seed, "round"))
        text = sample.id[1:] if luck(sample.id, seed, "right") < 0.7 else f"{1000 + int(3 * luck(sample.id, seed))}"
        if self.aware and self.order.kind == "probe" and luck(sample.id, seed, "aware") < 0.3:
            text = ""
        depth = self.order.cell.depth
        trace = [
            {"round": n, "queries": ["q"], "read": [], "answer": text if n >= after else "", "units": 10.0 * n}
            for n in range(1, min(depth, after) + 1)
        ]
        return tuple(trace)

    async def solve(self, sample, *, seed):
        self.asked += 1
        number = self.order.cell.samples if self.order.kind == "probe" else 1
        chains = [self.chain(sample, chain_seed(seed, n) if number > 1 else seed) for n in range(number)]
        claim = Claim("So it is.", (Quote("s", "so", 0, 2),), True)
        chosen = vote(
            [Candidate(str(n), one[-1]["answer"], (claim,), "answered", trace=one) for n, one in enumerate(chains)]
        )
        units = sum(one[-1]["units"] for one in chains)
        spend = Spend(1e6, units, {}, 0.1, None, False)
        claims = (claim,) if chosen.answer else ()
        sources = (Source("s", "file:s", "S", "0" * 64, "2026-01-01T00:00:00Z"),)
        ended = ("answered", "answered") if chosen.answer else ("no_evidence", "no_evidence")
        return Answer("?", chosen.answer, *ended, claims, sources, spend, {}, "run", "hash", chosen.trace)


class Chances:
    def __init__(self, aware=False):
        self.aware, self.solvers = aware, []

    def solver(self, order):
        self.solvers.append(Chancy(order, self.aware))
        return self.solvers[-1]


class Down:
    identity = Identity({}, "code", "model", "corpus")

    def solver(self, order):
        return self

    async def solve(self, sample, *, seed):
        raise ModelUnavailableError("down")


def buyer(store, machine, seen=None):
    orders = [(Order("run", run), len(SAMPLES)) for run in dict.fromkeys(RUNS.values())]
    orders += [(Order("probe", cell), len(SAMPLES)) for cell in ASKED.probes]
    told = (lambda *_: None) if seen is None else lambda *one: seen.append(one)
    found = Buyer(TASK, store, machine, orders, lambda _order, _sample: True, (0,), 4, told)
    found.open(SAMPLES)
    return found


async def swept(path, machine, seen=None):
    with opened(path) as store:
        buying = buyer(store, machine, seen)
        for place in range(0, len(SAMPLES), 16):
            await buying.buy(SAMPLES[place : place + 16], place)
        return collect(ASKED, buying, SAMPLES), buying


async def test_replay_of_a_blind_agent_is_the_same_as_fresh_runs(tmp_path):
    seen = []
    found, buying = await swept(tmp_path / "runs.sqlite", Chances(), seen)
    assert [(one.cell.depth, one.cell.samples) for one in found.probes] == [(1, 1), (2, 1), (1, 2)]
    assert [one.test.unequal for one in found.probes] == [0, 0, 0]
    assert all(one.fresh_units == pytest.approx(one.replayed_units) for one in found.probes)
    assert buying.bought == 120 * (4 + 3)
    assert seen[0] == (0, 840, 0)
    assert seen[-1] == (840, 840, 0)
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)


async def test_an_agent_that_saw_its_budget_is_found_out(tmp_path):
    found, _ = await swept(tmp_path / "runs.sqlite", Chances(aware=True))
    said = {one.cell: one.test.said for one in found.probes}
    assert said[Cell(2, 2, 0, 1)] == "different"


async def test_the_table_holds_every_cell_of_every_question(tmp_path):
    found, _ = await swept(tmp_path / "runs.sqlite", Chances())
    assert len(found.rows) == 120 * len(RUNS)
    assert {row["group"] for row in found.rows} == {f"cluster {n}" for n in range(90)}
    assert all(one.outcome.clusters == 90 for one in found.cells)
    mean = {one.cell: one.outcome.value for one in found.cells}
    assert mean[Cell(1, 2, 0, 1)] < mean[Cell(2, 2, 0, 1)] < mean[Cell(4, 2, 0, 1)]
    assert mean[Cell(1, 2, 0, 1)] < mean[Cell(1, 2, 0, 4)]


async def test_nothing_is_bought_twice(tmp_path):
    await swept(tmp_path / "runs.sqlite", Chances())
    again = Chances()
    _, buying = await swept(tmp_path / "runs.sqlite", again)
    assert buying.bought == buying.units == 0
    assert not any(solver.asked for solver in again.solvers)


async def test_questions_with_missing_trials_are_left_out(tmp_path):
    with opened(tmp_path / "runs.sqlite") as store:
        buying = buyer(store, Chances())
        await buying.buy(SAMPLES[:10], 0)
        found = collect(ASKED, buying, SAMPLES[:12])
    assert (found.questions, found.left_out) == (10, 2)
    assert {row["question"] for row in found.rows} == {sample.id for sample in SAMPLES[:10]}


async def test_a_dead_endpoint_ends_the_sweep(tmp_path):
    with opened(tmp_path / "runs.sqlite") as store:
        buying = buyer(store, Down())
        with pytest.raises(ResearchError, match="The model or a backend fails: none of 16 questions"):
            await buying.buy(SAMPLES[:16], 0)
