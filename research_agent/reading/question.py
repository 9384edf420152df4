"""Take an English question apart: what is asked, of which things, and what is to be done with the values."""

import re
from collections.abc import Callable

from research_agent.reading.phrases import BE, LABEL_NOUN, LISTED, UPPER, Phrases
from research_agent.reading.terms import (
    AnswerType,
    Attribute,
    Described,
    GoalKind,
    Having,
    Name,
    Question,
    Several,
    Term,
)

_DO = r"(?:do|does|did|can|could|will|would|has|have|had)"
_TYPES: dict[str, AnswerType] = {
    "date": "date", "day": "date", "when": "date", "year": "year", "who": "person", "whom": "person", "whose": "person",
    "person": "person", "where": "place", "place": "place", "city": "place", "country": "place", "town": "place",
    "number": "number", "many": "number", "much": "number",
}  # fmt: skip
_LEAST = (
    r"first|earlier|earliest|oldest|older|elder|eldest|least|lowest|smallest|smaller|fewest|shortest|shorter|before"
)
_MOST = (
    r"(?:more|most) recent(?:ly)?|later|latest|last|youngest|younger|newest|newer|highest|largest|larger|biggest|"
    r"bigger|longest|longer|most|after"
)
_COMPARED = re.compile(rf"\b(?:(?P<least>{_LEAST})|(?P<most>{_MOST}))\b", re.I)
# What a comparison word compares where the question names no attribute of its own.
_IMPLIED = {"older": "born", "elder": "born", "eldest": "born", "oldest": "born", "younger": "born", "youngest": "born"}
_EVENT = re.compile(
    r"\b(born|died|die|dead|created|founded|established|released|published|opened|built|written|formed|launched|"
    r"started|started|begun|began|ended|completed|introduced|made|updated|modified|registered|issued|approved|adopted|premiered|aired)\b",
    re.I,
)


def parse_question(text: str) -> Question:
    """Take a question apart.

    Returns:
        The question with its parts; a `Described` part where the grammar does not fit.
    """
    parse = Phrases(_requests_dropped(text))
    asked = parse.text.strip(" ?.!")
    for rule in _HEADS:
        question = rule(parse, asked, text)
        if question is not None:
            return question
    return Question(text, "value", Described(parse.plain(asked)), _answer_type(asked))


def _requests_dropped(text: str) -> str:
    """Drop what only says how to answer ("List all of them.")."""
    kept = re.sub(
        r"(?i)(?<=[?.!])\s*(?:please )?(?:list|give|name|state|provide|answer|return)\b[^?\"]*[.!]?\s*$",
        "",
        text.strip(),
    )
    return re.sub(r"(?i)^(?:please )?(?:tell me|can you tell me|do you know|i want to know)[,:]? ", "", kept)


def _answer_type(words: str) -> AnswerType:
    first = re.findall(r"[a-z]+", words.lower())[:4]
    if first and first[0] in {
        "is",
        "are",
        "was",
        "were",
        "do",
        "does",
        "did",
        "has",
        "have",
        "had",
        "can",
        "could",
        "will",
        "would",
    }:
        return "yesno"
    for word in first:
        if word in _TYPES:
            return _TYPES[word]
    return "any"


def _several(parse: Phrases, asked: str, text: str) -> Question | None:
    """Enumerations after a colon: "which of these X was created first: A; B; C", "… each of these X …: A; B"."""
    found = re.match(r"^(?P<head>[^:]+?):\s*(?P<items>.+;.+|.+,.+,? (?:and|or) .+)$", asked)
    if not found:
        return None
    parts = re.split(
        r"\s*;\s*(?:and |or )?" if ";" in found["items"] else r"\s*,\s*(?:and |or )?|\s+(?:and|or)\s+", found["items"]
    )
    # An enumerated item is a name even where it is written in lower case.
    items = tuple(_as_name(parse, part) for part in parts if part.strip())
    head = found["head"]
    compared = _COMPARED.search(head)
    event = _EVENT.search(head)
    if compared and re.match(r"(?i)(?:which|who|what)\b", head):
        label = event.group(1) if event else _IMPLIED.get(compared.group(0).lower(), head)
        return Question(text, "least" if compared["least"] else "most", Attribute(label, Several(items), "all"), "any")
    words = re.sub(r"(?i)^(?:in|on|at|for|by)?\s*(?:which|what|who|when|where)\b", "", head)
    label = event.group(1) if event else re.sub(rf"(?i)\b(?:{BE}|each of|these|those|the|of)\b", "", words).strip()
    return Question(text, "each", Attribute(label, Several(items), "all"), _answer_type(head))


