"""The least a run needs to come to any answer, and what is kept for giving it."""

from collections.abc import Sequence
from typing import Final

from research_agent.budget.charge import NOTHING, Charge, Tariff
from research_agent.budget.meters import Meters
from research_agent.models.base import ChatModel, Message
from retrieval.base import Retriever

# One stretch of text as it is read, and the frame of the prompt around it.
_WINDOW: Final = "word " * 140
_FRAME: Final = "word " * 120
_REPLY_TOKENS: Final = 32


def least_charges(
    question: str, retrievers: Sequence[Retriever], model: ChatModel | None, tariff: Tariff
) -> list[Charge]:
    """Return the calls without which no answer can be given: the cheapest search, one reading, and the answer's own.

    Without a language model, reading costs nothing.
    """
    searches = [tariff.search(retriever.info) for retriever in retrievers]
    cheapest = min(searches, key=lambda charge: (charge.pico is None, charge.micro), default=NOTHING)
    return [cheapest, _closed_question(question, model, tariff), answer_charge(question, model, tariff)]


def answer_charge(question: str, model: ChatModel | None, tariff: Tariff) -> Charge:
    """Return what every chain keeps for its answer: one closed question, that the found words answer the question."""
    return _closed_question(question, model, tariff)


def _closed_question(question: str, model: ChatModel | None, tariff: Tariff) -> Charge:
    """Return the worst case of asking a model one closed question about one stretch of text."""
    if model is None:
        return NOTHING
    prompt = model.count_tokens([Message("system", _FRAME), Message("user", f"{_WINDOW}\n{question}")])
    return tariff.model(model.info, Meters(prompt_tokens=prompt, output_tokens=_REPLY_TOKENS), estimated=True)
