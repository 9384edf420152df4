"""Take English noun phrases apart into things and relations, by grammar and not by topic.

Nested noun phrases are right-branching in English ("the A of the B that requires the C titled D"): the leftmost
connecting words hold the outermost relation, so one left-to-right descent takes them apart however deep they go.
What does not fit stays `Described`, and the agent falls back on open search.
"""

import re
from collections.abc import Callable

from research_agent.reading.terms import Attribute, Described, Having, Name, Pick, Term

# The start of a name: a quoted part, a digit or a letter that is not lower case.
UPPER = r"(?:[⟦\d]|[^\W\d_a-zß-öø-ÿ])"
_MARK = re.compile(r"⟦(\d+)⟧")
LABEL_NOUN = (
    r"(?:headers?|fields?|lines?|entr(?:y|ies)|sections?|rows?|columns?|attributes?|propert(?:y|ies)|lists?|tags?|keys?|"
    r"labels?|records?|values?|parameters?|cells?|metadata)"
)
LISTED = (
    r"(?:listed|named|given|mentioned|shown|found|stated|cited|referenced|included|recorded|appearing|specified|noted|"
    r"written|entered)"
)
BE = r"(?:is|was|are|were)"
_PICKS: dict[str, Pick] = {
    "first": "first", "last": "last", "final": "last", "second": "second", "third": "third", "fourth": "fourth",
    "fifth": "fifth", "only": "only", "sole": "only", "single": "only", "each": "all", "every": "all", "all": "all",
}  # fmt: skip
_PICK = re.compile(
    r"^(?:the |these |those )?(?P<pick>first|last|final|second|third|fourth|fifth|only|sole|single|each|every|all)"
    r"(?:-(?:listed|named|mentioned|given|cited|credited))?(?P<other> other)?(?: of)?(?: the| these| those)? (?=\S)",
    re.I,
)
_LISTED_IN = re.compile(
    rf"^(?P<kind>[^⟦]*?) ?(?:(?:that|which|who) {BE} )?{LISTED} (?:in|under|on|as|at) (?:the |its )?"
    rf"(?P<label>⟦\d+⟧|[\w\-/ ]{{1,40}}?)(?: {LABEL_NOUN})? (?:of|for|in) (?P<rest>.+)$",
    re.I,
)
_AMONG = re.compile(
    r"^(?P<kind>[^⟦]*?) (?:that|which|who) (?:has|have|had|lists?|names?|includes?|counts?|gives?) (?P<rest>.+?) "
    r"(?:among|amongst|in|as one of|as) (?:its|their|the|an?|his|her) (?P<label>⟦\d+⟧|[\w\- ]+?)"
    rf"(?: {LABEL_NOUN})?$",
    re.I,
)
_WHOSE = re.compile(
    rf"^(?P<kind>[^⟦]*?) whose (?P<label>⟦\d+⟧|[\w\- ]{{1,40}}?)(?: {LABEL_NOUN})? "
    r"(?:is|are|was|were|includes?|contains?|names?|lists?|mentions?|has|have) (?P<rest>.+)$",
    re.I,
)
_RELATIVE = re.compile(
    r"^(?P<kind>[^⟦]*?) (?:that|which|who) (?P<relation>(?:[a-z][\w\-]*)(?: [a-z][\w\-]*){0,4}?) "
    rf"(?P<rest>(?:the |an? |each |every |any |{UPPER}).*)$"
)
_PARTICIPLE = re.compile(
    r"^(?P<kind>[^⟦]*?) "
    r"(?P<relation>(?:co-?)?[a-z]+(?:ed|en|wn|de|lt|ng)(?: (?:or|and) [a-z\-]+)* (?:by|from|in|with)) (?P<rest>.+)$"
)
_TITLED = re.compile(
    r"^(?P<kind>[^⟦]*?) ?"
    r"(?:titled|entitled|called|named|labell?ed|known as|by the name(?: of)?|with the (?:title|name)) (?P<name>.+)$",
    re.I,
)
_OF = re.compile(r"^(?P<label>(?:⟦\d+⟧|[a-z(][^⟦]*?)(?: ⟦\d+⟧)?(?: [a-z][\w\-]*)*?) (?:of|for) (?P<rest>.+)$")
_POSSESSIVE = re.compile(r"^(?P<rest>.+)(?:['’]s|(?<=s)['’]) (?P<label>[a-z][\w\- ]*|⟦\d+⟧(?: \w+)?)$")
_KIND_NAME = re.compile(rf"^(?P<kind>[a-z][\w\-]*(?: [a-z][\w\-]*){{0,2}}) (?P<name>{UPPER}.*)$")
_COMMON_START = re.compile(r"^(?:the|an?|these|those|this|that) ", re.I)


