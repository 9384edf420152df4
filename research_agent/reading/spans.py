"""Words of a sentence that could answer a question of a kind: names, dates, numbers, places."""

import re

from research_agent.reading.dates import find_dates
from research_agent.reading.terms import AnswerType
from research_agent.reading.words import STOP, content_stems, fold, stem

_CAPITAL = r"[^\W\d_a-zß-öø-ÿ][\w'’.&-]*"
_PARTICLE = r"(?:of|the|de|la|le|du|des|van|von|der|den|di|da|del|bin|ibn|al|and|y|e|à|au|in|on|for)"
_NAME = re.compile(rf"{_CAPITAL}(?:\s+(?:{_PARTICLE}\s+){{0,2}}{_CAPITAL}|\s+\d{{1,4}}(?!\w))*")
_NUMBER = re.compile(r"(?<![\w.,-])(?:[$€£]\s?)?\d[\d.,]*\d%?|\d%?(?:\s(?:million|billion|thousand|trillion))?(?![\w])")
_QUOTED = re.compile(r"[\"“‘«]([^\"”’»]{2,80})[\"”’»]")
_PLACE = re.compile(rf"\b(?:in|at|from|near|to)\s+(?:the\s+)?({_CAPITAL}(?:\s*,?\s+(?:{_PARTICLE}\s+)?{_CAPITAL})*)")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_SPAN_OF_LIFE = re.compile(r"\(([^()]*\d{3,4}[^()]*?)\s*[–—-]\s*([^()]*\d{3,4}[^()]*)\)")
# Words that say the same relation from its other end, or of its other side.
_RELATED = {
    word: frozenset(stem(other) for other in others.split())
    for words, others in (
        ("father mother parent parents", "son daughter child born"),
        ("son daughter child children", "father mother son daughter child"),
        ("husband wife spouse", "married wife husband widow spouse"),
        ("grandfather grandmother", "grandson granddaughter grandchild"),
        ("author writer", "written wrote writer author"),
        ("wrote written", "author writer written wrote"),
        ("composer", "music score composed scored"),
        ("performer singer artist", "sung recorded performed singer song single album"),
        ("maker manufacturer producer", "made built manufactured produced"),
        ("birth born birthplace", "born birth"),
        ("death die died dead", "died death killed"),
    )
    for word in words.split()
}
_BORN = re.compile(r"\b(?:born|birth)", re.I)
_DIED = re.compile(r"\b(?:died?|dead|death)\b", re.I)


def candidates(sentence: str, answer_type: AnswerType) -> list[tuple[int, int]]:
    """Return the (start, end) offsets of what could answer a question of this kind, in order of likelihood."""
    match answer_type:
        case "date":
            found = [(start, end) for start, end, _ in find_dates(sentence)]
            return sorted(found, key=lambda span: span[0] - span[1])
        case "year":
            return [span.span() for span in re.finditer(r"(?<!\d)[12]\d{3}(?!\d)", sentence)]
        case "number":
            return [span.span() for span in _NUMBER.finditer(sentence)]
        case "place":
            after = [span.span(1) for span in _PLACE.finditer(sentence)]
            return after or _names(sentence)
        case "person":
            return [span for span in _names(sentence) if not re.search(r"\d", sentence[span[0] : span[1]])]
        case _:
            return [
                *_names(sentence),
                *(span.span(1) for span in _QUOTED.finditer(sentence)),
                *(span.span() for span in _NUMBER.finditer(sentence)),
            ]


def likeliest(question: str, about: str, sentence: str, answer_type: AnswerType) -> tuple[int, int, float] | None:
    """Return (start, end, likelihood) of the words of a sentence that answer a question best, or None.

    A candidate counts for standing near the words by which the question asks, more where it follows them.

    Args:
        question: as asked.
        about: what the sentence is known to speak of, such as the title of its document.
        sentence: one sentence.
        answer_type: what kind of words are wanted.
    """
    life = _of_life(question, sentence, answer_type)
    if life is not None:
        return (*life, 1.0)
    asked = set(fold(question).split())
    topic = set(content_stems(about))
    cues = set(content_stems(question)) - topic
    cues |= {other for word in fold(question).split() for other in _RELATED.get(word, ())}
    places = [(found.start(), found.end()) for found in _WORD.finditer(sentence) if stem(fold(found.group(0))) in cues]
    if cues and not places:
        return None
    best: tuple[float, int, int] | None = None
    for place, (start, end) in enumerate(candidates(sentence, answer_type)):
        own = fold(sentence[start:end]).split()
        if not own or set(own) <= asked or set(own) <= set(fold(about).split()):
            continue
        value = _nearness(sentence, start, end, places) - 0.01 * place
        if _attributive(sentence, start, end):
            value -= 0.3
        if best is None or value > best[0]:
            best = (value, start, end)
    return (best[1], best[2], best[0]) if best else None


def _of_life(question: str, sentence: str, answer_type: AnswerType) -> tuple[int, int] | None:
    """Return the date of birth or death from the bracket after a name: "(3 May 1900 – 4 June 1950)"."""
    found = _SPAN_OF_LIFE.search(sentence) if answer_type in {"date", "year"} else None
    side = 0 if found is None else 2 if _DIED.search(question) else 1 if _BORN.search(question) else 0
    if found is None or not side:
        return None
    for start, end in candidates(found[side], answer_type)[:1]:
        return found.start(side) + start, found.start(side) + end
    return None


def _nearness(sentence: str, start: int, end: int, places: list[tuple[int, int]]) -> float:
    """Return 1 next to a word by which the question asks, less with every word between."""
    best = 0.0
    for left, right in places:
        if start <= left < end:
            continue
        between = sentence[right:start] if right <= start else sentence[end:left]
        gap = len(_WORD.findall(between)) + 2 * between.count(";") + len(re.findall(r"[.:(]\s", between))
        after = right <= start
        best = max(best, (1.0 if after else 0.8) / (1 + 0.35 * gap))
    return best


def _attributive(sentence: str, start: int, end: int) -> bool:
    """Tell whether a single capitalised word only qualifies the noun behind it ("American film")."""
    if " " in sentence[start:end]:
        return False
    return bool(re.match(r"[ -][a-z]{3,}", sentence[end:])) and not re.match(
        r" (?:was|is|are|were|has|had|and|or|in|on|at|by|for|from|to|with|who|that|which|as)\b", sentence[end:]
    )


def _names(sentence: str) -> list[tuple[int, int]]:
    made = []
    for span in _NAME.finditer(sentence):
        start = span.start()
        text = span.group(0).rstrip(".'’,")
        # A lone function word at the start of a sentence is no name.
        if fold(text) in STOP or len(text) < 2:
            continue
        first = text.split()[0]
        if fold(first) in STOP and len(text.split()) > 1 and start == 0:
            cut = len(first) + 1
            start, text = start + cut, text[cut:]
        made.append((start, start + len(text)))
    return made


def names(text: str) -> list[str]:
    """Return the capitalised names and quoted titles of a text, in order, each once."""
    spans = sorted([*_names(text), *(span.span(1) for span in _QUOTED.finditer(text))])
    found = [text[start:end].strip() for start, end in spans if not _attributive(text, start, end)]
    return list(dict.fromkeys(found))
