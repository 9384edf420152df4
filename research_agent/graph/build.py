"""How the nodes of a chain are wired, checkpointed and guarded against running away."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from research_agent.graph.state import ChainState, Context, Dials, Node

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph.state import CompiledStateGraph
    from langgraph.runtime import RunControl

NodeFunction = Callable[..., Awaitable[Any]]

STEPS: Final = tuple(node for node in get_args(Node) if node not in ("decide", "answer"))

# A resumed chain needs its newest checkpoint only. Kept in full, the checkpoints of a state that grows by a few ids
# a step would grow with the square of the steps. A trigger does it in the insert's own transaction, at no round trip.
_KEEP_NEWEST = """
CREATE TRIGGER IF NOT EXISTS keep_newest AFTER INSERT ON checkpoints BEGIN
    DELETE FROM checkpoints WHERE thread_id = NEW.thread_id AND checkpoint_ns = NEW.checkpoint_ns
        AND checkpoint_id < NEW.checkpoint_id;
    DELETE FROM writes WHERE thread_id = NEW.thread_id AND checkpoint_ns = NEW.checkpoint_ns
        AND checkpoint_id < NEW.checkpoint_id;
END
"""


def default_nodes() -> dict[Node, NodeFunction]:
    """Return the nodes of a research chain."""
    from research_agent.graph import nodes

    return {
        "decide": nodes.decide,
        "reason": nodes.reason,
        "search": nodes.search,
        "read": nodes.read,
        "verify": nodes.verify,
        "answer": nodes.answer,
    }


def build_chain(
    nodes: Mapping[Node, NodeFunction] | None = None, checkpointer: "BaseCheckpointSaver[str] | None" = None
) -> "CompiledStateGraph[ChainState, Context, ChainState, ChainState]":
    """Wire a chain: `decide` routes to a step or to `answer`, every step comes back to `decide`, `answer` ends it.

    Nodes have neither retries nor time-outs of their own: both would spend behind the ledger's back. Calls are
    retried and ended by the ledger's doors.

    Args:
        nodes: one async function a node; None means the research nodes.
        checkpointer: where the state is kept after every step; None keeps it nowhere.
    """
    from langgraph.graph import END, START, StateGraph

    functions = default_nodes() if nodes is None else nodes
    graph = StateGraph(ChainState, context_schema=Context)
    graph.add_node("decide", cast(Any, functions["decide"]), destinations=(*STEPS, "answer"))
    graph.add_edge(START, "decide")
    for step in STEPS:
        graph.add_node(step, cast(Any, functions[step]))
        graph.add_edge(step, "decide")
    graph.add_node("answer", cast(Any, functions["answer"]))
    graph.add_edge("answer", END)
    return graph.compile(checkpointer=checkpointer, name="chain")


@asynccontextmanager
async def open_checkpoints(path: Path) -> AsyncIterator["BaseCheckpointSaver[str]"]:
    """Open the checkpoint file of a run: one thread a chain, the newest checkpoint of each."""
    import aiosqlite
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    async with aiosqlite.connect(path) as connection:
        # A killed process loses nothing by NORMAL; a power cut may lose the last steps, which the journal replays.
        await connection.execute("PRAGMA synchronous = NORMAL")
        # None allows plain values only, so that a checkpoint file can never run code when it is read.
        saver = AsyncSqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        await saver.setup()
        await connection.executescript(_KEEP_NEWEST)
        yield saver


def step_limit(dials: Dials, retrievers: int, k: int) -> int:
    """Return the most graph steps a chain with these dials can need; more means that `decide` goes round in circles.

    A round reasons, searches and verifies at most once, reads each of its hits at most once, and decides before
    every step; one more round's worth covers the ending.
    """
    reads = max(1, dials.width) * max(1, retrievers) * max(1, k)
    return (max(1, dials.depth) + 1) * 2 * (3 + reads) + 2


async def advance(
    chain: "CompiledStateGraph[ChainState, Context, ChainState, ChainState]",
    start: ChainState,
    context: Context,
    control: "RunControl | None" = None,
) -> ChainState:
    """Run a chain to its end and return its last state.

    Args:
        chain: as `build_chain` made it.
        start: the state to begin with, unless the chain has a checkpoint: then it goes on from there.
        context: what it works with; names the chain.
        control: may ask it to stop between two steps.

    Raises:
        GraphDrained: `control` stopped it; its checkpoint stands, and it can go on later.
        ResearchError: a node failed on purpose; the checkpoint before that node stands.
        RetrievalError: likewise.
    """
    from langchain_core.runnables import RunnableConfig

    limit = step_limit(context.dials, len(context.retrievers), context.k)
    config = RunnableConfig(configurable={"thread_id": context.chain}, recursion_limit=limit)
    if chain.checkpointer is None:
        return cast(ChainState, await chain.ainvoke(start, config, context=context, control=control))
    snapshot = await chain.aget_state(config)
    # `next` leaves out a step whose writes were kept before it was killed; `tasks` holds it.
    if snapshot.values and not snapshot.tasks:
        return cast(ChainState, snapshot.values)
    # Every decision rests on what was left when it was made, so it must be on disk before it is acted on: otherwise
    # a resumed chain, with less left, could decide differently. "async" would save next to nothing and lose that.
    result = await chain.ainvoke(
        None if snapshot.values else start, config, context=context, durability="sync", control=control
    )
    return cast(ChainState, result)


async def last_state(chain: "CompiledStateGraph[ChainState, Context, ChainState, ChainState]", name: str) -> ChainState:
    """Return the checkpointed state of the chain called `name`, {} where it has none."""
    snapshot = await chain.aget_state({"configurable": {"thread_id": name}})
    return cast(ChainState, snapshot.values)
