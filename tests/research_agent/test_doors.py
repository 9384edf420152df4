"""Model calls through the doors: clamped, charged attempt by attempt, ended in time."""

import asyncio

import pytest

from research_agent.budget import NOTHING, Budget, Doors, Journal, Ledger, Retry
from research_agent.errors import (
    BudgetExceededError,
    ContextLengthError,
    DeadlineError,
    ModelRateLimitedError,
    ModelReplyError,
    ModelUnauthorisedError,
    ModelUnavailableError,
)
from research_agent.models.base import Message, Request, Usage
from research_agent.testing import Reply, ScriptedModel


def request(words=4, **more):
    return Request((Message("user", "word " * words),), **({"max_tokens": 10} | more))


class Waits:
    def __init__(self):
        self.seconds = []

    async def __call__(self, seconds):
        self.seconds.append(seconds)


def doors(units=10_000.0, model=None, ledger=None, **more):
    ledger = ledger or Ledger(Budget(units))
    return Doors(ledger, model=model, sleep=more.pop("sleep", Waits()), **more)


async def test_a_call_is_charged_what_it_used():
    model = ScriptedModel([Reply("one two three", reasoning="so then")])
    door = doors(model=model)
    completion = await door.complete(request(), key="1")
    assert completion.text == "one two three"
    spend = door.ledger.spend()
    assert spend.units == 4 * 0.25 + 5
    assert (spend.meters["output_tokens"], spend.meters["reasoning_tokens"]) == (5, 2)
    assert not spend.estimated


async def test_max_tokens_is_clamped_to_what_is_left_and_thinking_within_it():
    model = ScriptedModel([Reply("w " * 100)])
    door = doors(8, model)
    completion = await door.complete(request(max_tokens=100, think=50), key="1")
    assert model.calls[0].max_tokens == model.calls[0].think == 7
    assert completion.finish == ("length",)
    assert door.remaining().units == 0
    with pytest.raises(BudgetExceededError) as refused:
        await door.complete(request(), key="2")
    assert str(refused.value) == "This step needs 2 units, and 0 are left."
    assert len(model.calls) == 1


async def test_samples_share_the_prompt_and_divide_what_is_left():
    model = ScriptedModel([Reply("w " * 100)])
    door = doors(12, model)
    await door.complete(request(max_tokens=100, n=3), key="1")
    assert model.calls[0].max_tokens == 3
    assert door.ledger.spend().units == 1 + 9


async def test_a_token_cap_counts_the_prompt():
    model = ScriptedModel([Reply("w " * 100)])
    door = doors(model=model, ledger=Ledger(Budget(10_000, max_tokens=20)))
    assert door.affordable_tokens(request().messages) == 16
    assert door.affordable_tokens(request().messages, n=3) == 5
    await door.complete(request(max_tokens=100), key="1")
    assert door.remaining().tokens == 0
    assert door.affordable_tokens(request().messages) == 0


async def test_max_tokens_fits_the_context_and_a_longer_prompt_is_refused_unpaid():
    model = ScriptedModel(["w " * 100], context_tokens=10)
    door = doors(model=model)
    await door.complete(request(max_tokens=100), key="1")
    assert model.calls[0].max_tokens == 6
    spent = door.ledger.charged
    with pytest.raises(ContextLengthError) as refused:
        await door.complete(request(words=10), key="2")
    assert str(refused.value) == (
        "The prompt has up to 10 tokens and the model 'scripted' takes 10 with the reply: "
        "shorten the prompt or choose another model."
    )
    assert door.ledger.charged == spent


async def test_the_answer_may_use_what_is_set_aside():
    model = ScriptedModel(["w " * 100, "w " * 100])
    door = doors(20, model)
    door.ledger.set_aside(door.worst_call(request(max_tokens=9)))
    await door.complete(request(max_tokens=50), key="1")
    assert model.calls[0].max_tokens == 9
    with pytest.raises(BudgetExceededError):
        await door.complete(request(), key="2")
    await door.complete(request(), key="answer", answer=True)
    assert model.calls[1].max_tokens == 9
    assert door.ledger.spend().units == 20


@pytest.mark.parametrize(
    "usage",
    [
        Usage(-1, 0, 3, 0),
        Usage(4, 0, True, 0),
        Usage(4, 5, 3, 0),
        Usage(4, 0, 3, 4),
        Usage(0, 0, 0, 0),
        Usage(10**9, 0, 3, 0),
        Usage(4, 0, 10**9, 0),
        Usage(4.0, 0, 3, 0),
        Usage(None, 0, 3, 0),
    ],
)
async def test_usage_that_cannot_be_true_is_charged_at_its_worst_and_marked(usage):
    door = doors(model=ScriptedModel([Reply("a b c", usage=usage)]))
    assert (await door.complete(request(), key="1")).text == "a b c"
    spend = door.ledger.spend()
    assert spend.units == 4 * 0.25 + 10
    assert spend.estimated


async def test_usage_a_little_above_the_worst_case_is_paid_as_reported():
    door = doors(model=ScriptedModel([Reply("a b c", usage=Usage(6, 2, 12, 0))]))
    await door.complete(request(), key="1")
    assert door.ledger.spend().units == pytest.approx(4 * 0.25 + 2 * 0.025 + 12)
    assert not door.ledger.spend().estimated


