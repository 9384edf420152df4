"""Which model a run gets: asked for, configured, found on this machine, embedded, or none."""

import json
import time
from dataclasses import replace

import pytest
from openai_server import Answer, OpenAIServer, say

from research_agent.config import Settings, load_settings
from research_agent.errors import ModelFileError, UnknownNameError, UsageError
from research_agent.models import KNOWN_FORMS, Message, Request, choose, weights
from research_agent.models.catalogue import KNOWN, file_of

ASK = Request((Message("user", "Who?"),), 20)


@pytest.fixture
def bare(tmp_path) -> Settings:
    """Return settings under which nothing is configured and no local server answers."""
    with OpenAIServer([say("x")]) as server:
        closed = server.root
    return Settings(home=tmp_path, ollama_url=closed, llama_server_url=closed)


def paths(routes):
    """Answer GETs by path, and everything else with a short text."""

    def script(seen):
        if seen.path in routes:
            return Answer(body=json.dumps(routes[seen.path]).encode(), headers={"Content-Type": "application/json"})
        return say("yes") if seen.body else Answer(404)

    return script


def test_nothing_configured_and_nothing_here_is_extractive(bare):
    chosen = choose(None, bare)
    assert (chosen.model, chosen.spec) == (None, "extractive")
    assert chosen.why.startswith("Model: extractive, no language model being configured.")
    assert "research-agent models pull default" in chosen.why


def test_extractive_by_name_beats_everything(bare):
    chosen = choose("extractive", replace(bare, openai_api_key="k", model="openai:other"))
    assert (chosen.model, chosen.why) == (None, "Model: extractive, no language model, as asked for.")


@pytest.mark.parametrize(
    "spec", ["", "gpt-4", "openai", "openai:", "ollama:", "magic:wand", "gguf:", "extractive:x", "langchain:"]
)
def test_unknown_forms_name_the_known_ones(bare, spec):
    with pytest.raises(UnknownNameError) as caught:
        choose(spec, bare)
    assert str(caught.value) == f"There is no model called {spec!r}; known are {', '.join(KNOWN_FORMS)}."


def test_an_embedded_model_of_another_name_names_the_known_ones(bare):
    with pytest.raises(UnknownNameError, match="no embedded model called 'huge'; known are default, small"):
        choose("embedded:huge", bare)


@pytest.mark.parametrize("spec", ["embedded", "embedded:small", "gguf:nowhere.gguf", "nowhere.gguf"])
def test_missing_weights_are_refused_by_name(bare, spec):
    with pytest.raises((ModelFileError, UsageError)):
        choose(spec, bare)


@pytest.mark.parametrize(
    ("settings", "spec", "provider", "host"),
    [
        ({"openai_api_key": "k"}, "openai:gpt-5-mini", "openai", "api.openai.com"),
        ({"openai_api_key": "k", "openai_model": "gpt-x"}, "openai:gpt-x", "openai", "api.openai.com"),
        ({"anthropic_api_key": "k"}, "anthropic:claude-haiku-4-5", "anthropic", "api.anthropic.com"),
        ({"gemini_api_key": "k"}, "gemini:gemini-2.5-flash", "google", "generativelanguage.googleapis.com"),
        ({"gemini_api_key": "k", "openai_api_key": "k"}, "openai:gpt-5-mini", "openai", "api.openai.com"),
    ],
)
def test_a_configured_key_chooses_its_service_and_says_that_prompts_leave(bare, settings, spec, provider, host):
    chosen = choose(None, replace(bare, **settings))
    assert chosen.spec == spec
    assert chosen.model.info.provider == provider
    assert chosen.model.info.name == spec.partition(":")[2]
    assert chosen.model.info.public
    assert not chosen.model.info.price_free
    variable = f"{spec.partition(':')[0].upper()}_API_KEY"
    assert chosen.why == f"Model: {spec}, because {variable} is set; prompts leave this machine."


def test_the_configured_model_comes_before_keys_and_the_one_asked_for_before_both(bare):
    settings = replace(bare, openai_api_key="k", model="openai:configured")
    assert choose(None, settings).spec == "openai:configured"
    assert "RESEARCH_AGENT_MODEL" in choose(None, settings).why
    assert choose("openai:asked", settings).spec == "openai:asked"


def test_a_service_without_its_key_is_refused(bare):
    for spec, variable in (
        ("openai:gpt-x", "OPENAI_API_KEY"),
        ("anthropic:c", "ANTHROPIC_API_KEY"),
        ("gemini:g", "GEMINI_API_KEY"),
    ):
        with pytest.raises(UsageError, match=f"needs a key: set {variable}"):
            choose(spec, bare)


