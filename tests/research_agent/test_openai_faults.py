"""The fault table: whatever a server does, the call is charged, bounded, and ends in an answer or a named error."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from openai_server import USAGE, Answer, OpenAIServer, delta, refuse, say, sse, stream, whole

from research_agent.budget import Budget, Doors, Ledger, Prices
from research_agent.errors import (
    BudgetExceededError,
    ContextLengthError,
    DeadlineError,
    ModelError,
    ModelRateLimitedError,
    ModelReplyError,
    ModelUnauthorisedError,
    ModelUnavailableError,
)
from research_agent.models.base import Message, Request, Usage
from research_agent.models.openai_compatible import OpenAICompatible
from research_agent.models.refusals import retry_after

ASK = (Message("user", "Who wrote the first program, and for which machine was it meant?"),)
EVENTS = {"Content-Type": "text/event-stream"}
HALF = sse([delta("Ada "), delta("Love")], done=False)
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


TABLE = {
    "429": (refuse(429, "slow down"), ModelRateLimitedError, "nothing"),
    "no credit": (refuse(429, "You exceeded your quota", code="insufficient_quota"), ModelUnauthorisedError, "nothing"),
    "402": (refuse(402, "pay first"), ModelUnauthorisedError, "nothing"),
    "401": (refuse(401, "Incorrect API key provided"), ModelUnauthorisedError, "nothing"),
    "403": (refuse(403, "not for you"), ModelUnauthorisedError, "nothing"),
    "404": (refuse(404, "no such model"), ModelError, "nothing"),
    "400": (refuse(400, "messages must alternate"), ModelError, "nothing"),
    "503": (refuse(503, "loading model"), ModelUnavailableError, "nothing"),
    "500": (refuse(500, "boom"), ModelUnavailableError, "prompt"),
    "502 of a proxy": (Answer(502, b"<html>bad gateway</html>"), ModelUnavailableError, "prompt"),
    "redirect": (Answer(302, headers={"Location": "http://example.com/"}), ModelError, "nothing"),
    "no reply": (Answer(silent=True, cut=True), ModelUnavailableError, "unknown"),
    "context, OpenAI": (
        refuse(400, "This model's maximum context length is 4096 tokens", code="context_length_exceeded"),
        ContextLengthError,
        "nothing",
    ),
    "context, llama-server": (
        refuse(400, "the request exceeds the available context size", type="exceed_context_size_error"),
        ContextLengthError,
        "nothing",
    ),
    "context, Gemini": (
        Answer(400, b'[{"error": {"code": 400, "message": "The input token count exceeds the maximum tokens"}}]'),
        ContextLengthError,
        "nothing",
    ),
    "context, vLLM": (
        refuse(
            400, "maximum context length is 64 tokens. However, you requested 80 (60 in max_tokens)", param="max_tokens"
        ),
        ContextLengthError,
        "nothing",
    ),
    "cap too large": (refuse(400, "max_tokens is too large: 20"), ContextLengthError, "nothing"),
    "413": (refuse(413, "payload"), ContextLengthError, "nothing"),
    "malformed JSON": (
        Answer(body=b'{"choices": [', headers={"Content-Type": "application/json"}),
        ModelReplyError,
        "prompt",
    ),
    "a web page": (Answer(body=b"<!doctype html>", headers={"Content-Type": "text/html"}), ModelReplyError, "prompt"),
    "JSON of another kind": (
        Answer(body=b'{"ok": true}', headers={"Content-Type": "application/json"}),
        ModelReplyError,
        "prompt",
    ),
    "a JSON list": (Answer(body=b"[1]", headers={"Content-Type": "application/json"}), ModelReplyError, "prompt"),
    "malformed event": (
        Answer(chunks=(HALF, b"data: {nope\n\ndata: [DONE]\n\n"), headers=EVENTS),
        ModelReplyError,
        "partial",
    ),
    "an event that is no object": (Answer(chunks=(HALF, b"data: 7\n\n"), headers=EVENTS), ModelReplyError, "partial"),
    "truncated, connection cut": (Answer(chunks=(HALF,), headers=EVENTS, cut=True), ModelReplyError, "partial"),
    "truncated, ended politely": (Answer(chunks=(HALF,), headers=EVENTS), ModelReplyError, "partial"),
    "truncated body": (
        Answer(body=b'{"choices": [', headers={"Content-Type": "application/json"}, cut=True),
        ModelUnavailableError,
        "unknown",
    ),
    "empty stream": (Answer(chunks=(), headers=EVENTS), ModelReplyError, "prompt"),
    "only DONE": (Answer(chunks=(b"data: [DONE]\n\n",), headers=EVENTS), ModelReplyError, "prompt"),
    "empty text": (say(""), ModelReplyError, "reported"),
    "blank text": (whole(" \n "), ModelReplyError, "reported"),
    "null text": (whole(None), ModelReplyError, "reported"),
    "all thinking": (
        whole(
            "",
            finish="length",
            reasoning_content="hm " * 3,
            usage={**USAGE, "completion_tokens_details": {"reasoning_tokens": 3}},
        ),
        ModelReplyError,
        "reported",
    ),
    "refusal": (whole(None, refusal="I cannot help with that."), ModelReplyError, "reported"),
    "filtered": (whole("", finish="content_filter"), ModelReplyError, "reported"),
    "error within a stream": (
        Answer(chunks=(HALF, sse([{"error": {"message": "out of memory"}}])), headers=EVENTS),
        ModelUnavailableError,
        "partial",
    ),
    "rate limit within a stream": (
        Answer(chunks=(sse([{"error": {"message": "slow", "code": 429}}]),), headers=EVENTS),
        ModelRateLimitedError,
        "prompt",
    ),
    "error with status 200": (
        Answer(body=b'{"error": "prompt is too long"}', headers={"Content-Type": "application/json"}),
        ContextLengthError,
        "prompt",
    ),
}


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
