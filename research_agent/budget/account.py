"""The arithmetic of one limit: settled + reserved ≤ limit for every capped meter, with the answer set aside.

A slice is an account whose whole limit is reserved in its parent. What it settles moves from the parent's reserved
to the parent's settled at once, so the parent needs no look at its children to keep its own limit. Nothing here
locks or writes; `books` does both around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from research_agent.budget.amounts import DOLLAR, UNIT
from research_agent.budget.charge import CAPPED, NOTHING, Charge, Vector
from research_agent.errors import BudgetExceededError

SCALE = (UNIT, 1, 1, DOLLAR)
Limits = tuple[int | None, ...]


@dataclass(slots=True)
class Account:
    """A limit and what has become of it, in the order units, searches, tokens, money.

    Attributes:
        path: names from the root, joined by "/"; the root is "".
        limits: exact; None means no cap. Every account of a run caps the same meters.
        granted: the limits before closing gave the unused part back.
        settled: paid, by this account and everything below it.
        reserved: held for calls in flight and for open slices.
        aside: of the limit, kept for answer calls.
        answering: of `aside`, used by answer calls in flight or settled.
        aside_seconds: wall time kept for answer calls.
        charged: the sum of the charges of this account and everything below it.
        overrun: what providers reported beyond the limit, and could not be charged.
        claimed: handed out in this session.
    """

    path: str
    limits: Limits
    parent: "Account | None" = None
    granted: Limits = ()
    settled: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    reserved: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    aside: Vector = (0, 0, 0, 0)
    answering: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    aside_seconds: float = 0.0
    charged: Charge = NOTHING
    overrun: Charge = NOTHING
    closed: bool = False
    claimed: bool = False

    def __post_init__(self) -> None:
        self.granted = self.limits

    def room(self, *, answer: bool) -> tuple[int | None, ...]:
        """Return what may still be reserved; the answer's part counts for answer calls only."""
        return tuple(
            None if limit is None else limit - settled - held - (0 if answer else max(0, aside - answering))
            for limit, settled, held, aside, answering in zip(
                self.limits, self.settled, self.reserved, self.aside, self.answering, strict=True
            )
        )

    def require(self, amounts: Sequence[int], *, answer: bool) -> None:
        """Check that these amounts fit.

        Raises:
            BudgetExceededError: one of them does not.
        """
        for what, scale, amount, left in zip(CAPPED, SCALE, amounts, self.room(answer=answer), strict=True):
            if left is not None and amount > left:
                raise BudgetExceededError(amount / scale, max(0, left) / scale, what)

    def hold(self, amounts: Sequence[int], *, answer: bool = False) -> None:
        """Reserve these amounts, which fit."""
        for meter, amount in enumerate(amounts):
            self.reserved[meter] += amount
            if answer:
                self.answering[meter] += amount

    def release(self, amounts: Sequence[int], *, answer: bool = False) -> None:
        """Give a reservation back unused."""
        for meter, amount in enumerate(amounts):
            self.reserved[meter] -= amount
            if answer:
                self.answering[meter] -= amount
        self._shrink()

    def pay(self, held: Sequence[int], charge: Charge, *, answer: bool = False) -> None:
        """Turn a reservation into a charge that fits; what it held beyond that is free again."""
        paid = charge.vector
        for meter, (was, now) in enumerate(zip(held, paid, strict=True)):
            self.settled[meter] += now
            self.reserved[meter] -= was
            if answer:
                self.answering[meter] += now - was
        self.charged += charge
        self._shrink()
        above = self.parent
        while above:
            for meter, now in enumerate(paid):
                above.settled[meter] += now
                # An uncapped meter is not sliced, so nothing of it was held up here.
                above.reserved[meter] -= 0 if above.limits[meter] is None else now
            above.charged += charge
            above = above.parent

    def fit(self, held: Sequence[int], actual: Charge) -> tuple[Charge, Charge]:
        """Return the part of a charge that its reservation and the free room can pay, and the rest."""
        room = self.room(answer=True)
        most = [None if left is None else max(0, left) + was for left, was in zip(room, held, strict=True)]
        return actual.split(most)

    def child(self, name: str, limits: Limits) -> "Account":
        """Return a new slice with these limits, which fit."""
        self.hold([limit or 0 for limit in limits])
        return Account(f"{self.path}/{name}".lstrip("/"), limits, self)

    def close(self) -> None:
        """Give back what is neither settled nor in flight; the rest follows as calls end."""
        self.closed = True
        self._shrink()

    def reopen(self) -> Limits:
        """Return the limits a closed slice has when it takes back what it had left, as far as the parent has it."""
        if self.parent is None:
            return self.limits
        room = self.parent.room(answer=False)
        return tuple(
            None if grant is None or left is None else now + min(grant - now, max(0, left))
            for grant, now, left in zip(self.granted, [limit or 0 for limit in self.limits], room, strict=True)
        )

    def widen(self, limits: Limits) -> None:
        """Open a closed slice again with limits that `reopen` gave."""
        if self.parent is not None:
            self.parent.hold([(new or 0) - (old or 0) for new, old in zip(limits, self.limits, strict=True)])
        self.limits, self.closed = limits, False

    def _shrink(self) -> None:
        """Where closed, hand the free part of the limit to the parent."""
        if not self.closed or self.parent is None:
            return
        free = [left or 0 for left in self.room(answer=True)]
        self.limits = tuple(
            None if limit is None else limit - part for limit, part in zip(self.limits, free, strict=True)
        )
        self.parent.release(free)
