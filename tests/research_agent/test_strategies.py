"""How candidates are made: one chain, or several side by side on slices of one budget."""

import asyncio
from typing import Any

import pytest
from little_chain import QUESTION, TEXT, Shelf, hit, options, resources, script

from research_agent.agent import aask_with, aresume_with
from research_agent.budget import Budget, Ledger
from research_agent.errors import ModelReplyError, UnknownNameError, UsageError
from research_agent.graph.state import Dials
from research_agent.runs import load_run
from research_agent.strategies import Candidate, Job, known_strategies, load_strategy
from research_agent.strategies.parallel import chain_seed
from research_agent.testing import Reply, ScriptedModel


class Recorder:
    """Stands for the chains: notes what each was given, and spends nothing."""

    def __init__(self) -> None:
        self.given: list[tuple[str, float, int]] = []
        self.open = 0
        self.most_open = 0

    async def __call__(self, name: str, ledger: Ledger, *, seed: int, dials: Dials, question: str) -> Candidate:
        self.given.append((name, ledger.remaining().units, seed))
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        return Candidate(name, "", (), "no_evidence")


def job(samples: int, units: float, chain: Any, seed: int = 7) -> Job:
    return Job(QUESTION, Dials(), samples, seed, Ledger(Budget(units)), chain)


def test_strategies_are_found_by_name_and_say_where_they_stand():
    assert known_strategies() == ["parallel", "single"]
    assert load_strategy("single").taxonomy.shape == "sequential"
    assert load_strategy("parallel").taxonomy.shape == "parallel"
    with pytest.raises(UnknownNameError, match=r"There is no strategy called 'tree'; known are parallel, single\."):
        load_strategy("tree")


async def test_single_gives_one_chain_everything():
    chains = Recorder()
    (candidate,) = await load_strategy("single").run(job(1, 900, chains))
    assert chains.given == [("0", 900.0, 7)]
    assert candidate.chain == "0"
    with pytest.raises(UsageError, match="'single' makes one candidate, and 2 samples were asked for"):
        load_strategy("single").chains(2)


async def test_parallel_divides_the_budget_and_runs_all_chains_at_once():
    chains = Recorder()
    given = job(3, 900, chains)
    candidates = await load_strategy("parallel").run(given)
    assert [candidate.chain for candidate in candidates] == ["0", "1", "2"]
    assert [(name, units) for name, units, _ in chains.given] == [("0", 300.0), ("1", 300.0), ("2", 300.0)]
    assert chains.most_open == 3
    assert given.ledger.remaining().units == 900, "what the chains did not use is the run's again"


def test_chain_seeds_are_the_run_s_own_first_and_overlap_with_no_other_run_s():
    seeds = [chain_seed(run, number) for run in range(50) for number in range(20)]
    assert len(set(seeds)) == len(seeds)
    assert chain_seed(7, 0) == 7
    assert all(0 <= seed < 2**31 for seed in seeds)


async def test_parallel_with_one_sample_is_single(tmp_path):
    one = await aask_with(QUESTION, options(tmp_path, run_dir=tmp_path / "a"), resources(), home=tmp_path)
    same = options(tmp_path, run_dir=tmp_path / "b", strategy="parallel")
    other = await aask_with(QUESTION, same, resources(), home=tmp_path)
    assert (one.answer, one.claims, one.spend.units) == (other.answer, other.claims, other.spend.units)


async def test_the_chains_vote(tmp_path):
    def find(query: str) -> Any:
        return [hit("The fox lives in Bergen.", "b") if " 0 round" in query else hit(TEXT, "o")]

    mine = options(tmp_path, strategy="parallel", samples=3, budget=Budget(9_000))
    answer = await aask_with(QUESTION, mine, resources(retrievers=(Shelf(find),)), home=tmp_path)
    assert answer.answer == "Oslo"


async def test_a_chain_that_fails_takes_no_other_down(tmp_path):
    def fails_for_the_first(request: Any) -> Any:
        return ModelReplyError("Nonsense.") if "seed 0" in request.messages[0].content else script(request)

    mine = options(tmp_path, strategy="parallel", samples=3, budget=Budget(9_000))
    answer = await aask_with(QUESTION, mine, resources(model=ScriptedModel(fails_for_the_first)), home=tmp_path)
    assert (answer.status, answer.answer, answer.error) == ("answered", "Oslo", "")
    assert answer.spend.meters["searches"] == 8


async def test_where_all_chains_fail_the_run_fails_and_says_why(tmp_path):
    mine = options(tmp_path, strategy="parallel", samples=2)
    broken = ScriptedModel(lambda request: ModelReplyError("Nonsense."))
    answer = await aask_with(QUESTION, mine, resources(model=broken), home=tmp_path)
    assert (answer.status, answer.stop_reason, answer.error) == ("failed", "error", "Nonsense.")


async def test_a_run_stopped_while_some_chains_were_done_goes_on_with_the_others(tmp_path):
    stop, hold = asyncio.Event(), asyncio.Event()

    def first_waits(request: Any) -> Any:
        if "round 1" in request.messages[0].content and "seed 0" in request.messages[0].content:
            return Reply("later", wait=hold)
        return script(request)

    model = ScriptedModel(first_waits)
    mine = options(tmp_path, strategy="parallel", samples=2)
    ended: list[Any] = []

    def watch(event: Any) -> None:
        if event["type"] == "chain_ended" and not stop.is_set():
            ended.append(event["chain"])
            stop.set()
            hold.set()

    answer = await aask_with(QUESTION, mine, resources(model=model), home=tmp_path, emit=watch, stop=stop)
    assert ended == ["1"]
    assert (answer.status, answer.answer) == ("interrupted", "Oslo")
    later = resources()
    again = await aresume_with(load_run(tmp_path / "run", tmp_path), later)
    assert again.status == "answered"
    assert again.spend.meters["searches"] == 8
    assert all(" 0 round 1" in query for query in later.retrievers[0].queries), "only the first chain went on"
