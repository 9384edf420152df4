"""What the agent adds to a step of bare LangGraph: the same graph, checkpointer and states, with and without its work.

One chain is run with a retriever and a reader that answer at once, and what each of its nodes returned is kept. Then
the same graph runs with nodes that only hand back those returns. What the first takes longer is the agent's own: its
nodes, the ledger with its journal, and the evidence store.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from evals.bench.measure import LEAST, Measure
from evals.bench.text import Writer
from research_agent.budget import Budget, Doors, Journal, Ledger
from research_agent.evidence import EvidenceStore
from research_agent.graph.build import advance, build_chain, default_nodes, open_checkpoints
from research_agent.graph.state import Context, Dials, Node
from research_agent.reading.base import Asking, Found, Text
from research_agent.reading.terms import AnswerType
from retrieval.base import Document, Hit, RetrieverInfo

_DIALS = Dials(depth=6, width=2)
_LIMIT_MS = 3.0
_TIMES = 30
# Four parts, so that the chain makes four rounds.
_QUESTION = 'What is the birth date of the editor of the successor of the report titled "The Northern Survey"?'

Kept = list[tuple[Node, Any]]


class Instant:
    """A retriever that finds eight other short documents at each search, at once."""

    info = RetrieverInfo("instant", public=False, search_usd=0.0)

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = {document.id: document for document in documents}
        self._names = list(self._documents)
        self._next = 0

    async def search(self, _query: str, *, k: int) -> list[Hit]:
        """Return the next `k` documents."""
        names = [self._names[(self._next + n) % len(self._names)] for n in range(k)]
        self._next += k
        found = [self._documents[name] for name in names]
        return [Hit(one.id, one.text, 1.0 / n, 0, len(one.text), one.title) for n, one in enumerate(found, 1)]

    async def fetch(self, document_id: str) -> Document:
        """Return a document."""
        return self._documents[document_id]


class Prompt:
    """A reader that takes the first words it is shown, at once."""

    async def extract(
        self, question: str, texts: Sequence[Text], asking: Asking, *, answer_type: AnswerType = "any", read: int = 0
    ) -> Found | None:
        """Return the first two words of the first text."""
        for text in texts:
            words = " ".join(text.text.split(" ")[:2])
            return Found(
                words, text.source_id, text.start, text.start + len(words), text.start, text.start + len(words)
            )
        return None

    async def supports(self, question: str, claim: str, quote: str, asking: Asking) -> bool:
        """Agree."""
        return True

    async def choose(self, question: str, options: Sequence[str], asking: Asking) -> int | None:
        """Choose the first."""
        return 0 if options else None


def measure(work: Path, quick: bool) -> list[Measure]:
    """Return the milliseconds a step that the agent takes beyond bare LangGraph."""
    short = [Document(one.id, one.text[:400], one.title) for one in Writer().documents(2000)]
    with asyncio.Runner() as runner:
        rows = [runner.run(_pair(work, short, number)) for number in range((LEAST if quick else _TIMES) + 1)][1:]
    steps = rows[0][2]
    extra = [(agent - bare) * 1000 / taken for agent, bare, taken in rows]
    detail = {
        "steps_a_chain": steps,
        "agent_ms_a_step": [round(agent * 1000 / taken, 2) for agent, _, taken in rows],
        "bare_ms_a_step": [round(bare * 1000 / taken, 2) for _, bare, taken in rows],
    }
    return [Measure("agent overhead over bare LangGraph", median(extra), "ms a step", _LIMIT_MS, "below", detail)]


async def _pair(work: Path, documents: Sequence[Document], number: int) -> tuple[float, float, int]:
    """Return the seconds of one chain, the seconds of its bare replay, and their steps."""
    kept: Kept = []
    agent = await _timed(work / f"{number}-agent", documents, _keeping(kept))
    order = iter(kept)
    bare = await _timed(work / f"{number}-bare", documents, _replaying(order, [name for name, _ in kept]))
    if next(order, None) is not None:
        raise RuntimeError("The bare replay took fewer steps than the chain it repeats.")
    return agent, bare, len(kept)


async def _timed(
    stem: Path, documents: Sequence[Document], nodes: Mapping[Node, Callable[..., Awaitable[Any]]]
) -> float:
    """Return the seconds a chain with these nodes takes."""
    clock = asyncio.get_running_loop().time
    evidence = EvidenceStore(Path(f"{stem}-evidence.sqlite"))
    with Ledger(Budget(10_000_000), journal=Journal(Path(f"{stem}-journal.sqlite"))) as ledger:
        context = Context(Doors(ledger), evidence, [Instant(documents)], Prompt(), dials=_DIALS, blind=True)
        async with open_checkpoints(Path(f"{stem}-checkpoints.sqlite")) as checkpoints:
            chain = build_chain(nodes, checkpoints)
            started = clock()
            await advance(chain, {"question": _QUESTION}, context)
            taken = clock() - started
    evidence.close()
    return taken


def _keeping(kept: Kept) -> dict[Node, Callable[..., Awaitable[Any]]]:
    """Return the research nodes, each noting what it returned."""

    def wrap(name: Node, node: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(node)
        async def noting(*arguments: Any, **named: Any) -> Any:
            result = await node(*arguments, **named)
            kept.append((name, result))
            return result

        return noting

    return {name: wrap(name, node) for name, node in default_nodes().items()}


def _replaying(order: Any, names: Sequence[Node]) -> dict[Node, Callable[..., Awaitable[Any]]]:
    """Return nodes that hand back, in order, what was noted."""
    steps = count()

    def wrap(name: Node) -> Callable[..., Awaitable[Any]]:
        async def replay(_state: Any) -> Any:
            at = next(steps)
            if names[at] != name:
                raise RuntimeError(f"Step {at} was {names[at]} and is {name} in the replay.")
            return next(order)[1]

        return replay

    return {name: wrap(name) for name in default_nodes()}
