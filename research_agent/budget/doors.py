"""The doors of one chain: every model call, search, document and reranking passes here, and is paid for here."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from research_agent.budget.amounts import is_count
from research_agent.budget.attempt import Offer, fixed, in_time, make
from research_agent.budget.budget import Remaining
from research_agent.budget.charge import Charge
from research_agent.budget.ledger import Ledger
from research_agent.budget.meters import Meters
from research_agent.budget.replies import (
    read_completion,
    read_document,
    read_error,
    read_hits,
    write_completion,
    write_document,
    write_hits,
)
from research_agent.budget.retry import Retry
from research_agent.budget.usage import measured
from research_agent.errors import ContextLengthError, ModelError, UsageError
from research_agent.models.base import ChatModel, Completion, Message, Request, Usage
from retrieval.base import Document, Fetcher, Hit, Retriever
from retrieval.errors import RetrievalError

T = TypeVar("T")


class Doors:
    """The only way of one chain to a model, a search or a document.

    A call that was settled under its key, in this session or an earlier one, is answered from the journal at no
    cost. Every attempt on the wire is charged: what it cost where that is known, else its worst case.

    Args:
        ledger: the chain's slice, or the run's own ledger.
        model: None where the run has no language model.
        chain: name of the chain within the run; prefixes every key.
        retry: when a passing failure is tried again.
        sleep: how to wait for the next attempt.
        seed: of the jitter in the waits.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        model: ChatModel | None = None,
        chain: str = "0",
        retry: Retry | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        seed: int = 0,
    ) -> None:
        self.ledger = ledger
        self.model = model
        self.chain = chain
        self._retry = retry or Retry()
        self._sleep = sleep
        self._seed = seed
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def complete(self, request: Request, *, key: str, answer: bool = False) -> Completion:
        """Carry out a model call, with `max_tokens` cut down to what is left.

        Raises:
            BudgetExceededError: not even one token a sample fits after the prompt.
            ContextLengthError: the prompt leaves no room in the model's context.
            DeadlineError: time was up before, or ran out during, the call.
            ModelError: it failed for good.
        """
        model = self._need_model()

        def offer() -> Offer[Completion]:
            fitted, prompt = self._fitted(model, request, answer)
            tariff = self.ledger.tariff
            most = Meters(prompt_tokens=prompt, output_tokens=fitted.max_tokens * fitted.n)
            worst = tariff.model(model.info, most, estimated=True)

            def cost(usage: Usage | None, texts: Sequence[str] = ()) -> Charge:
                meters = measured(usage, most, texts)
                if usage is None or meters is None:
                    return worst
                return tariff.model(model.info, meters, estimated=bool(usage.estimated))

            return Offer(
                worst,
                lambda: model.complete(fitted),
                lambda completion: cost(completion.usage, completion.texts),
                write_completion,
                lambda error: cost(error.usage) if isinstance(error, ModelError) else worst,
            )

        return await self._buy("model", key, answer, offer, read_completion)

    async def search(self, retriever: Retriever, query: str, *, k: int, key: str) -> list[Hit]:
        """Carry out one search and return at most `k` hits.

        Raises:
            BudgetExceededError: it does not fit.
            DeadlineError: time was up before, or ran out during, the search.
            RetrievalError: it failed for good.
        """
        if not is_count(k) or k < 1:
            raise UsageError(f"A search must ask for at least 1 hit, not {k!r}.")

        async def send() -> list[Hit]:
            return (await retriever.search(query, k=k))[:k]

        price = self.ledger.tariff.search(retriever.info)
        return await self._buy("search", key, False, lambda: fixed(price, send, write_hits), read_hits)

    async def fetch(self, retriever: Retriever, document_id: str, *, key: str) -> Document:
        """Open one document.

        The text of a document from this machine is not copied into the journal: a replay opens it again, for nothing.

        Raises:
            BudgetExceededError: it does not fit.
            DeadlineError: time was up before, or ran out during, the call.
            RetrievalError: it failed for good.
            UsageError: the backend cannot open documents.
        """
        if not isinstance(retriever, Fetcher):
            raise UsageError(f"The backend {retriever.info.name!r} cannot open documents: read the hits' own texts.")
        public = retriever.info.public

        async def send() -> Document:
            return await retriever.fetch(document_id)

        def write(document: Document | None) -> dict[str, Any]:
            return {"document": write_document(document) if public and document else None}

        def read(data: Mapping[str, Any]) -> Document | None:
            return read_document(data["document"]) if data["document"] else None

        price = self.ledger.tariff.fetch(retriever.info)

        def offer() -> Offer[Document | None]:
            return fixed(price, send, write)

        document = await self._buy("fetch", key, False, offer, read)
        if document is not None:
            return document
        async with in_time(self.ledger, answer=False):
            return await send()

    async def rerank(self, passages: int, *, key: str, answer: bool = False) -> None:
        """Charge for scoring this many passages on this machine.

        Raises:
            BudgetExceededError: it does not fit.
            DeadlineError: time is up.
        """
        if not is_count(passages):
            raise UsageError(f"The number of passages must be a whole number of at least 0, not {passages!r}.")

        async def send() -> None:
            return None

        price = self.ledger.tariff.local(Meters(reranks=passages))
        if passages:
            await self._buy("rerank", key, answer, lambda: fixed(price, send, lambda _: {}), lambda _: None)

    def remaining(self) -> Remaining:
        """Return what is left, without what is set aside for the answer; None means no cap."""
        return self.ledger.remaining()

    def affordable_tokens(self, messages: Sequence[Message], *, n: int = 1, answer: bool = False) -> int:
        """Return the output tokens a sample that the next model call with this prompt could pay for; at least 0."""
        model = self._need_model()
        prompt = model.count_tokens(messages)
        return max(0, self._most_tokens(model, prompt, n, answer))

    def worst_call(self, request: Request) -> Charge:
        """Return the most that a model call can cost."""
        model = self._need_model()
        most = Meters(prompt_tokens=model.count_tokens(request.messages), output_tokens=request.max_tokens * request.n)
        return self.ledger.tariff.model(model.info, most, estimated=True)

    def _need_model(self) -> ChatModel:
        if self.model is None:
            raise UsageError("This run has no language model: choose one with --model.")
        return self.model

    def _most_tokens(self, model: ChatModel, prompt: int, n: int, answer: bool) -> int:
        """Return the output tokens a sample that fit the budget and the context; below 0 where the prompt does not."""
        context = model.info.context_tokens - prompt
        affordable = self.ledger.tariff.affordable(model.info, prompt, self.ledger.room(answer=answer))
        return context if affordable is None else min(context, affordable // n)

    def _fitted(self, model: ChatModel, request: Request, answer: bool) -> tuple[Request, int]:
        """Return the request cut down to what is left, and the tokens of its prompt at most."""
        if not is_count(request.max_tokens) or request.max_tokens < 1 or not is_count(request.n) or request.n < 1:
            raise UsageError(
                f"A model call needs at least 1 token and 1 sample, not {request.max_tokens!r} and {request.n!r}."
            )
        prompt = model.count_tokens(request.messages)
        if prompt >= model.info.context_tokens:
            raise ContextLengthError(
                f"The prompt has up to {prompt} tokens and the model {model.info.name!r} takes "
                f"{model.info.context_tokens} with the reply: shorten the prompt or choose another model.",
                Usage(),
            )
        # Where nothing fits, one token a sample is asked for, and the ledger says what that lacks.
        tokens = max(1, min(request.max_tokens, self._most_tokens(model, prompt, request.n, answer)))
        return replace(request, max_tokens=tokens, think=min(request.think, tokens)), prompt

    async def _buy(
        self,
        what: str,
        key: str,
        answer: bool,
        offer: Callable[[], Offer[T]],
        read: Callable[[Mapping[str, Any]], T],
    ) -> T:
        """Return the stored reply of a call, or make it, attempt by attempt."""
        name = f"{self.chain}/{what}/{key}"
        # One call a key runs at a time, so that a second one finds the reply of the first.
        async with self._turns.setdefault(name, asyncio.Lock()):
            stored = self.ledger.reply(name)
            if stored is not None:
                failure = read_error(stored)
                if failure is not None:
                    raise failure
                return read(stored)
            attempt = 1
            while True:
                try:
                    return await make(self.ledger, name, offer(), answer=answer)
                except (ModelError, RetrievalError) as error:
                    left = self.ledger.seconds_left(answer=answer)
                    wait = self._retry.wait(error, attempt, f"{self._seed}:{name}", left)
                    if wait is None:
                        raise
                await self._sleep(wait)
                attempt += 1