def _as_name(parse: Phrases, part: str) -> Term:
    return Name(parse.plain(part))


def _either(parse: Phrases, asked: str, text: str) -> Question | None:
    """Comparisons of two: "which film has the director born later, A or B", "who is older, A or B"."""
    found = (
        re.match(r"(?i)^(?P<head>(?:which|who|what|whose)\b.*?)(?:,|:| -| between) (?P<a>.+?),? or (?P<b>.+)$", asked)
        or re.match(
            r"(?i)^(?P<head>(?:which|who|what|whose)\b.*?) (?:out of|between|of) (?P<a>.+?),? and (?P<b>.+)$", asked
        )
        or re.match(rf"(?i)^{BE} (?P<a>.+?) or (?P<b>.+?) (?P<head>(?:\w+ )?(?:{_LEAST}|{_MOST}))$", asked)
    )
    if not found or not _COMPARED.search(found["head"]):
        return None
    head = found["head"]
    compared = _COMPARED.search(head)
    assert compared is not None
    items = Several((_as_name(parse, found["a"]), _as_name(parse, found["b"])))
    through = re.search(
        r"(?i)\b(?:has|have|had|whose|with)(?: the| a)? "
        r"(?P<label>[a-z][\w\-]*(?: [a-z]+)??) (?:who |that |is |was |born|died)",
        head,
    )
    subject: Term = items
    if through and not re.match(rf"(?i)(?:{BE}|been)\b", through["label"]):
        subject = Attribute(through["label"], items, "all")
    least = bool(compared["least"])
    if re.search(r"(?i)\blived?\b", head):
        return Question(text, "least" if least else "most", Attribute("lifespan", subject, "all"), "any")
    event = _EVENT.search(head)
    label = event.group(1) if event else _IMPLIED.get(compared.group(0).lower(), "date")
    return Question(text, "least" if least else "most", Attribute(label, subject, "all"), "any")


def _same(parse: Phrases, asked: str, text: str) -> Question | None:
    found = re.match(
        r"(?i)^(?:do|does|did|are|is|were|was|have)(?: both)?"
        r"(?: (?:the )?(?:(?P<label2>(?-i:[a-z]+?))s? of (?:the )?)?(?P<kind>(?-i:[a-z]+?))s?,?)? "
        rf"(?P<a>(?-i:{UPPER}).+?),? and (?P<b>(?-i:{UPPER}).+?),? "
        r"(?P<rest>(?:both |have |share |has |from |of |in |located |situated |originated? |born |come ).*"
        r"\bsame (?P<label>.+))$",
        asked,
    )
    if not found:
        return None
    items: Term = Several((_as_name(parse, found["a"]), _as_name(parse, found["b"])))
    through = re.search(
        r"(?i)\b(?:have|has|share|with)(?: the| a)? "
        r"(?P<label>(?!same)[a-z]+?)s?(?: who| that)? (?:from|of|born|with|in)\b",
        found["rest"],
    )
    label = found["label2"] or (through["label"] if through else "")
    if label:
        items = Attribute(label, items, "all")
    return Question(text, "same", Attribute(found["label"], items, "all"), "yesno")


