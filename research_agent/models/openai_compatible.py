"""Any server that speaks the OpenAI chat format: OpenAI, Anthropic and Gemini through their doors, Ollama, vLLM.

Replies are streamed, so that a deadline or cancellation ends the work and what has come is counted. Nothing is retried:
the ledger's doors do that, and charge it. What a server turns down as unsupported is left out from then on; such a
refusal costs no tokens, and is the only reason for a second request in one call.
"""

import ipaddress
from collections.abc import Sequence
from contextlib import aclosing
from urllib.parse import urlsplit

from research_agent.errors import ContextLengthError, ModelReplyError, UsageError
from research_agent.models.base import Completion, Message, ModelInfo, Request
from research_agent.models.counting import Exchange, prompt_bound, token_floor
from research_agent.models.negotiation import Dialect
from research_agent.models.refusals import NOTHING, RefusedError, fault
from research_agent.models.replies import Gathered
from research_agent.models.shapes import checked
from research_agent.models.sse import DONE
from research_agent.models.wire import Wire

# An event of a stream is some 300 bytes around one token; this leaves room for wordy servers.
_BYTES_A_TOKEN = 2048
_BYTES_BESIDE = 1_048_576


class OpenAICompatible:
    """A `ChatModel` behind `POST {base_url}/chat/completions`.

    Args:
        base_url: with the version, as `https://api.openai.com/v1`.
        model: as the server names it.
        api_key: sent as a bearer token; "" sends none.
        provider: with the model's name the key for prices.
        context_tokens: the longest prompt plus output the model takes.
        public: prompts leave this machine and its network; None means that the address tells.
        silence: seconds without a byte after which the server counts as gone; a local model may be silent for
            minutes while it reads a long prompt.

    Raises:
        UsageError: the address is not one of HTTP, or the model has no name.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str = "",
        *,
        provider: str = "openai-compatible",
        context_tokens: int = 32_768,
        public: bool | None = None,
        silence: float = 300.0,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{base_url!r} is not the address of a model server; write it as http://host:port/v1.")
        if not model:
            raise UsageError(
                f"The server at {base_url} needs the name of a model; write it as openai:MODEL@{base_url}."
            )
        away = not is_local(base_url) if public is None else public
        self._info = ModelInfo(model, provider, context_tokens, public=away, constrained=False, price_free=not away)
        self._where = f"{model} at {parts.netloc.rpartition('@')[2]}"
        self._dialect = Dialect(local=is_local(base_url), completion_cap=parts.hostname == "api.openai.com")
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._wire = Wire(base_url.rstrip("/").removesuffix("/chat/completions"), headers, silence)

    @property
    def info(self) -> ModelInfo:
        """Who it is and what it can do."""
        return self._info

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return an upper bound of the prompt tokens, from the text alone (see `counting`)."""
        return prompt_bound(messages)

    async def complete(self, request: Request) -> Completion:
        """Carry out one request.

        A `JsonShape` or `Choice` is sent as `response_format` where the server takes it, and every text is checked
        against its constraint; `shapes.complete_shaped` also asks for it in words, and repairs. A server that makes
        fewer samples than asked gives fewer texts.

        Raises:
            ModelError: there is no usable reply; `usage` holds what it cost, and None stands for the worst case.
        """
        self._require_room(request)
        while True:
            body = self._dialect.body(self._info.name, request)
            try:
                return checked(request, await self._once(request, body))
            except RefusedError as refused:
                if not self._dialect.learn(body, refused):
                    raise

    async def aclose(self) -> None:
        """Close the connections; harmless when called twice."""
        await self._wire.aclose()

    async def _once(self, request: Request, body: dict[str, object]) -> Completion:
        gathered = Gathered()
        prompt = Exchange(request.messages, "", "", 0).estimated()
        most_bytes = _BYTES_BESIDE + _BYTES_A_TOKEN * request.max_tokens * request.n
        events = self._wire.post("/chat/completions", body, where=self._where, prompt=prompt, most_bytes=most_bytes)
        try:
            async with aclosing(events):
                async for event in events:
                    if event is DONE:
                        break
                    if event.get("error"):
                        raise fault(self._where, event["error"], _exchange(request, gathered).estimated())
                    gathered.add(event)
                else:
                    self._require_end(gathered)
        except ModelReplyError as error:
            error.usage = error.usage or _exchange(request, gathered).measured(gathered.usage)
            raise
        return self._completion(request, gathered)

    def _completion(self, request: Request, gathered: Gathered) -> Completion:
        usage = _exchange(request, gathered).measured(gathered.usage)
        if not any(gathered.texts):
            raise ModelReplyError(self._empty(request, gathered), usage)
        return Completion(
            texts=gathered.texts[: request.n],
            usage=usage,
            finish=gathered.finish[: request.n],
            reasoning=gathered.reasoning[0],
            model=gathered.model or self._info.name,
        )

    def _empty(self, request: Request, gathered: Gathered) -> str:
        """Say why there is no text."""
        if gathered.refused:
            return f"{self._where} refused to answer: {gathered.refused[:300]}"
        if "length" in gathered.finish:
            return (
                f"{self._where} used all of its {request.max_tokens} output tokens and came to no answer; "
                "allow more tokens or less thinking."
            )
        return f"{self._where} replied with an empty text (it ended with: {', '.join(gathered.finish) or 'nothing'})."

    def _require_end(self, gathered: Gathered) -> None:
        if not gathered.ended:
            raise ModelReplyError(
                f"The reply of {self._where} was cut off: the stream ended after "
                f"{sum(map(len, gathered.texts))} characters without a finish."
            )

    def _require_room(self, request: Request) -> None:
        """Refuse what surely does not fit: some local servers would cut the prompt without a word."""
        least = sum(token_floor(message.content) for message in request.messages)
        if least + request.max_tokens > self._info.context_tokens:
            raise ContextLengthError(
                f"A prompt of at least {least} tokens and {request.max_tokens} for the reply are longer than the "
                f"{self._info.context_tokens} tokens {self._where} takes; shorten the prompt or allow fewer tokens.",
                NOTHING,
            )


def is_local(url: str) -> bool:
    """Return whether an address is on this machine or in its private network; names other than localhost are not."""
    host = (urlsplit(url).hostname or "").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def _exchange(request: Request, gathered: Gathered) -> Exchange:
    return Exchange(
        request.messages,
        "\n".join(gathered.texts),
        "\n".join(gathered.reasoning),
        request.max_tokens * request.n,
    )
