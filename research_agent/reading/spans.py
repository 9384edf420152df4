"""Words of a sentence that could answer a question of a kind: names, dates, numbers, places."""

import re

from research_agent.reading.dates import find_dates
from research_agent.reading.terms import AnswerType
from research_agent.reading.words import STOP, fold

_CAPITAL = r"[^\W\d_a-zß-öø-ÿ][\w'’.&-]*"
_PARTICLE = r"(?:of|the|de|la|le|du|des|van|von|der|den|di|da|del|bin|ibn|al|and|y|e|à|au|in|on|for)"
_NAME = re.compile(rf"{_CAPITAL}(?:\s+(?:{_PARTICLE}\s+){{0,2}}{_CAPITAL}|\s+\d{{1,4}}(?!\w))*")
_NUMBER = re.compile(r"(?<![\w.,-])(?:[$€£]\s?)?\d[\d.,]*\d%?|\d%?(?:\s(?:million|billion|thousand|trillion))?(?![\w])")
_QUOTED = re.compile(r"[\"“‘«]([^\"”’»]{2,80})[\"”’»]")
_PLACE = re.compile(rf"\b(?:in|at|from|near|to)\s+(?:the\s+)?({_CAPITAL}(?:\s*,?\s+(?:{_PARTICLE}\s+)?{_CAPITAL})*)")


def candidates(sentence: str, answer_type: AnswerType) -> list[tuple[int, int]]:
    """Return the (start, end) offsets of what could answer a question of this kind, most likely first."""
    match answer_type:
        case "date":
            found = [(start, end) for start, end, date in find_dates(sentence)]
            return sorted(found, key=lambda span: span[0] - span[1])
        case "year":
            return [span.span() for span in re.finditer(r"(?<!\d)[12]\d{3}(?!\d)", sentence)]
        case "number":
            return [span.span() for span in _NUMBER.finditer(sentence)]
        case "place":
            after = [span.span(1) for span in _PLACE.finditer(sentence)]
            return after or _names(sentence)
        case "person":
            return [span for span in _names(sentence) if not re.search(r"\d", sentence[span[0] : span[1]])]
        case _:
            return [
                *_names(sentence),
                *(span.span(1) for span in _QUOTED.finditer(sentence)),
                *(span.span() for span in _NUMBER.finditer(sentence)),
            ]


def _names(sentence: str) -> list[tuple[int, int]]:
    made = []
    for span in _NAME.finditer(sentence):
        start = span.start()
        text = span.group(0).rstrip(".'’,")
        # A lone function word at the start of a sentence is no name.
        if fold(text) in STOP or len(text) < 2:
            continue
        first = text.split()[0]
        if fold(first) in STOP and len(text.split()) > 1 and start == 0:
            cut = len(first) + 1
            start, text = start + cut, text[cut:]
        made.append((start, start + len(text)))
    return made


def names(text: str) -> list[str]:
    """Return the capitalised names and quoted titles of a text, in order, each once."""
    spans = sorted([*_names(text), *(span.span(1) for span in _QUOTED.finditer(text))])
    return list(dict.fromkeys(text[start:end].strip() for start, end in spans))