async def test_estimates_of_the_adapter_are_marked():
    door = doors(model=ScriptedModel([Reply("a b c", usage=Usage(4, 0, 3, 0, estimated=True))]))
    await door.complete(request(), key="1")
    assert (door.ledger.spend().units, door.ledger.spend().estimated) == (4, True)


async def test_every_attempt_of_a_model_call_is_charged():
    model = ScriptedModel(
        [ModelRateLimitedError("slow", 7.0, Usage()), ModelUnavailableError("down", Usage(4, 0, 1, 0)), "fine"]
    )
    waits = Waits()
    door = doors(model=model, sleep=waits)
    assert (await door.complete(request(), key="1")).text == "fine"
    assert door.ledger.spend().units == 0 + 2 + 2
    assert waits.seconds[0] == 7.0
    assert 0.5 <= waits.seconds[1] <= 1.0


async def test_an_attempt_of_unknown_cost_is_charged_at_its_worst():
    model = ScriptedModel([ModelUnavailableError("down")] * 3)
    door = doors(model=model)
    with pytest.raises(ModelUnavailableError, match=r"^down$"):
        await door.complete(request(), key="1")
    assert len(model.calls) == 3
    assert door.ledger.spend().units == 3 * 11
    assert door.ledger.spend().estimated


async def test_attempts_end_when_the_next_one_cannot_be_paid():
    model = ScriptedModel([ModelUnavailableError("down")] * 3)
    door = doors(12, model)
    with pytest.raises(BudgetExceededError):
        await door.complete(request(), key="1")
    assert len(model.calls) == 1
    assert door.ledger.spend().units == 11


@pytest.mark.parametrize("error", [ModelReplyError("bad", Usage(4, 0, 2, 0)), ModelUnauthorisedError("no", Usage())])
async def test_a_failure_that_stays_is_raised_at_once_and_charged(error):
    model = ScriptedModel([error])
    door = doors(model=model)
    with pytest.raises(type(error)):
        await door.complete(request(), key="1")
    assert len(model.calls) == 1
    assert door.ledger.spend().units == (3 if error.usage.output_tokens else 0)


async def test_waits_grow_are_seeded_and_obey_the_provider_within_reason():
    async def seconds(seed, errors, **more):
        waits = Waits()
        door = doors(model=ScriptedModel([*errors, "fine"]), sleep=waits, seed=seed, **more)
        await door.complete(request(), key="1")
        return waits.seconds

    down = [ModelUnavailableError("down", Usage())] * 5
    many = Retry(attempts=6, first=1.0, longest=5.0)
    first = await seconds(1, down, retry=many)
    assert first == await seconds(1, down, retry=many) != await seconds(2, down, retry=many)
    assert all(low / 2 <= wait <= low for wait, low in zip(first, (1, 2, 4, 5, 5), strict=True))
    assert await seconds(1, [ModelRateLimitedError("slow", 60, Usage())]) == [60]
    garbage = [ModelRateLimitedError("slow", float("nan"), Usage()), ModelRateLimitedError("slow", -5, Usage())]
    assert all(0 < wait < 2 for wait in await seconds(1, garbage))
    with pytest.raises(ModelRateLimitedError):
        await seconds(1, [ModelRateLimitedError("tomorrow", 86_400, Usage())])


async def test_time_ends_a_model_call_which_is_charged_at_its_worst():
    model = ScriptedModel([Reply("late", wait=asyncio.Event())])
    ledger = Ledger(Budget(1000, max_seconds=0.03))
    with pytest.raises(DeadlineError):
        await doors(model=model, ledger=ledger).complete(request(), key="1")
    assert model.cancelled == 1
    assert (ledger.spend().units, ledger.spend().estimated) == (11, True)


async def test_time_set_aside_is_for_the_answer():
    now = [50.0]
    model = ScriptedModel(["fine"])
    ledger = Ledger(Budget(1000, max_seconds=60), clock=lambda: now[0])
    ledger.set_aside(NOTHING, seconds=20)
    now[0] = 95.0
    door = doors(model=model, ledger=ledger)
    with pytest.raises(DeadlineError):
        await door.complete(request(), key="1")
    assert (await door.complete(request(), key="2", answer=True)).text == "fine"


async def test_a_cancelled_call_is_charged_and_cancellation_goes_on():
    model = ScriptedModel([Reply("never", wait=asyncio.Event())])
    door = doors(model=model)
    task = asyncio.create_task(door.complete(request(), key="1"))
    await model.until_called()
    assert door.remaining().units == 10_000 - 11
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (door.ledger.spend().units, door.ledger.room()[0]) == (11, 9_989 * 10**6)


async def test_a_model_failure_is_replayed(tmp_path):
    path = tmp_path / "journal.sqlite"
    model = ScriptedModel([ModelReplyError("not JSON", Usage(4, 0, 2, 0))])
    for _ in range(2):
        with Ledger(Budget(1000), journal=Journal(path)) as ledger:
            with pytest.raises(ModelReplyError, match=r"^not JSON$"):
                await doors(ledger=ledger, model=model).complete(request(), key="1")
            assert ledger.spend().units == 3
