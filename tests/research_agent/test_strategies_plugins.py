"""Strategies and selectors of other packages: found by entry point, adding names and never replacing ours."""

import pytest
from little_chain import QUESTION, options, resources

from research_agent.agent import aask_with
from research_agent.errors import UsageError
from research_agent.selectors import known_selectors
from research_agent.strategies import known_strategies, load_strategy
from research_agent.strategies.single import Single

CODE = """
from research_agent.errors import ModelReplyError
from research_agent.strategies.base import Taxonomy

class Twice:
    taxonomy = Taxonomy("external", "test", "sequential")
    def chains(self, samples):
        return 2
    async def run(self, job):
        each = [job.ledger.slice(name, share=share) for name, share in (("a", 0.5), ("b", 1))]
        return [
            await job.chain(name, ledger, seed=job.seed, dials=job.dials, question=job.question)
            for name, ledger in zip("ab", each)
        ]

class Last:
    taxonomy = Taxonomy("external", "post", "parallel")
    share = 0.1
    async def choose(self, candidates, ballot):
        assert ballot.doors.remaining().units == 500
        return candidates[-1]

class Helpless(Last):
    async def choose(self, candidates, ballot):
        raise ModelReplyError("I cannot say.")
"""
ENTRIES = """
[research_agent.strategies]
twice = elsewhere:Twice
single = elsewhere:Twice
broken = elsewhere:Missing

[research_agent.selectors]
last = elsewhere:Last
helpless = elsewhere:Helpless
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Install a distribution."""
    site = tmp_path / "site"
    info = site / "elsewhere-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "elsewhere.py").write_text(CODE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    monkeypatch.syspath_prepend(str(site))


def test_a_plugin_adds_names(plugin):
    assert known_strategies() == ["broken", "parallel", "single", "twice"]
    assert known_selectors() == ["helpless", "last", "vote"]


def test_a_plugin_does_not_replace_ours(plugin):
    assert isinstance(load_strategy("single"), Single)


def test_a_plugin_that_cannot_be_loaded_is_named(plugin):
    with pytest.raises(UsageError, match=r"The strategy 'broken' \(elsewhere:Missing\) cannot be loaded: .*Missing"):
        load_strategy("broken")


async def test_a_plugin_strategy_and_selector_answer_on_the_same_budget(plugin, tmp_path):
    mine = options(tmp_path, strategy="twice", selector="last")
    answer = await aask_with(QUESTION, mine, resources(), home=tmp_path)
    assert (answer.answer, answer.config["strategy"], answer.config["selector"]) == ("Oslo", "twice", "last")
    assert answer.spend.meters["searches"] == 8


async def test_where_a_selector_cannot_choose_the_candidates_are_put_to_the_vote(plugin, tmp_path):
    events = []
    mine = options(tmp_path, strategy="twice", selector="helpless")
    answer = await aask_with(QUESTION, mine, resources(), home=tmp_path, emit=events.append)
    assert answer.answer == "Oslo"
    assert [event["error"] for event in events if event["type"] == "selector_failed"] == ["I cannot say."]
