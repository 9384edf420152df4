"""Runs killed with SIGKILL at random moments and resumed: within the limit, nothing paid twice, the same end."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import research_agent
from research_agent.budget import Budget, Journal, Ledger

PROGRAM = """
import asyncio, hashlib, json, os, signal, sys
from pathlib import Path
from research_agent.budget import Budget, Doors, Journal, Ledger
from research_agent.errors import BudgetError
from research_agent.models.base import Completion, Message, ModelInfo, Request, Usage
from retrieval.base import Document, Hit, RetrieverInfo

folder, units, die_at, pace = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
wire = os.open(folder / "wire.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
moments = 0

def moment():
    global moments
    moments += 1
    if moments == die_at:
        os.kill(os.getpid(), signal.SIGKILL)

class Dying(Journal):
    def append(self, events):
        moment()
        numbers = super().append(events)
        moment()
        return numbers

async def call(name):
    os.write(wire, (name + "\\n").encode())
    moment()
    await asyncio.sleep(pace)
    moment()

def digest(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]

class Backend:
    info = RetrieverInfo("b", True, search_usd=0)
    async def search(self, query, *, k):
        await call("search " + query)
        return [Hit(digest(query, n), query, 1.0 / (n + 1), 0, len(query)) for n in range(k)]
    async def fetch(self, document_id):
        await call("fetch " + document_id)
        return Document(document_id, digest(document_id) * 1000)

class Model:
    info = ModelInfo("m", "m", 9999, False, False, True)
    def count_tokens(self, messages):
        return sum(len(m.content) for m in messages)
    async def complete(self, request):
        content = request.messages[0].content
        await call("model " + content)
        used = Usage(self.count_tokens(request.messages), 0, len(content) % 40 + 1, 0)
        return Completion((digest(content),), used, ("stop",))

async def chain(ledger, name):
    doors, query = Doors(ledger, model=Model(), chain=name), "start " + name
    try:
        for step in range(8):
            hits = await doors.search(Backend(), query, k=2, key=str(step))
            opened = await asyncio.gather(
                *(doors.fetch(Backend(), hit.document_id, key=f"{step}.{n}") for n, hit in enumerate(hits))
            )
            prompt = digest(name, step, *(document.text for document in opened))
            await doors.rerank(3, key=str(step))
            reply = await doors.complete(Request((Message("user", prompt),), 60), key=str(step))
            query = reply.text
    except BudgetError:
        return "budget"
    finally:
        ledger.close()
    return query

async def main():
    with Ledger(Budget(units), journal=Dying(folder / "journal.sqlite"), run_id="r") as ledger:
        ends = await asyncio.gather(*(chain(part, part.path) for part in ledger.split(["a", "b", "c"])))
        print(json.dumps(ends))

asyncio.run(main())
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def start(program, folder, units, die_at=0, pace=0.0):
    root = str(Path(research_agent.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, program, folder, str(units), str(die_at), str(pace)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    )


def wire(folder):
    log = folder / "wire.log"
    return log.read_text().splitlines() if log.exists() else []


def look(folder, units):
    """Open a copy of what a session left behind: it is within the limit, and nothing is held that nobody settles."""
    copy = folder / "look"
    copy.mkdir(exist_ok=True)
    for name in ("journal.sqlite", "journal.sqlite-wal"):
        if (folder / name).exists():
            (copy / name).write_bytes((folder / name).read_bytes())
        else:
            (copy / name).unlink(missing_ok=True)
    (copy / "journal.sqlite-shm").unlink(missing_ok=True)
    if not (copy / "journal.sqlite").exists():
        return
    journal = Journal(copy / "journal.sqlite")
    if journal.terms() is not None:
        ledger = Ledger(Budget(units), journal=journal, run_id="r")
        assert ledger.spend().units <= units
        assert ledger._account.reserved[0] == sum(
            child.limits[0] - child.settled[0] for child in ledger._books.accounts.values() if child.parent
        )
    journal.close()


def kill_in_flight(process, folder, dice):
    """Kill a session at any instant after it began to make calls."""
    before = len(wire(folder))
    while process.poll() is None and len(wire(folder)) == before:
        time.sleep(0.001)
    time.sleep(dice.uniform(0, 0.06))
    process.send_signal(signal.SIGKILL)


def run_with_kills(program, folder, units, kills, seed):
    """Kill one run `kills` times, let it end, and return its result."""
    folder.mkdir()
    dice = random.Random(seed)
    for number in range(kills):
        if number % 2:
            process = start(program, folder, units, pace=0.02)
            kill_in_flight(process, folder, dice)
        else:  # at an exact moment: around a commit, or with a call on the wire
            process = start(program, folder, units, die_at=dice.randrange(1, 60))
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        look(folder, units)
    process = start(program, folder, units)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    look(folder, units)
    return json.loads(output)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_killed_run_pays_nothing_twice_and_ends_like_an_unkilled_one(program, tmp_path, seed):
    kills = 7
    calm = tmp_path / "calm"
    expected = run_with_kills(program, calm, 100_000, 0, seed)
    assert set(expected) != {"budget"}
    folder = tmp_path / "killed"
    ends = run_with_kills(program, folder, 100_000, kills, seed)
    assert ends == expected
    assert set(wire(folder)) == set(wire(calm))
    # A call is on the wire again only where a kill caught its reply: at most three chains' calls for each kill.
    again = Counter(wire(folder)) - Counter(wire(calm))
    assert sum(again.values()) <= kills * 6
    journal = Journal(folder / "journal.sqlite")
    events = list(journal.events())
    journal.close()
    replies = Counter(event.key for event in events if event.kind == "settle" and event.data is not None)
    assert set(replies.values()) == {1}
    answered = {event.key: event.seq for event in events if event.kind == "settle" and event.data is not None}
    assert all(event.seq < answered[event.key] for event in events if event.kind == "reserve")
    reserved = Counter(event.kind for event in events)["reserve"]
    reranks = sum(event.kind == "reserve" and "/rerank/" in event.key for event in events)
    assert reserved - reranks - kills * 6 <= len(wire(folder)) <= reserved - reranks


def test_a_killed_run_on_a_tight_budget_never_exceeds_it(program, tmp_path):
    assert "budget" in run_with_kills(program, tmp_path / "tight", 3000, 4, 4)