async def test_a_key_goes_to_no_other_server(bare):
    with OpenAIServer(paths({})) as server:
        settings = replace(bare, openai_api_key="sk-openai")
        for wish, expected in (
            (settings, None),
            (replace(settings, api_key="sk-own"), "Bearer sk-own"),
            (replace(settings, openai_base_url=server.url), "Bearer sk-openai"),
        ):
            model = choose(f"openai:tiny@{server.url}", wish).model
            await model.complete(ASK)
            await model.aclose()
            assert server.seen[-1].headers.get("authorization") == expected


def test_a_base_url_without_a_model_takes_the_servers_first(bare):
    routes = {"/v1/models": {"data": [{"id": "local-7b", "max_model_len": 16384}]}}
    with OpenAIServer(paths(routes)) as server:
        chosen = choose(None, replace(bare, openai_base_url=server.url))
    assert chosen.spec == "openai:local-7b"
    assert chosen.model.info.context_tokens == 16384
    assert not chosen.model.info.public
    assert chosen.why == "Model: openai:local-7b, because OPENAI_BASE_URL is set."
    with pytest.raises(UsageError, match="no model is named: set OPENAI_MODEL"):
        choose(None, replace(bare, openai_base_url="http://example.invalid/v1"))


async def test_ollama_is_found_with_its_first_model_that_talks(bare):
    tags = {
        "models": [
            {"name": "nomic-embed", "details": {"family": "nomic-bert", "families": ["nomic-bert"]}},
            {"name": "vision", "capabilities": ["vision"]},
            {"name": "gpt-oss:120b-cloud", "remote_host": "https://ollama.com"},
            {"name": "qwen3:4b", "details": {"family": "qwen3"}},
            {"name": "other"},
        ]
    }
    with OpenAIServer(paths({"/api/tags": tags})) as server:
        chosen = choose(None, replace(bare, ollama_url=server.root))
        assert (await chosen.model.complete(ASK)).text == "yes"
        await chosen.model.aclose()
    assert chosen.spec == "ollama:qwen3:4b"
    assert chosen.why == f"Model: ollama:qwen3:4b, found in Ollama at {server.root}."
    assert chosen.model.info.context_tokens == 4096
    assert chosen.model.info.price_free


def test_a_model_that_ollama_passes_on_is_public(bare):
    assert choose("ollama:gpt-oss:120b-cloud", bare).model.info.public
    assert not choose("ollama:qwen3:4b", bare).model.info.public


async def test_llama_server_is_found_with_its_context(bare):
    routes = {
        "/v1/models": {"object": "list", "data": [{"id": "/models/tiny.gguf", "meta": {}}]},
        "/props": {"default_generation_settings": {"n_ctx": 12288}},
    }
    with OpenAIServer(paths(routes)) as server:
        settings = replace(bare, llama_server_url=server.root)
        chosen = choose(None, settings)
        assert (await chosen.model.complete(ASK)).text == "yes"
        await chosen.model.aclose()
        assert choose(chosen.spec, settings).model.info == chosen.model.info
        assert choose(None, replace(settings, context_tokens=999)).model.info.context_tokens == 999
    assert chosen.spec == f"openai:/models/tiny.gguf@{server.url}"
    assert chosen.model.info.context_tokens == 12288


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"<html>my own web app</html>", headers={"Content-Type": "text/html"}),
        Answer(body=b'{"data": "none", "models": [1, null]}'),
        Answer(body=b'{"data": [{"name": "no id"}], "models": [{"model": ""}]}'),
        Answer(body=b"[]"),
        Answer(500),
        Answer(silent=True, hang=True),
        Answer(silent=True, cut=True),
    ],
)
def test_something_else_on_the_port_is_passed_over_quickly(bare, answer):
    with OpenAIServer([answer]) as server:
        begun = time.monotonic()
        chosen = choose(None, replace(bare, ollama_url=server.root, llama_server_url=server.root))
        assert time.monotonic() - begun < 2
    assert chosen.spec == "extractive"


def test_embedded_weights_that_are_here_and_right_are_taken(bare):
    path = weights.find("small", load_settings().home)
    if path is None:
        pytest.skip("the small model is not here: research-agent models pull small")
    pytest.importorskip("xllamacpp")
    held = file_of(KNOWN["small"], bare.home)
    held.parent.mkdir(parents=True)
    held.symlink_to(path)
    chosen = choose(None, bare)
    assert (chosen.spec, chosen.model.info.provider) == ("embedded:small", "embedded")
    assert choose("embedded:small", bare).model.info == chosen.model.info
    assert choose(f"gguf:{path}", bare).spec == f"gguf:{path}"
    assert choose(str(path), bare).model.info.provider == "embedded"


def test_embedded_weights_that_are_wrong_are_not_taken(bare):
    held = file_of(KNOWN["default"], bare.home)
    held.parent.mkdir(parents=True)
    held.write_bytes(b"GGUF\x03\x00\x00\x00 and nothing else")
    chosen = choose(None, bare)
    assert chosen.spec == "extractive"
    assert "is not Qwen2.5-Coder-1.5B-Instruct" in chosen.why
