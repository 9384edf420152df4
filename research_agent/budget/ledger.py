"""The only door to anything that costs: reserve the worst case, settle the truth, refund the rest."""

import time
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

from research_agent.answer import Spend
from research_agent.budget.account import SCALE, Account, Limits
from research_agent.budget.amounts import DOLLAR, MOST_UNITS, UNIT, check_cap, check_price, limit
from research_agent.budget.books import Books, Reservation
from research_agent.budget.budget import Budget, Remaining
from research_agent.budget.charge import CAPPED, NOTHING, SEARCHES, TOKENS, UNITS, USD, Charge, Tariff
from research_agent.budget.journal import Journal
from research_agent.budget.money import Money
from research_agent.budget.prices import Prices
from research_agent.errors import BudgetError, BudgetExceededError, BudgetTooSmallError, UsageError


class Ledger:
    """One account of a run: the run's own, or a slice of it.

    At every moment and under any concurrency (tasks and threads), settled + reserved ≤ limit for each capped meter.
    With a journal on disk the same holds across crashes: a run that is opened again finds what it spent, pays the
    worst case of calls that were in flight, and gets every settled reply back for nothing.

    Raises:
        UnknownPriceError: money is capped and a price is unknown.
        UsageError: the journal belongs to another run, or to this run with another budget or other prices.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        prices: Prices | None = None,
        money: Money | None = None,
        journal: Journal | None = None,
        run_id: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        tariff = Tariff(prices or Prices(), money or Money())
        self._books = Books(budget, tariff, journal or Journal(), run_id, clock)
        self._account = self._books.root

    @property
    def budget(self) -> Budget:
        """The limits of the whole run."""
        return self._books.budget

    @property
    def tariff(self) -> Tariff:
        """What things cost in this run; on resume, as it was when the run began."""
        return self._books.tariff

    @property
    def path(self) -> str:
        """Names of the slices from the root to here, joined by "/"; "" for the run itself."""
        return self._account.path

    @property
    def charged(self) -> Charge:
        """The exact sum of all charges, slices included."""
        return self._account.charged

    @property
    def overrun(self) -> Charge:
        """What providers reported beyond what the limit could pay; recorded, not charged."""
        return self._account.overrun

    def reserve(self, key: str, worst: Charge, *, answer: bool = False) -> Reservation:
        """Hold the worst case of one call.

        Args:
            key: idempotency key, unique within the run; a further attempt uses the same key.
            worst: the most that the call can cost.
            answer: the call belongs to the answer phase and may use what is set aside.

        Raises:
            BudgetExceededError: it does not fit.
            UnknownPriceError: money is capped and the price of this call is unknown.
            BudgetError: this slice is closed, or the journal cannot be written.
        """
        return self._books.reserve(self._account, key, worst, answer=answer)

    def reply(self, key: str) -> dict[str, Any] | None:
        """Return the reply stored with a settled call, or None where the call has to be made."""
        return self._books.reply(key)

    def replies(self, what: str) -> list[dict[str, Any]]:
        """Return what all settled calls of one kind in the run came to, lasting failures included, as JSON values.

        Args:
            what: "model", "search", "fetch" or "rerank".
        """
        return self._books.replies(what)

    def set_aside(self, worst: Charge, *, seconds: float = 0.0) -> None:
        """Keep this much for answer calls; a second call replaces the first.

        Args:
            worst: the most that the answer calls together can cost.
            seconds: wall time kept for them.

        Raises:
            BudgetExceededError: it does not fit into what is left.
        """
        check_price("The seconds set aside", seconds)
        with self._books.lock:
            account = self._account
            if (account.aside, account.aside_seconds) == (worst.vector, seconds):
                return  # a resumed run has it already
            room = account.room(answer=True)
            for what, scale, amount, used, left in zip(
                CAPPED, SCALE, worst.vector, account.answering, room, strict=True
            ):
                if left is not None and amount - used > left:
                    raise BudgetExceededError(amount / scale, left / scale, what)
            self._books.write("aside", account, data=[worst.vector, seconds])
            account.aside, account.aside_seconds = worst.vector, seconds

    def require(self, *worst: Charge) -> None:
        """Refuse a limit that could not pay for these calls together, the least that could work.

        Raises:
            BudgetTooSmallError: it could not; nothing was spent.
            UnknownPriceError: money is capped and one of the prices is unknown.
        """
        least = sum(worst, NOTHING)
        self._books.check_priced(least, "the least that could work")
        for what, scale, amount, most in zip(CAPPED, SCALE, least.vector, self._account.limits, strict=True):
            if most is not None and amount > most:
                raise BudgetTooSmallError(most / scale, amount / scale, what)

    def slice(self, name: str, *, units: float | None = None, share: float | None = None) -> "Ledger":
        """Take a part of what is left for a child, atomically; closing it gives the unused part back.

        Give either `units`, of which the same share of every other capped meter follows, or `share` (above 0, at
        most 1) of everything that is left. On resume a slice of an earlier session comes back as it was.

        Raises:
            BudgetExceededError: there are not that many units left.
            BudgetError: this session has handed out a slice of this name before, or this ledger is closed.
        """
        with self._books.lock:
            room = self._account.room(answer=False)
            free = max(1, room[UNITS] or 0)
            if units is not None and share is None:
                check_cap("A slice in units", units, MOST_UNITS)
                part = Fraction(limit(units, UNIT), free)
            elif share is not None and units is None:
                check_cap("The share of a slice", share, 1)
                part = Fraction(str(share))
            else:
                raise UsageError("A slice needs either units or a share.")
            if part > 1 and self._below(name) not in self._books.accounts:
                raise BudgetExceededError(float(part * free / UNIT), max(0, room[UNITS] or 0) / UNIT)
            return self._open({name: tuple(None if left is None else int(max(0, left) * part) for left in room)})[0]

    def split(self, names: Sequence[str]) -> "list[Ledger]":
        """Take all that is left in equal slices, one a name; what does not divide goes to the first ones.

        Raises:
            BudgetError: this session has handed out a slice of one of these names before, or this ledger is closed.
        """
        with self._books.lock:
            parts, room = len(names), self._account.room(answer=False)
            if len(set(names)) < parts:
                raise UsageError(f"Slices need different names, not {', '.join(names)}.")
            # The first ones round up, so that what does not divide is not lost.
            extra = dict(zip(names, range(parts - 1, -1, -1), strict=True))
            return self._open(
                {
                    name: tuple(None if left is None else (max(0, left) + more) // parts for left in room)
                    for name, more in extra.items()
                }
            )

    def room(self, *, answer: bool = False) -> Limits:
        """Return what may still be reserved, exact: millionths of a unit, searches, tokens, trillionths of a dollar."""
        with self._books.lock:
            return self._account.room(answer=answer)

    def remaining(self, *, answer: bool = False) -> Remaining:
        """Return what is left, without what is set aside unless `answer`, and what was used."""
        with self._books.lock:
            room = [left if left is None else max(0, left) for left in self._account.room(answer=answer)]
            charged, money = self._account.charged, room[USD]
            return Remaining(
                (room[UNITS] or 0) / UNIT,
                room[SEARCHES],
                room[TOKENS],
                None if money is None else money / DOLLAR,
                self.seconds_left(answer=answer),
                charged.units,
                charged.meters.searches,
                charged.meters.tokens,
                None if charged.pico is None else charged.pico / DOLLAR,
                self.seconds(),
            )

    def seconds(self) -> float:
        """Return the wall time of the run, earlier sessions included."""
        return self._books.seconds()

    def seconds_left(self, *, answer: bool = False) -> float | None:
        """Return the wall time left, at least 0, without what is set aside unless `answer`; None means no cap."""
        if self.budget.max_seconds is None:
            return None
        aside, account = 0.0, None if answer else self._account
        while account:
            aside, account = max(aside, account.aside_seconds), account.parent
        return max(0.0, self.budget.max_seconds - aside - self.seconds())

    def beat(self) -> None:
        """Record the time, so that a crash during a long call does not give it back."""
        self._books.beat()

    def spend(self) -> Spend:
        """Return what this account was given and what it used, as a report shows it."""
        with self._books.lock:
            charged, overrun = self._account.charged, self._account.overrun
            return Spend(
                (self._account.granted[UNITS] or 0) / UNIT,
                charged.units,
                charged.meters.to_json(),
                self.seconds(),
                None if charged.pico is None else charged.pico / DOLLAR,
                charged.estimated or overrun.vector != NOTHING.vector,
            )

    def sha256(self) -> str:
        """Return the hash of the journal, so that a report can be held against its run."""
        with self._books.lock:
            return self._books.journal.sha256()

    def close(self) -> None:
        """Give a slice's unused part back, or end the run's session; harmless when called twice.

        Calls still in flight in a slice keep what they hold until they end.
        """
        with self._books.lock:
            account = self._account
            if account.closed:
                return
            self._books.write("beat" if account.parent is None else "close", account)
            account.close()
            if account.parent is None:
                self._books.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, wanted: Mapping[str, Limits]) -> "list[Ledger]":
        """Return the slices of these names, new or as an earlier session left them; all are taken, or none."""
        known = self._books.accounts
        granted: dict[str, Limits] = {}
        for name, limits in wanted.items():
            if not name or "/" in name:
                raise UsageError(f"A slice needs a name without '/', not {name!r}.")
            path = self._below(name)
            account = known.get(path)
            if self._account.closed or (account and account.claimed):
                raise BudgetError(f"The slice {path!r} was handed out before, or what it is taken from is closed.")
            if account is None or account.closed:
                granted[path] = account.reopen() if account else limits
        self._books.grant_all(granted)
        slices = [known[self._below(name)] for name in wanted]
        for account in slices:
            account.claimed = True
        return [_Slice(self._books, account) for account in slices]

    def _below(self, name: str) -> str:
        """Return the path of a slice of this name."""
        return f"{self.path}/{name}".lstrip("/")


class _Slice(Ledger):
    """A ledger over an account that exists already."""

    def __init__(self, books: Books, account: Account) -> None:
        self._books = books
        self._account = account
