"""Take an English question apart: what is asked, of which things, and what is to be done with the values.

Each way to ask is turned into a noun phrase for what is wanted ("which date does T list under L" asks for "the date
that T lists under L"). Of all the ways in which a question can be read, the one that leaves least unexplained is taken.
"""

import re
from collections.abc import Callable

from research_agent.reading.clauses import holds_clause
from research_agent.reading.compared import compared_readings
from research_agent.reading.forms import BE, DO, LABEL_NOUN, LISTED, LISTS, NTH, THING, TYPES, WH, is_verb
from research_agent.reading.glue import glued
from research_agent.reading.phrases import Bare, Phrases, singular
from research_agent.reading.relations import RULES
from research_agent.reading.sets import counted_phrase, listed, things
from research_agent.reading.statements import joined
from research_agent.reading.terms import Attribute, Described, Question
from research_agent.reading.turned import turned
from research_agent.reading.ways import Way, Ways, all_of, answer_type, phrase, typed, valued

_MOST = 11.0  # what a reading may take on trust; an open search is better than a wrong plan
_ADVERB = re.compile(r" (?:first|last|originally|officially|initially|finally|actually|\w+ly)$")


def parse_question(text: str) -> Question:
    """Take a question apart.

    Returns:
        The question with its parts; a `Described` part where the grammar does not fit.
    """
    parse = Phrases(_requests_dropped(text), RULES, (glued,))
    asked = joined(parse).strip(" ?.!")
    ways = [way for way in _ways(parse, asked, text) if not holds_clause(way.question.term, asked)]
    best = min(ways, key=lambda way: way.cost, default=None)
    if best is None or best.cost >= _MOST:
        return Question(text, "value", Described(parse.plain(_requests_dropped(text))), answer_type(asked))
    return best.question


def _requests_dropped(text: str) -> str:
    """Drop what only says how to answer ("List all of them."), and write short forms out."""
    # An apposition is no enumeration: the bridge, "T", was opened.
    text = re.sub(r"(?<=[a-z]), ([\"“][^\"“”]+[\"”]),(?=[:?.,;]|$| (?![\"“]|and\b|or\b))", r" \1", text)
    text = re.sub(r"(?i),? please(?=[.?!]*$)", "", text)
    text = re.sub(r"(?<=[a-z]), ([\"“][^\"“”]+),([\"”])(?= (?![\"“]|and\b|or\b))", r" \1\2", text)
    text = re.sub(r"(?i)^((?:.*[.:,;] )?(?:what|who|when|where|which|how))['’]s\b", r"\1 is", text.strip())
    return re.sub(
        r"(?i)(?<=[?.!])\s*(?:please )?(?:list|give|name|state|provide|answer|return|reply|respond|write|use|include|"
        r"be|keep|quote|cite|only|no)\b"
        r"(?![^?]*[\"“⟦?])(?![^?]*\b(?:of|in|for) (?:[A-Z]|it|that)\b)[^?\"“]*[.!]?\s*$",
        "",
        text.strip(),
    )


def _ways(parse: Phrases, asked: str, text: str) -> Ways:
    for whole in dict.fromkeys((asked, *turned(asked))):
        yield from compared_readings(parse, whole, text)
        for rule in _RULES:
            yield from rule(parse, whole, text)


def _copular(parse: Phrases, asked: str, text: str) -> Ways:
    """Read "What is the L of T", "who are the Ls of T", and the bare phrase "the L of T"."""
    found = re.match(rf"(?i)^(?P<wh>{WH})(?: (?P<type>[\w\-]+))? {BE} (?P<np>.+)$", asked)
    if found and not (found["type"] and typed(found["type"])[0]):
        yield from counted_phrase(parse, found["np"], text)
        cost = 0.6 if found["wh"].lower() in {"when", "where"} else 0.1
        yield from phrase(parse, found["np"], text, answer_type(f"{found['wh']} {found['type'] or ''}"), cost)
    if not re.match(rf"(?i){WH}\b|how |{BE} |{DO} ", asked):
        yield from phrase(parse, asked, text, "any", 0.3)
    # "what about the L of T", "what year … T's L": a kind of value before the phrase
    found = re.match(rf"(?i)^{WH} (?P<type>[a-z]+) (?P<np>{LISTED}\b.+)$", asked)
    if found:
        yield from phrase(parse, found["np"], text, answer_type(found["type"]), 0.6)


