"""Readings that take a clause for a name: "what does Mara Quist want" asks nothing of a thing that is called so."""

import re
from typing import Final

from research_agent.reading.forms import BE
from research_agent.reading.terms import Attribute, Described, Having, Name, Several, Term
from research_agent.reading.words import STOP

_AUXILIARY: Final = r"(?:do|does|did|can|could|will|would|shall|should|may|might|must)"
_HELD: Final = re.compile(rf"(?:^|\s){_AUXILIARY}\b|\s{BE}$")
_BEFORE: Final = rf"(?i:\b(?:{_AUXILIARY}|{BE}) )"
_SAID: Final = re.compile(rf"(?:^|\s){BE}\s")


def holds_clause(term: Term, asked: str) -> bool:
    """Tell whether some part of a reading is a clause with its verb; quoted parts are what they are.

    Args:
        term: the reading.
        asked: the question with its quoted parts set aside, so that only what stands there in plain words is judged.
    """
    match term:
        case Name(text, _):
            return text in asked and (bool(_SAID.search(text)) or _verbal(text, asked))
        case Described(text):
            return text in asked and _verbal(text, asked)
        case Several(items):
            return any(holds_clause(item, asked) for item in items)
        case Attribute(label, inner) | Having(label, inner):
            return (label in asked and bool(_HELD.search(label))) or holds_clause(inner, asked)


def _verbal(text: str, asked: str) -> bool:
    """Tell whether words after an auxiliary go on in small letters after a name, as a subject and its verb do."""
    found = re.match(r"[^\W\d_a-z]\S*(?: [^\W\d_a-z]\S*)* (?P<next>[a-z][\w-]*)(?= [^A-Z]|$)", text)
    return bool(found and found["next"] not in STOP and re.search(_BEFORE + re.escape(text), asked))
