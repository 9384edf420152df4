"""Find the things that refer to another: documents whose labelled values name it, or prose that does."""

import re
from collections.abc import Sequence

from research_agent.evidence import Snapshot
from research_agent.graph.conclude import ask
from research_agent.graph.desk import Desk, line_end, said
from research_agent.graph.needs import having_queries, referring
from research_agent.reading.fields import Field, Item, bare_name, items, label_match, named, plain
from research_agent.reading.identity import Identity, refers
from research_agent.reading.plan import Need, Plan, Step, Value
from research_agent.reading.terms import Pick
from research_agent.reading.words import fold, overlap

MENTIONED = 0.8  # share of a name's words that a passage about it must hold
PLACE = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1}
_LOOK_THROUGH = 12  # documents opened to see whether they refer to a thing


def prepare(plan: Plan, step: Step, desk: Desk) -> None:
    """Lay out the queries by which the things that refer to a target's document are found."""
    target = plan.steps[step.of].values[0]
    if target.source and not target.mention and not step.tried.get("named"):
        step.tried["named"] = 1
        step.values = _told_by_target(step, target, desk.snapshot(target.source), desk)
        step.done = bool(step.values)
        own = desk.identity(target.source)
        spoken = own.spoken(step.kind)[:1]
        step.ahead = referring(
            step, target, [*spoken, *(code.split()[-1] for code in spoken), own.title or target.text]
        )


def _told_by_target(step: Step, target: Value, snapshot: Snapshot, desk: Desk) -> list[Value]:
    """Read the relation from its other end: what superseded T stands in T's own "superseded by"."""
    for field in named(desk.fields(snapshot), step.label):
        if not _same_way(step.label, field.label):
            entries = [entry for entry in items(field) if plain(entry.text)]
            made = [
                Value(
                    plain(entry.text),
                    step.kind,
                    label=field.label,
                    found=[snapshot.id, entry.start, entry.end],
                    quote=[field.line, line_end(snapshot.text, entry.end)],
                    origin=0,
                )
                for entry in entries
            ]
            return _chosen(made, step.pick)
    return []


def _same_way(relation: str, label: str) -> bool:
    """Tell whether a label points the way the relation does: "is required by" and "requires" do not.

    A label that names a doer ("author", "maintainer") goes with either.
    """
    passive = [bool(re.search(r"\bby\b", fold(words))) for words in (relation, label)]
    return passive[0] == passive[1] or (passive[0] and bool(re.search(r"(?:or|er|ist|ian)s?$", fold(label))))


async def refer(plan: Plan, index: int, at: int, group: Sequence[Need], desk: Desk) -> None:
    """Find the documents whose labelled values name the target."""
    step = plan.steps[index]
    target = plan.steps[step.of].values[at]
    if target.source and not target.mention and not step.tried.get("named"):
        prepare(plan, step, desk)  # what was asked by name alone does not count
    else:
        step.tried[str(at)] = step.tried.get(str(at), 0) + 1
    own = desk.identity(target.source) if target.source and not target.mention else None
    known = {desk.snapshot(value.source).document_id for value in step.values if value.source}
    hidden = {desk.snapshot(target.source).document_id} if own and target.source else set()
    if step.other and target.found:
        hidden.add(desk.snapshot(target.found[0]).document_id)
    looked = 0
    for hit in desk.found(plan, group):
        if hit.document_id in known | hidden | set(step.seen):
            continue
        entry = _reference(step, target, own, hit, desk)
        if entry is None and looked < _LOOK_THROUGH and not desk.whole(hit):
            looked += 1
            opened = desk.snapshot(await desk.open(hit))
            step.seen.append(hit.document_id)
            entry = _reference(step, target, own, opened, desk)
            hit = opened
        if entry is not None:
            known.add(hit.document_id)
            source = await desk.open(hit)
            field, item, held = entry
            step.values.append(
                Value(
                    desk.identity(source).label,
                    step.kind,
                    name=desk.identity(source).label,
                    source=source,
                    label=field.label,
                    found=[held.id, item.start, item.end],
                    quote=[field.line, line_end(held.text, item.end)],
                    origin=at,
                )
            )
    if not step.values and not having_queries(step, target, step.tried.get(str(at), 0)):
        await _referred_in_prose(plan, index, at, group, desk)
    one = step.pick != "all"
    step.done = bool(step.values) and (one or not having_queries(step, target, step.tried.get(str(at), 0)))
    if step.done:
        step.values = _chosen(step.values, step.pick)


def _chosen(values: list[Value], pick: Pick) -> list[Value]:
    if pick == "all":
        return sorted(values, key=lambda value: _natural(value.text))
    place = PLACE.get(pick, 0)
    return values[place : place + 1] if 0 <= place < len(values) else values[-1:]


def _natural(text: str) -> list[tuple[int, int, str]]:
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", text) if part]


def _reference(
    step: Step, target: Value, own: Identity | None, hit: Snapshot, desk: Desk
) -> tuple[Field, Item, Snapshot] | None:
    """Return the labelled entry of a document that names the target under the relation asked for."""
    text_fields = desk.fields(hit)
    wanted = named(text_fields, step.label, least=0.5) or (
        named(text_fields, target.label, least=0.9) if target.label else []
    )
    for field in wanted:
        if label_match(step.label, field.label) > 0 and not _same_way(step.label, field.label):
            continue
        for item in items(field):
            if own is not None and refers(item.text, step.kind, own):
                return field, item, hit
            if own is None and fold(bare_name(item.text)) == fold(bare_name(target.text)):
                return field, item, hit
    return None


async def _referred_in_prose(plan: Plan, index: int, at: int, group: Sequence[Need], desk: Desk) -> None:
    step = plan.steps[index]
    target = plan.steps[step.of].values[at]
    hits = [hit for hit in desk.passages(plan, group) if overlap(target.text, f"{hit.title} {hit.text}") >= MENTIONED]
    found = await desk.extract(ask(plan, step, target), [desk.read_passage(hit) for hit in hits]) if hits else None
    if found is not None:
        step.values.extend(said(found, step, at))
