"""A question as steps in the order they can be taken, with what is bound so far. JSON in the chain's state."""

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from research_agent.reading.terms import (
    AnswerType,
    Attribute,
    Described,
    GoalKind,
    Having,
    Name,
    Pick,
    Question,
    Several,
    Term,
)

Op = Literal["name", "attribute", "having", "describe"]
Why = Literal["resolve", "seek", "having", "describe"]


_SHORT = 6  # words of a description that may be taken for a name
_CLAUSE = re.compile(r"\b(?:that|which|who|whom|whose|where|when)\b", re.I)
# What tells a described thing from others of its sort; "the basement" alone cannot be looked up.
_TELLING = re.compile(rf"{_CLAUSE.pattern}|(?-i:[A-Z])|\d|[\"“]|(?:\w+ ){{4}}", re.I)
_CAPITAL = re.compile(r"(?:^|[\s(\"'“‘])[^\W\d_a-zß-öø-ÿ]\w")


@dataclass(slots=True)
class Value:
    """A thing or a fact the chain has found out.

    Attributes:
        text: as its source writes it.
        kind: what sort of thing it is, where the question says so.
        name: what its own document calls it, "" while that is not known.
        source: the snapshot of the document that is this thing, "" while it was not looked up.
        mention: `source` only speaks of it and is not its own document.
        label: the label it stood under.
        found: [source_id, start, end] of its words; None for a name the question gave.
        quote: [start, end] of the sentence or line they stand in.
        origin: index of the input value it belongs to, -1 for none.
        tried: searches made for its document.
        agreed: the reader was asked whether what it read states this, and it does.
    """

    text: str
    kind: str = ""
    name: str = ""
    source: str = ""
    mention: bool = False
    label: str = ""
    found: list[Any] | None = None
    quote: list[int] | None = None
    origin: int = -1
    tried: int = 0
    agreed: bool = False


@dataclass(slots=True)
class Step:
    """One step: what is wanted of the values of an earlier step.

    Attributes:
        of: index of the step whose values it starts from, -1 for none.
        ask: the question about one thing with {} for its name, where the user's own words give one.
        tried: for each input value the searches made for this step; key "-1" where there is no input.
        seen: documents already looked through.
        ahead: queries worth asking next (bridges), best first.
    """

    op: Op
    label: str = ""
    of: int = -1
    pick: Pick = "one"
    kind: str = ""
    other: bool = False
    ask: str = ""
    values: list[Value] = field(default_factory=list)
    done: bool = False
    tried: dict[str, int] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Need:
    """Why a query is asked: which step, and which of its input values, it is for."""

    why: Why
    step: int
    value: int
    query: str


@dataclass(slots=True)
class Plan:
    """A question on its way to an answer.

    Attributes:
        open: the question could not be taken apart, or its parts led nowhere: search is by the whole question.
        needs: what the round under way is for.
        found: the snapshots each query of the round under way brought, best first.
    """

    question: str
    goal: GoalKind
    answer_type: AnswerType
    steps: list[Step]
    open: bool = False
    needs: list[Need] = field(default_factory=list)
    found: dict[str, list[str]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Every step has its values."""
        return all(step.done for step in self.steps)

    @property
    def single(self) -> bool:
        """One thing is named and one thing asked of it, so that the question as a whole is its only step."""
        first, *rest = self.steps
        return first.op == "name" and len(first.values) == 1 and [step.op for step in rest] == ["attribute"]

    def to_json(self) -> dict[str, object]:
        """Return the plan as plain JSON values."""
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Plan":
        """Return the plan that `to_json` wrote."""
        steps = [Step(**{**step, "values": [Value(**value) for value in step["values"]]}) for step in data["steps"]]
        needs = [Need(**need) for need in data["needs"]]
        return Plan(data["question"], data["goal"], data["answer_type"], steps, data["open"], needs, data["found"])


def make_plan(question: Question) -> Plan:
    """Lay a question's parts out as steps, innermost first."""
    steps: list[Step] = []
    _lay(question.term, steps)
    plan = Plan(question.text, question.goal, question.answer_type, steps, open=isinstance(question.term, Described))
    vague = steps[0].op == "describe" and not plan.open and not _TELLING.search(steps[0].label)
    return open_plan(plan) if vague else plan


def open_plan(plan: Plan) -> Plan:
    """Return the plan of the same question without its parts: an open search."""
    return Plan(plan.question, "value", plan.answer_type, [Step("describe", plan.question)], open=True)


def _thing(term: Term) -> Term:
    """Take a short description that holds a name ("museum in Astorp") for the name of a thing."""
    plain = isinstance(term, Described) and not _CLAUSE.search(term.text) and len(term.text.split()) <= _SHORT
    return Name(term.text) if plain and isinstance(term, Described) and _CAPITAL.search(term.text) else term


def _lay(term: Term, steps: list[Step]) -> int:
    """Append the steps of a term and return the index of the last."""
    match term:
        case Name(text, kind):
            steps.append(Step("name", kind=kind, values=[Value(text, kind)], done=True))
        case Several(items):
            names = [item for item in items if isinstance(item, Name)]
            steps.append(Step("name", values=[Value(item.text, item.kind) for item in names], done=True))
        case Attribute(label, of, pick, kind, ask):
            inner = _lay(_thing(of), steps)
            steps.append(Step("attribute", label, inner, pick, kind, ask=ask))
        case Having(relation, target, pick, kind, other):
            inner = _lay(_thing(target), steps)
            steps.append(Step("having", relation, inner, pick, kind, other))
        case Described(text):
            steps.append(Step("describe", text))
    return len(steps) - 1
