"""Reserve, settle, refund, slices, the answer's part: the arithmetic of one run."""

import threading

import pytest

from research_agent.budget import NOTHING, Budget, Charge, Journal, Ledger, Meters, Prices
from research_agent.errors import BudgetError, BudgetExceededError, BudgetTooSmallError


def cost(units, searches=0, tokens=0):
    return Charge(Meters(output_tokens=tokens, searches=searches), round(units * 10**6))


def spend(ledger, key, units, **more):
    ledger.reserve(key, cost(units, **more)).settle(cost(units, **more))


def test_a_reservation_is_held_then_paid_then_the_rest_is_free():
    ledger = Ledger(Budget(100))
    held = ledger.reserve("a", cost(60))
    assert ledger.remaining().units == 40
    assert ledger.remaining().used_units == 0
    held.settle(cost(10))
    assert ledger.remaining().units == 90
    assert ledger.spend().units == 10


def test_a_refund_gives_everything_back():
    ledger = Ledger(Budget(100, max_searches=2))
    ledger.reserve("a", cost(60, searches=2)).refund()
    left = ledger.remaining()
    assert (left.units, left.searches) == (100, 2)
    assert ledger.charged == NOTHING


def test_what_does_not_fit_is_refused_with_numbers():
    ledger = Ledger(Budget(100, max_searches=2, max_tokens=50))
    ledger.reserve("a", cost(60, searches=1))
    with pytest.raises(BudgetExceededError) as refused:
        ledger.reserve("b", cost(40.5))
    assert str(refused.value) == "This step needs 40.5 units, and 40 are left."
    assert (refused.value.needed, refused.value.remaining, refused.value.what) == (40.5, 40, "units")
    with pytest.raises(BudgetExceededError, match=r"^This step needs 2 searches, and 1 are left\.$"):
        ledger.reserve("b", cost(1, searches=2))
    with pytest.raises(BudgetExceededError, match=r"^This step needs 51 tokens, and 50 are left\.$"):
        ledger.reserve("b", cost(1, tokens=51))


def test_millionths_of_a_unit_add_up_exactly():
    """A tenth is no binary fraction: ten thousand of them are still exactly 1000."""
    ledger = Ledger(Budget(1000))
    for number in range(10_000):
        held = ledger.reserve(str(number), ledger.tariff.local(Meters(reranks=1)))
        held.settle(held.worst)
    assert ledger.spend().units == 1000
    with pytest.raises(BudgetExceededError):
        ledger.reserve("more", Charge(Meters(), 1))


def test_settled_twice_is_refused():
    ledger = Ledger(Budget(100))
    held = ledger.reserve("a", cost(1))
    held.settle(cost(1))
    for again in (held.refund, lambda: held.settle(cost(1))):
        with pytest.raises(BudgetError) as refused:
            again()
        assert str(refused.value) == "The call 'a' was settled or refunded before."
    assert ledger.spend().units == 1


def test_a_provider_that_reports_more_is_paid_as_far_as_the_limit_goes():
    ledger = Ledger(Budget(100))
    assert ledger.reserve("a", cost(10)).settle(cost(30)) == cost(30)
    assert ledger.overrun == NOTHING
    assert not ledger.spend().estimated
    held = ledger.reserve("b", cost(20, tokens=20))
    assert held.settle(cost(95, tokens=95)).units == 70
    assert ledger.spend().units == 100
    assert ledger.overrun.units == 25
    assert ledger.spend().estimated


def test_an_overrun_never_takes_what_others_hold():
    ledger = Ledger(Budget(100))
    other = ledger.reserve("other", cost(60))
    assert ledger.reserve("a", cost(10)).settle(cost(90)).units == 40
    other.settle(cost(60))
    assert ledger.spend().units == 100


def test_a_token_overrun_is_cut_at_the_token_cap():
    ledger = Ledger(Budget(1000, max_tokens=100))
    ledger.reserve("a", cost(90, tokens=90)).settle(cost(150, tokens=150))
    assert ledger.spend().meters["output_tokens"] == 100
    assert ledger.overrun.meters.output_tokens == 50


def test_the_answer_is_set_aside_first():
    ledger = Ledger(Budget(100, max_tokens=50))
    ledger.set_aside(cost(30, tokens=20))
    left = ledger.remaining()
    assert (left.units, left.tokens) == (70, 30)
    assert ledger.remaining(answer=True).units == 100
    with pytest.raises(BudgetExceededError, match=r"^This step needs 71 units, and 70 are left\.$"):
        ledger.reserve("a", cost(71))
    spend(ledger, "a", 70)
    held = ledger.reserve("answer", cost(30), answer=True)
    held.settle(cost(10))
    # What the answer did not use is still the answer's.
    assert ledger.remaining().units == 0
    assert ledger.remaining(answer=True).units == 20


