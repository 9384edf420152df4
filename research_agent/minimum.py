"""The least a run needs to come to any answer, and what is kept for giving it."""

from collections.abc import Sequence
from typing import Final

from research_agent import prompts
from research_agent.budget.charge import NOTHING, Charge, Tariff
from research_agent.budget.ledger import Ledger
from research_agent.budget.meters import Meters
from research_agent.budget.money import Money
from research_agent.models.base import ChatModel, Message
from research_agent.options import AskOptions
from research_agent.reading.model_reader import ANSWER_TOKENS
from research_agent.strategies import load_strategy
from retrieval.base import Fetcher, Retriever, RetrieverInfo

# One stretch of text as it is read in one call, and the sentences that are scored in it without a model.
_WINDOW: Final = "word " * 240
_SENTENCES: Final = 20
_VERDICT_TOKENS: Final = 2


def check_budget(
    question: str,
    options: AskOptions,
    model: ChatModel | None,
    retrievers: Sequence[Retriever],
    promised: Sequence[RetrieverInfo] = (),
) -> Money:
    """Refuse a budget that could not pay for any answer; return what everything costs in dollars.

    Args:
        question: what the run is asked.
        options: name the budget, the prices and the strategy.
        model: None where no language model is used.
        retrievers: what is searched.
        promised: of what will be searched, too, and is not open yet; it opens documents.

    Raises:
        BudgetTooSmallError: the least that could work does not fit; nothing was spent.
        UnknownPriceError: money is capped and a price is unknown.
        UnknownNameError: there is no such strategy.
        UsageError: the strategy cannot make this many samples, or the price file cannot be used.
    """
    chains = load_strategy(options.strategy).chains(options.samples)
    money = Money.quote([model.info] if model else [], retrievers, options.price_file)
    trial = Ledger(options.budget, prices=options.prices, money=money)
    sources = [*((each.info, isinstance(each, Fetcher)) for each in retrievers), *((info, True) for info in promised)]
    trial.require(*least_charges(question, sources, model, trial.tariff) * chains)
    return money


def least_charges(
    question: str, sources: Sequence[tuple[RetrieverInfo, bool]], model: ChatModel | None, tariff: Tariff
) -> list[Charge]:
    """Return the calls without which no answer can be given.

    They are the cheapest search with the opening of what it finds, one reading, and what is kept for the answer.

    Args:
        question: what the run is asked.
        sources: what can be searched, each with whether it opens documents.
        model: None where no language model is used.
        tariff: what things cost.
    """
    found = [tariff.search(info) + (tariff.fetch(info) if opens else NOTHING) for info, opens in sources]
    cheapest = min(found, key=lambda charge: (charge.pico is None, charge.micro), default=NOTHING)
    reading = _call(model, prompts.supports(question, _WINDOW), _VERDICT_TOKENS, _SENTENCES, tariff)
    return [cheapest, reading, answer_charge(question, model, tariff)]


def answer_charge(question: str, model: ChatModel | None, tariff: Tariff) -> Charge:
    """Return what a chain keeps for its answer: for the words of what states it, or a check without a model."""
    return _call(model, prompts.extract(question, _WINDOW, several=True), ANSWER_TOKENS, 1, tariff)


def _call(
    model: ChatModel | None, messages: Sequence[Message], output_tokens: int, passages: int, tariff: Tariff
) -> Charge:
    """Return the worst case of a closed question: asked of a model, or answered by scoring passages without one."""
    if model is None:
        return tariff.local(Meters(reranks=passages))
    meters = Meters(prompt_tokens=model.count_tokens(messages), output_tokens=output_tokens)
    return tariff.model(model.info, meters, estimated=True)
