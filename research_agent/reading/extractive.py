"""Closed questions answered with no language model: the sentence that shares most with the question, by rule."""

import math
from collections import Counter
from collections.abc import Sequence

from research_agent.reading.base import Asking, Found, Text
from research_agent.reading.spans import candidates
from research_agent.reading.terms import AnswerType
from research_agent.reading.words import content_stems, fold, overlap, sentences

# Of a question's content words, the share that a sentence with its title and neighbours has to hold to answer it.
_ENOUGH = 0.6


class ExtractiveReader:
    """Reads without a language model; the same question and texts always give the same words."""

    async def extract(
        self, question: str, texts: Sequence[Text], asking: Asking, *, answer_type: AnswerType = "any"
    ) -> Found | None:
        """Return the likeliest words of the sentence that shares most of the question's rarer words."""
        pieces = [(text, span) for text in texts for span in sentences(text.text)]
        await asking.doors.rerank(len(pieces), key=asking.key, answer=asking.answer)
        wanted = set(content_stems(question))
        if not wanted or not pieces:
            return None
        bags = [set(content_stems(text.text[start:end])) for text, (start, end) in pieces]
        holding = Counter(word for bag in bags for word in bag)
        weight = {word: math.log(1 + len(bags) / (1 + holding[word])) for word in wanted}
        total = sum(weight.values()) or 1.0
        ranked = sorted(
            range(len(pieces)),
            key=lambda at: (-(sum(weight[word] for word in wanted & bags[at]) - 0.01 * len(bags[at]) / 10), at),
        )
        for at in ranked[:5]:
            text, (start, end) = pieces[at]
            context = wanted & (bags[at] | set(content_stems(text.title)) | (bags[at - 1] if at else set()))
            if sum(weight[word] for word in context) / total < _ENOUGH:
                continue
            found = _words(question, text, start, end, answer_type)
            if found:
                return found
        return None

    async def supports(self, question: str, claim: str, quote: str, asking: Asking) -> bool:
        """Tell whether the quote holds the claim's words and some of the question's."""
        await asking.doors.rerank(1, key=asking.key, answer=asking.answer)
        return fold(claim) in fold(quote) and overlap(question, quote) > 0

    async def choose(self, question: str, options: Sequence[str], asking: Asking) -> int | None:
        """Return the option that shares most words with the question; the first of equals."""
        await asking.doors.rerank(len(options), key=asking.key, answer=asking.answer)
        if not options:
            return None
        return max(range(len(options)), key=lambda at: (overlap(question, options[at]), -at))


def _words(question: str, text: Text, start: int, end: int, answer_type: AnswerType) -> Found | None:
    sentence = text.text[start:end]
    asked = set(fold(question).split())
    for first, last in candidates(sentence, answer_type):
        folded = fold(sentence[first:last]).split()
        if folded and not set(folded) <= asked:
            at = text.start + start
            return Found(sentence[first:last], text.source_id, at + first, at + last, at, at + len(sentence))
    if answer_type in {"any", "yesno"}:
        at = text.start + start
        return Found(sentence, text.source_id, at, at + len(sentence), at, at + len(sentence))
    return None
