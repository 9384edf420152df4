"""What to ask next: the queries that a plan's unfinished steps need, most urgent first."""

import re
from collections.abc import Sequence

from research_agent.reading.fields import bare_name
from research_agent.reading.plan import Need, Plan, Step, Value
from research_agent.reading.words import fold

_TRIES = 2  # searches for one thing before the chain gives it up


def needs(plan: Plan) -> list[Need]:
    """Return the queries that would move the plan on, in the order of its steps; [] where none would."""
    found: list[Need] = []
    for index, step in enumerate(plan.steps):
        if step.done:
            continue
        if step.op == "describe":
            found.extend(_described(plan, index, step))
        elif plan.steps[step.of].done:
            found.extend(_attribute(plan, index, step) if step.op == "attribute" else _having(plan, index, step))
    return found


def _described(plan: Plan, index: int, step: Step) -> list[Need]:
    tried = step.tried.get("-1", 0)
    if tried == 0:
        queries = [step.label] if fold(step.label) == fold(plan.question) else [step.label, plan.question]
        return [Need("describe", index, -1, query) for query in queries]
    return [Need("describe", index, -1, query) for query in step.ahead]


def _attribute(plan: Plan, index: int, step: Step) -> list[Need]:
    inputs = plan.steps[step.of]
    answered = {value.origin for value in step.values}
    made: list[Need] = []
    spare: list[Need] = []
    for at, value in enumerate(inputs.values):
        if at in answered:
            continue
        if not value.source and value.tried < _TRIES:
            first, *others = resolving(value, step)
            made.append(Need("resolve", step.of, at, first if value.tried == 0 else others[0]))
            if value.tried == 0:
                spare.extend(Need("resolve", step.of, at, query) for query in others[:1])
        elif step.tried.get(str(at), 0) < _TRIES:
            made.append(Need("seek", index, at, sought(value, step, step.tried.get(str(at), 0))))
    return made + spare


def resolving(value: Value, step: Step) -> list[str]:
    """Return the queries by which a thing's own document may be found, best first."""
    name = value.text.strip()
    if value.kind and re.fullmatch(r"[#]?\d[\w.\-]*", name):
        return [f"{value.kind} {name}", f"{value.kind}-{name}"]
    return [name, f"{value.kind} {name} {_spoken(step.label)}".strip()]


def sought(value: Value, step: Step, tried: int) -> str:
    """Return a query for one attribute of one thing."""
    return f"{value.text} {_spoken(step.label)}" if tried == 0 else f"{_spoken(step.label)} {value.kind} {value.text}"


def _spoken(label: str) -> str:
    return re.sub(r"^place (?!of )", "", label)


def _having(plan: Plan, index: int, step: Step) -> list[Need]:
    made: list[Need] = []
    for at, target in enumerate(plan.steps[step.of].values):
        unknown = not target.source and target.tried < 1 and target.found is None
        if unknown:
            # Its own document tells by which other names it is referred to.
            made.append(Need("resolve", step.of, at, resolving(target, step)[0]))
        if not (unknown and target.kind):
            queries = having_queries(step, target, step.tried.get(str(at), 0))
            made.extend(Need("having", index, at, query) for query in queries)
    return made


def having_queries(step: Step, target: Value, tried: int) -> list[str]:
    """Return the next queries for the things that refer to a target, two a round; [] when all were asked."""
    queries = step.ahead or referring(step, target, [bare_name(target.text)])
    return queries[tried * 2 : tried * 2 + 2]


def referring(step: Step, target: Value, names: Sequence[str]) -> list[str]:
    """Return queries for the things that stand in the step's relation to a thing of these names."""
    relation = re.sub(r"^(?:is|are|was|were|has|have|had|be|been) ", "", step.label)
    if target.label and fold(target.label) not in fold(relation):
        relation = f"{target.label} {relation}"
    queries = [f"{relation} {name}" for name in names] + [f"{step.kind} {name}" for name in names[:1]]
    return list(dict.fromkeys(" ".join(query.split()) for query in queries))[:4]
