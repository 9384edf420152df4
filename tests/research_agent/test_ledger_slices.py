"""Slices of slices: what children take, spend and give back, in any order."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from research_agent.budget import NOTHING, Budget, Charge, Ledger, Meters
from research_agent.errors import BudgetError, BudgetExceededError, UsageError


def cost(units, searches=0):
    return Charge(Meters(searches=searches), round(units * 10**6))


def spend(ledger, key, units, **more):
    ledger.reserve(key, cost(units, **more)).settle(cost(units, **more))


def test_a_slice_takes_from_the_parent_and_gives_the_rest_back():
    ledger = Ledger(Budget(100, max_searches=10))
    child = ledger.slice("a", units=40)
    assert (child.remaining().units, child.remaining().searches) == (40, 4)
    assert (ledger.remaining().units, ledger.remaining().searches) == (60, 6)
    spend(child, "a", 15, searches=1)
    assert ledger.remaining().used_units == 15
    assert ledger.remaining().units == 60
    child.close()
    child.close()
    left = ledger.remaining()
    assert (left.units, left.searches) == (85, 9)
    assert child.spend().limit == 40
    with pytest.raises(BudgetError, match=r"^The ledger 'a' is closed: nothing more can be spent\.$"):
        child.reserve("b", cost(1))


def test_children_of_children_conserve():
    root = Ledger(Budget(100))
    child = root.slice("a", share=0.5)
    grandchild = child.slice("b", units=20)
    spend(grandchild, "1", 5)
    spend(child, "2", 30)
    with pytest.raises(BudgetExceededError):
        child.reserve("3", cost(1))
    grandchild.close()
    assert child.remaining().units == 15
    child.close()
    assert root.remaining().units == 65
    assert grandchild.path == "a/b"


def test_a_slice_closed_with_a_call_in_flight_gives_the_rest_back_when_it_ends():
    root = Ledger(Budget(100))
    child = root.slice("a", units=50)
    grandchild = child.slice("b", units=30)
    held = grandchild.reserve("1", cost(20))
    child.close()
    grandchild.close()
    assert root.remaining().units == 80
    held.settle(cost(5))
    assert root.remaining().units == 95


def test_split_divides_everything_and_loses_nothing():
    ledger = Ledger(Budget(100, max_searches=2, max_tokens=7))
    ledger.set_aside(cost(10))
    parts = ledger.split(["a", "b", "c"])
    assert [part.remaining().searches for part in parts] == [1, 1, 0]
    assert [part.remaining().tokens for part in parts] == [3, 2, 2]
    assert sum(part.room()[0] for part in parts) == 90 * 10**6
    assert ledger.room()[:3] == (0, 0, 0)
    assert ledger.remaining(answer=True).units == 10


@pytest.mark.parametrize(
    ("wanted", "error", "sentence"),
    [
        ({"units": 101}, BudgetExceededError, "This step needs 101 units, and 100 are left."),
        ({"units": 0}, UsageError, "A slice in units must be a number above 0 and at most 1e+12, not 0."),
        ({"share": 1.5}, UsageError, "The share of a slice must be a number above 0 and at most 1, not 1.5."),
        ({}, UsageError, "A slice needs either units or a share."),
        ({"units": 1, "share": 0.5}, UsageError, "A slice needs either units or a share."),
    ],
)
def test_a_slice_that_cannot_be_is_refused(wanted, error, sentence):
    ledger = Ledger(Budget(100))
    with pytest.raises(error) as refused:
        ledger.slice("a", **wanted)
    assert str(refused.value) == sentence
    assert ledger.remaining().units == 100


def test_a_name_is_handed_out_once():
    ledger = Ledger(Budget(100))
    ledger.slice("a", units=10).close()
    with pytest.raises(BudgetError) as refused:
        ledger.split(["b", "a"])
    assert str(refused.value) == "The slice 'a' was handed out before, or what it is taken from is closed."
    assert ledger.remaining().units == 100
    with pytest.raises(UsageError, match=r"^Slices need different names, not b, b\.$"):
        ledger.split(["b", "b"])
    with pytest.raises(UsageError, match=r"^A slice needs a name without '/', not 'b/c'\.$"):
        ledger.slice("b/c", share=0.1)


amounts = st.integers(0, 400)


class Slicing(RuleBasedStateMachine):
    """Any order of steps on any tree of slices against a model that only keeps lists of numbers."""

    def __init__(self):
        super().__init__()
        self.root = Ledger(Budget(1000, max_searches=40))
        self.ledgers = [self.root]
        self.held = []
        self.paid = {self.root.path: []}
        self.names = 0

    def pick(self, items, at):
        return items[at % len(items)]

    @rule(at=amounts, units=amounts, searches=st.integers(0, 3), answer=st.booleans())
    def reserve(self, at, units, searches, answer):
        ledger = self.pick(self.ledgers, at)
        before = ledger.room(answer=answer)
        try:
            held = ledger.reserve("k", cost(units, searches=searches), answer=answer)
        except BudgetExceededError:
            assert units * 10**6 > before[0] or searches > before[1]
            assert ledger.room(answer=answer) == before
        except BudgetError:
            assert ledger is not self.root
        else:
            self.held.append((ledger, held))

    @precondition(lambda self: self.held)
    @rule(at=amounts, units=amounts)
    def settle(self, at, units):
        ledger, held = self.held.pop(at % len(self.held))
        path = ledger.path
        charged = held.settle(cost(units, searches=held.worst.meters.searches))
        assert charged.units <= units
        assert charged.units == units or ledger.room(answer=True)[0] <= 0
        while True:
            self.paid[path].append(charged)
            if not path:
                break
            path = path.rpartition("/")[0]

    @precondition(lambda self: self.held)
    @rule(at=amounts)
    def refund(self, at):
        ledger, held = self.held.pop(at % len(self.held))
        ledger_paid = ledger.charged
        held.refund()
        assert ledger.charged == ledger_paid

    @rule(at=amounts, share=st.sampled_from([0.1, 0.3, 0.5, 1]))
    def slice(self, at, share):
        parent = self.pick(self.ledgers, at)
        self.names += 1
        before, aside = parent.room(), parent.room(answer=True)
        try:
            child = parent.slice(str(self.names), share=share)
        except BudgetError:
            return
        self.ledgers.append(child)
        self.paid[child.path] = []
        for meter in (0, 1):
            assert parent.room()[meter] + child.room()[meter] == before[meter]
            assert parent.room(answer=True)[meter] + child.room()[meter] == aside[meter]

    @rule(at=amounts, units=st.integers(0, 100))
    def set_aside(self, at, units):
        ledger = self.pick(self.ledgers, at)
        try:
            ledger.set_aside(cost(units))
        except BudgetExceededError:
            assert ledger.room(answer=True)[0] < units * 10**6

    @precondition(lambda self: len(self.ledgers) > 1)
    @rule(at=amounts)
    def close(self, at):
        self.pick(self.ledgers[1:], at).close()

    @invariant()
    def nothing_is_over(self):
        accounts = self.root._books.accounts
        for account in accounts.values():
            for meter in (0, 1):
                limit, settled, reserved = account.limits[meter], account.settled[meter], account.reserved[meter]
                assert settled >= 0
                assert reserved >= 0
                assert settled + reserved <= limit
                # What an account holds is what its open calls and its slices have not settled yet.
                mine = sum(held.worst.vector[meter] for _, held in self.held if held.account is account)
                below = sum(
                    child.limits[meter] - child.settled[meter] for child in accounts.values() if child.parent is account
                )
                assert reserved == mine + below

    @invariant()
    def every_charge_is_counted_once(self):
        for ledger in self.ledgers:
            assert ledger.charged == sum(self.paid[ledger.path], NOTHING)
            assert ledger.charged.vector[:2] == tuple(ledger._account.settled[:2])


Slicing.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None, derandomize=True)
TestSlicing = Slicing.TestCase
