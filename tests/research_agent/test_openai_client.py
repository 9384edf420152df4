"""The HTTP client against a real server on loopback: what it sends, and what it makes of every form of reply."""

import asyncio
import json

import pytest
from openai_server import USAGE, Answer, OpenAIServer, delta, say, sse, stream, whole

from research_agent.errors import ContextLengthError, ModelReplyError, UsageError
from research_agent.models.base import ChatModel, Message, Request, Usage
from research_agent.models.openai_compatible import OpenAICompatible, is_local

ASK = (Message("system", "Be brief."), Message("user", "Who wrote the first program?"))
KNOWN = Usage(prompt_tokens=12, output_tokens=3)


async def once(*answers, request=None, **how):
    """Make one call and return the completion and the bodies that went over the wire."""
    with OpenAIServer(answers) as server:
        model = OpenAICompatible(server.url, "tiny", **how)
        try:
            return await model.complete(request or Request(ASK, 20)), server.bodies
        finally:
            await model.aclose()


async def test_a_streamed_reply_and_what_was_sent_for_it():
    with OpenAIServer([say("Ada Lovelace did")]) as server:
        model = OpenAICompatible(server.url + "/", "tiny", "sk-secret")
        done = await model.complete(Request(ASK, 20, seed=7, temperature=0.5, stop=("\n\n",)))
        await model.aclose()
        await model.aclose()
    assert isinstance(model, ChatModel)
    assert (done.text, done.finish, done.usage, done.model) == ("Ada Lovelace did", ("stop",), KNOWN, "tiny")
    assert server.seen[0].path == "/v1/chat/completions"
    assert server.seen[0].headers["authorization"] == "Bearer sk-secret"
    assert server.bodies == [
        {
            "model": "tiny",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Who wrote the first program?"},
            ],
            "max_tokens": 20,
            "temperature": 0.5,
            "seed": 7,
            "stop": ["\n\n"],
            "reasoning_effort": "none",
            "chat_template_kwargs": {"enable_thinking": False},
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]


async def test_no_key_sends_no_header_and_no_plain_connection_is_used_twice():
    with OpenAIServer([say("one"), say("two")]) as server:
        model = OpenAICompatible(server.url, "tiny")
        await model.complete(Request(ASK, 20))
        await model.complete(Request(ASK, 20))
        await model.aclose()
    assert all("authorization" not in seen.headers for seen in server.seen)
    assert server.seen[0].port != server.seen[1].port


def test_one_model_serves_several_event_loops():
    with OpenAIServer([say("one"), say("two")]) as server:
        model = OpenAICompatible(server.url, "tiny")
        assert asyncio.run(model.complete(Request(ASK, 20))).text == "one"
        assert asyncio.run(model.complete(Request(ASK, 20))).text == "two"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_a_stream_cut_anywhere_with_comments_and_any_line_end(size, end):
    text = "Café 東京 \u2028 🙂 says “hi”"
    events = [delta(role="assistant"), *map(delta, text), delta(finish="stop"), {"choices": [], "usage": USAGE}]
    raw = (": keep-alive\n\nevent: message\nid: 1\nretry: 10\n" + sse(events).decode()).replace("\n", end).encode()
    chunks = tuple(raw[at : at + size] for at in range(0, len(raw), size))
    done, _ = await once(Answer(chunks=chunks, headers={"Content-Type": "text/event-stream; charset=utf-8"}))
    assert done.text == text
    assert done.usage == KNOWN


async def test_an_event_over_several_data_lines_and_events_without_blank_lines():
    pretty = json.dumps(delta("Ada"), indent=1).replace("\n", "\ndata: ")
    rest = b"data: " + json.dumps(delta(" L", finish="stop")).encode() + b"\ndata: [DONE]"
    done, _ = await once(
        Answer(chunks=(f"data: {pretty}\n\n".encode(), rest), headers={"Content-Type": "text/event-stream"})
    )
    assert done.text == "Ada L"
    assert done.usage.estimated


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/octet-stream"])
async def test_a_server_that_does_not_stream(kind):
    answer = whole("Ada", reasoning_content="hm")
    done, _ = await once(Answer(body=answer.body, headers={"Content-Type": kind}))
    assert (done.text, done.reasoning, done.finish) == ("Ada", "hm", ("stop",))


async def test_a_stream_under_another_content_type():
    answer = say("Ada Lovelace")
    done, _ = await once(Answer(chunks=answer.chunks, headers={"Content-Type": "text/plain"}))
    assert done.text == "Ada Lovelace"


async def test_a_stream_that_ends_after_its_finish_without_done_is_whole():
    done, _ = await once(stream(delta("Ada"), delta(finish="stop"), done=False))
    assert (done.text, done.usage) == ("Ada", KNOWN)


async def test_a_server_that_leaves_the_connection_open_after_done_is_not_waited_for():
    done, _ = await asyncio.wait_for(once(stream(delta("Ada", finish="stop"), hang=True)), 5)
    assert done.text == "Ada"


