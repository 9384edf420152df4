"""Text and values in one form, so that two ways of writing the same answer compare equal."""

import datetime
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from functools import lru_cache

Date = tuple[int, int | None, int | None]

_LABEL = re.compile(r"^\s*(?:the\s+)?(?:final\s+|short\s+)?answer\s*(?:is\b\s*:?|:)\s*", re.IGNORECASE)
_ARTICLE = re.compile(r"\b(?:a|an|the)\b(?![.'’])")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹘﹣－", "-"))
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_TOKEN = re.compile(r"(?:(?<![\w.)-])-)?\d+(?:\.\d+)*|[^\W\d_]+(?:\+\+|#)?")

_MONTHS = """
january february march april may june july august september october november december
"""
_MONTH = {name[:length]: n for n, name in enumerate(_MONTHS.split(), 1) for length in (3, len(name))} | {"sept": 9}
_M = "(?P<m>" + "|".join(sorted(_MONTH, key=len, reverse=True)) + r")\b\.?"
_D = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"
_Y = r"(?P<y>\d{4})"
_TIME = r"(?:[t ,]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:z|utc|gmt|[ap]\.?m\.?|[+-]\d{2}:?\d{2}))?)?"
_DAYNAME = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? )?"
_DATES = tuple(
    re.compile(_DAYNAME + form + _TIME)
    for form in (
        r"(?P<y>\d{4})(?P<s>[-/.])(?P<n>\d{1,2})(?P=s)(?P<d>\d{1,2})",
        r"(?P<y>(?:19|20)\d\d)(?P<n>0[1-9]|1[0-2])(?P<d>[0-3]\d)",
        rf"{_D}(?: of)?[- /]{_M},?[- /]{_Y}",
        rf"{_M}[- /]{_D},?[- /]{_Y}",
        rf"{_Y}[- /,]+{_M}[- /]{_D}",
        rf"{_M}(?: of)?,?[- /]{_Y}",
        r"(?P<p>\d{1,2})(?P<s>[-/.])(?P<q>\d{1,2})(?P=s)(?P<y>\d{4})",
    )
)

_UNITS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen
"""
_TIES = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: n for n, word in enumerate(_UNITS.split())}
_TENS = {word: 10 * n for n, word in enumerate(_TIES.split(), 2)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def strip_label(text: str) -> str:
    """Return the text without a leading "Answer:"."""
    return _LABEL.sub("", text.strip())


def _folded(text: str) -> str:
    """Return the text in lower case, compatibility forms and accents folded, one kind of dash and blank."""
    decomposed = unicodedata.normalize("NFKD", strip_label(text).translate(_DASHES).casefold())
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(plain.replace("%", " percent ").split())


@lru_cache(maxsize=65536)
def tokens(text: str) -> tuple[str, ...]:
    """Return the words and numbers of a text in a form that compares.

    Case, accents, punctuation, articles and thousands separators do not count; letters and digits are apart
    ("EIP165" is "eip", "165") and initials together ("J. R. R." is "jrr"). Signs and decimals of numbers stay.
    """
    folded = _THOUSANDS.sub(lambda match: match.group().replace(",", ""), _folded(text))
    found: list[str] = _TOKEN.findall(_ARTICLE.sub(" ", folded)) or _TOKEN.findall(folded)
    joined: list[str] = []
    initial = False
    for token in found:
        single = len(token) == 1 and token.isalpha()
        if single and initial:
            joined[-1] += token
        else:
            joined.append(token)
        initial = single
    return tuple(joined)


def contains(text: str, part: str) -> bool:
    """Tell whether the words of `part` stand in `text`, whole and in one piece."""
    inner, outer = tokens(part), tokens(text)
    if not inner:
        return False
    return any(outer[at : at + len(inner)] == inner for at in range(len(outer) - len(inner) + 1))


@lru_cache(maxsize=65536)
def date_value(text: str) -> Date | None:
    """Return (year, month, day) where the whole text is one date, else None.

    Day and month may be absent ("May 2001" is (2001, 5, None)); a bare year is a number, not a date. "03/04/2001"
    has two readings and is no date. A time of day is left out.
    """
    folded = _folded(text).replace(" ,", ",").strip(" .;,()[]\"'")
    for form in _DATES:
        match = form.fullmatch(folded)
        if match:
            return _checked(match.groupdict())
    return None


def _checked(parts: dict[str, str | None]) -> Date | None:
    """Return the date the named parts make, or None where there is no such day or more than one reading."""
    year = int(parts["y"] or 0)
    if "p" in parts:
        first, second = int(parts["p"] or 0), int(parts["q"] or 0)
        readings = {(m, d) for m, d in ((first, second), (second, first)) if m <= 12}
        if len(readings) != 1:
            return None
        month, day = readings.pop()
    else:
        month = int(parts.get("n") or 0) or _MONTH.get(parts.get("m") or "", 0)
        if "d" not in parts:
            return (year, month, None)
        day = int(parts["d"] or 0)
    try:
        datetime.date(year, month, day)
    except ValueError:
        return None
    return (year, month, day)


@lru_cache(maxsize=65536)
def number_value(text: str) -> Decimal | None:
    """Return the number where the whole text is one, in digits or English words, with "%" or a scale, else None."""
    words = [word for word in tokens(text) if word != "and"]
    percent = words[-1:] == ["percent"]
    value = _spoken(words[:-1] if percent else words)
    return value / 100 if value is not None and percent else value


def _spoken(words: list[str]) -> Decimal | None:
    """Return the value of number words; None where one of them is none."""
    if not words or words[0] in _SCALES:
        return None
    total, part, last = Decimal(0), Decimal(0), ""
    for word in words:
        kind, value = _word(word)
        if kind == "":
            return None
        if kind == "scale":
            part = part * value
            if value > 100:
                total, part = total + part, Decimal(0)
        elif last == "" or last == "scale" or (last == "tens" and kind == "unit" and value < 10):
            part += value
        else:
            return None
        last = kind
    return total + part


def _word(word: str) -> tuple[str, Decimal]:
    """Return what kind of number word it is and its value."""
    if word in _SCALES:
        return "scale", Decimal(_SCALES[word])
    if word in _TENS:
        return "tens", Decimal(_TENS[word])
    if word in _WORDS:
        return "unit", Decimal(_WORDS[word])
    try:
        return "digits", Decimal(word)
    except InvalidOperation:
        return "", Decimal(0)


def same(left: str, right: str) -> bool:
    """Tell whether two texts are the same answer: as dates or numbers where both are, else word for word.

    Blanks and hyphens between letters do not count. Two decimals are compared as written, for "3.1" and "3.10" may be
    versions.
    """
    words = tokens(left), tokens(right)
    if not words[0] and not words[1]:
        return bool(left.strip()) and _folded(left) == _folded(right)
    if words[0] == words[1]:
        return True
    joined = ["".join(side) for side in words]
    if joined[0] == joined[1] and joined[0].isalpha():  # "JaneDoe", "Jane Doe"
        return True
    dates = date_value(left), date_value(right)
    if dates[0] and dates[1]:
        return dates[0] == dates[1]
    if all(len(side) == 1 and "." in side[0] for side in words):
        return False
    numbers = number_value(left), number_value(right)
    return numbers[0] is not None and numbers[0] == numbers[1]
