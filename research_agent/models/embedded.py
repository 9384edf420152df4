"""A language model inside this process: any GGUF file, run by llama.cpp through `xllamacpp`.

One slot and a queue: on a few cores, requests one after another over one prefix cache are faster than requests side
by side, and the cores are never shared with the encoder (`retrieval.compute.CORES`).
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from research_agent.errors import ContextLengthError, ModelReplyError, ModelUnavailableError, UsageError
from research_agent.models import weights
from research_agent.models.base import Choice, Completion, Message, ModelInfo, Request, Usage
from research_agent.models.catalogue import KNOWN
from research_agent.models.grammar import grammar, settle
from research_agent.models.llama import Llama, Native
from retrieval.compute import CORES

T = TypeVar("T")

# A model without a reasoning channel thinks in the open: its turn begins with a draft, and the reply follows it.
# Both end in a line break, as a turn's opening does: after a blank a tokenizer begins words in an unusual way.
OPENING = "Reasoning:\n"
CLOSING = "\n\nAnswer:\n"
# Fewer tokens than these are no draft, and no answer.
LEAST_DRAFT = 12
LEAST_ANSWER = 8
_LIKELIEST = 64  # first tokens whose probabilities are asked for, to see how sure a choice is


class EmbeddedModel:
    """A `ChatModel` that runs here. Loading waits for the first use; `load` does it ahead of time.

    Temperature 0 is greedy. Replies may still differ in rare near-ties with what the prefix cache held, since
    llama.cpp computes a prompt in other batches then.
    """

    def __init__(
        self, spec: str = "default", *, home: Path, context_tokens: int = 4096, threads: int | None = None
    ) -> None:
        """Name the model; nothing is loaded yet.

        Args:
            spec: "default", "small", or the path of a GGUF file.
            home: the project's cache folder.
            context_tokens: the longest prompt plus output.
            threads: threads that read the prompt, half of which generate; None means the cores it may use.

        Raises:
            ModelFileError: there is no such file, or it is no GGUF file.
            UsageError: a context too short to hold a question.
        """
        if context_tokens < 256:
            raise UsageError(f"A context of {context_tokens} tokens is too short for any question; use at least 256.")
        path = weights.locate(spec, home)
        self._info = ModelInfo(
            name=KNOWN[spec].title if spec in KNOWN else path.name,
            provider="embedded",
            context_tokens=context_tokens,
            public=False,
            constrained=True,
            price_free=True,
        )
        self._spec, self._home, self._threads = spec, home, threads
        self._llama: Llama | None = None
        self._loading = threading.Lock()
        self._queue = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedded-model")
        self._closing = threading.Event()

    @property
    def info(self) -> ModelInfo:
        """Who it is and what it can do."""
        return self._info

    async def load(self) -> None:
        """Verify and load the weights now, off the event loop (1 to 8 s for the default model).

        Raises:
            ModelFileError: the weights are missing, wrong, or cannot be loaded.
        """
        await self._submit(self._loaded)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return exactly the prompt tokens these messages cost, template included; loads the model if need be."""
        llama = self._loaded()
        return llama.count(llama.prompt(tuple(messages)))

    async def complete(self, request: Request) -> Completion:
        """Carry out one request. Cancelling it ends the generation in flight within one step of the model.

        Raises:
            ContextLengthError: prompt and output together are longer than the context; nothing was generated.
            ModelFileError: the weights are missing or wrong.
            ModelReplyError: the reply does not keep to the constraint.
            ModelUnavailableError: the runtime failed.
            UsageError: the request asks for no tokens or no samples, or its constraint cannot be held.
        """
        if request.max_tokens < 1 or request.n < 1:
            raise UsageError(
                f"A request needs at least 1 token and 1 sample; this one asks for {request.max_tokens} tokens "
                f"and {request.n} samples."
            )
        cancelled = threading.Event()
        try:
            return await self._submit(lambda: self._complete(request, cancelled))
        finally:
            cancelled.set()

    async def aclose(self) -> None:
        """End what is in flight and free the model; harmless when called twice."""
        self._closing.set()
        await asyncio.to_thread(self._queue.shutdown, wait=True, cancel_futures=True)
        with self._loading:
            if self._llama is not None:
                self._llama.close()
            self._llama = None

    async def _submit(self, work: Callable[[], T]) -> T:
        self._require_open()
        return await asyncio.wrap_future(self._queue.submit(work))

    def _require_open(self) -> None:
        if self._closing.is_set():
            raise ModelUnavailableError(f"The embedded model {self._info.name} was closed; open it anew.")

    def _loaded(self) -> Llama:
        with self._loading:
            self._require_open()
            if self._llama is None:
                path = weights.load(self._spec, self._home)
                with CORES:
                    self._llama = Llama(path, context_tokens=self._info.context_tokens, threads=self._threads)
            return self._llama

    def _complete(self, request: Request, cancelled: threading.Event) -> Completion:
        held = {} if request.constraint is None else {"grammar": grammar(request.constraint)}
        llama = self._loaded()
        prompt = llama.prompt(request.messages)
        length = llama.count(prompt)
        if length + request.max_tokens > self._info.context_tokens:
            raise ContextLengthError(
                f"The prompt has {length} tokens and {request.max_tokens} more are asked for, but "
                f"{self._info.name} takes {self._info.context_tokens} in all: shorten the prompt or ask for fewer.",
                Usage(),
            )

        def stopped() -> bool:
            return cancelled.is_set() or self._closing.is_set()

        samples = [_sample(llama, prompt, request, index, held, stopped) for index in range(request.n)]
        usage = Usage(
            prompt_tokens=length,
            cached_tokens=min(samples[0].cached_tokens, length),
            output_tokens=sum(sample.output_tokens for sample in samples),
            reasoning_tokens=sum(sample.reasoning_tokens for sample in samples),
        )
        return Completion(
            texts=tuple(_settled(sample, request, usage) for sample in samples),
            usage=usage,
            finish=tuple(sample.finish for sample in samples),
            reasoning=samples[0].reasoning,
            model=self._info.name,
            sureness=samples[0].sureness,
        )


