"""The scripted model behaves as the seam says, so that tests built on it mean something."""

import asyncio

import pytest

from research_agent.errors import ModelUnavailableError
from research_agent.models.base import ChatModel, Message, Request, Usage
from research_agent.testing import Reply, ScriptedModel

ASK = (Message("system", "Be brief."), Message("user", "Who wrote it?"))


async def test_lines_are_given_in_order_and_calls_are_remembered():
    model = ScriptedModel(["Ada Lovelace", "nobody"])
    assert isinstance(model, ChatModel)
    first = await model.complete(Request(ASK, 10))
    second = await model.complete(Request(ASK[1:], 10))
    assert (first.text, second.text) == ("Ada Lovelace", "nobody")
    assert first.usage == Usage(prompt_tokens=5, output_tokens=2)
    assert model.count_tokens(ASK) == 5
    assert [len(call.messages) for call in model.calls] == [2, 1]
    with pytest.raises(AssertionError, match="holds 2 lines and call 3 was made"):
        await model.complete(Request(ASK, 10))


async def test_output_obeys_the_cap_with_reasoning_first():
    model = ScriptedModel([Reply("one two three", reasoning="a b")])
    done = await model.complete(Request(ASK, 4, n=2))
    assert done.texts == ("one two", "one two")
    assert done.finish == ("length", "length")
    assert done.reasoning == "a b"
    assert done.usage == Usage(prompt_tokens=5, output_tokens=8, reasoning_tokens=4)


async def test_samples_repeat_in_turn():
    done = await ScriptedModel([Reply(("a", "b"))]).complete(Request(ASK, 4, n=3))
    assert done.texts == ("a", "b", "a")


async def test_faults_and_false_usage():
    lie = Usage(prompt_tokens=-1, output_tokens=10**9)
    model = ScriptedModel(lambda request: ModelUnavailableError("down") if request.seed else Reply("ok", usage=lie))
    assert (await model.complete(Request(ASK, 4))).usage == lie
    with pytest.raises(ModelUnavailableError, match="down"):
        await model.complete(Request(ASK, 4, seed=1))


async def test_a_call_waits_for_its_event_and_can_be_cancelled():
    gate = asyncio.Event()
    model = ScriptedModel([Reply("a", wait=gate), Reply("b", wait=gate)])
    calls = [asyncio.create_task(model.complete(Request(ASK, 4))) for _ in range(2)]
    await model.until_called(2)
    calls[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await calls[0]
    gate.set()
    assert (await calls[1]).text == "b"
    assert (model.cancelled, model.most_in_flight) == (1, 2)
