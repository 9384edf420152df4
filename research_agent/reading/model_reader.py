"""Closed questions asked of a language model, held to the words of the text."""

import re
from collections.abc import Sequence
from dataclasses import replace

from research_agent import prompts
from research_agent.errors import BudgetExceededError, DeadlineError, ModelReplyError
from research_agent.models.base import Choice, Completion, Request, Span
from research_agent.models.shapes import complete_shaped
from research_agent.reading.base import Asking, Found, Text
from research_agent.reading.terms import AnswerType
from research_agent.reading.words import overlap, sentences

ANSWER_TOKENS = 60
# How sure a model that tells has to be that a passage states the answer; small ones lean towards yes.
_SURE = 0.8


class ModelReader:
    """Reads with the run's language model.

    Args:
        shown: how many stretches it is shown in one call, and in the next where those do not state the answer; small
            models lose the thread beyond a few, and reading a prompt is most of what a call costs them.
    """

    def __init__(self, shown: Sequence[int] = (2, 3)) -> None:
        self._shown = tuple(shown)

    async def extract(
        self, question: str, texts: Sequence[Text], asking: Asking, *, answer_type: AnswerType = "any"
    ) -> Found | None:
        """Ask for the words that answer the question; None where the model is not sure that they are stated."""
        first = 0
        for call, count in enumerate(self._shown):
            shown = texts[first : first + count]
            terms = replace(asking, key=f"{asking.key}/{call}")
            found = await self._extract(question, shown, terms) if shown else None
            if found is not None:
                text = _holding(found, shown)
                if answer_type == "yesno":
                    return await self._yes_or_no(question, found, text, terms)
                passage = f"{text.title}: {text.text.strip()}"
                check = replace(asking, key=f"{asking.key}/{call}/check")
                try:
                    if await self.supports(question, found.text, passage, check):
                        return replace(found, agreed=True)
                except (BudgetExceededError, DeadlineError):
                    return found  # What was set aside for the answer pays for the check.
            first += count
        return None

    async def _extract(self, question: str, shown: Sequence[Text], asking: Asking) -> Found | None:
        """Ask once, about a few stretches."""
        source = "\n".join(text.text for text in shown)
        reply = await self._text(
            Request(
                prompts.extract(question, [(text.title, text.text) for text in shown]),
                max_tokens=ANSWER_TOKENS + asking.think,
                think=asking.think,
                seed=asking.seed,
                constraint=Span(source, otherwise=prompts.NOT_STATED),
            ),
            asking,
        )
        answer = reply.strip(" \t\r\n.,;:")
        if not answer or answer.casefold() == prompts.NOT_STATED:
            return None
        return locate(answer, question, shown)

    async def _yes_or_no(self, question: str, found: Found, text: Text, asking: Asking) -> Found:
        """Ask for yes or no, given the stretch that speaks of it."""
        request = Request(
            prompts.yes_no(question, f"{text.title}\n{text.text.strip()}"),
            max_tokens=2 + asking.think,
            think=asking.think,
            seed=asking.seed,
            constraint=Choice(("yes", "no")),
        )
        reply = (await self._text(request, replace(asking, key=f"{asking.key}/yes-no"))).casefold()
        return replace(found, text=reply) if reply in {"yes", "no"} else found

    async def supports(self, question: str, claim: str, quote: str, asking: Asking) -> bool:
        """Ask whether the quote states the answer; that the claim's words stand in it is for code to see."""
        request = Request(
            prompts.supports(question, quote),
            max_tokens=2 + asking.think,
            think=asking.think,
            seed=asking.seed,
            constraint=Choice(("yes", "no")),
        )
        reply = await self._ask(request, asking)
        if reply is None or reply.text.strip().casefold() != "yes":
            return False
        return reply.sureness is None or reply.sureness >= _SURE

    async def choose(self, question: str, options: Sequence[str], asking: Asking) -> int | None:
        """Ask which option to look up next."""
        if len(options) < 2:
            return 0 if options else None
        numbers = tuple(str(number) for number in range(1, len(options) + 1))
        request = Request(
            prompts.choose(question, options, asking.budget), max_tokens=3, seed=asking.seed, constraint=Choice(numbers)
        )
        reply = await self._text(request, asking)
        return int(reply) - 1 if reply in numbers else None

    async def _ask(self, request: Request, asking: Asking) -> Completion | None:
        """Return the reply; one that cannot be used counts as none, and was charged."""
        try:
            return await complete_shaped(asking.doors, request, key=asking.key, answer=asking.answer)
        except ModelReplyError:
            return None

    async def _text(self, request: Request, asking: Asking) -> str:
        reply = await self._ask(request, asking)
        return reply.text.strip() if reply is not None else ""


def _holding(found: Found, texts: Sequence[Text]) -> Text:
    """Return the stretch that holds what was found."""
    return next(
        text
        for text in texts
        if text.source_id == found.source_id and text.start <= found.start < text.start + len(text.text)
    )


def locate(answer: str, question: str, texts: Sequence[Text]) -> Found | None:
    """Find where the words of an answer stand: in the sentence that has most to do with the question."""
    best: tuple[float, int, Found] | None = None
    pattern = re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, answer.split())) + r"(?!\w)")
    for place, text in enumerate(texts):
        for start, end in sentences(text.text):
            for found in pattern.finditer(text.text, start, end):
                score = overlap(question, f"{text.title} {text.text[start:end]}")
                if best is None or score > best[0] + 1e-9:
                    at = text.start
                    best = (
                        score,
                        place,
                        Found(
                            found.group(0), text.source_id, at + found.start(), at + found.end(), at + start, at + end
                        ),
                    )
        if best is None and (whole := pattern.search(text.text)):
            at = text.start
            best = (
                0.0,
                place,
                Found(
                    whole.group(0),
                    text.source_id,
                    at + whole.start(),
                    at + whole.end(),
                    at + whole.start(),
                    at + whole.end(),
                ),
            )
    return best[2] if best else None
