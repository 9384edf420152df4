"""Budgets, prices, meters: what is refused, in which words, and exact arithmetic."""

import json
from dataclasses import FrozenInstanceError, fields
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research_agent.budget import Budget, Charge, Ledger, Meters, Prices, Tariff
from research_agent.errors import UsageError

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("value", [0, -1, -0.5, NAN, INF, -INF, True, False, "7", None, 10**13])
def test_a_budget_that_is_no_amount_is_refused(value):
    with pytest.raises(UsageError) as refused:
        Budget(value)
    assert str(refused.value) == (f"The budget in units must be a number above 0 and at most 1e+12, not {value!r}.")


@pytest.mark.parametrize(
    ("cap", "value", "sentence"),
    [
        ("max_searches", 0, "The cap on searches must be a whole number above 0 and at most 1e+15, not 0."),
        ("max_searches", 2.0, "The cap on searches must be a whole number above 0 and at most 1e+15, not 2.0."),
        ("max_searches", True, "The cap on searches must be a whole number above 0 and at most 1e+15, not True."),
        ("max_tokens", -3, "The cap on tokens must be a whole number above 0 and at most 1e+15, not -3."),
        ("max_usd", 0.0, "The cap on US dollars must be a number above 0 and at most 1e+06, not 0.0."),
        ("max_usd", NAN, "The cap on US dollars must be a number above 0 and at most 1e+06, not nan."),
        ("max_seconds", -1, "The cap on seconds must be a number above 0 and at most 1e+12, not -1."),
        ("max_seconds", INF, "The cap on seconds must be a number above 0 and at most 1e+12, not inf."),
    ],
)
def test_a_cap_that_is_no_amount_is_refused(cap, value, sentence):
    with pytest.raises(UsageError) as refused:
        Budget(10, **{cap: value})
    assert str(refused.value) == sentence


def test_a_budget_is_frozen_and_survives_json():
    budget = Budget(1000.5, max_searches=3, max_tokens=5, max_usd=0.25, max_seconds=9)
    with pytest.raises(FrozenInstanceError):
        budget.units = 2
    assert Budget.from_json(json.loads(json.dumps(budget.to_json()))) == budget


def test_default_prices_are_those_of_the_design():
    assert Prices().units(Meters(prompt_tokens=4)) == 1
    assert Prices().units(Meters(prompt_tokens=40, cached_tokens=40)) == 1
    assert Prices().units(Meters(output_tokens=1, latent_steps=1)) == 2
    assert Prices().units(Meters(searches=1, fetches=1, reranks=10)) == 121


def test_parts_are_paid_for_once():
    """Reasoning is part of the output, and the cached prompt part of the prompt."""
    prices = Prices()
    assert prices.units(Meters(output_tokens=10, reasoning_tokens=9)) == prices.units(Meters(output_tokens=10))
    both = prices.units(Meters(prompt_tokens=100, cached_tokens=60))
    assert both == 40 * 0.25 + 60 * 0.025


def test_a_positive_price_is_never_rounded_to_nothing():
    assert Prices(rerank=1e-9).micro(Meters(reranks=3)) == 3


@pytest.mark.parametrize("value", [-1, NAN, INF, True, "1"])
def test_a_price_that_is_none_is_refused(value):
    with pytest.raises(UsageError) as refused:
        Prices(search=value)
    assert str(refused.value) == (
        f"The price of search must be a number of at least 0 and at most 1e+12, not {value!r}."
    )


def test_cached_tokens_may_not_cost_more_than_others():
    with pytest.raises(UsageError) as refused:
        Prices(prompt=0.1, cached=0.2)
    assert str(refused.value) == (
        "The price of a cached prompt token (0.2) must not be above that of a prompt token (0.1)."
    )


def test_prices_survive_json_and_unknown_names_are_refused():
    prices = Prices(search=7, fetch=0.3)
    assert Prices.from_json(json.loads(json.dumps(prices.to_json()))) == prices
    with pytest.raises(UsageError) as refused:
        Prices.from_json({"serach": 1})
    assert str(refused.value) == (
        "There is no price called 'serach'; known are prompt, cached, output, latent, search, fetch, rerank."
    )


@pytest.mark.parametrize("value", [-1, 1.5, True, "3"])
def test_a_meter_that_is_no_count_is_refused(value):
    with pytest.raises(UsageError) as refused:
        Meters(searches=value)
    assert str(refused.value) == f"The meter searches must be a whole number of at least 0, not {value!r}."


def test_a_part_larger_than_its_whole_is_refused():
    with pytest.raises(UsageError, match=r"^11 cached tokens cannot be part of 10 prompt tokens\.$"):
        Meters(prompt_tokens=10, cached_tokens=11)
    with pytest.raises(UsageError, match=r"^2 reasoning tokens cannot be part of 1 output tokens\.$"):
        Meters(output_tokens=1, reasoning_tokens=2)


counts = st.integers(0, 10**6)
all_meters = st.builds(
    lambda prompt, cached, output, thought, *rest: Meters(prompt + cached, cached, output + thought, thought, *rest),
    *[counts] * 8,
)


@given(first=all_meters, second=all_meters)
def test_meters_and_their_price_add_up_exactly(first, second):
    prices = Prices()
    assert prices.micro(first + second) == prices.micro(first) + prices.micro(second)
    total = first + second
    assert all(
        getattr(total, each.name) == getattr(first, each.name) + getattr(second, each.name) for each in fields(Meters)
    )
    assert Meters.from_json(total.to_json()) == total


@given(
    meters=all_meters,
    micro=st.integers(0, 10**9),
    pico=st.none() | st.integers(0, 10**9),
    room=st.tuples(*[st.none() | st.integers(0, 10**6)] * 4),
)
def test_a_split_charge_fits_and_adds_up_to_the_whole(meters, micro, pico, room):
    whole = Charge(meters, micro, pico)
    inside, outside = whole.split(room)
    assert inside + outside == whole
    assert all(left is None or amount <= left for amount, left in zip(inside.vector, room, strict=True))
    assert Charge.from_json(json.loads(json.dumps(whole.to_json()))) == whole


def test_remaining_is_told_in_one_paragraph():
    ledger = Ledger(Budget(5000, max_searches=10, max_usd=0.5, max_seconds=60), clock=lambda: 0.0)
    held = ledger.reserve("a", Tariff().local(Meters(searches=3, prompt_tokens=960)))
    held.settle(held.worst)
    left = ledger.remaining()
    assert (left.units, left.searches, left.tokens, left.usd, left.seconds) == (4460, 7, None, 0.5, 60)
    assert left.text() == (
        "Budget: units 540 used, 4,460 remaining; searches 3 used, 7 remaining; tokens 960 used; "
        "seconds 0 used, 60 remaining; US dollars 0 used, 0.5 remaining. What the answer needs is set aside already."
    )
    assert Fraction(left.used_units) == 540
