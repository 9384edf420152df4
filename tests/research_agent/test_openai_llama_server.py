"""The HTTP client against a real llama.cpp server: found, described by itself, and held to shapes."""

import json

import pytest

from research_agent.config import Settings, load_settings
from research_agent.errors import ContextLengthError
from research_agent.models import Choice, JsonShape, Message, Request, choose, weights
from research_agent.models.openai_compatible import OpenAICompatible

ASK = (Message("system", "Be brief."), Message("user", "What is the capital of France?"))
SHAPE = JsonShape({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})


@pytest.fixture(scope="module")
def address():
    xllamacpp = pytest.importorskip("xllamacpp")
    path = weights.find("small", load_settings().home)
    if path is None:
        pytest.skip("the small model is not here: research-agent models pull small")
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = 1024
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.verbosity = -1
    server = xllamacpp.Server(params)
    yield server.listening_address
    del server


async def test_it_is_found_and_answers_with_its_own_counts(address, tmp_path):
    nobody = "http://127.0.0.1:9"
    chosen = choose(None, Settings(tmp_path, ollama_url=nobody, llama_server_url=address))
    model = chosen.model
    assert "found in llama-server" in chosen.why
    assert (model.info.context_tokens, model.info.public) == (1024, False)
    done = await model.complete(Request(ASK, 8, n=2))
    assert done.text
    assert not done.usage.estimated
    assert 0 < done.usage.output_tokens <= 16
    assert done.usage.prompt_tokens <= model.count_tokens(ASK)
    picked = await model.complete(Request(ASK, 40, constraint=Choice(("Paris", "London"))))
    assert picked.text in ("Paris", "London")
    shaped = await model.complete(Request(ASK, 40, constraint=SHAPE))
    assert isinstance(json.loads(shaped.text)["city"], str)
    await model.aclose()


async def test_a_prompt_that_is_too_long_is_named_as_such(address):
    model = OpenAICompatible(f"{address}/v1", "any", context_tokens=100_000)
    with pytest.raises(ContextLengthError, match="exceeds the available context size"):
        await model.complete(Request((Message("user", "word " * 1500),), 8))
    await model.aclose()