class Phrases:
    """One question being taken apart: its text with the quoted parts set aside."""

    def __init__(self, text: str) -> None:
        self._quoted: list[str] = []
        self.text = self._set_aside(text)

    def _set_aside(self, text: str) -> str:
        """Replace each quoted part by a mark, so that its words can't be read as grammar."""

        def keep(found: re.Match[str]) -> str:
            self._quoted.append(found.group(1))
            return f"⟦{len(self._quoted) - 1}⟧"

        text = re.sub(r"\s+", " ", text).strip()
        # A closing mark is followed by punctuation or the end of a phrase; quotes inside a title are not.
        text = re.sub(
            r"[\"“”„«]((?:[^\"“”»]|[\"“](?=\w)[^\"“”]*[\"”](?= \w+[^\"]*[\"”](?:[?;,.]|$)))+)[\"”»]", keep, text
        )
        return re.sub(r"(?<!\w)[‘'`]([^'’`]+(?:['’]\w[^'’`]*)*)['’`](?!\w)", keep, text)

    def plain(self, text: str) -> str:
        """Return the text with its quoted parts back in place and outer punctuation gone."""
        text = _MARK.sub(lambda found: self._quoted[int(found.group(1))], text)
        return text.strip(' ,;:.?!"“”')

    def label(self, text: str) -> str:
        """Return an attribute's name without the noun that only says it is an attribute."""
        marked = _MARK.search(text)
        if marked:
            return self.plain(marked.group(0))
        text = _COMMON_START.sub("", text.strip())
        return re.sub(rf"^(?:name|value)s? (?={LABEL_NOUN})|(?<=\w) {LABEL_NOUN}$", "", text) if " " in text else text

    def noun_phrase(self, text: str) -> Term:
        """Take one noun phrase apart, outermost relation first."""
        text = text.strip(" ,;:.?!")
        pick: Pick = "one"
        other = False
        found = _PICK.match(text)
        if found:
            pick, other, text = _PICKS[found["pick"].lower()], bool(found["other"]), text[found.end() :]
        elif re.match(r"(?i)the other ", text):
            other, text = True, text[10:]
        bare = _COMMON_START.sub("", text)
        splits = [split for rule in _RULES if (split := rule(self, bare, pick, other)) is not None]
        if splits:
            return min(splits, key=lambda split: split[0])[1]()
        return self._leaf(text, bare)

    def _leaf(self, text: str, bare: str) -> Term:
        if _MARK.fullmatch(bare):
            return Name(self.plain(bare))
        found = _KIND_NAME.match(bare)
        if found and len(found["name"]) > 1:
            return Name(self.plain(found["name"]), found["kind"])
        if re.match(UPPER, bare) and (bare == text or re.match(r"(?i)the ", text)):
            return Name(self.plain(bare))
        return Described(self.plain(bare))


Split = tuple[int, Callable[[], Term]]
Rule = Callable[[Phrases, str, Pick, bool], Split | None]


def _listed_in(parse: Phrases, text: str, pick: Pick, _other: bool) -> Split | None:
    found = _LISTED_IN.match(text)
    if not found:
        return None
    return found.end("kind"), lambda: Attribute(
        parse.label(found["label"]), parse.noun_phrase(found["rest"]), pick, found["kind"].strip()
    )


def _relation(pattern: re.Pattern[str], group: str) -> Rule:
    """Make a rule for phrases that name a thing by its relation to another."""

    def rule(parse: Phrases, text: str, pick: Pick, other: bool) -> Split | None:
        found = pattern.match(text)
        if not found:
            return None
        relation = parse.label(found[group]) if group == "label" else found[group]
        kind = _COMMON_START.sub("", found["kind"]).strip()
        return found.end("kind"), lambda: Having(relation, parse.noun_phrase(found["rest"]), pick, kind, other)

    return rule


def _titled(parse: Phrases, text: str, _pick: Pick, _other: bool) -> Split | None:
    found = _TITLED.match(text)
    if not found or not re.match(UPPER, found["name"]):
        return None
    marked = _MARK.match(found["name"])
    name = parse.plain(marked.group(0) if marked else found["name"])
    return found.end("kind"), lambda: Name(name, found["kind"].strip())


def _of(parse: Phrases, text: str, pick: Pick, _other: bool) -> Split | None:
    found = _OF.match(text)
    if not found or len(found["label"].split()) > 6:
        return None

    def term() -> Term:
        inner = parse.noun_phrase(found["rest"])
        label, embedded = _embedded_pick(parse.label(found["label"]))
        # "the value of the X of T", "the name of the X of T" ask for the X of T itself.
        if label in _SELF and isinstance(inner, Attribute | Having):
            return inner
        # "the date of birth of T" is one attribute in two words.
        if label in _FACETS and isinstance(inner, Attribute) and " " not in inner.label and inner.pick == "one":
            return Attribute(f"{label} of {inner.label}", inner.of, embedded or pick)
        return Attribute(label, inner, embedded or pick)

    return found.end("label"), term


def _possessive(parse: Phrases, text: str, pick: Pick, _other: bool) -> Split | None:
    found = _POSSESSIVE.match(text)
    if not found:
        return None
    label, embedded = _embedded_pick(parse.label(found["label"]))
    return found.end("rest"), lambda: Attribute(label, parse.noun_phrase(found["rest"]), embedded or pick)


def _embedded_pick(label: str) -> tuple[str, Pick | None]:
    found = _PICK.match(label)
    return (label[found.end() :], _PICKS[found["pick"].lower()]) if found else (label, None)


_FACETS = {
    "date", "day", "month", "year", "time", "place", "city", "country", "state", "region", "cause", "reason", "age",
    "number", "amount", "type", "kind", "method", "language", "manner",
}  # fmt: skip
_SELF = {"value", "name", "content", "contents", "text"}
_RULES: tuple[Rule, ...] = (
    _listed_in,
    _titled,
    _of,
    _relation(_AMONG, "label"),
    _relation(_WHOSE, "label"),
    _relation(_RELATIVE, "relation"),
    _relation(_PARTICIPLE, "relation"),
    _possessive,
)
