"""Bridges: things that what was read names and the question does not, worth looking up next."""

from collections.abc import Iterable

from research_agent.reading.base import Text
from research_agent.reading.spans import names
from research_agent.reading.words import STOP, fold, overlap, sentences

_MOST = 8


def bridges(question: str, texts: Iterable[Text], known: Iterable[str]) -> list[str]:
    """Return names that stand near what the question speaks of and are not spoken of in it, best first.

    Args:
        texts: what was read, best first.
        known: folded names that were looked up already.
    """
    asked = fold(question)
    taken = set(known)
    scored: dict[str, tuple[float, int, str]] = {}
    for place, text in enumerate(texts):
        about = overlap(question, text.title)
        for start, end in sentences(text.text):
            sentence = text.text[start:end]
            near = overlap(question, sentence) + 0.5 * about
            if near <= 0:
                continue
            for name in names(sentence):
                folded = fold(name)
                if not folded or folded in taken or folded in asked or folded in STOP or folded.isdigit() or len(folded) < 3:
                    continue
                score = near / (1 + 0.1 * place)
                if folded not in scored or score > -scored[folded][0]:
                    scored[folded] = (-score, len(scored), name)
    return [name for _, _, name in sorted(scored.values())[:_MOST]]
