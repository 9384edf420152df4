"""One chain from its question to a candidate, whatever happens on the way."""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast, get_args

from research_agent.answer import Claim, Quote, StopReason
from research_agent.budget.charge import NOTHING, Charge
from research_agent.budget.doors import Doors
from research_agent.budget.ledger import Ledger
from research_agent.errors import BudgetExceededError, DeadlineError, ResearchError
from research_agent.evidence import EvidenceStore
from research_agent.graph.build import advance, last_state
from research_agent.graph.state import ChainState, Context, Dials
from research_agent.models.base import ChatModel
from research_agent.strategies.base import Candidate
from retrieval.base import Retriever
from retrieval.errors import RetrievalError

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph
    from langgraph.runtime import RunControl

    from research_agent.reading.base import Reader

Emit = Callable[[Mapping[str, object]], None]
_TIME_FOR_ANSWER = 0.2  # of the seconds left: facts that were found but not verified are no answer
# What a chain may end with on purpose; sqlite3.Error is a checkpoint that cannot be written.
_ENDINGS = (ResearchError, RetrievalError, sqlite3.Error)


@dataclass(frozen=True, slots=True)
class ChainRunner:
    """Runs the chains of one run; a `strategies.Chains`.

    A chain is stopped in one of two ways. Its own router stops it when the budget or the time is used up. From
    outside (the user stops the run, or a step fails) it is left standing at its last checkpoint, from where a
    resumed run goes on, and a copy of it that is checkpointed nowhere is closed: it verifies and answers with what
    is there.

    Attributes:
        chain: the graph, with the checkpoints of this run.
        model: None where the run has no language model.
        emit: told of every step, with the chain's name.
        stop: set when the user wants the run to stop after the current step.
        blind: chains must not adapt to their budget.
        aside: what the check of one fact costs at most; a new chain keeps as many as it has rounds, within a quarter.
        k: hits asked of each search.
    """

    chain: "CompiledStateGraph[ChainState, Context, ChainState, ChainState]"
    evidence: EvidenceStore
    retrievers: Sequence[Retriever]
    reader: "Reader"
    model: ChatModel | None
    emit: Emit
    stop: asyncio.Event | None = None
    blind: bool = False
    aside: Charge = NOTHING
    k: int = 8

    async def __call__(self, name: str, ledger: Ledger, *, seed: int, dials: Dials, question: str) -> Candidate:
        """Run the chain called `name` on this ledger, or go on with it."""
        context = Context(
            doors=Doors(ledger, model=self.model, chain=name, seed=seed),
            evidence=self.evidence,
            retrievers=self.retrievers,
            reader=self.reader,
            dials=dials,
            chain=name,
            seed=seed,
            k=self.k,
            blind=self.blind,
            emit=lambda event: self.emit({"chain": name, **event}),
            stopping=lambda: used_up(ledger),
        )
        context.emit({"type": "chain_started", "seed": seed})
        candidate = await self._run(question, context, ledger)
        context.emit({"type": "chain_ended", "stop_reason": candidate.stop_reason, "answer": candidate.answer})
        return candidate

    async def _run(self, question: str, context: Context, ledger: Ledger) -> Candidate:
        """Advance the chain to its end; where it is stopped before, close a copy."""
        from langgraph.errors import GraphDrained

        reason: StopReason
        error = ""
        try:
            if not await last_state(self.chain, context.chain):
                kept = for_answer(self.aside, ledger, context.dials.depth)
                ledger.set_aside(kept, seconds=_TIME_FOR_ANSWER * (ledger.seconds_left() or 0.0))
            async with self._draining() as control:
                return candidate_of(context.chain, await advance(self.chain, {"question": question}, context, control))
        except GraphDrained:
            reason = "cancelled"
        except BudgetExceededError:
            reason = "budget"
        except DeadlineError:
            reason = "deadline"
        except _ENDINGS as failure:
            reason, error = "error", _sentence(failure)
        state = await last_state(self.chain, context.chain)
        return await self._close({"question": question, **state}, context, ledger, reason, error)

    async def _close(
        self, state: ChainState, context: Context, ledger: Ledger, reason: StopReason, error: str
    ) -> Candidate:
        """Let a copy of a stopped chain answer with what is there, or answer for it where it cannot."""
        context.emit({"type": "closing", "reason": reason, "error": error})
        # Its calls are other calls than the chain's own, and a later closing may have other questions.
        digest = hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:12]
        name = f"{context.chain}.end-{digest}"
        doors = Doors(ledger, model=self.model, chain=name, seed=context.seed)
        try:
            closing = replace(context, chain=name, doors=doors, stopping=lambda: reason)
            state = await advance(self.chain.copy({"checkpointer": None}), state, closing)
        except _ENDINGS as failure:
            error = error or ("" if isinstance(failure, BudgetExceededError | DeadlineError) else _sentence(failure))
        return replace(candidate_of(context.chain, state), stop_reason=reason, error=error)

    @asynccontextmanager
    async def _draining(self) -> AsyncIterator["RunControl"]:
        """Give a control that asks the chain to stop after its current step once `stop` is set."""
        from langgraph.runtime import RunControl

        control = RunControl()
        if self.stop is None:
            yield control
            return
        stop = self.stop

        async def wait() -> None:
            await stop.wait()
            control.request_drain("cancelled")

        if stop.is_set():
            control.request_drain("cancelled")
        waiting = asyncio.create_task(wait())
        try:
            yield control
        finally:
            waiting.cancel()


def used_up(ledger: Ledger) -> str | None:
    """Return "deadline" or "budget" where time or units are used up but for what the answer keeps, else None."""
    left = ledger.remaining()
    if left.seconds is not None and left.seconds <= 0:
        return "deadline"
    return "budget" if left.units <= 0 else None


def for_answer(check: Charge, ledger: Ledger, facts: int) -> Charge:
    """Return what to keep for the answer: a check for every fact it may rest on, within a quarter of what is left.

    One check is kept in any case.
    """
    room = ledger.room()
    fits = [left // (4 * each) for each, left in zip(check.vector, room, strict=True) if each and left is not None]
    return sum([check] * max(1, min([facts, *fits])), NOTHING)


def candidate_of(name: str, state: ChainState) -> Candidate:
    """Return what a chain came to, as its last state says."""
    answer = state.get("answer", "")
    reason = state.get("stop_reason") or ("answered" if answer else "no_evidence")
    if reason not in get_args(StopReason):
        raise ValueError(f"the chain {name!r} ended with the unknown reason {reason!r}")
    return Candidate(
        name,
        answer,
        tuple(_claim(claim) for claim in state.get("claims", ())),
        cast(StopReason, reason),
        tuple(state.get("opened", ())),
        state.get("round", 0),
        tuple(state.get("trace", ())),
    )


def _claim(data: Mapping[str, Any]) -> Claim:
    """Return the claim that the state keeps as JSON."""
    return Claim(data["text"], tuple(Quote(**quote) for quote in data["quotes"]), bool(data["supported"]))


def _sentence(failure: Exception) -> str:
    """Return why a chain ended."""
    text = str(failure) or type(failure).__name__
    return f"The checkpoints of the run cannot be written: {text}." if isinstance(failure, sqlite3.Error) else text