def _given(parse: Phrases, asked: str, text: str) -> Ways:
    """Read "What date is given under L of T", "who is listed first as L of T", "whose name comes first under L"."""
    found = re.match(
        rf"(?i)^(?P<wh>what|which|who|whose|when|where)(?: (?P<type>(?!{BE}\b)[\w\- ]+?))? (?:{BE} |does |do )?"
        rf"(?P<rest>(?:(?P<listed>{LISTED}|comes?|appears?|stands?|occurs?)|{NTH}|in|under|on|at|as) .+)$",
        asked,
    )
    if not found:
        return
    kind, answer = typed(found["type"] or found["wh"])
    rest = found["rest"] if found["listed"] else f"listed {found['rest']}"
    reading = parse.read(f"the {kind or 'entry'} {rest}")
    if isinstance(reading.term, Attribute):
        several = kind and singular(kind) != kind and reading.term.pick == "one"
        term = all_of(reading.term) if several else reading.term
        yield Way(reading.cost, valued(text, term, answer, "list" if several else "value"))


def _does(parse: Phrases, asked: str, text: str) -> Ways:
    """Read "Which date does T list under L", "which K does T require", "what does the L line of T say"."""
    found = re.match(r"(?i)^(?P<wh>what|which|who|whom)(?: (?P<type>[\w\- ]+?))? (?:do|does|did) (?P<np>.+)$", asked)
    if not found:
        return
    kind, answer = typed(found["type"] or found["wh"])
    reading = parse.read(f"the {kind or 'entry'} that {found['np']}")
    if isinstance(reading.term, Attribute):
        several = singular(kind) != kind and reading.term.pick == "one"
        term = all_of(reading.term) if several else reading.term
        yield Way(reading.cost + 0.1, valued(text, term, answer, "list" if several else "value"))
    said = re.match(rf"^(?P<np>.+) (?:{LISTS}|say|read|hold)$", found["np"])
    if said:
        yield from phrase(parse, said["np"], text, answer, 0.1)


def _eventful(parse: Phrases, asked: str, text: str) -> Ways:
    """Read "When was T born", "in which year was each K created", "by whom was T written", "where did T die"."""
    found = re.match(rf"(?i)^(?P<wh>{WH}(?: [\w\-]+)??) (?P<be>{BE}|{DO}) (?P<rest>.+)$", asked)
    if not found:
        return
    told = re.match(
        r"^(?P<np>.+) (?P<verb>(?!(?:at|in|on|from|to|as|by|of)\b)[a-z][\w\-]*)"
        r"(?P<after> (?:at|in|on|from|to|as|by))?$",
        found["rest"],
    )
    if not told or not (is_verb(told["verb"]) or found["be"].lower() in {"did", "do", "does"}):
        return
    if found["be"].lower() in {"did", "do", "does"} and told["verb"].endswith("ed"):
        return
    np = _ADVERB.sub("", told["np"].removesuffix(" been"))
    wh = found["wh"].lower()
    answer = answer_type(wh)
    if re.fullmatch(rf"{LISTED}|{LISTS}", told["verb"]) and re.search(rf"{LABEL_NOUN}$|\b(?:under|as)\b", np):
        return
    reading = parse.read(np)
    verb = (told["verb"] + (told["after"] or "")).strip()
    if "whom" in wh or wh == "by who" or (wh == "who" and verb.endswith(" by")):
        label = verb if verb.endswith(" by") else f"{verb} by"
    elif answer in {"date", "year"} or wh in {"why", "how"}:
        label = verb
    else:
        label = f"place {verb}" if wh == "where" else f"{wh.split()[-1]} {verb}"
    start = found.start("rest")
    ask = f"{asked[:start]}{{}}{asked[start + len(np) :]}?"
    yield Way(reading.cost + 0.4, valued(text, Attribute(label, reading.term, ask=parse.plain(ask) + "?"), answer))


