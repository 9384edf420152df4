"""The books of one run: its accounts in this process and its journal on disk, kept equal under one lock.

Every change is written first and made second, so a journal that cannot be written changes nothing.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from research_agent.budget.account import Account, Limits
from research_agent.budget.amounts import DOLLAR, UNIT, limit
from research_agent.budget.budget import Budget
from research_agent.budget.charge import NOTHING, USD, Charge, Tariff, Vector
from research_agent.budget.journal import Event, Journal, Kind
from research_agent.budget.money import Money, unpriced
from research_agent.budget.prices import Prices
from research_agent.errors import BudgetError, UsageError

BEAT = 1.0


class Reservation:
    """The worst case of one call, held until it is settled or refunded.

    Attributes:
        key: the call's idempotency key.
        attempt: number of this attempt, from 0.
        worst: what is held.
        answer: the call belongs to the answer phase.
        seq: its row in the journal.
        open: neither settled nor refunded yet.
    """

    __slots__ = ("_books", "account", "answer", "attempt", "key", "open", "seq", "worst")

    def __init__(self, books: "Books", account: Account, key: str, attempt: int, worst: Charge, answer: bool) -> None:
        self._books = books
        self.account = account
        self.key = key
        self.attempt = attempt
        self.worst = worst
        self.answer = answer
        self.seq = 0
        self.open = True

    def settle(self, actual: Charge, reply: dict[str, Any] | None = None) -> Charge:
        """Pay what the call really cost, keep its reply with it, and free the rest.

        A provider may report more than the worst case. Then the truth is paid as far as the limit has room, the
        answer's part included; what does not fit is recorded as an overrun and never charged.

        Args:
            actual: what the call cost.
            reply: JSON form of what it returned; given, the key is never paid for again.

        Returns:
            What was charged.

        Raises:
            BudgetError: it was settled or refunded before, or the journal cannot be written (it then stays held).
        """
        return self._books.settle(self, actual, reply)

    def refund(self) -> None:
        """Free everything: the call was never sent.

        Raises:
            BudgetError: it was settled or refunded before, or the journal cannot be written (it then stays held).
        """
        self._books.refund(self)


class Books:
    """The shared state behind the ledgers of one run."""

    def __init__(
        self, budget: Budget, tariff: Tariff, journal: Journal, run_id: str, clock: Callable[[], float]
    ) -> None:
        self.budget = budget
        self.tariff = tariff
        self.journal = journal
        self.lock = threading.RLock()
        self._clock = clock
        self._began = clock()
        self._earlier: dict[int, float] = {}
        self._last = 0.0
        self.root = Account("", limits_of(budget))
        self.accounts = {"": self.root}
        self._attempts: dict[str, int] = {}
        self._replies: dict[str, int] = {}
        terms = journal.terms()
        if terms is not None:
            self._check(terms, run_id)
            self.tariff = Tariff(tariff.prices, Money.from_json(terms["money"]))
        self.tariff.money.require(budget.max_usd)
        pending = self._replay()
        self._session = len(self._earlier) + 1
        mine = {"run": run_id, "budget": budget.to_json(), "prices": tariff.prices.to_json()}
        self.write("session", data={**mine, "money": self.tariff.money.to_json()})
        for reservation in pending:
            # It may have been sent and paid for: nobody is left who knows.
            self.settle(reservation, reservation.worst, None)

    def seconds(self) -> float:
        """Return the wall time of this and all earlier sessions."""
        return sum(self._earlier.values()) + self._clock() - self._began

    def beat(self) -> None:
        """Leave a trace of the time, at most once a second, so that a crash does not give it back."""
        with self.lock:
            if self._clock() - self._began - self._last >= BEAT:
                self.write("beat")

    def write(
        self,
        kind: Kind,
        account: Account | None = None,
        *,
        of: Reservation | None = None,
        charge: Charge | None = None,
        data: Any = None,
    ) -> int:
        """Append one row and return its number."""
        return self._append(self._event(kind, account, of, charge, data))[0]

    def reserve(self, account: Account, key: str, worst: Charge, *, answer: bool) -> Reservation:
        """Hold the worst case of a call; see `Ledger.reserve`."""
        with self.lock:
            if account.closed:
                raise BudgetError(f"The ledger {account.path or 'of this run'!r} is closed: nothing more can be spent.")
            self.check_priced(worst, key)
            account.require(worst.vector, answer=answer)
            attempt = self._attempts.get(key, 0)
            reservation = Reservation(self, account, key, attempt, worst, answer)
            reservation.seq = self.write("reserve", account, of=reservation, charge=worst)
            self._attempts[key] = attempt + 1
            account.hold(worst.vector, answer=answer)
            return reservation

    def settle(self, reservation: Reservation, actual: Charge, reply: dict[str, Any] | None) -> Charge:
        """Turn a reservation into a charge; see `Reservation.settle`."""
        with self.lock:
            account, held = reservation.account, self._held(reservation)
            charge, rest = account.fit(held, actual)
            events = [self._event("settle", account, reservation, charge, reply)]
            if rest.vector != NOTHING.vector:
                events.append(self._event("overrun", account, reservation, rest, None))
            seq = self._append(*events)[0]
            if reply is not None:
                self._replies[reservation.key] = seq
            reservation.open = False
            account.pay(held, charge, answer=reservation.answer)
            self._overrun(account, rest)
            return charge

    def refund(self, reservation: Reservation) -> None:
        """Free a reservation; see `Reservation.refund`."""
        with self.lock:
            held = self._held(reservation)
            self.write("refund", reservation.account, of=reservation, charge=reservation.worst)
            reservation.open = False
            reservation.account.release(held, answer=reservation.answer)

    def reply(self, key: str) -> dict[str, Any] | None:
        """Return the stored reply of a settled call, or None where it has to be made."""
        with self.lock:
            seq = self._replies.get(key)
            return None if seq is None else self.journal.data(seq)

    def replies(self, what: str) -> list[dict[str, Any]]:
        """Return the stored replies of the settled calls of one kind, in the order they were settled."""
        with self.lock:
            return [self.journal.data(seq) for key, seq in self._replies.items() if f"/{what}/" in key]

    def check_priced(self, charge: Charge, what: str) -> None:
        """Refuse a charge of unknown price under a money cap.

        Raises:
            UnknownPriceError: that is so.
        """
        if charge.pico is None and self.root.limits[USD] is not None and self.budget.max_usd is not None:
            raise unpriced(self.budget.max_usd, [f"the call {what!r}"])

    def _held(self, reservation: Reservation) -> Vector:
        """Return what a reservation holds, if it still does."""
        if not reservation.open:
            raise BudgetError(f"The call {reservation.key!r} was settled or refunded before.")
        return reservation.worst.vector

    def _overrun(self, account: Account, rest: Charge) -> None:
        above: Account | None = account
        while above and rest.vector != NOTHING.vector:
            above.overrun += rest
            above = above.parent

    def _event(
        self, kind: Kind, account: Account | None, of: Reservation | None, charge: Charge | None, data: Any
    ) -> Event:
        """Return a row stamped with session and time."""
        return Event(
            kind,
            account.path if account else "",
            of.key if of else "",
            of.attempt if of else 0,
            (of.seq or None) if of else None,
            of.answer if of else False,
            charge.units if charge else 0.0,
            None if charge is None or charge.pico is None else charge.pico / DOLLAR,
            None if charge is None else json.dumps(charge.to_json()),
            None if data is None else json.dumps(data, default=str),
            self._session,
            self._clock() - self._began,
            time.time(),
        )

    def _append(self, *events: Event) -> list[int]:
        numbers = self.journal.append(events)
        self._last = events[-1].elapsed
        return numbers

    def _check(self, terms: dict[str, Any], run_id: str) -> None:
        """Refuse to go on with other terms than the run began with."""
        if terms["run"] != run_id:
            raise UsageError(f"This journal belongs to the run {terms['run']!r}, not to {run_id!r}.")
        begun = Budget.from_json(terms["budget"]), Prices.from_json(terms["prices"])
        for what, then, now in zip(("budget", "prices"), begun, (self.budget, self.tariff.prices), strict=True):
            if then != now:
                raise UsageError(
                    f"The run {run_id!r} began with {then} and cannot be resumed with {now}: "
                    f"leave its {what} as it was, or start a new run."
                )

    def _replay(self) -> list[Reservation]:
        """Build the accounts from the journal and return the reservations a crash left open."""
        pending: dict[int, Reservation] = {}
        try:
            for event in self.journal.events():
                self._earlier[event.session] = max(self._earlier.get(event.session, 0.0), event.elapsed)
                self._redo(event, pending)
        except (KeyError, ValueError, TypeError) as error:
            raise self.journal.damaged(repr(error)) from error
        return list(pending.values())

    def _redo(self, event: Event, pending: dict[int, Reservation]) -> None:
        """Repeat one row on the accounts."""
        account = self.accounts.get(event.account)
        charge = Charge.from_json(json.loads(event.charge)) if event.charge else NOTHING
        if event.kind == "slice":
            self._grant(event.account, tuple(self.journal.data(event.seq)))
        elif account is None or event.kind in ("session", "beat"):
            return
        elif event.kind == "reserve":
            held = Reservation(self, account, event.key, event.attempt, charge, event.answer)
            held.seq = event.seq
            self._attempts[event.key] = event.attempt + 1
            account.hold(charge.vector, answer=event.answer)
            pending[event.seq] = held
        elif event.kind == "settle":
            account.pay(pending.pop(event.ref or 0).worst.vector, charge, answer=event.answer)
            if event.data is not None:
                self._replies[event.key] = event.seq
        elif event.kind == "refund":
            account.release(pending.pop(event.ref or 0).worst.vector, answer=event.answer)
        elif event.kind == "overrun":
            self._overrun(account, charge)
        elif event.kind == "close":
            account.close()
        elif event.kind == "aside":
            amounts, account.aside_seconds = self.journal.data(event.seq)
            account.aside = tuple(amounts)

    def grant_all(self, wanted: Mapping[str, Limits]) -> None:
        """Open these slices, by path: all of them or none."""
        events = [self._event("slice", Account(path, limits), None, None, limits) for path, limits in wanted.items()]
        if events:
            self._append(*events)
        for path, limits in wanted.items():
            self._grant(path, limits)

    def _grant(self, path: str, limits: Limits) -> None:
        """Open one slice, a new one or one that was closed."""
        above, _, name = path.rpartition("/")
        if path in self.accounts:
            self.accounts[path].widen(limits)
        else:
            self.accounts[path] = self.accounts[above].child(name, limits)


def limits_of(budget: Budget) -> Limits:
    """Return a budget's caps, exact, in the order units, searches, tokens, money."""
    money = None if budget.max_usd is None else limit(budget.max_usd, DOLLAR)
    return limit(budget.units, UNIT), budget.max_searches, budget.max_tokens, money