def _listed(parse: Phrases, asked: str, text: str) -> Question | None:
    """Requests for a list: "list every X that …, each with the year it was created"."""
    found = re.match(
        r"(?i)^(?:list|name|give|find|enumerate|show) (?P<np>(?:all|every|each|the)\b.+?)"
        r"(?:,? (?:each )?(?:along |together )?with (?:the|its|their) (?P<of>[\w ]+?)"
        r"(?: (?:it|they|he|she) (?:was|were|is|are) (?P<event>\w+))?)?$",
        asked,
    )
    if not found:
        return None
    term = _all(parse.noun_phrase(found["np"]))
    if found["of"]:
        label = found["event"] or found["of"]
        return Question(text, "each", Attribute(label, term, "all"), _TYPES.get(found["of"].split()[-1].lower(), "any"))
    return Question(text, "list", term)


def _all(term: Term) -> Term:
    match term:
        case Attribute(label, of, _, kind):
            return Attribute(label, of, "all", kind)
        case Having(relation, target, _, kind, other):
            return Having(relation, target, "all", kind, other)
        case _:
            return term


def _count(parse: Phrases, asked: str, text: str) -> Question | None:
    found = re.match(rf"(?i)^how many (?P<kind>[\w\-]+(?: [\w\-]+)?) (?:{BE} )?(?P<rest>(?:{LISTED}|in|of) .+)$", asked)
    if found:
        term = parse.noun_phrase(f"{found['kind']} {found['rest']}")
        return Question(text, "count", _all(term), "number") if isinstance(term, Attribute | Having) else None
    found = re.match(
        rf"(?i)^how many (?P<kind>[\w\-]+) {_DO} (?P<np>(?:the |⟦|(?-i:{UPPER})).+) (?P<verb>[a-z]+)$", asked
    )
    if found:
        return Question(
            text, "count", Attribute(found["verb"], parse.noun_phrase(found["np"]), "all", found["kind"]), "number"
        )
    return _things(parse, asked, text, r"how many", "count", "number")


def _which_things(parse: Phrases, asked: str, text: str) -> Question | None:
    return _things(parse, asked, text, r"(?:which|what)", "list", "any")


def _things(parse: Phrases, asked: str, text: str, wh: str, goal: GoalKind, answer: AnswerType) -> Question | None:
    """Things asked for by a relation: "which X require the Y titled Z", "how many X cite …"."""
    found = re.match(
        rf"^(?i:{wh}) (?P<kind>(?!of |the )[\w\-]+(?: [\w\-]+)?) "
        r"(?P<relation>(?:(?:are|is|were|was|have|has) )?[a-z][\w\-]*(?: [a-z]+)?) (?P<np>(?:the |an? |⟦).+)$",
        asked,
    )
    if not found or re.match(rf"(?i)(?:{BE}|{_DO})\b(?! \w+(?:ed|en) )", found["relation"]):
        return None
    kind = re.sub(r"(?<=[^s\W])s$", "", found["kind"])
    return Question(text, goal, Having(found["relation"], parse.noun_phrase(found["np"]), "all", kind), answer)


def _given_in(parse: Phrases, asked: str, text: str) -> Question | None:
    """Values by the label they stand under: "what date is given in the L field of T", "what does the L of T say"."""
    found = re.match(
        rf"(?i)^(?:what|which|who)(?: (?P<type>[\w\- ]+?))? {BE} {LISTED}(?: \w+)? "
        r"(?:in|under|on|as|at|by|for) (?:the )?"
        rf"(?P<label>⟦\d+⟧|[\w\-/ ]{{1,40}}?)(?: {LABEL_NOUN})? (?:of|for|in) (?P<np>.+)$",
        asked,
    ) or re.match(
        rf"(?i)^what(?P<type>) does (?:the )?(?P<label>⟦\d+⟧|[\w\-/ ]{{1,40}}?)(?: {LABEL_NOUN})? "
        r"(?:of|for|in) (?P<np>.+?) "
        r"(?:say|contain|hold|list|state|give|show|read)$",
        asked,
    )
    if not found:
        return None
    return _valued(
        text,
        Attribute(parse.label(found["label"]), parse.noun_phrase(found["np"])),
        _answer_type(found["type"] or asked),
    )


