"""Any LangChain chat model as a `ChatModel`: capped, counted, and without retries of its own."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from research_agent.errors import (
    ContextLengthError,
    ModelError,
    ModelReplyError,
    ModelUnavailableError,
    UsageError,
)
from research_agent.models.base import Completion, Message, ModelInfo, Request
from research_agent.models.counting import Exchange, prompt_bound
from research_agent.models.negotiation import objects_to
from research_agent.models.refusals import NOTHING, RefusedError, refusal
from research_agent.models.replies import finish_of, split_thinking
from research_agent.models.shapes import checked

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

# What integrations call the cap on output tokens.
_CAPS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict", "max_new_tokens")
# Errors of HTTP libraries and sockets from before a request was sent.
_UNREACHED = frozenset({"ConnectError", "ConnectTimeout", "ConnectionRefusedError"})


class LangChainModel:
    """Carries requests to a LangChain chat model, on a copy of it that is set for the request.

    Each call makes one request. Integrations that make one sample a call give one text, whatever `n` asks for.
    Texts are checked against their constraint, which `shapes.complete_shaped` asks for in words.

    Args:
        model: any `BaseChatModel`.
        name: for prices and the run record; None takes the model's own name.
        context_tokens: the longest prompt plus output it takes.
        public: prompts leave this machine.

    Raises:
        UsageError: the model retries by itself, which no budget would see, or its output cannot be capped.
    """

    def __init__(
        self, model: "BaseChatModel", name: str | None = None, *, context_tokens: int = 128_000, public: bool = True
    ) -> None:
        kind = type(model).__name__
        if getattr(model, "max_retries", 0) != 0:
            raise UsageError(
                f"{kind} retries failed calls by itself, which no budget sees; make it with max_retries=0."
            )
        self._cap = next((cap for cap in _CAPS if cap in type(model).model_fields), None)
        if self._cap is None:
            raise UsageError(
                f"{kind} has no field for the most output tokens ({', '.join(_CAPS)}): it cannot be capped."
            )
        self._model = model
        self._dropped: set[str] = set()
        named = name or str(getattr(model, "model_name", None) or getattr(model, "model", None) or kind)
        self._info = ModelInfo(named, "langchain", context_tokens, public, constrained=False, price_free=not public)

    @property
    def info(self) -> ModelInfo:
        """Who it is and what it can do."""
        return self._info

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return an upper bound of the prompt tokens, from the text alone (see `counting`)."""
        return prompt_bound(messages)

    async def complete(self, request: Request) -> Completion:
        """Carry out one request. Cancelling it ends the call where the integration is asynchronous.

        Raises:
            ModelError: there is no usable reply; `usage` holds what it cost, and None stands for the worst case.
        """
        from langchain_core.messages import convert_to_messages
        from langchain_core.outputs import ChatGeneration

        turns = convert_to_messages([(message.role, message.content) for message in request.messages])
        while True:
            settings = self._settings(request)
            model = self._model.model_copy(update=settings)
            try:
                result = await model.agenerate([turns], stop=list(request.stop) or None)
            except Exception as error:  # each integration raises errors of its own
                failure = self._failure(error, request)
                if not self._learn(settings, failure):
                    raise failure from error
            else:
                messages = [found.message for found in result.generations[0] if isinstance(found, ChatGeneration)]
                return checked(request, self._completion(request, messages, result.llm_output or {}))

    def _learn(self, settings: Mapping[str, Any], failure: ModelError) -> bool:
        """Leave out from now on what the provider turned down, which costs nothing; return whether there is any."""
        found = isinstance(failure, RefusedError) and {
            name for name in settings if name != self._cap and objects_to(failure, name)
        }
        self._dropped |= found or set()
        return bool(found)

    def _settings(self, request: Request) -> dict[str, Any]:
        """Return the fields of the request that this integration has."""
        assert self._cap is not None
        wanted: dict[str, Any] = {"temperature": request.temperature, "seed": request.seed, "n": request.n}
        if request.effort is not None:
            wanted["reasoning_effort"] = request.effort
        has = type(self._model).model_fields.keys() - self._dropped
        return {self._cap: request.max_tokens, **{name: value for name, value in wanted.items() if name in has}}

    def _completion(self, request: Request, messages: "list[BaseMessage]", told: Mapping[str, Any]) -> Completion:
        parts = [split_thinking(str(message.text), _reasoning(message)) for message in messages]
        texts = tuple(text.strip() for text, _ in parts)
        thoughts = [thought for _, thought in parts]
        exchange = Exchange(request.messages, "\n".join(texts), "\n".join(thoughts), request.max_tokens * request.n)
        usage = exchange.measured(_report(messages))
        if not any(texts):
            raise ModelReplyError(f"{self._info.name} replied with an empty text; allow more tokens.", usage)
        metadata = [message.response_metadata for message in messages]
        return Completion(
            texts=texts,
            usage=usage,
            finish=tuple(finish_of(data.get("finish_reason") or data.get("stop_reason")) for data in metadata),
            reasoning=thoughts[0],
            model=str(metadata[0].get("model_name") or told.get("model_name") or self._info.name),
        )

    def _failure(self, error: Exception, request: Request) -> ModelError:
        """Return our error for one of an integration."""
        from langchain_core.exceptions import ContextOverflowError

        where, why = self._info.name, f"{type(error).__name__}: {error}"[:400]
        if isinstance(error, ContextOverflowError):
            return ContextLengthError(f"The prompt and reply are longer than {where} takes ({why}).", NOTHING)
        response = getattr(error, "response", None)
        status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
        if isinstance(status, int):
            body = getattr(error, "body", None)
            told = json.dumps({"error": body}, default=str) if body else str(error)
            prompt = Exchange(request.messages, "", "", 0).estimated()
            return refusal(where, status, getattr(response, "headers", {}), told, prompt)
        kinds = _kinds(error)
        if kinds & _UNREACHED:
            return ModelUnavailableError(f"{where} could not be reached ({why}).", NOTHING)
        if any("Timeout" in kind or "Connection" in kind for kind in kinds):
            # Whether the provider worked on it is unknown, so the caller pays the worst case.
            return ModelUnavailableError(f"{where} did not reply ({why}).")
        return ModelError(f"{where} failed ({why}).")


