"""Kill runs at random moments and resume them; says what became of each.

    python killing.py KILLS FOLDER SEED

One process imports everything and forks a child for each session, so that a kill costs milliseconds. Every call that
goes out is written to a file, by its key. JSON on stdout: one object a run.
"""

import asyncio
import json
import os
import random
import select
import signal
import sqlite3
import sys
import traceback
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import town
from little_chain import QUESTION, Shelf, options, resources, script

from research_agent.agent import aask_with, aresume_with
from research_agent.answer import Answer
from research_agent.budget import Budget, Doors
from research_agent.graph.build import build_chain, last_state, open_checkpoints
from research_agent.graph.state import Dials
from research_agent.models.base import Completion, Request
from research_agent.resources import Resources
from research_agent.runs import RECORD, load_run
from research_agent.testing import ScriptedModel
from retrieval.testing import FixedRetriever

SECONDS_A_CALL = 0.002
KEY: ContextVar[str] = ContextVar("KEY")


class Calls:
    """A file that every call is written to, by its key in the journal, before it goes out."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def note(self) -> None:
        os.write(self._file, f"start {KEY.get()}\n".encode())
        # Takes a moment, so that kills fall into calls, too.
        await asyncio.sleep(SECONDS_A_CALL)


class NotedModel(ScriptedModel):
    def __init__(self, calls: Calls, script: Any) -> None:
        super().__init__(script)
        self._calls = calls

    async def complete(self, request: Request) -> Completion:
        await self._calls.note()
        return await super().complete(request)


class NotedShelf(Shelf):
    def __init__(self, calls: Calls) -> None:
        super().__init__()
        self._calls = calls

    async def search(self, query: str, *, k: int) -> Any:
        await self._calls.note()
        return await super().search(query, k=k)


class NotedTown(FixedRetriever):
    def __init__(self, calls: Calls) -> None:
        super().__init__(town.DOCUMENTS)
        self._calls = calls

    async def search(self, query: str, *, k: int) -> Any:
        await self._calls.note()
        return await super().search(query, k=k)


@dataclass(frozen=True)
class Kind:
    """A kind of run.

    Attributes:
        room: whatever is killed, the budget pays for all the rest, so that nothing may differ.
    """

    what: str
    units: float
    samples: int
    room: bool

    def resources(self, calls: Calls | None) -> Resources:
        """Return what a session works with."""
        if self.what == "little":
            return resources(model=NotedModel(calls, script), retrievers=(NotedShelf(calls),)) if calls else resources()
        plain = town.town(town.read if self.what == "town, model" else None)
        if calls is None:
            return plain
        model = NotedModel(calls, town.read) if plain.model else None
        return replace(plain, model=model, retrievers=(NotedTown(calls),))


KINDS = [
    Kind("little", 20_000, 1, True),
    Kind("little", 40_000, 3, True),
    Kind("little", 2_000, 3, False),
    Kind("town", 20_000, 1, True),
    Kind("town, model", 20_000, 1, True),
    Kind("town, model", 60_000, 3, True),
    Kind("town, model", 900, 1, False),
]


def name_calls() -> None:
    """Have the doors of this process say which key a call is made under."""
    for method, kind in (("complete", "model"), ("search", "search")):
        inner = getattr(Doors, method)

        async def named(self: Doors, *given: Any, _inner: Any = inner, _kind: str = kind, **more: Any) -> Any:
            KEY.set(f"{self.chain}/{_kind}/{more['key']}")
            return await _inner(self, *given, **more)

        setattr(Doors, method, named)


def started(path: Path) -> Counter[str]:
    """Count how often each call went out."""
    lines = path.read_text().splitlines() if path.exists() else []
    return Counter(line.removeprefix("start ") for line in lines if line.startswith("start "))


def paid(folder: Path) -> set[str]:
    """Return the keys whose replies are in the journal."""
    if not (folder / "journal.sqlite").exists():
        return set()
    connection = sqlite3.connect(folder / "journal.sqlite")
    try:
        rows = connection.execute("SELECT key FROM events WHERE kind = 'settle' AND data IS NOT NULL").fetchall()
    except sqlite3.OperationalError:  # killed before the journal had its tables
        rows = []
    finally:
        connection.close()
    return {row[0] for row in rows}


async def session(folder: Path, calls: Calls, kind: Kind) -> Answer:
    """Begin the run in this folder, or go on with it."""
    mine = kind.resources(calls)
    if (folder / RECORD).exists():
        return await aresume_with(load_run(folder, folder), mine)
    given = options(
        folder,
        run_dir=folder,
        budget=Budget(kind.units),
        dials=Dials(depth=4, width=2),
        samples=kind.samples,
        strategy="parallel" if kind.samples > 1 else "single",
    )
    question = QUESTION if kind.what == "little" else town.QUESTION
    return await aask_with(question, given, mine, home=folder)


def child(folder: Path, calls: Path, kind: Kind) -> int:
    """Fork a process that carries out a session; return its id."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        name_calls()
        asyncio.run(session(folder, Calls(calls), kind))
        status = 0
    except BaseException:  # noqa: BLE001 (os._exit would hide it)
        traceback.print_exc()
    finally:
        os._exit(status)


