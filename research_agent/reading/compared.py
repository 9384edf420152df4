"""Questions that set several things side by side: which came first, do they share something, the value of each."""

import re

from research_agent.reading.forms import BE, UPPER
from research_agent.reading.phrases import Phrases
from research_agent.reading.terms import Attribute, Name, Question, Several, Term
from research_agent.reading.ways import Way, Ways, answer_type

_LEAST = (
    r"first|earlier|earliest|oldest|older|elder|eldest|least|lowest|smallest|smaller|fewest|fewer|shortest|shorter|"
    r"before|lighter|lightest|lower|less"
)
_MOST = (
    r"(?:more|most) recent(?:ly)?|later|latest|last|youngest|younger|newest|newer|highest|higher|largest|larger|"
    r"biggest|bigger|longest|longer|most|more|greater|greatest|heavier|heaviest|after"
)
_COMPARED = re.compile(rf"\b(?:(?P<least>{_LEAST})|(?P<most>{_MOST}))\b", re.I)
# What a comparison word compares where the question names no attribute of its own.
_IMPLIED = {"older": "born", "elder": "born", "eldest": "born", "oldest": "born", "younger": "born", "youngest": "born",
    "larger": "size", "largest": "size", "bigger": "size", "biggest": "size", "smaller": "size", "smallest": "size",
    "longer": "length", "longest": "length", "shorter": "length", "shortest": "length", "heavier": "weight",
    "heaviest": "weight", "lighter": "weight", "lightest": "weight",
}  # fmt: skip
_EVENT = re.compile(
    r"\b(born|died|die|dead|created|founded|established|released|published|opened|built|written|formed|launched|"
    r"started|begun|began|ended|completed|introduced|made|updated|modified|registered|issued|approved|adopted|"
    r"premiered|aired)\b",
    re.I,
)


def compared_readings(parse: Phrases, asked: str, text: str) -> Ways:
    """Return the question as one about several things side by side, where it is one."""
    for rule in (_several, _either, _before, _same_label, _same_event, _same):
        question = rule(parse, asked, text)
        if question is not None:
            yield Way(0.0, question)
            return


def _several(parse: Phrases, asked: str, text: str) -> Question | None:
    """Enumerations after a colon: "which of these X was created first: A; B; C", "… each of these X …: A; B"."""
    found = re.match(r"^(?P<head>[^:]+?):\s*(?P<items>.+;.+|.+,.+,? (?:and|or) .+)$", asked) or re.match(
        r"(?i)^(?:of|among|between|out of|from among) (?P<items>.+,.+,? (?:and|or) .+), "
        r"(?P<head>(?:which|who|what)\b[^,]+)$",
        asked,
    )
    if not found:
        return None
    parts = re.split(
        r"\s*;\s*(?:and |or )?" if ";" in found["items"] else r"\s*,\s*(?:and |or )?|\s+(?:and|or)\s+", found["items"]
    )
    # An enumerated item is a name even where it is written in lower case.
    items = tuple(_as_name(parse, part) for part in parts if part.strip())
    head = found["head"]
    compared = _COMPARED.search(head)
    if compared and re.match(r"(?i)(?:which|who|what)\b", head):
        label = _label(head, compared)
        if not label:
            return None
        return Question(text, "least" if compared["least"] else "most", Attribute(label, Several(items), "all"), "any")
    event = _event(head)
    words = re.sub(r"(?i)^(?:in|on|at|for|by)?\s*(?:which|what|who|when|where)\b", "", head)
    label = event or re.sub(rf"(?i)\b(?:{BE}|each of|these|those|the|of)\b", "", words).strip()
    return Question(text, "each", Attribute(label, Several(items), "all"), answer_type(head))


def _event(head: str) -> str:
    found = (
        _EVENT.search(head)
        or re.match(rf"(?P<verb>[a-z]+(?:ed|en|t|n)) (?:{_LEAST}|{_MOST})$", head)
        or re.search(rf"\b(?:{BE}) (?:\w+ly )?(?P<verb>(?!the\b)[a-z]+(?:ed|en|t|n)) (?:{_LEAST}|{_MOST})", head, re.I)
    )
    return "" if not found else found.group(found.lastgroup or 1)


