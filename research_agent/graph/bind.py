"""Bind what a round found to the plan: which document a name means, what it says, which things refer to it."""

import re
from collections.abc import Iterable, Sequence

from research_agent.evidence import Snapshot
from research_agent.graph.conclude import ask
from research_agent.graph.desk import Desk, line_end, said
from research_agent.graph.refer import MENTIONED, PLACE, prepare, refer
from research_agent.reading.base import Found
from research_agent.reading.dates import find_dates
from research_agent.reading.fields import Field, Item, items, named, plain, whole
from research_agent.reading.identity import match
from research_agent.reading.plan import Need, Plan, Step, Value, open_plan
from research_agent.reading.words import fold, overlap, sentences

_SURE = 0.99  # the name or number of the document itself
_LIKELY = 0.6
# English nouns for one who does or is something end so; a wrong guess only reorders candidates.
_AGENT = re.compile(r"(?:er|or|ist|ian|eur|wife|husband|son|spouse|child|king|queen)s?$")
_EVENT = re.compile(
    r"^(?:born|died?|date|created|founded|released|established|published|opened|built|formed|launched)\b"
)


async def bind(plan: Plan, desk: Desk, asked: Sequence[str]) -> None:
    """Read what the round found, need by need, and move the plan on as far as what was read allows."""
    for why in ("resolve", "having", "describe", "seek"):
        for step, at in dict.fromkeys((need.step, need.value) for need in plan.needs if need.why == why):
            group = [need for need in plan.needs if (need.why, need.step, need.value) == (why, step, at)]
            if why == "resolve":
                await _resolve(plan, plan.steps[step].values[at], group, desk)
            elif why == "having":
                await refer(plan, step, at, group, desk)
            elif why == "describe":
                await _describe(plan, step, group, desk, asked)
            else:
                await _seek(plan, step, at, group, desk)
    await advance(plan, desk)


async def rebind(plan: Plan, desk: Desk, asked: Sequence[str]) -> Plan:
    """Give up a question's parts and read what the round found for the whole question."""
    opened = open_plan(plan)
    queries = [plan.question] if plan.question in plan.found else list(plan.found)
    opened.needs = [Need("describe", 0, -1, query) for query in queries]
    opened.found = plan.found
    await _describe(opened, 0, opened.needs, desk, asked)
    return opened


async def advance(plan: Plan, desk: Desk) -> None:
    """Take every step that what was read so far allows, in order."""
    for index, step in enumerate(plan.steps):
        if step.done or step.of < 0 or not plan.steps[step.of].done:
            continue
        if step.op == "attribute":
            await _attribute(plan, index, desk)
        else:
            prepare(plan, step, desk)


async def _attribute(plan: Plan, index: int, desk: Desk) -> None:
    step, inputs = plan.steps[index], plan.steps[plan.steps[index].of]
    for at, value in enumerate(inputs.values):
        if any(made.origin == at for made in step.values):
            continue
        if not value.source:
            _known(value, desk)
        if value.source and not step.tried.get(f"read {at}"):
            step.tried[f"read {at}"] = 1
            await _read_attribute(plan, index, at, desk)
    answered = {made.origin for made in step.values}
    step.done = bool(inputs.values) and all(
        at in answered or _given_up(step, value, at) for at, value in enumerate(inputs.values)
    )
    step.done = step.done and bool(step.values)


def _given_up(step: Step, value: Value, at: int) -> bool:
    return step.tried.get(str(at), 0) >= 2 or (
        not value.source and value.tried >= 2 and step.tried.get(str(at), 0) >= 2
    )


def _known(value: Value, desk: Desk) -> None:
    """Take a document that was read before, where the value means it."""
    for source in desk.opened:
        if match(value.text, value.kind, desk.identity(source)) >= _SURE:
            value.source, value.name = source, desk.identity(source).label
            return


async def _read_attribute(plan: Plan, index: int, at: int, desk: Desk) -> None:
    """Read one attribute of one thing from its own document: a labelled value, else what the reader finds."""
    step = plan.steps[index]
    value = plan.steps[step.of].values[at]
    snapshot = desk.snapshot(value.source)
    labelled = [] if value.mention else named(desk.fields(snapshot), step.label)
    if labelled:
        step.values.extend(_picked(step, labelled[0], snapshot, at))
        return
    wanted = _type(plan, index)
    found = await desk.extract(ask(plan, step, value), [snapshot], answer_type=wanted)
    if found is None and wanted == "date" and not value.mention:
        found = _opening_date(snapshot)
    if found is not None:
        step.values.extend(said(found, step, at))


