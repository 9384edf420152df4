"""Questions about all things of a kind: how many there are, which they are, the list of them with a value of each."""

import re

from research_agent.reading.forms import BE, DO, EMPTY, LISTS, TYPES
from research_agent.reading.phrases import Phrases, kind_of
from research_agent.reading.terms import Attribute, GoalKind, Having, Question
from research_agent.reading.ways import Way, Ways, all_of

_LISTING = re.compile(
    r"^(?:please |kindly )*(?:list|enumerate|(?:give|show|name|find|provide) (?:me |us )?"
    r"(?:all|every|each|(?:a|the) (?:full |complete )?list of))\b",
    re.I,
)


def things(parse: Phrases, asked: str, text: str) -> Ways:
    """Things asked for by a relation: "which Ks require T", "how many Ks list T under L", "how many Ls does T have"."""
    for place in re.finditer(" ", asked):
        found = re.match(
            r"(?i)^(?P<wh>how many|how much|which|what)(?: of the)? (?P<kind>[^⟦⟪]+)$", asked[: place.start()]
        )
        kind = found and (kind_of(found["kind"]) or (found["kind"] if found["kind"].lower() in EMPTY else ""))
        if not found or not kind:
            continue
        count = found["wh"].lower().startswith("how")
        goal: GoalKind = "count" if count else "list"
        rest = asked[place.end() :]
        for phrase in (f"{kind} that {rest}", f"{kind} {rest}"):
            reading = parse.read(phrase)
            if isinstance(reading.term, Having) and not re.fullmatch(f"{BE}|{DO}", reading.term.relation):
                yield Way(reading.cost + 0.2, Question(text, goal, all_of(reading.term), "number" if count else "any"))
        if count:
            yield from _counted(parse, kind, rest, text)


def _counted(parse: Phrases, kind: str, rest: str, text: str) -> Ways:
    """Read "How many Ls does T have", "how many Ks are listed under L of T", "how many Ks does T list under L"."""
    found = re.match(rf"^(?:do|does|did) (?P<np>.+) (?:{LISTS}|show|comprise|consist of)$", rest) or re.match(
        rf"^(?:has|have|had|{BE} there (?:in|of|for|under|on)) (?P<np>.+)$", rest
    )
    if found:
        inner = parse.read(found["np"])
        own = kind.lower() in EMPTY and isinstance(inner.term, Attribute)
        term = all_of(inner.term) if own else Attribute(kind, inner.term, "all")
        yield Way(inner.cost + 0.2, Question(text, "count", term, "number"))
    found = re.match(rf"^(?:(?:do|does|did)|{BE}(?: there)?) (?P<rest>.+)$", rest)
    if found:
        for np in (f"{kind} that {found['rest']}", f"{kind} {found['rest']}", f"{kind} listed {found['rest']}"):
            reading = parse.read(np)
            if isinstance(reading.term, Attribute | Having):
                yield Way(reading.cost + 0.2, Question(text, "count", all_of(reading.term), "number"))


def counted_phrase(parse: Phrases, np: str, text: str) -> Ways:
    """Read "the number of Ks that list T under L"."""
    found = re.match(r"(?i)^the (?:total )?(?:number|count|total|amount|quantity) of (?P<np>.+)$", np)
    if found:
        reading = parse.read(found["np"])
        if isinstance(reading.term, Attribute | Having):
            yield Way(reading.cost, Question(text, "count", all_of(reading.term), "number"))


def listed(parse: Phrases, asked: str, text: str) -> Ways:
    """Requests for a list: "list every K that …, each with the year it was created"."""
    if found := re.match(r"(?i)^(?:please )?count (?P<np>(?:the|all|every) .+)$", asked):
        yield from counted_phrase(parse, f"the number of {found['np']}", text)
    plural = re.match(r"(?i)^(?:what|which|who) (?:are|were) (?P<np>(?:all )?(?:of )?the .+)$", asked)
    if plural:
        reading = parse.read(plural["np"])
        if isinstance(reading.term, Having) or (isinstance(reading.term, Attribute) and reading.term.kind):
            yield Way(reading.cost, Question(text, "list", all_of(reading.term)))
    if not _LISTING.match(asked):
        return
    np = re.sub(
        r"(?i)^(?:please |kindly )*(?:list|name|give|find|enumerate|show|provide)(?: me| us)? "
        r"(?:(?:a|the) (?:full |complete )?list of )?",
        "",
        asked,
    )
    found = re.match(
        r"(?i)^(?P<np>.+?)(?:,|;)? (?:(?:each |all )?(?:along |together )?with|and(?: for each(?: of them)?)?(?: also)?"
        r"(?: give| state)?|giving|stating|and when|and in which) (?:the |its |their |each one['’]s )?"
        r"(?P<of>[\w\- ]+?|⟦\d+⟧)(?: (?:it|they|he|she|each(?: of them)?|each one) (?:was|were|is|are) (?P<event>\w+))?"
        r"(?: for each(?: of them)?| of each(?: of them| one)?)?$",
        np,
    )
    if found:
        inner = parse.read(found["np"])
        label = found["event"] or (parse.label(found["of"]) or (found["of"], 0))[0]
        answer = TYPES.get(found["of"].split()[-1].lower(), "any")
        yield Way(inner.cost + 0.3, Question(text, "each", Attribute(label, all_of(inner.term), "all"), answer))
    reading = parse.read(np)
    if isinstance(reading.term, Attribute | Having):
        yield Way(reading.cost + 0.1, Question(text, "list", all_of(reading.term)))
