"""Dollars: looked up, given by the user, or unknown; never silently 0."""

import json
from decimal import Decimal

import pytest
from genai_prices import Usage as ListUsage
from genai_prices import calc_price

from research_agent.budget import Budget, Doors, Journal, Ledger, Meters, Money
from research_agent.errors import BudgetExceededError, BudgetTooSmallError, UnknownPriceError, UsageError
from research_agent.models.base import Message, ModelInfo, Request
from research_agent.testing import ScriptedModel
from retrieval.base import Document, Hit, RetrieverInfo

DOLLAR = 10**12


def model_info(name, provider="openai", free=False):
    return ModelInfo(name, provider, 128_000, True, False, free)


class Backend:
    def __init__(self, name="local", usd=None, public=True):
        self.info = RetrieverInfo(name, public, search_usd=usd)
        self.calls = 0

    async def search(self, query, *, k):
        self.calls += 1
        return [Hit("a", query, 1.0, 0, len(query))]


class OpenBackend(Backend):
    async def fetch(self, document_id):
        self.calls += 1
        return Document(document_id, "text")


@pytest.mark.parametrize("prompt", [1, 1000, 199_999, 200_000, 200_001, 1_000_000])
@pytest.mark.parametrize("name", ["gpt-4o-mini", "gemini-2.5-pro", "claude-sonnet-4-5"])
def test_list_prices_agree_with_their_source_cliffs_included(name, prompt):
    info = model_info(name, "openai-compatible")
    money = Money.quote([info])
    meters = Meters(prompt_tokens=prompt, cached_tokens=prompt // 3, output_tokens=777)
    listed = calc_price(ListUsage(input_tokens=prompt, cache_read_tokens=prompt // 3, output_tokens=777), name)
    assert Decimal(money.model(info, meters)) / DOLLAR == listed.total_price


def test_unknown_is_none_and_free_is_zero():
    unknown, free = model_info("a-model-nobody-lists"), model_info("here", "embedded", free=True)
    money = Money.quote([unknown, free], [Backend("web"), Backend("disk", usd=0)])
    assert money.model(unknown, Meters(output_tokens=1)) is None
    assert money.model(free, Meters(output_tokens=1)) == 0
    assert money.search(Backend("web").info) is None
    assert money.search(Backend("disk", usd=0).info) == 0
    assert money.fetch(Backend("disk", usd=0).info) == 0


def test_the_price_file_comes_first(tmp_path):
    path = tmp_path / "prices.json"
    path.write_text(
        json.dumps(
            {
                "models": {"gpt-4o-mini": {"prompt": 2, "output": 4}},
                "backends": {"web": {"search": 0.008, "fetch": 0.001}},
            }
        )
    )
    info = model_info("gpt-4o-mini")
    money = Money.quote([info], [OpenBackend("web", usd=1.0)], path)
    assert money.model(info, Meters(prompt_tokens=10, cached_tokens=10, output_tokens=1)) == 24 * DOLLAR // 10**6
    assert money.search(Backend("web").info) == 8 * DOLLAR // 1000
    assert money.fetch(Backend("web").info) == DOLLAR // 1000
    assert Money.from_json(json.loads(json.dumps(money.to_json()))) == money
    assert money.models["openai:gpt-4o-mini"].source == "file:prices.json"


FORM = '{"models": {"NAME": {"prompt": 0.15, "cached": 0.075, "output": 0.6}}, "backends": {"NAME": {"search": 0.008}}}'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1]", "The price file PATH must have the form " + FORM + "."),
        ('{"modles": {}}', "The price file PATH must have the form " + FORM + "."),
        ('{"models": {"m": {"promt": 1}}}', "The price file PATH must have the form " + FORM + "."),
        ('{"models": {"m": {"prompt": 1}}}', "The price file PATH gives no price of output tokens for the model 'm'."),
        (
            '{"models": {"m": {"prompt": -1, "output": 1}}}',
            "The price of prompt tokens of 'm' in PATH must be a number of at least 0 and at most 1e+12, not -1.",
        ),
        (
            '{"models": {"m": {"prompt": 1, "cached": 2, "output": 1}}}',
            "The price file PATH asks more for cached than for other prompt tokens of 'm'.",
        ),
        (
            '{"backends": {"b": {"search": NaN}}}',
            "The price of a search of 'b' in PATH must be a number of at least 0 and at most 1e+12, not nan.",
        ),
    ],
)
def test_a_bad_price_file_is_refused(tmp_path, text, sentence):
    path = tmp_path / "prices.json"
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        Money.quote([], [], path)
    assert str(refused.value) == sentence.replace("PATH", str(path))


