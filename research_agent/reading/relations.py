"""The ways in which English names a thing by its relation to another: each yields every cut it sees in a phrase.

Nested noun phrases mostly branch to the right ("the A of the B that requires the C titled D"), but possessives and
object relatives do not ("the A that the B of C lists under D"), so no cut is preferred for its place.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from research_agent.reading.forms import BE, LABEL_NOUN, LISTED, LISTS, MARK, NTH, PICKS, RELATIVE, THING, UNDER, UPPER
from research_agent.reading.phrases import Bare, Phrases, Reading, Rule, kind_of, picked, singular
from research_agent.reading.terms import Attribute, Having, Name, Pick, Term
from research_agent.reading.words import STOP


def _splits(connector: str, text: str) -> Iterator[tuple[str, re.Match[str], str]]:
    """Cut a text at every place where words connect two parts."""
    for found in re.finditer(rf"(?=(?:^| )(?P<all>(?:{connector}) ))", text):
        yield text[: found.start()].strip(), found, text[found.end("all") :]


def _of(parse: Phrases, bare: Bare) -> Iterator[Reading]:
    """Read "The L of T"."""
    yield from _labelled(parse, bare, "of|for", loose=False)


def _labelled(parse: Phrases, bare: Bare, connector: str, *, loose: bool) -> Iterator[Reading]:
    for left, _, right in _splits(connector, bare.text):
        embedded = picked(left) if loose else None
        label = parse.label(left[embedded.end() :] if embedded else left, loose=loose)
        if label is None:
            continue
        inner = parse.read(right)
        pick = PICKS[embedded["pick"].lower()] if embedded else bare.pick
        yield Reading(inner.cost + 0.1 + label[1], _attribute(label[0], inner.term, pick))


def _attribute(label: str, of: Term, pick: Pick) -> Term:
    # "the value of the X of T", "the name of the X of T" ask for the X of T itself.
    if label.lower() in _SELF and isinstance(of, Attribute | Having):
        return of if pick == "one" else replace(of, pick=pick)
    # "the date of birth of T" is one attribute in two words.
    if label in _FACETS and isinstance(of, Attribute) and " " not in of.label and of.pick == "one":
        return Attribute(f"{label} of {of.label}", of.of, pick)
    return Attribute(label, of, pick)


def _possessive(parse: Phrases, bare: Bare) -> Iterator[Reading]:
    """Read "T's L", "T's first L"."""
    for found in re.finditer(r"['’]s (?=\S)|(?<=s)['’] (?=\S)", bare.text):
        right = bare.text[found.end() :]
        embedded = picked(right)
        label = parse.label(right[embedded.end() :] if embedded else right)
        if label is None and re.match(r"[A-Z]", right):
            label = parse.label(right, loose=True)
            label = label and (label[0], label[1] + 0.5)
        if label is not None:
            # The article belongs to the owner.
            inner = parse.read(bare.text[: found.start()])
            pick = PICKS[embedded["pick"].lower()] if embedded else bare.pick
            yield Reading(inner.cost + 0.1 + label[1], Attribute(label[0], inner.term, pick))


def _entry(parse: Phrases, bare: Bare) -> Iterator[Reading]:
    """Read "The first K listed under L of T", "the K in the L field of T", "the K named first in T's L line"."""
    connector = (
        rf"(?:(?:that|which|who) (?:{BE}|comes|appears|stands) |coming |appearing |that )?"
        rf"(?:(?P<listed>{LISTED}|comes|appears|stands|occurs)(?: \w+ly)? )?(?P<nth>{NTH} )?"
        rf"{UNDER}(?: the| its| their)?"
    )
    for left, found, right in _splits(connector, bare.text):
        kind = kind_of(left)
        if kind is None or not left:
            continue
        pick: Pick = PICKS[found["nth"].strip().lower()] if found["nth"] else bare.pick
        known = bool(found["listed"]) or not kind or pick != "one"
        for inner in (
            *_labelled(parse, Bare(right, "one", False), "of|for|in|on|from|by|within", loose=True),
            *_possessive(parse, Bare(right, "one", False)),
        ):
            marked = re.match(rf"(?:{LABEL_NOUN} )?{MARK}|[^⟦⟪]*\b{LABEL_NOUN}\b|.*(?:⟧|\b{LABEL_NOUN})$", right)
            if isinstance(inner.term, Attribute) and (known or marked):
                penalty = 0.0 if found["listed"] or marked or "under" in found["all"] else 0.6
                yield Reading(inner.cost + 0.1 + penalty, replace(inner.term, pick=pick, kind=singular(kind), ask=""))


def _told(parse: Phrases, bare: Bare) -> Iterator[Reading]:
    """Read "The K that T lists first under L", "the K that T depends on", "the K T replaces"."""
    listing = re.compile(
        rf" (?:(?:{BE} )?(?:{LISTS}|{LISTED})|{BE})(?: (?P<nth>{NTH}))?(?P<under> {UNDER})?"
        rf"(?: the| its| their)? (?P<label>[^⟦⟪]+?|.*?{MARK}.*?)$"
    )
    doing = re.compile(
        rf" (?P<label>(?:(?:{BE}|has|have|had) )?(?:been )?[a-z][\w\-]*(?: [a-z]+){{0,3}}?)(?: (?P<nth>{NTH}))?$"
    )
    bound = [(left, right) for left, _, right in _splits("that|which|who|whom", bare.text)]
    loosely = [(bare.text[: at.start()], bare.text[at.end() :]) for at in re.finditer(rf" (?={THING})", bare.text)]
    for left, right in (*bound, *loosely):
        kind = kind_of(left)
        free = (left, right) in loosely
        if kind is None or not re.match(THING, right) or (free and not left.islower()):
            continue
        for at in (place.start() for place in re.finditer(" ", right)):
            for pattern, loose in ((listing, True), (doing, False))[: 1 if free else 2]:
                found = pattern.match(right, at)
                if not found or (free and not found["under"]):
                    continue
                label = parse.label(re.sub(rf"^(?:{BE}|has|have|had|been) ", "", found["label"]), loose=loose)
                if label is None or (not loose and re.fullmatch(f"{LISTS}|{BE}", label[0])):
                    continue
                inner = parse.read(right[:at])
                pick: Pick = PICKS[found["nth"]] if found["nth"] else bare.pick
                # What is done may need a preposition, but takes one verb.
                more = sum(word not in STOP for word in label[0].split()[1:])
                penalty = 0.2 if loose else 0.5 + 1.0 * more
                yield Reading(inner.cost + penalty + label[1], Attribute(label[0], inner.term, pick, singular(kind)))


def _relative(parse: Phrases, bare: Bare) -> Iterator[Reading]:
    """Read "The K that requires T", "the K that lists T under L", "the K that has T among its L"."""
    tail = re.compile(rf" {UNDER}(?: the| its| their| his| her| an?)? (?P<label>[^⟦⟪]{{1,48}}|{MARK}(?: \w+)?)$")
    for left, connector, right in _splits(
        "that|which|who|with|having|listing|naming|in"
        if bare.pick == "one"
        else "that|which|who|with|having|listing|naming|in|to",
        bare.text,
    ):
        kind = kind_of(left)
        if kind is None:
            continue
        if connector["all"].strip() == "in" and not right.startswith(("whose ", "which ")):
            continue
        for found in re.finditer(rf"(?P<relation>^(?:[a-z][\w\-]* ){{0,5}}?)(?={THING})", right):
            yield from _having(parse, bare, kind, found["relation"].strip(), right[found.end() :], tail)
        whose = re.match(
            rf"whose (?P<label>.+?) (?P<np>{THING}.+) (?:appears?|stands?|occurs?|(?:{BE} )?{LISTED})$", right
        )
        label = parse.label(whose["label"], loose=True) if whose else None
        if whose and label:
            inner = parse.read(whose["np"])
            yield Reading(
                inner.cost + 0.2 + label[1], Having(label[0], inner.term, bare.pick, singular(kind), bare.other)
            )
        where = re.match(
            rf"which (?P<np>{THING}.+) (?:appears?|stands?|occurs?|(?:{BE} )?{LISTED}) {UNDER}(?: the)? (?P<label>.+)$",
            right,
        )
        label = parse.label(where["label"], loose=True) if where and connector["all"].strip() == "in" else None
        if where and label:
            inner = parse.read(where["np"])
            yield Reading(
                inner.cost + 0.2 + label[1], Having(label[0], inner.term, bare.pick, singular(kind), bare.other)
            )
        for place in re.finditer(rf" (?={THING})", right):
            relation = right[: place.start()]
            if not RELATIVE.intersection(relation.split()[1:]) and re.fullmatch(
                rf"(?!(?:{BE}|has|have|had)$)[a-z][\w\-]*(?: [a-z][\w\-]*){{0,4}}", relation
            ):
                yield from _having(parse, bare, kind, relation, right[place.end() :], tail)


def _having(
    parse: Phrases, bare: Bare, kind: str, relation: str, target: str, tail: re.Pattern[str]
) -> Iterator[Reading]:
    kind = singular(kind)
    if any(word in PICKS for word in relation.split()):
        return
    if not relation or re.fullmatch(rf"(?:(?:{BE}|has|have) )?(?:{LISTS}|{LISTED})", relation):
        for place in re.finditer(" ", target):
            found = tail.match(target, place.start())
            label = parse.label(found["label"], loose=True) if found else None
            if label is not None:
                inner = parse.read(target[: place.start()])
                yield Reading(inner.cost + 0.2 + label[1], Having(label[0], inner.term, bare.pick, kind, bare.other))
    if relation and not re.fullmatch(f"{BE}|has|have|had", relation):
        inner = parse.read(target)
        words = relation.split()
        cost = 0.3 + 0.1 * len(words) + (0.0 if words[0] not in STOP or words[0] in RELATIVE else 0.5)
        yield Reading(inner.cost + cost, Having(relation, inner.term, bare.pick, kind, bare.other))


def _whose(parse: Phrases, bare: Bare) -> Iterator[Reading]:
    """Read "The K whose L names T"."""
    for left, _, right in _splits("whose", bare.text):
        kind = kind_of(left)
        for found in re.finditer(rf" (?:{BE}|{LISTS}|lists?) ", right) if kind is not None else ():
            label = parse.label(right[: found.start()], loose=True)
            if label is not None and kind is not None:
                inner = parse.read(right[found.end() :])
                if label[0].lower() in _TITLE and isinstance(inner.term, Name):
                    yield Reading(inner.cost + 0.1, Name(inner.term.text, kind))
                else:
                    yield Reading(
                        inner.cost + 0.2 + label[1],
                        Having(label[0], inner.term, bare.pick, singular(kind), bare.other),
                    )


def _participle(parse: Phrases, bare: Bare) -> Iterator[Reading]:
    """Read "Ks written or co-written by T", "the K requiring T", "the other K by T"."""
    verb = r"(?:co-?)?[a-z]+(?:ed|en|wn|de|lt|ht|ut)"
    connector = (
        rf"(?P<relation>{verb}(?: (?:or|and) [a-z\-]+)* (?:by|from|in|with|on|upon|for|to)|"
        r"[a-z]+ing(?: (?:on|upon|to|from|with|in|by))?|by)"
    )
    for left, found, right in _splits(connector, bare.text):
        kind = kind_of(left)
        relation = found["relation"]
        if not kind or (re.match(LISTED, relation) and not relation.endswith((" by", " from"))):
            continue
        if re.match(THING, right):
            inner = parse.read(right)
            yield Reading(inner.cost + 0.35, Having(relation, inner.term, bare.pick, singular(kind), bare.other))


def _titled(parse: Phrases, bare: Bare) -> Iterator[Reading]:
    """Read "The K titled T"."""
    connector = (
        r"(?:(?:that|which|who) (?:is|was) )?(?:titled|entitled|called|named|labell?ed|known as|"
        r"by the name(?: of)?|of the (?:title|name)|\w+ing the (?:title|name)(?: of)?|"
        r"(?:with|having|under|bearing) the (?:title|name)(?: of)?|"
        r"(?:that|which) (?:has|bears|carries) the (?:title|name)(?: of)?)"
    )
    for left, _, right in _splits(connector, bare.text):
        kind = kind_of(left)
        if kind is not None and re.match(UPPER, right):
            marked = re.match(MARK, right)
            name = marked.group() if marked else right
            rest = 2.0 if marked and marked.end() < len(right) else 0.0
            yield Reading(0.05 + parse.trust(name) + rest, Name(parse.plain(name), kind))


_FACETS = {
    "date", "day", "month", "year", "time", "place", "city", "country", "state", "region", "cause", "reason", "age",
    "number", "amount", "type", "kind", "method", "language", "manner",
}  # fmt: skip
_SELF = {"value", "values", "name", "names", "content", "contents", "text", "title", "entry", "entries"}
_TITLE = {"title", "name"}
RULES: tuple[Rule, ...] = (
    _titled,
    _entry,
    _of,
    _told,
    _relative,
    _whose,
    _participle,
    _possessive,
)