def ended(pid: int, seconds: float | None) -> bool:
    """Wait for a process, at most so long; tell whether it has ended."""
    handle = os.pidfd_open(pid)
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def one_run(folder: Path, kind: Kind, waits: list[float]) -> dict[str, Any]:
    """Carry a run to its end, killing a session after each of these waits; return what became of it."""
    calls, bought_again, kills = folder.with_suffix(".calls"), 0, 0
    for wait in [*waits, None]:
        before, known = started(calls), paid(folder)
        pid = child(folder, calls, kind)
        if not ended(pid, wait):
            os.kill(pid, signal.SIGKILL)
            kills += 1
        _, status = os.waitpid(pid, 0)
        bought_again += sum((started(calls) - before)[key] for key in known)
        if os.WIFEXITED(status):
            break
    answer = load_run(folder, folder).answer()
    assert answer is not None, f"the last session of {folder} ended with status {status} and no answer"
    return {
        "kills": kills,
        "bought_again": bought_again,
        "extra_calls": started(calls).total() - len(started(calls)),
        "units": answer.spend.units,
        "limit": kind.units,
        "status": answer.status,
        "stop_reason": answer.stop_reason,
        "result": [answer.answer, [claim.text for claim in answer.claims], [source.id for source in answer.sources]],
        "states": asyncio.run(states(folder, kind)),
    }


async def states(folder: Path, kind: Kind) -> list[Any]:
    """Return the last states of a run's chains, without what calls in flight had cost by then."""
    async with open_checkpoints(folder / "checkpoints.sqlite") as saver:
        chain = build_chain(kind.resources(None).nodes, saver)
        found = [await last_state(chain, str(number)) for number in range(kind.samples)]
    return [{**state, "trace": [{**row, "units": 0} for row in state.get("trace", [])]} for state in found]


def main(least: int, folder: Path, seed: int) -> None:
    """Carry out each kind of run undisturbed, then others until so many sessions were killed."""
    draw = random.Random(seed)
    rows: list[dict[str, Any]] = []
    while len(rows) < len(KINDS) or sum(row["kills"] for row in rows) < least:
        number, undisturbed = len(rows) % len(KINDS), len(rows) < len(KINDS)
        kind = KINDS[number]
        waits = [] if undisturbed else [draw.uniform(0, 0.15 * kind.samples**0.5) for _ in range(draw.randint(1, 3))]
        row = one_run(folder / f"{len(rows):03}", kind, waits)
        rows.append({"kind": number, "room": kind.room, "chains": kind.samples, "undisturbed": undisturbed, **row})
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
