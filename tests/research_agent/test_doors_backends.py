"""Searches and documents through the doors: priced, ended in time, answered from the journal."""

import asyncio

import pytest

from research_agent.budget import Budget, Doors, Journal, Ledger, Prices, Retry, attempt
from research_agent.errors import (
    BudgetExceededError,
    DeadlineError,
    UsageError,
)
from research_agent.models.base import Message, Request
from research_agent.testing import Reply, ScriptedModel
from retrieval.base import Document, Hit, RetrieverInfo
from retrieval.errors import BadQueryError, DocumentNotFoundError, RateLimitedError, UnavailableError


class Backend:
    """Does what its script says, call by call: an exception is raised, an event is waited for."""

    def __init__(self, script=(), **info):
        self.info = RetrieverInfo(**({"name": "scripted", "public": False} | info))
        self.script = list(script)
        self.calls = []

    async def _step(self, call):
        self.calls.append(call)
        step = self.script.pop(0) if self.script else None
        if isinstance(step, Exception):
            raise step
        if isinstance(step, asyncio.Event):
            await step.wait()

    async def search(self, query, *, k):
        await self._step(query)
        return [Hit(f"d{n}", f"{query} {n}", 1.0 - n / 10, 0, len(query) + 2, uri="file:x") for n in range(k + 2)]

    async def fetch(self, document_id):
        await self._step(document_id)
        return Document(document_id, "text " * 300_000, "title", "uri", {"year": 1999})


def request(words=4, **more):
    return Request((Message("user", "word " * words),), **({"max_tokens": 10} | more))


class Waits:
    def __init__(self):
        self.seconds = []

    async def __call__(self, seconds):
        self.seconds.append(seconds)


def doors(units=10_000.0, model=None, ledger=None, **more):
    ledger = ledger or Ledger(Budget(units))
    return Doors(ledger, model=model, sleep=more.pop("sleep", Waits()), **more)


async def test_a_wait_past_the_deadline_is_not_begun():
    waits = Waits()
    ledger = Ledger(Budget(100, max_seconds=30))
    door = doors(ledger=ledger, sleep=waits)
    with pytest.raises(RateLimitedError):
        await door.search(Backend([RateLimitedError("slow", 31)]), "q", k=1, key="1")
    assert waits.seconds == []


async def test_a_search_costs_what_its_backend_says_and_failed_attempts_too():
    backend = Backend([UnavailableError("down"), RateLimitedError("slow", 3)], search_units=7, fetch_units=2)
    waits = Waits()
    door = doors(sleep=waits)
    hits = await door.search(backend, "q", k=2, key="1")
    assert [hit.document_id for hit in hits] == ["d0", "d1"]
    assert waits.seconds[1] == 3
    await door.fetch(backend, "d0", key="1")
    await door.rerank(50, key="1")
    spend = door.ledger.spend()
    assert (spend.meters["searches"], spend.meters["fetches"], spend.meters["reranks"]) == (3, 1, 50)
    assert spend.units == 3 * 7 + 2 + 5


@pytest.mark.parametrize("price", [-5.0, float("nan"), float("inf")])
async def test_a_backend_cannot_refill_the_budget_by_its_price(price):
    door = doors()
    with pytest.raises(UsageError, match="price in units of a search of 'scripted' must be a number"):
        await door.search(Backend(search_units=price), "q", k=1, key="1")
    with pytest.raises(UsageError, match="price in units of a document of 'scripted' must be a number"):
        await door.fetch(Backend(fetch_units=price), "d", key="1")
    assert door.ledger.spend().units == 0


async def test_the_run_prices_a_backend_that_names_no_price():
    door = doors(ledger=Ledger(Budget(1000), prices=Prices(search=30, fetch=4)))
    await door.search(Backend(), "q", k=1, key="1")
    await door.fetch(Backend(), "d", key="1")
    assert door.ledger.spend().units == 34


@pytest.mark.parametrize("name", ["search", "fetch"])
async def test_time_ends_a_call_in_flight_and_it_is_charged(name):
    ledger = Ledger(Budget(1000, max_seconds=0.03))
    door = doors(ledger=ledger)
    backend = Backend([asyncio.Event()])
    with pytest.raises(DeadlineError) as ended:
        await (door.search(backend, "q", k=1, key="1") if name == "search" else door.fetch(backend, "d", key="1"))
    assert str(ended.value) == "The 0.03 seconds of this run are over: the call was ended."
    assert ledger.spend().units == (100 if name == "search" else 20)
    with pytest.raises(DeadlineError):
        await door.search(backend, "q", k=1, key="2")
    with pytest.raises(DeadlineError):
        await door.rerank(1, key="3")
    assert len(backend.calls) == 1


async def test_a_timeout_of_the_backend_itself_is_not_our_deadline():
    ledger = Ledger(Budget(1000, max_seconds=60))
    with pytest.raises(TimeoutError, match=r"^theirs$"):
        await doors(ledger=ledger).search(Backend([TimeoutError("theirs")]), "q", k=1, key="1")
    assert ledger.spend().units == 100


async def test_a_broken_backend_is_charged_and_its_error_passed_on():
    door = doors()
    with pytest.raises(ZeroDivisionError):
        await door.search(Backend([ZeroDivisionError("bug")]), "q", k=1, key="1")
    assert door.ledger.spend().units == 100


