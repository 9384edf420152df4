"""What a server turns down is left out from then on, at no cost; the wanted form of a text goes out as its format."""

import asyncio

import pytest
from openai_server import USAGE, OpenAIServer, refuse, say

from research_agent.errors import ModelError, ModelReplyError
from research_agent.models.base import Choice, JsonShape, Message, Request, Usage
from research_agent.models.openai_compatible import OpenAICompatible

ASK = (Message("system", "Be brief."), Message("user", "Who wrote the first program?"))
KNOWN = Usage(prompt_tokens=USAGE["prompt_tokens"], output_tokens=USAGE["completion_tokens"])


async def once(answer, request):
    """Make one call and return the completion and the bodies that went over the wire."""
    with OpenAIServer([answer]) as server:
        model = OpenAICompatible(server.url, "tiny")
        try:
            return await model.complete(request), server.bodies
        finally:
            await model.aclose()


@pytest.mark.parametrize(
    ("refusal", "field"),
    [
        (refuse(400, "Unsupported value: 'temperature' does not support 0.", param="temperature"), "temperature"),
        (refuse(400, "Unrecognized request argument supplied: seed"), "seed"),
        (refuse(400, "stream_options is not supported"), "stream_options"),
        (refuse(400, "unknown field `chat_template_kwargs`"), "chat_template_kwargs"),
        (refuse(422, "", detail=[{"loc": ["body", "n"], "msg": "Extra inputs are not permitted"}]), "n"),
        (refuse(400, "only 'n' = 1 is supported"), "n"),
        (refuse(400, '"llama3" does not support thinking'), "reasoning_effort"),
        (refuse(400, "bad", param="response_format.json_schema"), "response_format"),
        (refuse(400, "This model has no structured output"), "response_format"),
    ],
)
async def test_what_a_server_turns_down_is_left_out_once_and_for_all(refusal, field):
    wish = Request(ASK, 20, n=2, stop=("x",), constraint=JsonShape({"type": "object"}))
    with OpenAIServer([refusal, say("{}"), say("{}")]) as server:
        model = OpenAICompatible(server.url, "tiny")
        done = await model.complete(wish)
        await model.complete(wish)
        await model.aclose()
    assert done.usage == KNOWN
    assert [field in body for body in server.bodies] == [True, False, False]
    assert server.bodies[1] == {name: value for name, value in server.bodies[0].items() if name != field}


async def test_an_effort_that_is_not_taken_moves_to_the_nearest_that_is():
    def script(seen):
        told = seen.body.get("reasoning_effort")
        if told not in ("low", "medium", "high"):
            return refuse(
                400, f"`reasoning_effort` value {told!r}: must be one of low, medium, high", param="reasoning_effort"
            )
        return say("ok")

    with OpenAIServer(script) as server:
        model = OpenAICompatible(server.url, "tiny")
        await model.complete(Request(ASK, 20))
        await model.complete(Request(ASK, 20, effort="max"))
        await model.complete(Request(ASK, 20, think=2000))
        await model.complete(Request(ASK, 20, think=20000, effort="low"))
        await model.aclose()
    sent = [body["reasoning_effort"] for body in server.bodies]
    assert sent == ["none", "minimal", "low", "max", "xhigh", "high", "medium", "low"]
    assert server.bodies[-1]["chat_template_kwargs"] == {"enable_thinking": True}


async def test_the_token_cap_is_renamed_and_never_left_out():
    def script(seen):
        if "max_tokens" in seen.body:
            return refuse(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.", param="max_tokens")
        return say("ok")

    with OpenAIServer(script) as server:
        model = OpenAICompatible(server.url, "tiny")
        await model.complete(Request(ASK, 20))
        await model.complete(Request(ASK, 30))
        await model.aclose()
    assert [body.get("max_completion_tokens") for body in server.bodies] == [None, 20, 30]


async def test_many_calls_at_once_learn_together_and_all_end():
    def script(seen):
        return refuse(400, "no temperature here", param="temperature") if "temperature" in seen.body else say("ok")

    with OpenAIServer(script) as server:
        model = OpenAICompatible(server.url, "tiny")
        done = await asyncio.gather(*(model.complete(Request(ASK, 20, seed=seed)) for seed in range(16)))
        await model.aclose()
    assert [completion.text for completion in done] == ["ok"] * 16
    assert len(server.seen) <= 32


async def test_a_server_that_turns_everything_down_is_not_asked_for_ever():
    def script(seen):
        return refuse(400, f"Unsupported: {', '.join(seen.body)} 'n' reasoning")

    with OpenAIServer(script) as server:
        model = OpenAICompatible(server.url, "tiny")
        with pytest.raises(ModelError, match="refused the request") as caught:
            await model.complete(Request(ASK, 20, n=2, stop=("x",), constraint=Choice(("a", "b"))))
        await model.aclose()
    assert caught.value.usage == Usage()
    assert len(server.seen) < 20


async def test_response_formats():
    closed = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    done, bodies = await once(say('{"a": "x"}'), Request(ASK, 20, constraint=JsonShape(closed, "pair")))
    assert done.text == '{"a": "x"}'
    assert bodies[0]["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "pair", "schema": closed, "strict": True},
    }
    loose = {"type": "object", "properties": {"a": {"type": "string"}}}
    _, bodies = await once(say("{}"), Request(ASK, 20, constraint=JsonShape(loose)))
    assert bodies[0]["response_format"]["json_schema"]["strict"] is False


async def test_a_choice_is_an_enum_where_its_json_has_room_and_plain_text_where_not():
    done, bodies = await once(say('{"choice": "no"}'), Request(ASK, 40, constraint=Choice(("yes", "no"))))
    schema = bodies[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["choice"]["enum"] == ["yes", "no"]
    assert done.text == "no"
    done, bodies = await once(say("Yes."), Request(ASK, 3, constraint=Choice(("yes", "no"))))
    assert "response_format" not in bodies[0]
    assert done.text == "yes"


async def test_a_text_that_does_not_fit_is_an_error_with_its_cost():
    with pytest.raises(
        ModelReplyError, match="does not have the form asked for: 'maybe' is none of the choices"
    ) as caught:
        await once(say("maybe"), Request(ASK, 40, constraint=Choice(("yes", "no"))))
    assert caught.value.usage == KNOWN
