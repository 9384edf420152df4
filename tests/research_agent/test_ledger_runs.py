"""Whole runs at random: caps, fan-outs, failures, cancellations and crashes, and never one unit over."""

import asyncio
import json
import random
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research_agent.budget import NOTHING, Budget, Charge, Doors, Journal, Ledger, Meters, Money, Retry
from research_agent.budget.account import Account
from research_agent.errors import (
    BudgetError,
    ModelError,
    ModelRateLimitedError,
    ModelReplyError,
    ModelUnavailableError,
)
from research_agent.models.base import Completion, Message, ModelInfo, Request, Usage
from retrieval.base import Document, Hit, RetrieverInfo
from retrieval.errors import BadQueryError, RateLimitedError, RetrievalError, UnavailableError

RUNS = 300


class World:
    """A model and a backend that take their turns, answer, fail, or lie about their usage, all by one seed."""

    def __init__(self, seed, usd):
        self.random = random.Random(seed)
        self.wire = []
        self.at_wire = lambda: None
        self.lied = False
        self.model = ModelInfo("wild", "wild", 4000, True, False, False)
        self.info = RetrieverInfo("wild", True, 3.5 if seed % 2 else None, usd, None)

    async def turn(self, what, failures):
        self.wire.append(what)
        self.at_wire()
        for _ in range(self.random.randrange(4)):
            await asyncio.sleep(0)
        if self.random.random() < 0.3:
            raise self.random.choice(failures)

    async def search(self, query, *, k):
        await self.turn("search", [UnavailableError("x"), RateLimitedError("x", 1), BadQueryError("x"), OSError("x")])
        return [Hit("d", query, 1.0, 0, len(query))] * self.random.randrange(k + 1)

    async def fetch(self, document_id):
        await self.turn("fetch", [UnavailableError("x"), RateLimitedError("x"), OSError("x")])
        return Document(document_id, "text")

    def usage(self, request):
        prompt, most = len(request.messages[0].content), request.max_tokens * request.n
        kind = self.random.random()
        if kind < 0.1:
            return Usage(-5, 0, 10**15, 0)
        if kind < 0.2:
            self.lied = True
            return Usage(prompt * 2, 0, most * 2, 0)  # more than the worst case
        output = self.random.randint(1, most)
        return Usage(prompt, self.random.randint(0, prompt), output, self.random.randint(0, output))


class Model:
    def __init__(self, world):
        self.world = world
        self.info = world.model

    def count_tokens(self, messages):
        return sum(len(message.content) for message in messages)

    async def complete(self, request):
        used = self.world.usage(request)
        failures = [ModelUnavailableError("x"), ModelRateLimitedError("x", 1.0, used), ModelReplyError("x", used)]
        await self.world.turn("model", [*failures, OSError("x")])
        return Completion(("w",) * request.n, used, ("stop",) * request.n)


async def no_wait(_seconds):
    await asyncio.sleep(0)


async def one_step(doors, world, number):
    key, act = str(number), world.random.randrange(5)
    try:
        if act == 0:
            await doors.search(world, "query", k=3, key=key)
        elif act == 1:
            await doors.fetch(world, "d", key=key)
        elif act == 2:
            await doors.rerank(world.random.randrange(30), key=key)
        else:
            content, most = "x" * world.random.randrange(1, 200), world.random.randrange(1, 300)
            request = Request((Message("user", content),), most, n=world.random.choice([1, 1, 3]))
            await doors.complete(request, key=key, answer=act == 4)
    except (BudgetError, ModelError, RetrievalError, OSError):
        pass


async def chain(ledger, world, name, steps, fan_out):
    doors = Doors(ledger, model=Model(world), chain=name, sleep=no_wait, retry=Retry(attempts=3))
    for start in range(0, steps, fan_out):
        await asyncio.gather(*(one_step(doors, world, number) for number in range(start, start + fan_out)))


async def run(root, world, plan):
    """Run some chains on slices of slices, cancel some of them, close everything."""
    with suppress(BudgetError):
        root.set_aside(Charge(Meters(), plan["aside"] * 10**6))
    middle = root.slice("middle", share=0.7)
    ledgers = [*middle.split([str(n) for n in range(plan["chains"])]), root]
    tasks = [
        asyncio.create_task(chain(ledger, world, f"{n}", plan["steps"], plan["fan_out"]))
        for n, ledger in enumerate(ledgers)
    ]
    for task in tasks:
        if world.random.random() < 0.3:
            for _ in range(world.random.randrange(25)):
                await asyncio.sleep(0)
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for ledger in ledgers[:-1]:
        ledger.close()
    middle.close()


