"""The environment is read once, at the door; nothing else decides what is configured."""

from pathlib import Path

import pytest

from research_agent.config import VARIABLES, load_settings
from research_agent.errors import UsageError


def test_nothing_set():
    settings = load_settings({})
    assert settings.home.name == "search-as-compute"
    assert settings.runs == settings.home / "runs"
    assert settings.model is None
    assert settings.ollama_url == "http://127.0.0.1:11434"
    assert settings.llama_server_url == "http://127.0.0.1:8080"
    assert settings == load_settings(dict.fromkeys(VARIABLES, " "))


def test_the_process_environment_is_the_default(monkeypatch, tmp_path):
    monkeypatch.setenv("RESEARCH_AGENT_HOME", str(tmp_path))
    monkeypatch.setenv("RESEARCH_AGENT_MODEL", "extractive")
    settings = load_settings()
    assert (settings.home, settings.model) == (tmp_path, "extractive")


def test_home_is_absolute_and_expanded(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings({"RESEARCH_AGENT_HOME": "~/here"}).home == tmp_path / "here"
    assert load_settings({"RESEARCH_AGENT_HOME": "here"}).home == Path.cwd() / "here"


def test_keys_are_not_printed():
    names = [name for name in VARIABLES if name.endswith("_API_KEY")]
    settings = load_settings({name: f"secret-{name}" for name in names})
    assert len(names) == 4
    assert "secret" not in repr(settings)
    assert settings.openai_api_key == "secret-OPENAI_API_KEY"


@pytest.mark.parametrize(
    ("told", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("192.168.1.7", "http://192.168.1.7:11434"),
        ("localhost:1234", "http://localhost:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("http://box:1234/", "http://box:1234"),
        ("https://box/ollama", "https://box/ollama"),
        ("[::1]:1234", "http://[::1]:1234"),
        ("[::1]", "http://[::1]:11434"),
    ],
)
def test_forms_of_ollama_host(told, url):
    assert load_settings({"OLLAMA_HOST": told}).ollama_url == url


@pytest.mark.parametrize("told", ["0", "-1", "many", "1.5"])
def test_a_context_that_is_no_number_is_refused(told):
    with pytest.raises(
        UsageError, match=f"RESEARCH_AGENT_CONTEXT_TOKENS must be a number of tokens, at least 1, and is '{told}'"
    ):
        load_settings({"RESEARCH_AGENT_CONTEXT_TOKENS": told})
