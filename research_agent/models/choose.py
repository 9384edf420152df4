"""Which model a run uses: the one asked for, or the best that is configured or found here. Nothing is spent on it."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from research_agent.config import Settings
from research_agent.errors import ModelFileError, UnknownNameError, UsageError
from research_agent.models.base import ChatModel
from research_agent.models.catalogue import known

KNOWN_FORMS = (
    "extractive",
    "embedded",
    "embedded:small",
    "gguf:PATH",
    "openai:MODEL",
    "openai:MODEL@BASE_URL",
    "anthropic:MODEL",
    "gemini:MODEL",
    "ollama:MODEL",
    "langchain:PROVIDER:MODEL",
)
_OPENAI = "https://api.openai.com/v1"
_PROBE_SECONDS = 0.3
_PUBLIC_CONTEXT = 128_000
_LOCAL_CONTEXT = 8_192


@dataclass(frozen=True, slots=True)
class Provider:
    """A hosted service with an OpenAI-format door.

    Attributes:
        id: as price lists name it.
        default: the model where only a key is configured: the service's small, cheap one.
    """

    id: str
    base_url: str
    variable: str
    default: str


_PROVIDERS = {
    "openai": Provider("openai", _OPENAI, "OPENAI_API_KEY", "gpt-5-mini"),
    "anthropic": Provider("anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", "claude-haiku-4-5"),
    "gemini": Provider(
        "google", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY", "gemini-2.5-flash"
    ),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice of model.

    Attributes:
        model: None means extractive: no language model at all.
        why: one sentence for the user.
        spec: names the same model again, for the run record.
    """

    model: ChatModel | None
    why: str
    spec: str


def choose(spec: str | None, settings: Settings) -> Chosen:
    """Choose the model of a run.

    The order is: `spec`, the configured model, a configured provider key, a local Ollama or llama-server, the embedded
    model if its weights are here, and else extractive.

    Raises:
        UnknownNameError: there is no such form of model; the known ones are named.
        UsageError: the model asked for cannot be used as things are configured.
        ModelFileError: its weights are missing, or their checksum is wrong.
    """
    if spec is not None:
        return _named(spec.strip(), settings, "as asked for")
    if settings.model:
        return _named(settings.model, settings, "as RESEARCH_AGENT_MODEL says")
    for name, provider in _PROVIDERS.items():
        if _key_of(name, settings) or (name == "openai" and settings.openai_base_url):
            return _configured(name, provider, settings)
    return _local(settings) or _embedded_if_there(settings)


def _named(spec: str, settings: Settings, why: str) -> Chosen:
    kind, _, rest = spec.partition(":")
    if spec == "extractive":
        return Chosen(None, f"Model: extractive, no language model, {why}.", spec)
    if spec.endswith(".gguf") and kind != "gguf":
        kind, rest = "gguf", spec
    makers: dict[str, Callable[[str, Settings], ChatModel]] = {
        "embedded": lambda name, settings: _embedded(known(name or "default").name, settings),
        "gguf": _embedded,
        "openai": _openai,
        "anthropic": lambda name, settings: _hosted("anthropic", name, settings),
        "gemini": lambda name, settings: _hosted("gemini", name, settings),
        "ollama": _ollama,
        "langchain": _langchain,
    }
    if kind not in makers or (not rest and kind != "embedded"):
        raise UnknownNameError("model", spec, KNOWN_FORMS)
    model = makers[kind](rest, settings)
    return Chosen(model, f"Model: {spec}, {why}{_privacy(model)}.", spec)


def _configured(name: str, provider: Provider, settings: Settings) -> Chosen:
    """Return the model of the first service that has a key."""
    model = settings.openai_model if name == "openai" else None
    if model is None and name == "openai" and settings.openai_base_url:
        model = _first_model(settings.openai_base_url, settings)
    spec = f"{name}:{model or provider.default}"
    what = provider.variable if _key_of(name, settings) else "OPENAI_BASE_URL"
    return _named(spec, settings, f"because {what} is set")


def _local(settings: Settings) -> Chosen | None:
    """Return the model of a server that runs on this machine, if one answers."""
    from research_agent.models.wire import probe

    tags = probe(f"{settings.ollama_url}/api/tags", _PROBE_SECONDS)
    for name in filter(_chats, _rows(tags, "models")):
        spec = f"ollama:{name['name']}"
        return _named(spec, settings, f"found in Ollama at {settings.ollama_url}")
    base = f"{settings.llama_server_url}/v1"
    for row in _rows(probe(f"{base}/models", _PROBE_SECONDS), "data"):
        if row.get("id"):
            return _named(f"openai:{row['id']}@{base}", settings, "found in llama-server")
    return None


