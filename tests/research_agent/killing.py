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
from pathlib import Path
from typing import Any

from little_chain import QUESTION, Shelf, options, resources, script

from research_agent.agent import aask_with, aresume_with
from research_agent.answer import Answer
from research_agent.budget import Budget, Doors
from research_agent.graph.build import build_chain, last_state, open_checkpoints
from research_agent.graph.state import Dials
from research_agent.models.base import Completion, Request
from research_agent.runs import RECORD, load_run
from research_agent.testing import ScriptedModel

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
    def __init__(self, calls: Calls) -> None:
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


async def session(folder: Path, calls: Calls, units: float, samples: int) -> Answer:
    """Begin the run in this folder, or go on with it."""
    mine = resources(model=NotedModel(calls), retrievers=(NotedShelf(calls),))
    if (folder / RECORD).exists():
        return await aresume_with(load_run(folder, folder), mine)
    strategy = "parallel" if samples > 1 else "single"
    dials = Dials(depth=4, width=2)
    given = options(folder, run_dir=folder, budget=Budget(units), dials=dials, samples=samples, strategy=strategy)
    return await aask_with(QUESTION, given, mine, home=folder)


def child(folder: Path, calls: Path, units: float, samples: int) -> int:
    """Fork a process that carries out a session; return its id."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        name_calls()
        asyncio.run(session(folder, Calls(calls), units, samples))
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


def one_run(folder: Path, units: float, samples: int, waits: list[float]) -> dict[str, Any]:
    """Carry a run to its end, killing a session after each of these waits; return what became of it."""
    calls, bought_again, kills = folder.with_suffix(".calls"), 0, 0
    for wait in [*waits, None]:
        before, known = started(calls), paid(folder)
        pid = child(folder, calls, units, samples)
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
        "limit": units,
        "status": answer.status,
        "stop_reason": answer.stop_reason,
        "result": [answer.answer, [claim.text for claim in answer.claims], [source.id for source in answer.sources]],
        "states": asyncio.run(states(folder, samples)),
    }


async def states(folder: Path, samples: int) -> list[Any]:
    """Return the last states of a run's chains."""
    async with open_checkpoints(folder / "checkpoints.sqlite") as saver:
        return [await last_state(build_chain(resources().nodes, saver), str(number)) for number in range(samples)]


def main(least: int, folder: Path, seed: int) -> None:
    """Carry out each kind of run undisturbed, then others until so many sessions were killed."""
    draw = random.Random(seed)
    kinds = [(20_000.0, 1), (1_200.0, 1), (40_000.0, 3), (2_000.0, 3)]
    rows: list[dict[str, Any]] = []
    while len(rows) < len(kinds) or sum(row["kills"] for row in rows) < least:
        kind, undisturbed = len(rows) % len(kinds), len(rows) < len(kinds)
        units, samples = kinds[kind]
        waits = [] if undisturbed else [draw.uniform(0, 0.15 * samples**0.5) for _ in range(draw.randint(1, 3))]
        row = one_run(folder / f"{len(rows):03}", units, samples, waits)
        rows.append({"kind": kind, "undisturbed": undisturbed, **row})
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