def _label(head: str, compared: re.Match[str]) -> str:
    """Return what a comparison compares."""
    named = re.search(
        rf"\b(?:has|have|had|with|is|are) (?:the )?(?:{_LEAST}|{_MOST}) (?P<label>(?!of\b|than\b|or\b)[a-z][\w\- ]*)",
        head,
        re.I,
    )
    word = compared.group(0).lower()
    timed = re.search(r"first|earl|last|late|recent|new|before|after|old", word)
    return _event(head) or (named["label"] if named else "") or _IMPLIED.get(word, "date" if timed else "")


def _as_name(parse: Phrases, part: str) -> Term:
    reading = parse.read(part)
    if isinstance(reading.term, Name) and ("⟦" in part or part[:1].islower()) and reading.cost < 1.0:
        return reading.term
    return Name(parse.plain(part))


def _either(parse: Phrases, asked: str, text: str) -> Question | None:
    """Comparisons of two: "which film has the director born later, A or B", "who is older, A or B"."""
    found = (
        re.match(r"(?i)^(?P<head>(?:which|who|what|whose)\b.*?)(?:,|:| -| between) (?P<a>.+?),? or (?P<b>.+)$", asked)
        or re.match(
            r"(?i)^(?P<head>(?:which|who|what|whose)\b.*?) (?:out of|between|of) (?P<a>.+?),? and (?P<b>.+)$", asked
        )
        or re.match(
            r"(?i)^(?:between|of|among|out of) (?P<a>.+?),? (?:and|or) (?P<b>.+?), (?P<head>(?:which|who|what)\b.+)$",
            asked,
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
    label = _label(head, compared)
    return Question(text, "least" if least else "most", Attribute(label, subject, "all"), "any") if label else None


def _before(parse: Phrases, asked: str, text: str) -> Question | None:
    """Whether one thing happened before another: "was A published before B", "is A older than B"."""
    found = re.match(
        rf"(?i)^{BE} (?P<a>.+?) (?P<verb>[a-z]+(?:ed|en|t|n)) (?:(?P<later>after|later than)|before|earlier than) "
        r"(?P<b>.+)$",
        asked,
    )
    if not found:
        return None
    pair = [_as_name(parse, found["a"]), _as_name(parse, found["b"])]
    items = Several(tuple(reversed(pair)) if found["later"] else tuple(pair))
    return Question(text, "before", Attribute(found["verb"], items, "all"), "yesno")


def _same_label(parse: Phrases, asked: str, text: str) -> Question | None:
    """Whether two things share a value: "are the authors of A and B the same"."""
    found = re.match(
        rf"(?i)^{BE} the (?P<label>.+?) of (?P<a>{UPPER}.+?) and (?:of )?(?P<b>{UPPER}.+?) "
        r"(?:the same|identical|equal)$",
        asked,
    )
    if not found:
        return None
    items = Several((_as_name(parse, found["a"]), _as_name(parse, found["b"])))
    return Question(text, "same", Attribute(found["label"], items, "all"), "yesno")


def _same_event(parse: Phrases, asked: str, text: str) -> Question | None:
    """Whether two things happened at the same time or place: "were A and B published in the same year"."""
    found = re.match(
        rf"(?i)^(?:{BE}|did) (?P<a>{UPPER}.+?),? and (?P<b>{UPPER}.+?) (?:both )?(?P<verb>[a-z]+) "
        r"(?:in|on|at|by) the same "
        r"(?P<sort>year|month|day|date)$",
        asked,
    )
    if not found:
        return None
    items = Several((_as_name(parse, found["a"]), _as_name(parse, found["b"])))
    return Question(text, "same", Attribute(found["verb"], items, "all", found["sort"].lower()), "yesno")


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
    same = parse.label(found["label"])
    return Question(text, "same", Attribute(same[0] if same else found["label"], items, "all"), "yesno")
