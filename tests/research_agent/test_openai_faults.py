"""The fault table: whatever a server does, the call is charged, bounded, and ends in an answer or a named error."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from openai_faults import EVENTS, HALF, TABLE
from openai_server import Answer, OpenAIServer, refuse, say, whole

from research_agent.errors import (
    ModelError,
    ModelRateLimitedError,
    ModelReplyError,
    ModelUnavailableError,
)
from research_agent.models.base import Message, Request, Usage
from research_agent.models.openai_compatible import OpenAICompatible
from research_agent.models.refusals import retry_after

ASK = (Message("user", "Who wrote the first program, and for which machine was it meant?"),)
OUTPUT = 20


def no_free_port() -> str:
    """Return the address of a port that was just open and is closed now."""
    with OpenAIServer([say("x")]) as server:
        return server.url


async def fails(*answers, **how):
    """Make one call that must fail, and return the error and the number of requests."""
    with OpenAIServer(answers) as server:
        model = OpenAICompatible(server.url, "tiny", "sk-secret", **how)
        with pytest.raises(ModelError) as caught:
            await model.complete(Request(ASK, OUTPUT))
        await model.aclose()
        return caught.value, len(server.seen)


@pytest.mark.parametrize(("answer", "kind", "cost"), TABLE.values(), ids=TABLE.keys())
async def test_each_fault_is_one_request_and_a_named_error_with_its_cost(answer, kind, cost):
    error, requests = await fails(answer)
    assert requests == 1
    assert isinstance(error, kind)
    assert str(error).endswith((".", "refused to answer: I cannot help with that."))
    assert "sk-secret" not in str(error)
    if cost == "unknown":
        assert error.usage is None
        return
    assert error.usage is not None
    expected = {"nothing": 0, "reported": 12}.get(cost, OpenAICompatible("http://x/v1", "x").count_tokens(ASK))
    assert error.usage.prompt_tokens == expected
    assert (error.usage.output_tokens > 0) is (cost in ("partial", "reported"))
    assert error.usage.output_tokens <= OUTPUT
    assert error.usage.estimated is (cost in ("partial", "prompt"))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            refuse(401, "Incorrect API key provided: sk-secret"),
            r"refused the key \(HTTP 401: Incorrect API key provided: \[key\]\)",
        ),
        (refuse(404, "no such model"), "There is no such model or address: tiny at 127.0.0.1"),
        (
            whole("", finish="length"),
            "used all of its 20 output tokens and came to no answer; allow more tokens or less thinking",
        ),
        (Answer(chunks=(HALF,), headers=EVENTS), "the stream ended after 8 characters without a finish"),
        (Answer(body=b"<!doctype html>"), "it begins with '<!doctype html>'"),
    ],
)
async def test_messages_say_what_happened_and_what_to_do(answer, words):
    with pytest.raises(ModelError, match=words):
        raise (await fails(answer))[0]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({}, None),
        ({"Retry-After": "soon"}, None),
    ],
)
async def test_rate_limits_carry_the_wait(headers, seconds):
    error, _ = await fails(refuse(429, "slow down", headers=headers))
    assert isinstance(error, ModelRateLimitedError)
    assert error.retry_after == seconds


def test_retry_after_as_a_date():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    later = format_datetime(now + timedelta(seconds=90), usegmt=True)
    assert retry_after({"retry-after": later}, now) == 90
    assert retry_after({"retry-after": later}, now + timedelta(hours=1)) == 0
    assert retry_after({"retry-after": "-5"}, now) is None


async def test_a_silent_server_is_given_up_and_what_it_did_is_unknown():
    error, requests = await fails(Answer(silent=True, hang=True), silence=0.1)
    assert isinstance(error, ModelUnavailableError)
    assert (error.usage, requests) == (None, 1)
    error, _ = await fails(Answer(chunks=(HALF,), headers=EVENTS, hang=True), silence=0.1)
    assert isinstance(error, ModelReplyError)
    assert error.usage is not None
    assert error.usage.output_tokens > 0


async def test_a_closed_port_costs_nothing():
    model = OpenAICompatible(no_free_port(), "tiny")
    with pytest.raises(ModelUnavailableError, match="could not be reached: ConnectError") as caught:
        await model.complete(Request(ASK, OUTPUT))
    assert caught.value.usage == Usage()


@pytest.mark.parametrize(
    "usage",
    [
        None,
        "many",
        [1],
        {},
        {"prompt_tokens": -5, "completion_tokens": 3},
        {"prompt_tokens": 0, "completion_tokens": 3},
        {"prompt_tokens": 12.5, "completion_tokens": "3"},
        {"prompt_tokens": True, "completion_tokens": 3},
        {"prompt_tokens": None, "completion_tokens": None},
        {"prompt_tokens": 1, "completion_tokens": 3},
        {"prompt_tokens": 10**9, "completion_tokens": 3},
        {"prompt_tokens": 12, "completion_tokens": 10**9},
        {"prompt_tokens": 12, "completion_tokens": OUTPUT + 1},
        {"prompt_tokens": 12, "completion_tokens": 0},
        {"prompt_tokens": 12, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 13}},
        {"prompt_tokens": 12, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": -1}},
    ],
)
async def test_usage_that_cannot_be_true_is_replaced_and_marked(usage):
    with OpenAIServer([say("Ada Lovelace, for the Analytical Engine", usage=usage)]) as server:
        model = OpenAICompatible(server.url, "tiny")
        done = await model.complete(Request(ASK, OUTPUT))
        await model.aclose()
    assert done.usage.estimated
    assert 12 <= done.usage.prompt_tokens <= model.count_tokens(ASK)
    assert 3 <= done.usage.output_tokens <= OUTPUT
    assert done.usage.cached_tokens == 0