def test_what_is_set_aside_is_replaced_not_added_and_must_fit():
    ledger = Ledger(Budget(100))
    ledger.set_aside(cost(90))
    ledger.set_aside(cost(30))
    assert ledger.remaining().units == 70
    spend(ledger, "a", 70)
    with pytest.raises(BudgetExceededError, match=r"^This step needs 31 units, and 30 are left\.$"):
        ledger.set_aside(cost(31))
    ledger.set_aside(NOTHING)
    assert ledger.remaining().units == 30


def test_seconds_can_be_set_aside():
    now = [0.0]
    ledger = Ledger(Budget(100, max_seconds=60), clock=lambda: now[0])
    ledger.set_aside(NOTHING, seconds=15)
    now[0] = 40.0
    child = ledger.slice("a", share=0.5)
    assert (child.seconds_left(), child.seconds_left(answer=True)) == (5, 20)
    now[0] = 61.0
    assert (child.seconds_left(), child.seconds_left(answer=True)) == (0, 0)


def test_the_least_that_could_work():
    ledger = Ledger(Budget(300, max_searches=1))
    ledger.require(cost(200), cost(100))
    with pytest.raises(BudgetTooSmallError) as refused:
        ledger.require(cost(200), cost(100.5))
    assert str(refused.value) == (
        "A budget of 300 units is too small for any answer: the least that could work is 300.5 units."
    )
    with pytest.raises(BudgetTooSmallError) as refused:
        ledger.require(cost(1, searches=2))
    assert (refused.value.limit, refused.value.minimum) == (1, 2)
    assert ledger.charged == NOTHING


def test_a_run_given_the_least_that_was_named_is_not_refused_again():
    for least in (122.1, 94871.700001, 1234567.8, 0.000123456789):
        with pytest.raises(BudgetTooSmallError) as refused:
            Ledger(Budget(least / 2)).require(cost(least))
        named = str(refused.value).removesuffix(" units.").rpartition(" ")[2]
        Ledger(Budget(float(named))).require(cost(least))
        assert float(named) <= least * 1.00001 + 1e-6


def test_a_tiny_budget_is_too_small_and_says_so():
    with pytest.raises(BudgetTooSmallError):
        Ledger(Budget(1e-9)).require(Charge(Meters(), 1))


def test_spend_reports_meters_by_the_names_of_the_contract():
    ledger = Ledger(Budget(1000), prices=Prices(search=50), clock=lambda: 3.0)
    held = ledger.reserve("a", ledger.tariff.local(Meters(8, 4, 2, 1, 1, 1, 10, 1)))
    held.settle(held.worst)
    report = ledger.spend()
    assert report.meters == {
        "prompt_tokens": 8,
        "cached_tokens": 4,
        "output_tokens": 2,
        "reasoning_tokens": 1,
        "searches": 1,
        "fetches": 1,
        "reranks": 10,
        "latent_steps": 1,
    }
    assert report.units == 4 * 0.25 + 4 * 0.025 + 2 + 50 + 20 + 1 + 1
    assert (report.limit, report.seconds, report.usd, report.estimated) == (1000, 0, 0, False)


def test_a_journal_that_cannot_be_written_changes_nothing(tmp_path):
    ledger = Ledger(Budget(100), journal=Journal(tmp_path / "journal.sqlite"))
    held = ledger.reserve("a", cost(10))
    ledger._books.journal._db.execute("PRAGMA query_only = 1")  # as a full disk would: every write fails
    for step in (lambda: held.settle(cost(1)), held.refund, lambda: ledger.reserve("b", cost(1))):
        with pytest.raises(BudgetError, match=r"cannot be written \(.*\): free some space, then resume the run\.$"):
            step()
    assert held.open
    assert ledger.remaining().units == 90
    ledger._books.journal._db.execute("PRAGMA query_only = 0")
    held.settle(cost(1))
    assert ledger.remaining().units == 99
    ledger.close()


def test_threads_cannot_overspend():
    ledger = Ledger(Budget(1000, max_searches=900))
    paid = []

    def work(name):
        for number in range(200):
            try:
                held = ledger.reserve(f"{name}/{number}", cost(2, searches=1))
            except BudgetExceededError:
                continue
            if number % 3:
                held.settle(cost(1, searches=1))
                paid.append(1)
            else:
                held.refund()

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.spend().units == sum(paid)
    assert ledger.spend().meters["searches"] == len(paid) <= 900
    assert ledger.room()[:2] == (1000 * 10**6 - sum(paid) * 10**6, 900 - len(paid))