async def test_parts_tool_less_deltas_and_unknown_fields():
    events = [
        {"choices": [{"index": 0, "delta": {"content": None, "tool_calls": []}, "logprobs": None}]},
        {"choices": [{"index": 0, "delta": {}}], "system_fingerprint": "x"},
        {"choices": [{"index": 0, "delta": None}]},
        {"object": "chat.completion.chunk", "choices": None},
        {"choices": [{"index": 0, "delta": {"content": [{"type": "text", "text": "Ada"}, {"type": "image"}]}}]},
        delta(finish="stop"),
    ]
    done, _ = await once(stream(*events))
    assert done.text == "Ada"


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_thinking_is_kept_apart_and_counted(field):
    usage = {**USAGE, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 6}}
    done, _ = await once(
        stream(delta(**{field: "Let me "}), delta(**{field: "see."}), delta("Ada", finish="stop"), usage=usage)
    )
    assert (done.text, done.reasoning) == ("Ada", "Let me see.")
    assert done.usage == Usage(12, 0, 9, 6)


async def test_thinking_left_inside_the_text_is_taken_out():
    done, _ = await once(stream(delta("<think>Let me"), delta(" see.</think>\n\nAda", finish="stop"), usage=None))
    assert (done.text, done.reasoning) == ("Ada", "Let me see.")
    assert done.usage.reasoning_tokens > 0
    assert done.usage.estimated


async def test_samples_come_apart_by_index_in_any_order():
    events = [delta("B", index=1), delta("A", index=0), delta("b", index=1, finish="length"), delta("a", finish="stop")]
    done, bodies = await once(stream(*events), request=Request(ASK, 20, n=2))
    assert done.texts == ("Aa", "Bb")
    assert done.finish == ("stop", "length")
    assert bodies[0]["n"] == 2


async def test_a_server_that_makes_fewer_samples_gives_fewer_texts_in_one_request():
    done, bodies = await once(say("A"), request=Request(ASK, 20, n=4))
    assert (done.texts, len(bodies)) == (("A",), 1)


async def test_cached_tokens_and_the_last_of_several_reports():
    early = {**delta("A"), "usage": {"prompt_tokens": 12, "completion_tokens": 1}}
    final = {**USAGE, "prompt_tokens_details": {"cached_tokens": 8}}
    done, _ = await once(stream(early, delta("da", finish="stop"), usage=final))
    assert done.usage == Usage(12, 8, 3, 0)


async def test_cancelling_a_call_closes_its_connection():
    with OpenAIServer([stream(delta("Ada"), hang=True, done=False)]) as server:
        model = OpenAICompatible(server.url, "tiny")
        call = asyncio.create_task(model.complete(Request(ASK, 20)))
        await asyncio.to_thread(server.arrived.wait, 5)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await asyncio.to_thread(server.gone.wait, 5)
        await model.aclose()


async def test_a_prompt_that_surely_does_not_fit_is_not_sent():
    with OpenAIServer([say("never")]) as server:
        model = OpenAICompatible(server.url, "tiny", context_tokens=100)
        with pytest.raises(ContextLengthError, match="at least 100 tokens and 20 for the reply") as caught:
            await model.complete(Request((Message("user", "word " * 300),), 20))
    assert server.seen == []
    assert caught.value.usage == Usage()


async def test_a_reply_that_never_ends_is_broken_off():
    pieces = tuple(sse([delta("word " * 400)] * 100, done=False) for _ in range(8))
    with pytest.raises(ModelReplyError, match="sent more than the 1,05"):
        await once(Answer(chunks=pieces, headers={"Content-Type": "text/event-stream"}), request=Request(ASK, 1))


@pytest.mark.parametrize("address", ["", "127.0.0.1:80", "ftp://x/v1", "http://", "file:///etc/passwd"])
def test_bad_addresses_are_refused(address):
    with pytest.raises(UsageError, match="not the address of a model server"):
        OpenAICompatible(address, "tiny")


def test_a_model_without_a_name_is_refused():
    with pytest.raises(UsageError, match="needs the name of a model"):
        OpenAICompatible("http://127.0.0.1:1/v1", "")


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:8080/v1", True),
        ("http://127.0.0.1:8080/v1", True),
        ("http://192.168.1.7/v1", True),
        ("http://[::1]:8080/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://8.8.8.8/v1", False),
        ("http://localhost.example.com/v1", False),
    ],
)
def test_what_leaves_this_machine(url, local):
    info = OpenAICompatible(url, "tiny").info
    assert is_local(url) is local
    assert (info.public, info.price_free) == (not local, local)


async def test_lone_surrogates_are_sent_and_counted():
    odd = (Message("user", "broken \ud800 text"),)
    done, bodies = await once(say("ok"), request=Request(odd, 20))
    assert done.text == "ok"
    assert bodies[0]["messages"][0]["content"] == "broken \ud800 text"
