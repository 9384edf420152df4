"""Bridges: things that what was read names and the question does not, worth looking up next."""

import re
from collections.abc import Iterable, Set

from research_agent.reading.base import Text
from research_agent.reading.spans import names
from research_agent.reading.words import STOP, fold, overlap, sentences

_MOST = 8
_CONTRACTION = re.compile(r"['’](?:m|ll|re|ve|d|t)\b", re.I)


def bridges(question: str, texts: Iterable[Text], known: Iterable[str]) -> list[str]:
    """Return names that stand near what the question speaks of and are not spoken of in it, best first.

    Args:
        question: as asked.
        texts: what was read, best first.
        known: folded names that were looked up already.
    """
    asked = fold(question)
    taken = set(known)
    texts = list(texts)
    # A word that also stands in lower case was capitalised by its place in a sentence.
    lower = set(re.findall(r"(?<![^\s(\"'“‘])[a-zß-öø-ÿ][^\W\d_]+", " ".join(text.text for text in texts)))
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
                if folded in taken or folded in asked or not _is_name(name, folded, lower):
                    continue
                score = near / (1 + 0.1 * place)
                if folded not in scored or score > -scored[folded][0]:
                    scored[folded] = (-score, len(scored), name)
    return [name for _, _, name in sorted(scored.values())[:_MOST]]


def _is_name(name: str, folded: str, lower: Set[str]) -> bool:
    """Tell whether a capitalised stretch is the name of something."""
    parts = folded.split()
    if (
        len(folded) < 3
        or folded.replace(" ", "").isdigit()
        or _CONTRACTION.search(name)
        or all(part in STOP for part in parts)
    ):
        return False
    return len(parts) > 1 or name.casefold() not in lower
