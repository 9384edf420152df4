"""A question as parts: things, what is asked of them, and how the parts depend on each other."""

from dataclasses import dataclass
from typing import Literal

Pick = Literal["one", "first", "last", "second", "third", "fourth", "fifth", "only", "all"]
AnswerType = Literal["any", "date", "year", "person", "place", "number", "yesno"]


@dataclass(frozen=True, slots=True)
class Name:
    """A thing given by its name: a title, a proper name or an identifier."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Attribute:
    """What a thing is said to have: "the author of T", "T's father", "the last X listed in the Y field of T".

    Attributes:
        ask: the question in the user's own words with {} for the thing, where they give one ("where was {} born").
    """

    label: str
    of: "Term"
    pick: Pick = "one"
    kind: str = ""
    ask: str = ""


@dataclass(frozen=True, slots=True)
class Having:
    """The things of a kind that stand in a relation to another: "the X that requires T", "films directed by T"."""

    relation: str
    target: "Term"
    pick: Pick = "one"
    kind: str = ""
    other: bool = False


@dataclass(frozen=True, slots=True)
class Several:
    """An enumeration: "A or B", "these: A; B; C"."""

    items: tuple["Term", ...]


@dataclass(frozen=True, slots=True)
class Described:
    """Words that were not taken apart; they need an open search."""

    text: str


Term = Name | Attribute | Having | Several | Described

GoalKind = Literal["value", "count", "list", "each", "least", "most", "same", "before"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question taken apart.

    Attributes:
        text: the question as asked.
        goal: what is done with the values of `term`: told, counted, listed, told for each thing they belong to,
            compared for the least or most, or compared for being the same.
        term: the part the goal is about.
        answer_type: what kind of value answers it.
    """

    text: str
    goal: GoalKind
    term: Term
    answer_type: AnswerType = "any"


def is_open(term: Term) -> bool:
    """Tell whether some part was not taken apart, so that the plan can't be trusted alone."""
    match term:
        case Described():
            return True
        case Name():
            return False
        case Attribute(of=inner) | Having(target=inner):
            return is_open(inner)
        case Several(items=items):
            return any(is_open(item) for item in items)
