"""The wiring of a chain: who follows whom, what is kept on disk, what stops it."""

import sqlite3
from dataclasses import replace
from typing import Any

import pytest
from langgraph.errors import GraphDrained, GraphRecursionError
from langgraph.runtime import RunControl, Runtime
from langgraph.types import Command

from research_agent.graph.build import STEPS, advance, build_chain, last_state, open_checkpoints, step_limit
from research_agent.graph.state import ChainState, Context, Dials

DIALS = Dials(depth=3, width=2)


def context(**changes: Any) -> Context:
    """A context whose parts no node of this file touches."""
    nothing: Any = object()
    plain = Context(doors=nothing, evidence=nothing, retrievers=[nothing], reader=nothing, dials=DIALS)
    return replace(plain, **changes)


def nodes(rounds: int, seen: list[str], each: Any = None) -> Any:
    """Nodes that go through every step once a round and note their names."""

    async def decide(state: ChainState, runtime: Runtime[Context]) -> Command[str]:
        done = len(seen)
        if runtime.context.stopping() or done >= rounds * len(STEPS):
            return Command(goto="answer")
        return Command(goto=STEPS[done % len(STEPS)])

    def step(name: str) -> Any:
        async def node(state: ChainState, runtime: Runtime[Context]) -> dict[str, object]:
            seen.append(name)
            if each is not None:
                each(len(seen))
            number = state.get("round", 0) + 1
            return {"round": number, "opened": [*state.get("opened", []), f"{number:064x}"]}

        return node

    async def answer(state: ChainState, runtime: Runtime[Context]) -> dict[str, object]:
        return {"answer": f"after {state.get('round', 0)}", "stop_reason": runtime.context.stopping() or "answered"}

    return {"decide": decide, "answer": answer, **{name: step(name) for name in STEPS}}


async def test_every_step_comes_back_to_decide_and_answer_ends_the_chain():
    seen: list[str] = []
    state = await advance(build_chain(nodes(2, seen)), {"question": "q"}, context())
    assert seen == list(STEPS) * 2
    assert state["answer"] == "after 8"
    assert state["question"] == "q"


async def test_a_drained_chain_goes_on_from_where_it_stopped(tmp_path):
    seen: list[str] = []
    control = RunControl()
    stop_at_three = lambda count: control.request_drain("cancelled") if count == 3 else None  # noqa: E731
    async with open_checkpoints(tmp_path / "c.sqlite") as saver:
        chain = build_chain(nodes(2, seen, stop_at_three), saver)
        with pytest.raises(GraphDrained):
            await advance(chain, {"question": "q"}, context(), control)
        assert (await last_state(chain, "0"))["round"] == 3
    async with open_checkpoints(tmp_path / "c.sqlite") as saver:
        chain = build_chain(nodes(2, seen), saver)
        state = await advance(chain, {"question": "q"}, context())
        again = await advance(chain, {"question": "q"}, context())
    assert seen == list(STEPS) * 2
    assert state["answer"] == "after 8"
    assert again == state


async def test_a_step_that_failed_is_taken_again(tmp_path):
    seen: list[str] = []

    def fail(count: int) -> None:
        if count == 2:
            raise ConnectionError("gone")

    async with open_checkpoints(tmp_path / "c.sqlite") as saver:
        with pytest.raises(ConnectionError):
            await advance(build_chain(nodes(1, seen, fail), saver), {"question": "q"}, context())
        seen.pop()
        state = await advance(build_chain(nodes(1, seen), saver), {"question": "q"}, context())
    assert seen == list(STEPS)
    assert state["round"] == len(STEPS)


async def test_a_chain_killed_after_a_step_but_before_its_checkpoint_is_not_taken_for_finished(tmp_path):
    seen: list[str] = []
    control = RunControl()
    async with open_checkpoints(tmp_path / "c.sqlite") as saver:
        chain = build_chain(nodes(2, seen, lambda count: control.request_drain()), saver)
        with pytest.raises(GraphDrained):
            await advance(chain, {"question": "q"}, context(), control)
        snapshot = await chain.aget_state({"configurable": {"thread_id": "0"}})
        await saver.aput_writes(snapshot.config, [("branch:to:search", None)], snapshot.tasks[0].id)
        assert (await chain.aget_state({"configurable": {"thread_id": "0"}})).next == ()
        await advance(build_chain(nodes(2, seen), saver), {"question": "q"}, context())
    assert len(seen) == 2 * len(STEPS)


async def test_chains_of_one_file_do_not_see_each_other(tmp_path):
    async with open_checkpoints(tmp_path / "c.sqlite") as saver:
        for name, rounds in (("0", 1), ("1", 2)):
            await advance(build_chain(nodes(rounds, []), saver), {"question": "q"}, context(chain=name))
        first, second = [await last_state(build_chain(checkpointer=saver, nodes=nodes(1, [])), n) for n in "01"]
    assert (first["round"], second["round"]) == (4, 8)


@pytest.mark.parametrize("steps", [100, 200])
async def test_the_checkpoint_file_grows_no_faster_than_the_steps(tmp_path, steps):
    path = tmp_path / "c.sqlite"
    async with open_checkpoints(path) as saver:
        big = context(dials=Dials(depth=steps))
        await advance(build_chain(nodes(steps // len(STEPS), []), saver), {"question": "q"}, big)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM checkpoints").fetchone() == (1,)
    connection.close()
    # 64 characters are added a step; kept in full the file would hold 64 * steps² / 2 characters (1.3 MB at 200).
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 40_000 + 640 * steps


async def test_a_checkpoint_holds_plain_values_only(tmp_path):
    class Thing:
        pass

    def nodes_with_a_thing() -> Any:
        table = nodes(1, [])

        async def reason(state: ChainState, runtime: Runtime[Context]) -> dict[str, object]:
            return {"plan": {"thing": Thing()}}

        return {**table, "reason": reason}

    async with open_checkpoints(tmp_path / "c.sqlite") as saver:
        with pytest.raises(TypeError, match="Thing"):
            await advance(build_chain(nodes_with_a_thing(), saver), {"question": "q"}, context())


async def test_a_router_that_goes_in_circles_is_ended(tmp_path):
    seen: list[str] = []

    async def decide(state: ChainState, runtime: Runtime[Context]) -> Command[str]:
        return Command(goto="reason")

    with pytest.raises(GraphRecursionError):
        await advance(build_chain({**nodes(1, seen), "decide": decide}), {"question": "q"}, context())
    assert len(seen) <= step_limit(DIALS, 1, 8) / 2


def test_the_step_limit_follows_the_dials():
    assert step_limit(Dials(depth=1, width=1), 1, 1) < step_limit(Dials(depth=6, width=3), 2, 8) < 10_007
