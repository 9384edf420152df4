"""Questions given in several sentences: things defined by letters or spoken of again, and what is asked at the end."""

import re

from research_agent.reading.forms import BE, LISTED, THING
from research_agent.reading.phrases import HOPELESS, Phrases

_DEFINED = re.compile(
    r"(?:(?<=[.;:,!?] )|(?<=\band )|^)(?:(?:step )?\d+[.):] |[-*•] |\(\w\) )?(?i:let |call |suppose |say )?"
    r"(?P<name>[A-Z]\d?|[a-z]\d?|[A-Z][a-z]*[ _]?\d|the \w+ (?:X|Y|Z)) "
    rf"(?:{BE}|be|=|:=|means|denotes|stands for|refers to) (?P<np>(?!.*\bwhat\b).+?)"
    r"(?:[.;,!](?= )|(?= and [A-Z]\d? (?:is|=|be) )|$)"
)
_RESULT = re.compile(r"(?:(?<=[.;!?] )|^)(?P<name>[Ss]tep \d+): (?P<np>the .+?|[⟦A-Z].+?)[.;](?= )")
_CALLED = re.compile(
    r"(?:(?<=[.;:!?] )|^)(?:(?:step )?\d+[.):] |[-*•] )?(?:first |then |next |now )?[,]? ?"
    r"(?:take|consider|find|let|call|start (?:with|from|at)|look up|open|get) (?P<np>.+?)(?:[,;.] |,? and )?"
    r"(?:call|name|label|denote|be called|as) (?:it |this |that )?(?:by )?(?P<name>[A-Z]\d?|[a-z])(?:[.;,!](?= )|$)",
    re.I,
)
_OPENED = re.compile(
    r"^(?:(?:step )?\d+[.):] |[-*•] )?(?:(?:first|then|next|now|finally|from there|after that|and)[,:]? )*"
    r"(?:take|consider|find|check|consult|inspect|visit|start (?:with|from|at)|begin (?:with|from|at)|"
    r"look (?:up|at|into)|open|get|go (?:on )?to|"
    r"move (?:on )?to|follow|identify|locate|pick|choose|see|there is|think of|turn to|read) "
    rf"(?P<np>{THING}.+)$",
    re.I,
)
_NEXT = re.compile(
    r"(?:(?<=[^.]\w[.;!?])|(?<=[⟧⟫][.;!?])|(?<=[^\W\d]{2}[.;!?])) +"
    r"(?=[^\W\d_a-z]|[⟦⟪]|(?:then|next|now)\b)|[,;]? (?:and )?then "
)
_MARKER = re.compile(r"^(?:(?:step )?\d+[.):]|[-*•]|(?:question|task|q) ?:) ", re.I)
_JOINED = re.compile(
    r"^(?P<np>.+?)(?:;|,)? (?:and|then|and then|to) "
    r"(?P<rest>(?:give|tell|state|name|say|report|return|list|show|read|look|ask)\b.+)$",
    re.I,
)
_AGAIN = re.compile(
    r"\b(?P<whose>its|their|his|her|whose)\b|\b(?:(?:that|this|the same|said) (?!date|year|day|same)(?:\w+|one)"
    r"(?= |[.?!,;]|$)|it|that|this|the (?:latter|result))(?P<own>['’]s)?\b"
    r"(?! [A-Z⟦⟪])"
)


def joined(parse: Phrases) -> str:
    """Return the one question that is asked, with a mark for each thing that was spoken of before."""
    text = _results(parse, parse.text)
    numbered = re.sub(r"(?<=[.;:!?] )(?:[Ss]tep )?\d+[.):] (?=[A-Z])", "", text)
    text = _letters(parse, numbered)
    pieces = [piece for piece in re.split(_NEXT, text) if piece and piece.strip(" .;!?")]
    thing = ""
    for place, piece in enumerate(pieces):
        piece = _MARKER.sub("", piece.strip())
        if thing:
            again = _again(piece, thing)
            # What does not name the thing spoken of is said of it all the same.
            piece = again if again != piece else f"{piece.rstrip(' .;!?')} of {thing}"
        found = _OPENED.match(piece.strip(" .;!?"))
        if not found and thing and place < len(pieces) - 1:
            found = re.match(r"(?P<np>the .+)$", piece.strip(" .;!?"))
        if not found:
            return " ".join([piece, *pieces[place + 1 :]])
        np = found["np"]
        both = _JOINED.match(np)
        reading = parse.read(both["np"] if both else np)
        if reading.cost >= HOPELESS:
            return " ".join([piece, *pieces[place + 1 :]])
        if both:
            rest = _again(both["rest"], parse.aside(reading))
            return " ".join([rest, *pieces[place + 1 :]])
        if place == len(pieces) - 1:
            return piece
        thing = parse.aside(reading)
    return text


def _results(parse: Phrases, text: str) -> str:
    """Take out "Step 1: …" where a later step speaks of the result of step 1."""
    while (found := _RESULT.search(text)) and re.search(rf"(?i)\b{found['name']}\b", text[found.end() :]):
        mark = parse.aside(parse.read(found["np"]))
        later = re.sub(
            rf"(?i)\b(?:the )?(?:(?:result|answer|outcome) (?:of|from|in) )?{found['name']}\b(?!:)",
            mark,
            text[found.end() :],
        )
        text = f"{text[: found.start()]}{later}".strip()
    return text


def _letters(parse: Phrases, text: str) -> str:
    """Take out "A is the …" sentences; where A is spoken of later, its mark stands for it."""
    while True:
        found = _DEFINED.search(text) or _CALLED.search(text)
        if not found:
            return re.sub(r"^(?:question|task|q) ?: ", "", text.strip(" ;,"), flags=re.I)
        name = re.escape(found["name"])
        later = text[found.end() :]
        if not re.search(rf"(?<![\w⟦⟪]){name}(?!\w)", later) or re.match(rf"{LISTED}\b", found["np"]):
            return text
        mark = parse.aside(parse.read(found["np"]))
        later = re.sub(rf"(?<![\w⟦⟪]){name}(?![\w⟧⟫])", mark, later)
        text = f"{text[: found.start()]} {later}".strip()
        text = re.sub(r"^(?:question|task|q) ?: ", "", re.sub(r"^and\s+(?=[A-Z])", "", text.lstrip(". ")), flags=re.I)


def _again(text: str, mark: str) -> str:
    """Put a thing's mark where it is spoken of again."""
    return _AGAIN.sub(lambda found: f"{mark}'s" if found["whose"] or found["own"] else mark, text)