def _doer(parse: Phrases, asked: str, text: str) -> Ways:
    """Read "Who wrote T", "which studio released T"."""
    found = re.match(rf"(?i)^(?P<wh>who) (?P<verb>[a-z][\w\-]+) (?P<np>{THING}.*)$", asked)
    if found and is_verb(found["verb"].lower()) and not re.fullmatch(f"{BE}|{DO}", found["verb"]):
        reading = parse.read(found["np"])
        ask = f"{asked[: found.start('np')]}{{}}?"
        yield Way(reading.cost + 0.4, valued(text, Attribute(f"{found['verb']} by", reading.term, ask=ask), "person"))


def _quality(parse: Phrases, asked: str, text: str) -> Ways:
    """Qualities: "what nationality is T", "which country is T from", "which country T is from"."""
    found = re.match(
        rf"(?i)^(?:what|which) (?P<label>(?-i:[a-z])[\w\-]*(?: [a-z]+)?) {BE} "
        rf"(?P<np>{THING}.+?)(?: (?:from|in|of|at))?$",
        asked,
    )
    found = found or re.match(
        rf"(?i)^(?:what|which) (?P<label>[a-z]+) (?P<np>{THING}.+?) {BE} (?:from|in|of|at)$", asked
    )
    if found and not is_verb(found["label"]):
        reading = parse.read(found["np"])
        yield Way(
            reading.cost + 0.9, valued(text, Attribute(found["label"], reading.term), answer_type(found["label"]))
        )


def _according(parse: Phrases, asked: str, text: str) -> Ways:
    """Read "According to the L field of T, when was it published", "going by its L, when was T published"."""
    said = r"according to|going by|judging by|as (?:given|stated|shown|recorded) (?:in|under|by)"
    found = re.match(rf"(?i)^(?:{said}) (?P<np>.+?), (?P<rest>.+)$", asked) or re.match(
        rf"(?i)^(?P<rest>.+?),? (?:{said}) (?P<np>.+)$", asked
    )
    found = found or re.match(r"(?i)^(?:by|per|from|in|under) (?P<np>its .+?|.+?(?=,.* it\b)), (?P<rest>.+)$", asked)
    if not found:
        return
    answer = answer_type(found["rest"])
    if not re.search(r"(?i)\b(?:its|their) ", found["rest"]):
        yield from phrase(parse, found["np"], text, answer, 0.2)
    its = re.match(r"(?i)^(?:its|their|his|her) (?P<label>.+)$", found["np"])
    label = parse.label(its["label"], loose=True) if its else None
    if label:
        for way in _ways(parse, found["rest"], text):
            term = way.question.term
            if isinstance(term, Attribute):
                yield Way(way.cost + 0.2, valued(text, Attribute(label[0], term.of), answer))


def _loosely(parse: Phrases, asked: str, text: str) -> Ways:
    """Read a question of which a thing and a label are all but glue: "check T and report its L"."""
    whole = re.sub(r"\b(?:its|their|his|her)\b", "the", asked)
    best = min(glued(parse, Bare(f"what {whole}", "one", False)), key=lambda reading: reading.cost, default=None)
    if best is None or not isinstance(best.term, Attribute) or re.match(rf"(?i){BE}\b|{DO}\b", asked):
        return
    counted = re.search(r"(?i)\bhow (?:many|much)\b", asked)
    sort = re.search(r"(?i)\b(?:who|whom|whose|when|where|date|year|day|person|number|figure)\b", asked)
    answer = TYPES.get(sort.group().lower(), "any") if sort else "any"
    term = all_of(best.term) if counted else best.term
    yield Way(best.cost + 1.0, valued(text, term, "number" if counted else answer, "count" if counted else "value"))


_RULES: tuple[Callable[[Phrases, str, str], Ways], ...] = (
    _copular,
    _given,
    _does,
    _eventful,
    _doer,
    _quality,
    things,
    listed,
    _according,
    _loosely,
)