def audit(journal, limits):
    """Add up the journal with arithmetic of its own: at no row was anything over."""
    held, settled, charges = {}, [0, 0, 0, 0], NOTHING
    for event in journal.events():
        charge = Charge.from_json(json.loads(event.charge)) if event.charge else NOTHING
        if event.kind == "reserve":
            held[event.seq] = charge.vector
        elif event.kind in ("settle", "refund"):
            del held[event.ref]
        if event.kind == "settle":
            settled = [total + amount for total, amount in zip(settled, charge.vector, strict=True)]
            charges += charge
        for meter, most in enumerate(limits):
            assert most is None or settled[meter] + sum(vector[meter] for vector in held.values()) <= most
    return held, charges


def snapshot(ledger):
    return {
        path: (each.limits, each.settled, each.reserved, each.answering, each.aside, each.closed, each.charged)
        for path, each in ledger._books.accounts.items()
    }


def watched(patch):
    """Check every account after every change of any account."""

    def watch(name):
        change = getattr(Account, name)

        def checked(account, *args, **more):
            change(account, *args, **more)
            while account:
                room = account.room(answer=True)
                assert all(left is None or left >= 0 for left in room), (name, room)
                assert min(account.reserved) >= 0
                assert min(account.settled) >= 0
                account = account.parent

        patch.setattr(Account, name, checked)

    for name in ("hold", "release", "pay", "close", "widen"):
        watch(name)


plans = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10**6),
        "units": st.sampled_from([3, 250, 999.999999, 3000, 8000, 20_000]),
        "max_searches": st.none() | st.integers(1, 20),
        "max_tokens": st.none() | st.integers(100, 20_000),
        "max_usd": st.none() | st.sampled_from([1e-6, 0.01, 0.2]),
        "aside": st.sampled_from([0, 1, 60]),
        "chains": st.integers(1, 4),
        "steps": st.integers(5, 14),
        "fan_out": st.integers(1, 5),
        "crash_at": st.integers(1, 20),
    }
)


@pytest.mark.timeout(300)
@settings(max_examples=RUNS, deadline=None, derandomize=True)
@given(plan=plans)
def test_no_run_is_ever_over_and_every_charge_is_accounted_for(plan):
    caps = {name: plan[name] for name in ("max_searches", "max_tokens", "max_usd")}
    budget = Budget(plan["units"], **caps)
    world = World(plan["seed"], 0.001)
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        watched(patch)
        path, crashed = Path(folder, "journal.sqlite"), Path(folder, "crashed")
        prices = Path(folder, "prices.json")
        prices.write_text(
            '{"models": {"wild": {"prompt": 1.5, "cached": 0.2, "output": 6}}, "backends": {"wild": {"fetch": 0}}}'
        )
        money = Money.quote([world.model], [world], prices)
        root = Ledger(budget, money=money, journal=Journal(path))

        def crash():
            if len(world.wire) == plan["crash_at"]:
                crashed.mkdir()
                for each in Path(folder).glob("journal.sqlit*[!k]"):
                    shutil.copy(each, crashed)

        world.at_wire = crash
        limits = root._account.limits
        asyncio.run(run(root, world, plan))
        held, charges = audit(root._books.journal, limits)
        assert held == {}
        assert root.charged == charges
        assert root._account.reserved == [0, 0, 0, 0]
        assert root._account.settled == list(charges.vector)
        assert root.spend().units <= budget.units
        # What is held before a call is enough for every call that a provider is honest about.
        assert world.lied or root.overrun.vector == NOTHING.vector
        # Every call on the wire was paid for, and nothing else.
        for what, meter in (("search", "searches"), ("fetch", "fetches")):
            assert root.spend().meters[meter] == world.wire.count(what)
        before = snapshot(root)
        root.close()
        resumed = Ledger(budget, money=money, journal=Journal(path))
        assert snapshot(resumed) == before
        resumed.close()
        if crashed.exists():
            check_crash(crashed / path.name, budget, money, limits)


def check_crash(path, budget, money, limits):
    """A run copied in mid-flight is opened: what was in flight is charged in full, and it still fits."""
    journal = Journal(path)
    held, charges = audit(journal, limits)
    assert held
    resumed = Ledger(budget, money=money, journal=journal)
    now_held, now = audit(journal, limits)
    assert now_held == {}
    assert now.vector == tuple(map(sum, zip(charges.vector, *held.values(), strict=True)))
    assert resumed.charged == now
    resumed.close()