async def test_the_same_key_is_paid_once_even_at_the_same_time():
    wait = asyncio.Event()
    model = ScriptedModel([Reply(("one", "two"), reasoning="hm", wait=wait)])
    backend = Backend()
    door = doors(model=model)
    tasks = [asyncio.create_task(door.complete(request(n=2), key="1")) for _ in range(3)]
    await model.until_called()
    wait.set()
    first, second, third = await asyncio.gather(*tasks)
    assert first == second == third
    hits = await door.search(backend, "q", k=3, key="1")
    assert await door.search(backend, "q", k=3, key="1") == hits
    await door.rerank(5, key="1")
    spent = door.ledger.charged
    await door.rerank(5, key="1")
    assert len(model.calls) == len(backend.calls) == 1
    assert door.ledger.charged == spent


async def test_chains_and_kinds_of_call_do_not_share_keys():
    ledger = Ledger(Budget(1000))
    backend = Backend()
    for chain in ("0", "1"):
        door = doors(ledger=ledger, chain=chain)
        await door.search(backend, "q", k=1, key="1")
        await door.fetch(backend, "d", key="1")
    assert len(backend.calls) == 4
    assert ledger.spend().units == 240


@pytest.mark.parametrize("public", [True, False])
async def test_a_replayed_document_is_free_and_a_local_one_is_not_copied(tmp_path, public):
    path = tmp_path / "journal.sqlite"
    backend = Backend(public=public)
    with Ledger(Budget(1000), journal=Journal(path)) as ledger:
        document = await doors(ledger=ledger).fetch(backend, "d", key="1")
    with Ledger(Budget(1000), journal=Journal(path)) as ledger:
        assert await doors(ledger=ledger).fetch(backend, "d", key="1") == document
        assert ledger.spend().units == 20
    assert len(backend.calls) == (1 if public else 2)
    # 1.5 MB of text: packed once where it cannot be had again, not at all where it can.
    assert path.stat().st_size < (60_000 if public else 40_000)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (BadQueryError("no"), False),
        (DocumentNotFoundError("d", "scripted"), False),
        (UnavailableError("down"), True),
    ],
)
async def test_a_failure_is_replayed_unless_it_may_be_gone(tmp_path, error, again):
    path = tmp_path / "journal.sqlite"
    backend = Backend([error] * 3)
    for _ in range(2):
        with Ledger(Budget(1000), journal=Journal(path)) as ledger:
            try:
                await doors(ledger=ledger, retry=Retry(attempts=1)).fetch(backend, "d", key="1")
            except type(error) as raised:
                assert str(raised) == str(error)  # noqa: PT017
            else:
                raise AssertionError("it must fail")
    assert len(backend.calls) == (2 if again else 1)


async def test_wrong_use_is_refused_unpaid():
    door = doors()
    for call, sentence in [
        (door.complete(request(), key="1"), "This run has no language model: choose one with --model."),
        (door.search(Backend(), "q", k=0, key="1"), "A search must ask for at least 1 hit, not 0."),
        (door.rerank(-1, key="1"), "The number of passages must be a whole number of at least 0, not -1."),
        (
            doors(model=ScriptedModel([])).complete(request(max_tokens=0), key="1"),
            "A model call needs at least 1 token and 1 sample, not 0 and 1.",
        ),
    ]:
        with pytest.raises(UsageError) as refused:
            await call
        assert str(refused.value) == sentence
    assert door.ledger.charged.micro == 0


async def test_a_backend_without_documents_is_refused():
    class SearchOnly:
        info = RetrieverInfo("plain", False)

        async def search(self, query, *, k):
            return []

    with pytest.raises(UsageError) as refused:
        await doors().fetch(SearchOnly(), "d", key="1")
    assert str(refused.value) == "The backend 'plain' cannot open documents: read the hits' own texts."


async def test_time_in_flight_leaves_traces_so_that_a_crash_does_not_give_it_back(monkeypatch):
    monkeypatch.setattr(attempt, "BEAT", 0.001)  # the loop's clock ticks a thousand times faster than the ledger's
    now = [0.0]
    ledger = Ledger(Budget(1000, max_seconds=100), clock=lambda: now[0])
    beats, beat = asyncio.Event(), ledger.beat

    def counted():
        now[0] += 0.4
        beat()
        if now[0] > 3.9:
            beats.set()

    monkeypatch.setattr(ledger, "beat", counted)
    await doors(ledger=ledger).search(Backend([beats]), "q", k=1, key="1")
    traces = [event.elapsed for event in ledger._books.journal.events() if event.kind == "beat"]
    assert traces == pytest.approx([1.2, 2.4, 3.6])


async def test_many_doors_on_one_ledger_stay_within_it():
    ledger = Ledger(Budget(1000, max_searches=8))
    backend = Backend()

    async def chain(name):
        done = 0
        for number in range(5):
            try:
                await doors(ledger=ledger, chain=name).search(backend, "q", k=1, key=str(number))
                done += 1
            except BudgetExceededError:
                break
        return done

    assert sum(await asyncio.gather(*(chain(str(name)) for name in range(6)))) == 8
    assert len(backend.calls) == 8
