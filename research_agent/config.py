"""The only reader of the environment, once, at the door: what is configured, as frozen values."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from research_agent.errors import UsageError

VARIABLES: Mapping[str, str] = {
    "RESEARCH_AGENT_HOME": "folder for models and runs (default: the user's cache folder)",
    "RESEARCH_AGENT_MODEL": "model to use where none is asked for",
    "RESEARCH_AGENT_API_KEY": "key for a server named by its address, as in openai:MODEL@URL",
    "RESEARCH_AGENT_CONTEXT_TOKENS": "longest prompt plus reply of a model behind a server",
    "OPENAI_API_KEY": "key for OpenAI, or for the server at OPENAI_BASE_URL",
    "OPENAI_BASE_URL": "address of an OpenAI-format server",
    "OPENAI_MODEL": "its model",
    "ANTHROPIC_API_KEY": "key for Anthropic",
    "GEMINI_API_KEY": "key for Gemini",
    "OLLAMA_HOST": "address of Ollama (default: 127.0.0.1:11434)",
    "OLLAMA_CONTEXT_LENGTH": "context that Ollama was started with (default: 4096)",
    "LLAMA_SERVER_URL": "address of llama-server (default: http://127.0.0.1:8080)",
}

OLLAMA = "http://127.0.0.1:11434"
LLAMA_SERVER = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. Keys are left out of the printed form.

    Attributes:
        home: folder for models and runs.
        model: spec of the model to use where none is asked for.
        api_key: for servers named by their address.
        context_tokens: longest prompt plus reply of a model behind a server, or None where nobody said.
        openai_base_url: None stands for OpenAI's own.
        ollama_url: without a path.
        ollama_context: tokens.
        llama_server_url: without a path.
    """

    home: Path
    model: str | None = None
    api_key: str = field(default="", repr=False)
    context_tokens: int | None = None
    openai_api_key: str = field(default="", repr=False)
    openai_base_url: str | None = None
    openai_model: str | None = None
    anthropic_api_key: str = field(default="", repr=False)
    gemini_api_key: str = field(default="", repr=False)
    ollama_url: str = OLLAMA
    ollama_context: int = 4096
    llama_server_url: str = LLAMA_SERVER

    @property
    def runs(self) -> Path:
        """Folder of the run folders."""
        return self.home / "runs"


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment, or from a mapping in its place. An empty variable counts as not set.

    Raises:
        UsageError: a variable holds something that cannot be used.
    """
    source = os.environ if environment is None else environment
    told = {name: source.get(name, "").strip() for name in VARIABLES}
    return Settings(
        home=_home(told["RESEARCH_AGENT_HOME"]),
        model=told["RESEARCH_AGENT_MODEL"] or None,
        api_key=told["RESEARCH_AGENT_API_KEY"],
        context_tokens=_tokens("RESEARCH_AGENT_CONTEXT_TOKENS", told),
        openai_api_key=told["OPENAI_API_KEY"],
        openai_base_url=told["OPENAI_BASE_URL"] or None,
        openai_model=told["OPENAI_MODEL"] or None,
        anthropic_api_key=told["ANTHROPIC_API_KEY"],
        gemini_api_key=told["GEMINI_API_KEY"],
        ollama_url=_address(told["OLLAMA_HOST"], 11434) or OLLAMA,
        ollama_context=_tokens("OLLAMA_CONTEXT_LENGTH", told) or 4096,
        llama_server_url=_address(told["LLAMA_SERVER_URL"], 8080) or LLAMA_SERVER,
    )


def _home(told: str) -> Path:
    if told:
        return Path(told).expanduser().resolve()
    import platformdirs

    return platformdirs.user_cache_path("search-as-compute")


def _tokens(name: str, told: Mapping[str, str]) -> int | None:
    if not told[name]:
        return None
    if not told[name].isdecimal() or int(told[name]) < 1:
        raise UsageError(f"{name} must be a number of tokens, at least 1, and is {told[name]!r}.")
    return int(told[name])


def _address(told: str, port: int) -> str:
    """Return an address as a URL without a path; Ollama takes a bare host, and a server's own 0.0.0.0 means here."""
    if not told:
        return ""
    url = told if "://" in told else f"http://{told}"
    scheme, _, rest = url.rstrip("/").partition("://")
    host, slash, path = rest.partition("/")
    if host.startswith(":"):
        host = f"127.0.0.1{host}"
    if ":" not in host.rpartition("]")[2] and scheme == "http":
        host = f"{host}:{port}"
    return f"{scheme}://{host.replace('0.0.0.0', '127.0.0.1')}{slash}{path}"  # noqa: S104 (replaced, not bound)