def _valued(text: str, term: Term, answer: AnswerType) -> Question:
    """Ask for the value; for a thing that stands for several ("each X …") for the value of each."""
    if isinstance(term, Attribute) and isinstance(term.of, Attribute | Having) and term.of.pick == "all":
        return Question(text, "each", term, answer)
    return Question(text, "value", term, answer)


def _eventful(parse: Phrases, asked: str, text: str) -> Question | None:
    """Facts told by a verb: "when was T born", "in which year was each X … created", "where did T die"."""
    found = re.match(
        rf"(?i)^(?:in |on |at |from |to )?(?P<wh>when|where|why|how|(?:which|what) [\w\-]+) (?:{BE}|{_DO}) "
        r"(?P<np>.+?)(?P<adverb> first| last| originally| officially)? "
        r"(?P<verb>(?-i:[a-z])[\w\-]*(?:ed|en|rn|de|lt|nd|ld|ne|ie|dy|rk|ve|ay|gin|d)?)"
        r"(?P<after> (?:at|in|on|from|to|as))?$",
        asked,
    )
    if not found or re.search(
        r"(?:⟦\d+⟧|[A-Z]\w*) of$|['’]s$| (?:of|the|that|which|by|titled|named|called)$", found["np"]
    ):
        return None
    if re.search(r"['’]s?$", found["np"]) or not re.search(UPPER, found["np"]):
        return None
    wh = found["wh"].lower()
    answer = _answer_type(wh)
    subject = parse.noun_phrase(found["np"])
    verb = (found["verb"] + (found["after"] or "")).strip()
    label = (
        verb
        if answer in {"date", "year"} or wh in {"why", "how"}
        else f"{wh.split()[-1]} {verb}"
        if wh != "where"
        else f"place {verb}"
    )
    ask = f"{asked[: found.start('np')]}{{}}{asked[found.end('np') :]}?"
    return _valued(text, Attribute(label, subject, ask=ask), answer)


def _quality(parse: Phrases, asked: str, text: str) -> Question | None:
    """Qualities: "what nationality is T", "which country is T from", "which country T is from"."""
    found = re.match(
        rf"(?i)^(?:what|which) (?P<label>(?-i:[a-z])[\w\-]*(?: [a-z]+)?) {BE} (?P<np>.+?)(?: (?:from|in|of|at))?$",
        asked,
    )
    found = found or re.match(
        rf"(?i)^(?:what|which) (?P<label>[a-z]+) (?P<np>(?:the |⟦|(?-i:{UPPER})).+?) {BE} (?:from|in|of|at)$", asked
    )
    if not found or _EVENT.fullmatch(found["label"]) or re.search(rf"(?i)^(?:{LISTED})\b", found["np"]):
        return None
    if not re.match(rf"(?:the |an? |⟦|{UPPER})", found["np"]):
        return None
    return _valued(text, Attribute(found["label"], parse.noun_phrase(found["np"])), _answer_type(found["label"]))


def _who_is(parse: Phrases, asked: str, text: str) -> Question | None:
    found = re.match(
        rf"(?i)^(?P<wh>who|what|which|where|when) {BE} (?P<np>(?:the |⟦|(?-i:{UPPER})|each |every ).+)$", asked
    )
    if not found:
        return None
    term = parse.noun_phrase(found["np"])
    if not isinstance(term, Attribute | Having):
        return None
    label = term.label if isinstance(term, Attribute) else ""
    answer = next((_TYPES[word] for word in label.lower().split() if word in _TYPES), _answer_type(found["wh"]))
    return _valued(text, term, answer)


_HEADS: tuple[Callable[[Phrases, str, str], Question | None], ...] = (
    _several,
    _either,
    _same,
    _listed,
    _count,
    _given_in,
    _eventful,
    _who_is,
    _quality,
    _which_things,
)
