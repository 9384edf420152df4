"""What all ways to ask have in common: a question read in one way, at a cost."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from research_agent.reading.forms import BE, DO, EMPTY, TYPES
from research_agent.reading.phrases import Phrases, singular
from research_agent.reading.terms import AnswerType, Attribute, GoalKind, Having, Question, Term


class Way(NamedTuple):
    """One way to understand a question, and how much it takes on trust."""

    cost: float
    question: Question


Ways = Iterator[Way]


def answer_type(words: str) -> AnswerType:
    """Return what kind of value a question's first words ask for."""
    first = re.findall(r"[a-z]+", words.lower())[:4]
    if first and re.fullmatch(f"{BE}|{DO}", first[0]):
        return "yesno"
    return next((TYPES[word] for word in first if word in TYPES), "any")


def valued(text: str, term: Term, answer: AnswerType, goal: GoalKind = "value") -> Question:
    """Ask for the value; for a thing that stands for several ("each X …") for the value of each."""
    if (
        goal == "value"
        and isinstance(term, Attribute)
        and isinstance(term.of, Attribute | Having)
        and term.of.pick == "all"
    ):
        return Question(text, "each", term, answer)
    return Question(text, goal, term, answer)


def phrase(parse: Phrases, np: str, text: str, answer: AnswerType, cost: float = 0.0) -> Ways:
    """Ask for what a noun phrase stands for."""
    reading = parse.read(np)
    if isinstance(reading.term, Attribute | Having):
        label = reading.term.label if isinstance(reading.term, Attribute) else ""
        told = next((TYPES[word] for word in label.lower().split() if word in TYPES), answer)
        yield Way(reading.cost + cost, valued(text, reading.term, told))


def typed(noun: str) -> tuple[str, AnswerType]:
    """Return the noun beside a question word as a kind ("" where it names a sort of value), and that sort."""
    words = noun.lower().split()
    answer: AnswerType = next((TYPES[word] for word in words if word in TYPES), "any")
    return ("" if words and all(word in EMPTY or word in TYPES for word in words) else noun), answer


def all_of(term: Term) -> Term:
    """Return a phrase for all things that it may mean, unless it picks one of them."""
    match term:
        case Attribute(label, of, "one" | "all" | "only", kind):
            return Attribute(label, of, "all", singular(kind))
        case Having(relation, target, "one" | "all" | "only", kind, other):
            return Having(relation, target, "all", singular(kind), other)
        case _:
            return term
