"""The closed questions a chain asks about text; answered with a language model or without one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from research_agent.reading.terms import AnswerType

if TYPE_CHECKING:
    from research_agent.budget.doors import Doors

SHOWN = 4  # stretches a language model reads at most to answer one question


@dataclass(frozen=True, slots=True)
class Text:
    """A stretch of a snapshot that is short enough to be read in one call.

    Attributes:
        start: offset of the stretch in the snapshot's text.
    """

    source_id: str
    title: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Found:
    """Words found in a snapshot that answer a closed question.

    Attributes:
        start: offset of the words in the snapshot's text.
        end: their end.
        quote_start: offset of the sentence or line they stand in.
        quote_end: its end.
        agreed: the reader was asked whether what it read states the answer, and it does.
        more: the other things, where the question asks for several.
    """

    text: str
    source_id: str
    start: int
    end: int
    quote_start: int
    quote_end: int
    agreed: bool = False
    more: "tuple[Found, ...]" = ()


@dataclass(frozen=True, slots=True)
class Asking:
    """How one closed question is paid for.

    Attributes:
        doors: the chain's doors.
        key: idempotency key of the call within the chain.
        think: reasoning tokens it may use.
        answer: it may draw on what was set aside for the answer.
        budget: what is left to spend, as the model is told; "" where it must not know.
    """

    doors: "Doors"
    key: str
    think: int = 0
    seed: int = 0
    answer: bool = False
    budget: str = ""


class Reader(Protocol):
    """Answers closed questions about text."""

    async def extract(
        self, question: str, texts: Sequence[Text], asking: Asking, *, answer_type: AnswerType = "any", read: int = 0
    ) -> Found | None:
        """Return the words of `texts` (best first) that answer the question, or None where they do not state it.

        Args:
            question: to be answered.
            texts: stretches, those first that have most to do with it.
            asking: how it is paid for.
            answer_type: what kind of words are wanted.
            read: stretches that were already read for it in vain, which ask for more care with what is left.

        Raises:
            BudgetExceededError: it cannot be paid for.
            ModelError: the model failed for good.
        """
        ...

    async def supports(self, question: str, claim: str, quote: str, asking: Asking) -> bool:
        """Tell whether the quote says what the claim says.

        Raises:
            BudgetExceededError: it cannot be paid for.
            ModelError: the model failed for good.
        """
        ...

    async def choose(self, question: str, options: Sequence[str], asking: Asking) -> int | None:
        """Return the index of the option that helps most to answer the question, or None for none.

        Raises:
            BudgetExceededError: it cannot be paid for.
            ModelError: the model failed for good.
        """
        ...
