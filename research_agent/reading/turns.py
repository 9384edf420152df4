"""Turns of a conversation: whose words may answer a question that asks what somebody says, thinks or feels."""

import re
from collections.abc import Sequence
from functools import lru_cache

from research_agent.reading.base import Text
from research_agent.reading.words import fold, stem

_SAYING = frozenset(
    stem(word)
    for word in (
        "admit admire advise agree announce argue ask assume believe claim comment complain compliment confess confirm "
        "consider declare describe disagree emphasize encourage enjoy explain express feel find guess highlight hope "
        "inform inquire insist invite joke love mean mention note offer point praise predict prefer propose recall "
        "recommend remark remind reply report request respond say share state stress suggest suspect tell think urge "
        "view warn wish wonder"
    ).split()
)
_NAME = r"((?:[^\W\d_a-zß-öø-ÿ][\w.-]*\s?){1,3})"
_DOES = re.compile(rf"\b(?:does|did|do|has|had|would)\s+{_NAME}\s*\b(?:\w+ly\s+)?([a-z]+)")
_OPINION = re.compile(
    rf"\b{_NAME}['’]s?\s+(?:\w+\s+)?(?:opinion|view|thought|advice|suggestion|recommendation|proposal|feeling)"
)
_LABEL = r"[^\W\d_][^\n:]{0,40}:[ \t]"
_TURN = re.compile(rf"^[ \t]*(?={_LABEL})(?P<who>[^\n:]+):(?P<said>.*(?:\n(?![ \t]*{_LABEL}).*)*)", re.M)


def speaker(question: str) -> str:
    """Return the name of whom a question asks the words or thoughts of; "" for none. Of when, others may tell."""
    if re.match(r"\W*(?:when|what (?:time|date|day)|who)\b", question, re.I):
        return ""
    for asked in _DOES.finditer(question):
        if stem(asked[2]) in _SAYING:
            return asked[1].strip()
    held = _OPINION.search(question)
    return held[1].strip() if held else ""


@lru_cache(maxsize=4096)
def turns_of(who: str, text: str) -> str:
    """Return what somebody says in a conversation, a turn a line; "" where nobody of that name has a turn."""
    if not who:
        return ""
    return "\n".join(turn["said"].strip() for turn in _TURN.finditer(text) if _same(who, turn["who"]))


def _same(name: str, label: str) -> bool:
    """Tell whether a name and the label of a turn may be one person's: one may be a part of the other."""
    left, right = (fold(each).replace(" ", "") for each in (name, label))
    return bool(left and right) and (left in right or right in left)


def heard(question: str, texts: Sequence[Text]) -> list[Text]:
    """Return the stretches in which somebody speaks whose words a question asks for; all where there are none."""
    who = speaker(question)
    return [text for text in texts if turns_of(who, text.text)] or list(texts)
