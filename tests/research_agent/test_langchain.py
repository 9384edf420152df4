"""LangChain models as ours: the real OpenAI integration against the loopback server, and a small model of our own."""

import asyncio
import sys

import pytest
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from openai_server import Answer, OpenAIServer, delta, refuse, stream, whole
from pydantic import ConfigDict, Field

from research_agent.budget import Budget, Doors, Ledger
from research_agent.errors import (
    ContextLengthError,
    ModelError,
    ModelRateLimitedError,
    ModelReplyError,
    ModelUnauthorisedError,
    ModelUnavailableError,
    UsageError,
)
from research_agent.models.base import ChatModel, Choice, Message, Request, Usage
from research_agent.models.langchain import LangChainModel, load_langchain
from research_agent.models.shapes import complete_shaped

ASK = (Message("system", "Be brief."), Message("user", "Who wrote the first program?"))


class Tiny(BaseChatModel):
    """A chat model with a cap, whose messages are given; `seen` keeps the caps it was called with."""

    replies: list[AIMessage]
    max_tokens: int | None = None
    temperature: float = 1.0
    seen: list[tuple[int | None, float, list[str]]] = Field(default_factory=list)
    gate: asyncio.Event | None = None

    model_config = ConfigDict(arbitrary_types_allowed=True)

    @property
    def _llm_type(self):
        return "tiny"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        raise AssertionError("the asynchronous form is to be used")

    async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
        self.seen.append((self.max_tokens, self.temperature, [message.type for message in messages]))
        if self.gate:
            await self.gate.wait()
        return ChatResult(generations=[ChatGeneration(message=self.replies[len(self.seen) - 1])])


def metered(text, prompt=12, **told):
    usage = {"input_tokens": prompt, "output_tokens": 9, "total_tokens": prompt + 9}
    return AIMessage(text, usage_metadata={**usage, **told})


async def test_a_call_is_capped_and_counted_and_the_model_given_is_left_alone():
    tiny = Tiny(replies=[metered("Ada", input_token_details={"cache_read": 4}, output_token_details={"reasoning": 6})])
    model = LangChainModel(tiny, "tiny-1")
    assert isinstance(model, ChatModel)
    done = await model.complete(Request(ASK, 30, temperature=0.5))
    assert (done.text, done.usage) == ("Ada", Usage(12, 4, 9, 6))
    assert tiny.seen == [(30, 0.5, ["system", "human"])]
    assert (tiny.max_tokens, tiny.temperature) == (None, 1.0)
    assert (model.info.provider, model.info.name) == ("langchain", "tiny-1")


async def test_missing_usage_is_estimated():
    done = await LangChainModel(Tiny(replies=[AIMessage("Ada")])).complete(Request(ASK, 30))
    assert done.usage.estimated
    assert done.usage.prompt_tokens > 12


async def test_thinking_in_blocks_or_beside_is_kept_apart():
    blocks = [{"type": "thinking", "thinking": "hm", "signature": "x"}, {"type": "text", "text": "Ada"}]
    beside = AIMessage("Ada", additional_kwargs={"reasoning_content": "hm"})
    for message in (
        AIMessage(blocks, response_metadata={"model_provider": "anthropic"}),
        beside,
        AIMessage("<think>hm</think>Ada"),
    ):
        done = await LangChainModel(Tiny(replies=[message])).complete(Request(ASK, 30))
        assert (done.text, done.reasoning) == ("Ada", "hm")


async def test_an_empty_text_is_an_error_with_its_cost():
    with pytest.raises(ModelReplyError, match="empty text") as caught:
        await LangChainModel(Tiny(replies=[metered("")])).complete(Request(ASK, 30))
    assert caught.value.usage == Usage(12, 0, 9, 0)


async def test_cancelling_ends_the_call():
    tiny = Tiny(replies=[metered("never")], gate=asyncio.Event())
    call = asyncio.create_task(LangChainModel(tiny).complete(Request(ASK, 30)))
    while not tiny.seen:
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_shapes_are_repaired_through_the_doors():
    ledger = Ledger(Budget(1000))
    doors = Doors(ledger, model=LangChainModel(Tiny(replies=[metered("perhaps", 40), metered("Yes.", 40)])))
    done = await complete_shaped(doors, Request(ASK, 30, constraint=Choice(("yes", "no"))), key="1")
    assert (done.text, ledger.spend().units) == ("yes", 2 * (0.25 * 40 + 9))


def test_a_model_without_a_cap_is_refused():
    with pytest.raises(UsageError, match="FakeListChatModel has no field for the most output tokens"):
        LangChainModel(FakeListChatModel(responses=["x"]))


