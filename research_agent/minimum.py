"""The least a run needs to come to any answer, and what is kept for giving it."""

from collections.abc import Sequence
from typing import Final

from research_agent import prompts
from research_agent.budget.charge import NOTHING, Charge, Tariff
from research_agent.budget.meters import Meters
from research_agent.models.base import ChatModel, Message
from retrieval.base import Fetcher, Retriever

# One stretch of text as it is read in one call, and one sentence of it.
_WINDOW: Final = "word " * 140
_SENTENCE: Final = "word " * 40
_SENTENCES: Final = 20
_ANSWER_TOKENS: Final = 40
_VERDICT_TOKENS: Final = 2


def least_charges(
    question: str, retrievers: Sequence[Retriever], model: ChatModel | None, tariff: Tariff
) -> list[Charge]:
    """Return the calls without which no answer can be given.

    They are the cheapest search with the opening of what it finds, one reading, and the check of what was read.
    """
    found = [
        tariff.search(retriever.info) + (tariff.fetch(retriever.info) if isinstance(retriever, Fetcher) else NOTHING)
        for retriever in retrievers
    ]
    cheapest = min(found, key=lambda charge: (charge.pico is None, charge.micro), default=NOTHING)
    reading = _call(model, prompts.extract(question, [("", _WINDOW)]), _ANSWER_TOKENS, _SENTENCES, tariff)
    return [cheapest, reading, answer_charge(question, model, tariff)]


def answer_charge(question: str, model: ChatModel | None, tariff: Tariff) -> Charge:
    """Return what a chain keeps for its answer: the check that what was found answers the question."""
    return _call(model, prompts.supports(question, _SENTENCE, _SENTENCE), _VERDICT_TOKENS, 1, tariff)


def _call(
    model: ChatModel | None, messages: Sequence[Message], output_tokens: int, passages: int, tariff: Tariff
) -> Charge:
    """Return the worst case of a closed question: asked of a model, or answered by scoring passages without one."""
    if model is None:
        return tariff.local(Meters(reranks=passages))
    meters = Meters(prompt_tokens=model.count_tokens(messages), output_tokens=output_tokens)
    return tariff.model(model.info, meters, estimated=True)