def load_langchain(spec: str, *, context_tokens: int = 128_000) -> LangChainModel:
    """Make the model of a spec `PROVIDER:MODEL` with LangChain's own `init_chat_model`.

    Raises:
        UsageError: LangChain or the provider's package is not installed, or it refuses the spec.
    """
    provider, _, name = spec.partition(":")
    if not provider or not name:
        raise UsageError(f"The model {f'langchain:{spec}'!r} is incomplete; write it as langchain:PROVIDER:MODEL.")
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise UsageError(
            "A model of the form langchain:PROVIDER:MODEL needs the package langchain and the provider's own; "
            f"install them with: pip install langchain langchain-{provider}"
        ) from error
    try:
        model = init_chat_model(name, model_provider=provider, max_retries=0)
    except ImportError as error:
        raise UsageError(f"LangChain lacks the package for {provider!r}: {error}") from error
    except Exception as error:  # each integration raises errors of its own
        raise UsageError(f"LangChain cannot make the model {spec!r}: {error}") from error
    public = provider not in ("ollama", "llamacpp", "huggingface")
    return LangChainModel(model, name, context_tokens=context_tokens, public=public)


def _kinds(error: BaseException | None) -> set[str]:
    """Return the names of an error's classes and of those that caused it."""
    kinds: set[str] = set()
    while error is not None:
        kinds |= {kind.__name__ for kind in type(error).__mro__}
        error = error.__cause__
    return kinds


def _reasoning(message: "BaseMessage") -> str:
    shown = message.additional_kwargs.get("reasoning_content")
    if isinstance(shown, str):
        return shown
    blocks = [block for block in message.content_blocks if block.get("type") == "reasoning"]
    return "\n".join(str(block.get("reasoning", "")) for block in blocks)


def _report(messages: "list[BaseMessage]") -> dict[str, Any] | None:
    """Return LangChain's usage in the OpenAI form; its output counts include reasoning, too."""
    told: Mapping[str, Any] | None = getattr(messages[0], "usage_metadata", None) if messages else None
    if not told:
        return None
    return {
        "prompt_tokens": told.get("input_tokens"),
        "completion_tokens": told.get("output_tokens"),
        "prompt_tokens_details": {"cached_tokens": told.get("input_token_details", {}).get("cache_read")},
        "completion_tokens_details": {"reasoning_tokens": told.get("output_token_details", {}).get("reasoning")},
    }