def test_specs_that_cannot_be_made(monkeypatch):
    with pytest.raises(UsageError, match="write it as langchain:PROVIDER:MODEL"):
        load_langchain("openai")
    pytest.importorskip("langchain")
    with pytest.raises(UsageError, match="LangChain"):
        load_langchain("no-such-provider:x")
    monkeypatch.setitem(sys.modules, "langchain.chat_models", None)
    with pytest.raises(UsageError, match="pip install langchain langchain-openai"):
        load_langchain("openai:x")


@pytest.fixture
def openai_model(monkeypatch):
    """Return a maker of the real integration, pointed at a loopback server."""
    pytest.importorskip("langchain_openai")
    pytest.importorskip("langchain")

    def make(server):
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        return load_langchain("openai:gpt-4o-mini")

    return make


async def test_the_openai_integration_obeys_the_cap_and_reports(openai_model):
    usage = {
        "prompt_tokens": 12,
        "completion_tokens": 9,
        "total_tokens": 21,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 6},
    }
    with OpenAIServer([whole("Ada", finish="length", usage=usage)]) as server:
        model = openai_model(server)
        done = await model.complete(Request(ASK, 30, seed=7, temperature=0.5, stop=("x",)))
    assert (done.text, done.usage, done.finish, done.model) == ("Ada", Usage(12, 4, 9, 6), ("length",), "tiny")
    body = server.bodies[0]
    assert body["max_completion_tokens"] == 30
    assert (body["seed"], body["temperature"], body["stop"]) == (7, 0.5, ["x"])
    assert model.info.name == "gpt-4o-mini"


@pytest.mark.parametrize(
    ("answer", "kind", "cost"),
    [
        (refuse(500, "boom"), ModelUnavailableError, "prompt"),
        (refuse(503, "busy"), ModelUnavailableError, "nothing"),
        (refuse(429, "slow", headers={"Retry-After": "7"}), ModelRateLimitedError, "nothing"),
        (refuse(401, "bad key sk-secret"), ModelUnauthorisedError, "nothing"),
        (refuse(400, "maximum context length", code="context_length_exceeded"), ContextLengthError, "nothing"),
        (refuse(404, "no such model"), ModelError, "nothing"),
        (Answer(silent=True, cut=True), ModelUnavailableError, "unknown"),
        (whole(""), ModelReplyError, "reported"),
    ],
)
async def test_faults_of_the_openai_integration_are_one_request_and_a_named_error(openai_model, answer, kind, cost):
    with OpenAIServer([answer]) as server:
        model = openai_model(server)
        with pytest.raises(ModelError) as caught:
            await model.complete(Request(ASK, 30))
    assert isinstance(caught.value, kind)
    assert len(server.seen) == 1
    prompt = {"nothing": 0, "reported": 12, "prompt": model.count_tokens(ASK)}.get(cost)
    assert (caught.value.usage.prompt_tokens if caught.value.usage else None) == prompt
    if isinstance(caught.value, ModelRateLimitedError):
        assert caught.value.retry_after == 7


async def test_a_closed_port_costs_nothing(openai_model):
    with OpenAIServer([whole("x")]) as server:
        model = openai_model(server)
    with pytest.raises(ModelUnavailableError, match="could not be reached") as caught:
        await model.complete(Request(ASK, 30))
    assert caught.value.usage == Usage()


async def test_a_field_that_is_turned_down_is_left_out_from_then_on(openai_model):
    refusal = refuse(400, "Unsupported value: 'temperature'", param="temperature", code="unsupported_value")
    with OpenAIServer([refusal, whole("Ada"), whole("Ada")]) as server:
        model = openai_model(server)
        for _ in range(2):
            await model.complete(Request(ASK, 30))
    assert ["temperature" in body for body in server.bodies] == [True, False, False]


async def test_a_model_that_retries_by_itself_is_refused():
    openai = pytest.importorskip("langchain_openai")
    for retries in (None, 2):
        with pytest.raises(
            UsageError, match="retries failed calls by itself, which no budget sees; make it with max_retries=0"
        ):
            LangChainModel(openai.ChatOpenAI(model="x", api_key="k", max_retries=retries))


async def test_a_streaming_integration_is_counted_too():
    openai = pytest.importorskip("langchain_openai")
    with OpenAIServer([stream(delta("Ada"), delta(" L", finish="stop"))]) as server:
        chat = openai.ChatOpenAI(
            model="x", api_key="k", base_url=server.url, max_retries=0, streaming=True, stream_usage=True
        )
        done = await LangChainModel(chat).complete(Request(ASK, 30))
    assert (done.text, done.usage) == ("Ada L", Usage(12, 0, 3, 0))