def _embedded_if_there(settings: Settings) -> Chosen:
    """Return the embedded model if its weights are here and right, or else extractive."""
    lacking = "The embedded model needs the package xllamacpp."
    if importlib.util.find_spec("xllamacpp") is not None:
        for name, spec in (("default", "embedded"), ("small", "embedded:small")):
            try:
                return Chosen(_embedded(name, settings), f"Model: {spec}, no key or local server being found.", spec)
            except ModelFileError as error:
                lacking = str(error) if name == "default" else lacking
    return Chosen(None, f"Model: extractive, no language model being configured. {lacking}", "extractive")


def _embedded(name: str, settings: Settings) -> ChatModel:
    from research_agent.models import weights
    from research_agent.models.embedded import EmbeddedModel

    # Verified here, before a run begins.
    weights.load(name, settings.home)
    return EmbeddedModel(name, home=settings.home)


def _openai(rest: str, settings: Settings) -> ChatModel:
    name, at, url = rest.partition("@http")
    base = f"http{url}" if at else settings.openai_base_url or _OPENAI
    own = settings.openai_base_url or _OPENAI
    # The key goes to no other server than the one it was configured for.
    key = settings.openai_api_key if _host(base) == _host(own) else ""
    return _server(base, name, (settings.api_key if at else "") or key, settings)


def _hosted(name: str, model: str, settings: Settings) -> ChatModel:
    return _server(_PROVIDERS[name].base_url, model, _key_of(name, settings), settings)


def _ollama(name: str, settings: Settings) -> ChatModel:
    from research_agent.models.openai_compatible import OpenAICompatible

    # Models that Ollama only passes on to its own service.
    remote = name.endswith(("-cloud", ":cloud"))
    context = settings.context_tokens or settings.ollama_context
    public = True if remote else None
    return OpenAICompatible(f"{settings.ollama_url}/v1", name, provider="ollama", context_tokens=context, public=public)


def _langchain(rest: str, settings: Settings) -> ChatModel:
    from research_agent.models.langchain import load_langchain

    return load_langchain(rest, context_tokens=settings.context_tokens or _PUBLIC_CONTEXT)


def _server(base: str, name: str, key: str, settings: Settings) -> ChatModel:
    from research_agent.models.openai_compatible import OpenAICompatible, is_local

    listed = next((one for one in _PROVIDERS.values() if _host(one.base_url) == _host(base)), None)
    if listed and not key:
        raise UsageError(f"The model {name!r} at {_host(base)} needs a key: set {listed.variable}.")
    context = settings.context_tokens or (_context(base, name) if is_local(base) else _PUBLIC_CONTEXT)
    provider = listed.id if listed else "openai-compatible"
    return OpenAICompatible(base, name, key, provider=provider, context_tokens=context)


def _context(base: str, name: str) -> int:
    """Return the context a local server states for a model: vLLM in its list, llama-server in its properties."""
    from research_agent.models.wire import probe

    for row in _rows(probe(f"{base}/models", _PROBE_SECONDS), "data"):
        if row.get("id") == name and isinstance(row.get("max_model_len"), int):
            return int(row["max_model_len"])
    properties = probe(f"{base.removesuffix('/v1')}/props", _PROBE_SECONDS)
    told = properties.get("default_generation_settings") if isinstance(properties, dict) else None
    length = told.get("n_ctx") if isinstance(told, dict) else None
    return length if isinstance(length, int) and length > 0 else _LOCAL_CONTEXT


def _first_model(base: str, settings: Settings) -> str:
    from research_agent.models.openai_compatible import is_local
    from research_agent.models.wire import probe

    rows = _rows(probe(f"{base.rstrip('/')}/models", _PROBE_SECONDS), "data") if is_local(base) else []
    if not rows or not rows[0].get("id"):
        raise UsageError(f"OPENAI_BASE_URL is {base} and no model is named: set OPENAI_MODEL.")
    return str(rows[0]["id"])


def _rows(data: object, name: str) -> list[dict[str, Any]]:
    rows = data.get(name) if isinstance(data, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _chats(row: dict[str, Any]) -> bool:
    """Return whether a model in Ollama's list talks, and here: encoders do not, and some are only passed on."""
    details = row.get("details")
    families = str(details.get("families") or details.get("family")) if isinstance(details, dict) else ""
    name = str(row.get("name") or "")
    abilities = row.get("capabilities") or ["completion"]
    return bool(name) and "bert" not in families and "completion" in abilities and not row.get("remote_host")


def _key_of(name: str, settings: Settings) -> str:
    return {
        "openai": settings.openai_api_key,
        "anthropic": settings.anthropic_api_key,
        "gemini": settings.gemini_api_key,
    }[name]


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _privacy(model: ChatModel) -> str:
    return "; prompts leave this machine" if model.info.public else ""