def test_a_price_file_that_is_no_json_or_missing_is_refused(tmp_path):
    (tmp_path / "bad.json").write_text("{")
    for name, why in (
        ("bad.json", r"is no JSON \(.*\): write"),
        ("none.json", r"cannot be opened \(No such .*\): check"),
    ):
        with pytest.raises(UsageError, match=f"^The price file {tmp_path / name} {why} .*\\.$"):
            Money.quote([], [], tmp_path / name)


def test_a_money_cap_over_unknown_prices_is_refused_before_anything_is_spent(tmp_path):
    money = Money.quote([model_info("a-model-nobody-lists")], [OpenBackend("web")])
    journal = Journal(tmp_path / "journal.sqlite")
    with pytest.raises(UnknownPriceError) as refused:
        Ledger(Budget(100, max_usd=0.5), money=money, journal=journal)
    assert str(refused.value) == (
        "A cap of 0.5 US dollars cannot be enforced, because the price of the model 'a-model-nobody-lists' and of a "
        "search of 'web' and of a document of 'web' is unknown: give it in a price file, in US dollars per million "
        f"tokens and per search, as {FORM}, or leave the money cap out and cap units."
    )
    assert list(journal.events()) == []
    journal.close()
    Ledger(Budget(100), money=money)


async def test_a_call_that_was_not_quoted_is_refused_under_a_money_cap():
    backend = Backend("late")
    doors = Doors(Ledger(Budget(1000, max_usd=1.0)))
    with pytest.raises(UnknownPriceError, match="because the price of the call '0/search/1' is unknown"):
        await doors.search(backend, "q", k=1, key="1")
    assert backend.calls == 0


async def test_money_is_capped_by_reservation(tmp_path):
    """A dollar buys 125 searches at 0.008, and not one more, whatever the units say."""
    backend = Backend("web", usd=0.008)
    ledger = Ledger(Budget(1e9, max_usd=1.0), money=Money.quote([], [backend]))
    doors = Doors(ledger)
    for number in range(125):
        await doors.search(backend, "q", k=1, key=str(number))
    with pytest.raises(BudgetExceededError, match=r"^This step needs 0.008 US dollars, and 0 are left\.$"):
        await doors.search(backend, "q", k=1, key="last")
    assert backend.calls == 125
    assert ledger.spend().usd == 1.0


async def test_money_clamps_max_tokens_and_unknown_money_is_reported_as_none():
    path_model = ScriptedModel(lambda _request: "word " * 5000, name="gpt-4o-mini", provider="openai", price_free=False)
    money = Money.quote([path_model.info])
    ledger = Ledger(Budget(1e9, max_usd=0.0006), money=money)
    completion = await Doors(ledger, model=path_model).complete(
        Request((Message("user", "a b c d"),), max_tokens=4000), key="1"
    )
    # 4 prompt tokens at 0.15 and 999 output tokens at 0.6 dollars a million.
    assert path_model.calls[0].max_tokens == 999
    assert completion.usage.output_tokens == 999
    assert ledger.spend().usd == pytest.approx(0.0006)
    backend = Backend("web")
    loose = Ledger(Budget(1000))
    await Doors(loose).search(backend, "q", k=1, key="1")
    assert loose.spend().usd is None


async def test_what_is_free_needs_no_quote_under_a_money_cap():
    model, backend = ScriptedModel(["fine"], price_free=True), Backend("disk", usd=0)
    ledger = Ledger(Budget(1000, max_usd=0.01))
    doors = Doors(ledger, model=model)
    await doors.complete(Request((Message("user", "a"),), max_tokens=5), key="1")
    await doors.search(backend, "q", k=1, key="1")
    assert ledger.spend().usd == 0


def test_the_least_is_told_in_the_meter_that_lacks():
    backend = Backend("web", usd=0.008)
    ledger = Ledger(Budget(1000, max_usd=0.01), money=Money.quote([], [backend]))
    search = ledger.tariff.search(backend.info)
    ledger.require(search)
    with pytest.raises(BudgetTooSmallError) as refused:
        ledger.require(search, search)
    assert str(refused.value) == (
        "A budget of 0.01 US dollars is too small for any answer: the least that could work is 0.016 US dollars."
    )
