"""Faults through the ledger's doors: each is charged, bounded, and never an overspend."""

import asyncio

import pytest
from openai_faults import EVENTS, HALF, TABLE
from openai_server import USAGE, Answer, OpenAIServer, delta, refuse, say, stream

from research_agent.budget import Budget, Doors, Ledger, Prices
from research_agent.errors import BudgetExceededError, DeadlineError, ModelUnavailableError
from research_agent.models.base import Message, Request
from research_agent.models.openai_compatible import OpenAICompatible

ASK = (Message("user", "Who wrote the first program, and for which machine was it meant?"),)
OUTPUT = 20


class Waits:
    """Stands in for sleep, and remembers."""

    def __init__(self):
        self.seconds = []

    async def __call__(self, seconds):
        self.seconds.append(seconds)


async def through_doors(answers, *, units=10_000.0, seconds=None, **how):
    """Make one call through the ledger's doors: what came of it, the units spent, requests and waits."""
    waits = Waits()
    ledger = Ledger(Budget(units, max_seconds=seconds))
    with OpenAIServer(answers) as server:
        model = OpenAICompatible(server.url, "tiny", **how)
        doors = Doors(ledger, model=model, sleep=waits)
        worst = doors.worst_call(Request(ASK, OUTPUT)).units
        result = (await asyncio.gather(doors.complete(Request(ASK, OUTPUT), key="1"), return_exceptions=True))[0]
        await model.aclose()
    return result, ledger.spend(), len(server.seen), waits.seconds, worst


async def test_500_and_then_fine_is_charged_for_both():
    result, spend, requests, waits, _ = await through_doors([refuse(500, "boom"), say("Ada Lovelace")])
    assert (result.text, requests, len(waits)) == ("Ada Lovelace", 2, 1)
    prompt = OpenAICompatible("http://x/v1", "x").count_tokens(ASK)
    assert spend.meters["prompt_tokens"] == prompt + 12
    assert spend.units == pytest.approx(Prices().prompt * (prompt + 12) + 3)
    assert spend.estimated


async def test_429_waits_as_long_as_it_was_told_and_costs_nothing():
    limited = refuse(429, "slow down", headers={"Retry-After": "7"})
    result, spend, requests, waits, _ = await through_doors([limited, refuse(429, "slow down"), say("Ada")])
    assert (result.text, requests, waits[0], len(waits)) == ("Ada", 3, 7.0, 2)
    assert spend.meters["prompt_tokens"] == 12
    assert not spend.estimated


@pytest.mark.parametrize(("answer", "kind", "cost"), TABLE.values(), ids=TABLE.keys())
async def test_each_fault_through_the_doors_is_bounded_and_charged(answer, kind, cost):
    result, spend, requests, _, worst = await through_doors([answer])
    assert isinstance(result, kind)
    assert requests <= 3
    assert spend.units <= requests * worst
    assert (spend.units == 0) is (cost == "nothing")


async def test_a_fault_that_goes_on_never_overspends():
    result, spend, requests, _, _ = await through_doors([Answer(silent=True, cut=True)], units=60)
    assert isinstance(result, (BudgetExceededError, ModelUnavailableError))
    assert 0 < spend.units <= 60
    assert requests >= 1


async def test_a_deadline_ends_a_call_in_flight():
    """The server would hold the line for ever; the run's time ends it."""
    result, spend, requests, _, worst = await through_doors(
        [Answer(chunks=(HALF,), headers=EVENTS, hang=True)], seconds=0.3
    )
    assert isinstance(result, DeadlineError)
    assert (requests, spend.units) == (1, pytest.approx(worst))


async def test_max_tokens_on_the_wire_is_clamped_to_what_is_left():
    with OpenAIServer([stream(delta("Ada", finish="stop"), usage=USAGE)]) as server:
        model = OpenAICompatible(server.url, "tiny")
        doors = Doors(Ledger(Budget(60)), model=model)
        await doors.complete(Request(ASK, 5000), key="1")
        await model.aclose()
    assert server.bodies[0]["max_tokens"] == int(60 - Prices().prompt * model.count_tokens(ASK))
