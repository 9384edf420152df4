"""A chain that is small enough to be seen through: it thinks of queries, searches, checks what it found, answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import Command

from research_agent.budget import Budget
from research_agent.errors import BudgetExceededError
from research_agent.graph.state import ChainState, Context, Dials
from research_agent.models.base import Message, Request
from research_agent.options import AskOptions
from research_agent.resources import Resources
from research_agent.testing import ScriptedModel
from retrieval.base import Hit, RetrieverInfo

QUESTION = "Where does the fox live?"
TEXT = "The fox lives in Oslo."


class Shelf:
    """A retriever whose every query finds one text, unless a test says otherwise."""

    def __init__(self, find: Callable[[str], Sequence[Hit]] | None = None, name: str = "shelf", **info: Any) -> None:
        self._find = find or (lambda query: [hit(TEXT, "fox")])
        self.info = RetrieverInfo(name, public=False, **{"search_usd": 0.0, **info})
        self.queries: list[str] = []

    async def search(self, query: str, *, k: int) -> list[Hit]:
        self.queries.append(query)
        return list(self._find(query))[:k]


def hit(text: str, document_id: str) -> Hit:
    return Hit(document_id, text, 1.0, 0, len(text), document_id, f"file:///{document_id}")


async def decide(state: ChainState, runtime: Runtime[Context]) -> Command[str]:
    context = runtime.context
    context.emit({"type": "decide"})
    done = state.get("round", 0) >= context.dials.depth
    if context.stopping() or done:
        return Command(goto="answer" if state.get("verified") else "verify")
    return Command(goto="search" if state.get("pending") else "reason")


async def reason(state: ChainState, runtime: Runtime[Context]) -> dict[str, object]:
    context, number = runtime.context, state.get("round", 0)
    queries = [f"{context.seed} round {number} query {at}" for at in range(context.dials.width)]
    if context.doors.model:
        prompt = (Message("user", f"think of round {number} with seed {context.seed}"),)
        reply = await context.doors.complete(Request(prompt, max_tokens=20, n=1), key=f"{number}")
        queries = [f"{reply.text} {query}" for query in queries]
    return {"pending": queries}


async def search(state: ChainState, runtime: Runtime[Context]) -> dict[str, object]:
    context, number = runtime.context, state.get("round", 0)
    claims, opened = list(state.get("claims", [])), list(state.get("opened", []))
    for at, query in enumerate(state["pending"]):
        for retriever in context.retrievers:
            for found in await context.doors.search(retriever, query, k=context.k, key=f"{number}/{at}"):
                snapshot = context.evidence.add_hit(found, backend=retriever.info.name)
                opened.append(snapshot.id)
                quote = {"source_id": snapshot.id, "text": found.text, "start": 0, "end": len(found.text)}
                claims.append({"text": found.text, "quotes": [quote], "supported": False})
    return {"round": number + 1, "pending": [], "claims": claims, "opened": opened, "verified": False}


async def read(state: ChainState, runtime: Runtime[Context]) -> dict[str, object]:
    return {}


async def verify(state: ChainState, runtime: Runtime[Context]) -> dict[str, object]:
    context, claims = runtime.context, state.get("claims", [])
    agreed = bool(claims)
    if claims and context.doors.model:
        request = Request((Message("user", f"check {len(claims)} claims"),), max_tokens=3)
        try:
            reply = await context.doors.complete(request, key=f"check {len(claims)}", answer=True)
            agreed = reply.text == "yes"
        except BudgetExceededError:
            agreed = False
    return {"verified": True, "claims": [{**claim, "supported": agreed} for claim in claims]}


async def answer(state: ChainState, runtime: Runtime[Context]) -> dict[str, object]:
    supported = [claim["text"] for claim in state.get("claims", []) if claim["supported"]]
    short = str(supported[-1]).split()[-1].strip(".") if supported else ""
    reason = runtime.context.stopping() or ("answered" if short else "no_evidence")
    return {"answer": short, "stop_reason": reason, "trace": [{"round": state.get("round", 0)}]}


NODES: Mapping[Any, Any] = {
    "decide": decide,
    "reason": reason,
    "search": search,
    "read": read,
    "verify": verify,
    "answer": answer,
}


def script(request: Request) -> str:
    """What the model says: yes to checks, a few words else."""
    return "yes" if request.messages[-1].content.startswith("check") else "look for the fox"


def resources(**changes: Any) -> Resources:
    """A model that agrees, a shelf that finds, and nodes that need no reader."""
    reader: Any = object()
    plain = Resources((Shelf(),), reader, ScriptedModel(script), nodes=NODES)
    return replace(plain, **changes)


def options(tmp_path: Path, **changes: Any) -> AskOptions:
    return replace(
        AskOptions(docs=(tmp_path,), budget=Budget(5_000), dials=Dials(depth=2, width=2), run_dir=tmp_path / "run"),
        **changes,
    )
