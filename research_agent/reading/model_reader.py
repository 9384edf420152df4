"""Closed questions asked of a language model, held to the words of the text."""

import re
from collections.abc import Sequence
from dataclasses import replace

from research_agent import prompts
from research_agent.errors import ModelReplyError
from research_agent.models.base import BETWEEN, Choice, Completion, Request, Span
from research_agent.models.shapes import complete_shaped
from research_agent.reading.base import SHOWN, Asking, Found, Text
from research_agent.reading.several import asks_several
from research_agent.reading.terms import AnswerType
from research_agent.reading.turns import speaker, turns_of
from research_agent.reading.words import content_stems, overlap, sentences

ANSWER_TOKENS = 60
_EDGES = " \t\r\n.,;:"
# How sure a model that tells has to be that a passage states the answer, the first stretch first: small ones lean
# towards yes, and the further down the search's order a stretch stands, the likelier its yes is wrong.
_BARS = (0.5, 0.7, 0.8, 0.85)
# How sure it has to be of a quote alone.
_SURE = 0.6
# Where it is less sure than this of each of the first few stretches, the next ones hardly state the answer. In a probe
# it was so for 0 of 17 questions with an answer and 9 of 16 with none; in 0 of them a later one passed.
_HOPELESS, _FEW = 0.35, 3


class ModelReader:
    """Reads with the run's language model, one stretch of text at a time: small models lose the thread in several."""

    async def extract(
        self, question: str, texts: Sequence[Text], asking: Asking, *, answer_type: AnswerType = "any", read: int = 0
    ) -> Found | None:
        """Ask of each stretch whether it states the answer, and the first that does for its words."""
        likeliest = 0.0
        for place, text in enumerate(texts[:SHOWN]):
            terms = replace(asking, key=f"{asking.key}/{place}")
            sure = await self._sure(question, passage(text), replace(terms, key=f"{terms.key}/check"))
            if sure >= _BARS[min(read + place, len(_BARS) - 1)]:
                # What was set aside for the answer may pay for its words.
                found = await self._words(question, text, replace(terms, answer=True))
                if found is not None and (answer_type == "yesno" or not echoes(question, found.text)):
                    return await self._yes_or_no(question, found, text, terms) if answer_type == "yesno" else found
            likeliest = max(likeliest, sure)
            if place + 1 == _FEW and likeliest < _HOPELESS:
                break
        return None

    async def _words(self, question: str, text: Text, asking: Asking) -> Found | None:
        """Ask for the words of a stretch that answer; none where it turns out to state no answer."""
        several = asks_several(question)
        source = turns_of(speaker(question), text.text) or text.text
        request = Request(
            prompts.extract(question, passage(text), several=several),
            max_tokens=ANSWER_TOKENS * (2 if several else 1) + asking.think,
            think=asking.think,
            seed=asking.seed,
            constraint=Span(source, otherwise=prompts.NOT_STATED, several=several),
        )
        reply = await self._ask(request, asking)
        told = reply.text if reply is not None else ""
        answers = [each.strip(_EDGES) for each in (told.split(BETWEEN) if several else [told])]
        stated = [answer for answer in dict.fromkeys(answers) if answer and answer.casefold() != prompts.NOT_STATED]
        stated = [answer for answer in stated if not any(answer in other != answer for other in stated)]
        found = [place for answer in stated if (place := locate(answer, question, text)) is not None]
        return replace(found[0], more=tuple(found[1:])) if found else None

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
        return await self._sure(question, quote, asking) >= _SURE

    async def _sure(self, question: str, shown: str, asking: Asking) -> float:
        """Ask whether a passage states the answer; return how sure the model is that it does.

        One that does not tell is taken at its word, and its "no" for no more than one.
        """
        request = Request(
            prompts.supports(question, shown),
            max_tokens=2 + asking.think,
            think=asking.think,
            seed=asking.seed,
            constraint=Choice(("yes", "no")),
        )
        reply = await self._ask(request, asking)
        yes = reply is not None and reply.text.strip().casefold() == "yes"
        if reply is None or reply.sureness is None:
            return 1.0 if yes else _HOPELESS
        # Where it would say neither, its sureness is 0, and yes is not therefore likely.
        return reply.sureness if yes else min(1 - reply.sureness, 0.5)

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


def passage(text: Text) -> str:
    """Return a stretch as a model is shown it: with the title, which often says whose it is."""
    return f"{text.title}: {text.text.strip()}"


def echoes(question: str, answer: str) -> bool:
    """Tell whether an answer only says the question's own words again, and the question offers none to choose from."""
    offered = re.search(r"\b(?:or|between)\b", question)
    return not offered and set(content_stems(answer)) <= set(content_stems(question))


def locate(answer: str, question: str, text: Text) -> Found | None:
    """Find where the words of an answer stand: in the sentence that has most to do with the question."""
    pattern = re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, answer.split())) + r"(?!\w)")
    places = [
        (overlap(question, text.text[start:end]), found, start, end)
        for start, end in sentences(text.text)
        for found in pattern.finditer(text.text, start, end)
    ]
    # Words that run over the end of a sentence are their own quote.
    places = places or [(0.0, found, *found.span()) for found in pattern.finditer(text.text)]
    if not places:
        return None
    _, found, first, last = max(places, key=lambda place: place[0])
    at = text.start
    return Found(found[0], text.source_id, at + found.start(), at + found.end(), at + first, at + last, agreed=True)
