"""One attempt on the wire: reserve the worst case, send, settle, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from research_agent.budget.books import BEAT
from research_agent.budget.charge import Charge
from research_agent.budget.ledger import Ledger
from research_agent.budget.replies import write_error
from research_agent.errors import BudgetError, DeadlineError, ModelError
from retrieval.errors import RetrievalError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offer(Generic[T]):
    """What one attempt may cost, how to make it, and how to tell what it did cost.

    Attributes:
        worst: the most it can cost.
        send: makes the call.
        cost: what a call with this result cost.
        write: JSON form of the result.
        cost_of_failure: what a call that ended in this error cost.
    """

    worst: Charge
    send: Callable[[], Awaitable[T]]
    cost: Callable[[T], Charge]
    write: Callable[[T], dict[str, Any]]
    cost_of_failure: Callable[[Exception], Charge]


def fixed(price: Charge, send: Callable[[], Awaitable[T]], write: Callable[[T], dict[str, Any]]) -> Offer[T]:
    """Return the offer of a call that costs the same whatever comes of it."""
    return Offer(price, send, lambda _: price, write, lambda _: price)


async def make(ledger: Ledger, name: str, offer: Offer[T], *, answer: bool) -> T:
    """Make one attempt and return its result, settled under `name` together with its reply.

    Raises:
        BudgetExceededError: it does not fit; nothing was sent.
        DeadlineError: time was up before, or ran out during, the call.
        ModelError: as the model raised it.
        RetrievalError: as the backend raised it.
    """
    async with in_time(ledger, answer=answer):
        held = ledger.reserve(name, offer.worst, answer=answer)
        try:
            result = await offer.send()
            held.settle(offer.cost(result), offer.write(result))
        except (ModelError, RetrievalError) as error:
            held.settle(offer.cost_of_failure(error), write_error(error))
            raise
        finally:
            # Cancelled, out of time, or broken in a way nobody foresaw: it may have been paid for.
            if held.open:
                held.settle(offer.worst)
    return result


@asynccontextmanager
async def in_time(ledger: Ledger, *, answer: bool) -> AsyncIterator[None]:
    """End what runs inside when the run's time is up.

    Raises:
        DeadlineError: it is.
    """
    seconds = ledger.seconds_left(answer=answer)
    message = f"The {ledger.budget.max_seconds or 0:g} seconds of this run are over: the call was ended."
    if seconds is not None and seconds <= 0:
        raise DeadlineError(message)
    scope = asyncio.timeout(seconds)
    try:
        async with scope:
            with _beating(ledger):
                yield
    except TimeoutError as error:
        if not scope.expired():
            raise
        raise DeadlineError(message) from error


@contextmanager
def _beating(ledger: Ledger) -> Iterator[None]:
    """Record the time every second while a call is in flight."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def beat() -> None:
        nonlocal timer
        # Where the journal cannot be written, the call is settled as well as it can be, and says so.
        with suppress(BudgetError):
            ledger.beat()
        timer = loop.call_later(BEAT, beat)

    timer = loop.call_later(BEAT, beat)
    try:
        yield
    finally:
        timer.cancel()