@dataclass(frozen=True, slots=True)
class _Sample:
    """One sample: its text, why it ended, what it cost, and the draft before it."""

    text: str
    finish: Literal["stop", "length"]
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int = 0
    reasoning: str = ""
    sureness: float | None = None


def _sample(
    llama: Llama, prompt: str, request: Request, index: int, held: dict[str, str], stopped: Callable[[], bool]
) -> _Sample:
    options: dict[str, object] = {
        "temperature": request.temperature,
        # The runtime takes 2**32 - 1 for "choose one".
        "seed": (request.seed + index) % (2**32 - 1),
    }
    replying = options | held | {"stop": list(request.stop)}
    if isinstance(request.constraint, Choice):
        replying["logprobs"] = _LIKELIEST
    glue = llama.count(OPENING) + llama.count(CLOSING)
    room = min(request.think, request.max_tokens - LEAST_ANSWER) - glue
    if room < LEAST_DRAFT:
        reply = _generate(llama, prompt, replying | {"max_tokens": request.max_tokens}, stopped)
        return _Sample(
            reply.text, reply.finish, reply.cached_tokens, reply.output_tokens, sureness=_sureness(reply, request)
        )
    drafting = options | {"max_tokens": room, "stop": [CLOSING.strip()]}
    draft = _generate(llama, prompt + OPENING, drafting, stopped)
    thought, reasoning = draft.output_tokens + glue, draft.text.strip()
    opened = prompt + OPENING + reasoning + CLOSING
    reply = _generate(llama, opened, replying | {"max_tokens": request.max_tokens - thought}, stopped)
    return _Sample(
        reply.text,
        reply.finish,
        draft.cached_tokens,
        thought + reply.output_tokens,
        thought,
        reasoning,
        _sureness(reply, request),
    )


def _sureness(reply: Native, request: Request) -> float | None:
    """Return the probability of the chosen option among all, None where first tokens cannot tell options apart."""
    if not isinstance(request.constraint, Choice) or not reply.first:
        return None
    shares = dict.fromkeys(request.constraint.options, 0.0)
    for token, probability in reply.first:
        begun = [
            option for option in shares if token.strip() and option.casefold().startswith(token.strip().casefold())
        ]
        if len(begun) > 1:
            return None
        if begun:
            shares[begun[0]] += probability
    chosen = next((option for option in shares if option.startswith(reply.text.strip())), None)
    total = sum(shares.values())
    # A model that would rather say something else is not sure of what it was made to say.
    return shares[chosen] / total if chosen is not None and total > 0 else 0.0


def _generate(llama: Llama, prompt: str, options: dict[str, object], stopped: Callable[[], bool]) -> Native:
    with CORES:
        if stopped():
            raise ModelUnavailableError("The request was cancelled before its turn came.")
        return llama.generate(prompt, options, stopped)


def _settled(sample: _Sample, request: Request, usage: Usage) -> str:
    if request.constraint is None:
        return sample.text.strip()
    try:
        return settle(sample.text, request.constraint, cut=sample.finish == "length" or bool(request.stop))
    except ModelReplyError as error:
        raise ModelReplyError(str(error), usage) from error