def _opening_date(snapshot: Snapshot) -> Found | None:
    """Return the date in the first sentence of a thing's own document, where definitions put it ("is a 1922 film")."""
    for first, last in sentences(snapshot.text)[:1]:
        for start, end, _ in find_dates(snapshot.text[first:last])[:1]:
            return Found(
                snapshot.text[first + start : first + end], snapshot.id, first + start, first + end, first, last
            )
    return None


def _type(plan: Plan, index: int) -> str:
    """Return what kind of value a step looks for: the question's own for the last, else what its label says."""
    label = plan.steps[index].label
    if index == len(plan.steps) - 1 and plan.goal in {"value", "each"} and plan.answer_type != "any":
        return plan.answer_type
    if _EVENT.search(label) or (index == len(plan.steps) - 1 and plan.goal in {"least", "most"}):
        return "date"
    return "person" if _AGENT.search(label) else "any"


def _picked(step: Step, field: Field, snapshot: Snapshot, at: int) -> list[Value]:
    """Return the entries of a labelled value that the question picks."""
    entries = _of_kind(items(field), step.kind)
    if step.pick in PLACE:
        place = PLACE[step.pick]
        entries = (
            entries[place : place + 1]
            if -len(entries) <= place < len(entries) and place >= 0
            else entries[-1:]
            if place < 0
            else []
        )
    elif step.pick == "one" and not step.kind:
        entries = [whole(field)]
    elif step.pick in {"one", "only"} and step.kind:
        entries = entries[:1]
    return [_value(entry, step.kind, field, snapshot, at) for entry in entries]


def _of_kind(entries: list[Item], kind: str) -> list[Item]:
    """Keep the entries that name the kind, where some do and others name another kind."""
    same = [entry for entry in entries if kind and fold(kind) in fold(entry.text).split()]
    return same or entries


def _value(entry: Item, kind: str, field: Field, snapshot: Snapshot, at: int) -> Value:
    return Value(
        plain(entry.text),
        kind,
        label=field.label,
        found=[snapshot.id, entry.start, entry.end],
        quote=[field.line, line_end(snapshot.text, entry.end)],
        origin=at,
    )


async def _resolve(plan: Plan, value: Value, group: Sequence[Need], desk: Desk) -> None:
    """Open the document that a name means."""
    if value.source:
        return
    best, score = _best(value, desk.found(plan, group), desk)
    if best is not None and score >= _LIKELY:
        value.source, value.mention = await desk.open(best), False
        value.name = desk.identity(value.source).label if score >= _SURE else ""
        return
    mention = next(
        (hit for hit in desk.found(plan, group) if overlap(value.text, f"{hit.title} {hit.text}") >= MENTIONED), None
    )
    if mention is not None and not plan.single and (value.tried >= 1 or value.found is not None):
        # No document is called so; read what speaks of it. A question's own name is first looked for by other queries.
        value.source, value.mention = await desk.open(mention), True
        return
    value.tried += len({need.query for need in group})


def _best(value: Value, hits: Iterable[Snapshot], desk: Desk) -> tuple[Snapshot | None, float]:
    best: tuple[Snapshot | None, float] = (None, 0.0)
    for hit in hits:
        score = match(value.text, value.kind, desk.identity(hit.id))
        if score > best[1] + 1e-9:
            best = (hit, score)
    return best


async def _seek(plan: Plan, index: int, at: int, group: Sequence[Need], desk: Desk) -> None:
    """Read an attribute from other documents that speak of the thing."""
    step = plan.steps[index]
    value = plan.steps[step.of].values[at]
    step.tried[str(at)] = step.tried.get(str(at), 0) + 1
    hits = [hit for hit in desk.passages(plan, group) if overlap(value.text, f"{hit.title} {hit.text}") >= MENTIONED]
    if not hits:
        return
    found = await desk.extract(
        ask(plan, step, value), [desk.read_passage(hit) for hit in hits], answer_type=_type(plan, index)
    )
    if found is not None:
        step.values.extend(said(found, step, at))


async def _describe(plan: Plan, index: int, group: Sequence[Need], desk: Desk, asked: Sequence[str]) -> None:
    """Read an open question from everything found so far; where it is not stated, see what to look up next."""
    step = plan.steps[index]
    step.tried["-1"] = step.tried.get("-1", 0) + 1
    passages = [desk.read_passage(hit) for hit in desk.passages(plan, group)]
    question = plan.question if plan.open else f"What is the {step.label}?"
    wanted = plan.answer_type if plan.open else "any"
    found = await desk.extract(question, [*passages, *desk.passages_read()], answer_type=wanted, seen=step.seen)
    if found is not None:
        step.values = said(found, step, -1)
        step.done = True
    else:
        step.ahead = await desk.ahead(question, passages, asked)
