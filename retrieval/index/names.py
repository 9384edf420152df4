"""What a document is called: its id, its title, and identifiers such as "RFC 2026" or "CVE-2024-1234".

Nothing here knows a numbering scheme. An identifier is a word or sign followed by a number ("§ 12", "OPS-17b"), or one
word that mixes letters and digits ("AB12CD"). It is a document's own where the id or the title begins with it, or where
a line at the head reads `word: number`. All are compared in one normal form.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

_JOINT = r"[ \t\xa0\u202f]?+[-‐‑–_#.:]?+[ \t\xa0\u202f]?+"
# Behind a space or sign the number may hold letters; glued to its word only one at its end, or "sha256sum" were one.
_NUMBER = r"((?<![^\W\d])\d[\dA-Za-z]*(?:[.\-:/]\d[\dA-Za-z]*)*|\d+(?:[.\-:/]\d+)*[A-Za-z]?)(?![^\W_])"
_IDENTIFIER = re.compile(rf"(?:(?<!\w)([^\W\d_]++(?:[/&.][^\W\d_]++)*+)|([§¶№])[§¶]?+){_JOINT}{_NUMBER}")
_HEAD_LINE = re.compile(
    r"^[-*:]?[ \t]*([^\W\d_][\w -]{0,30}?)[ \t]*:[ \t]*(\d[\d.\-:]*(?:[ \t]*,[ \t]*\d[\d.\-:]*)*)[ \t]*$"
)
_SEPARATOR = re.compile(r"^[\s:–—|,()\[\]/-]+")
_PARENTHESIS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_QUOTED = re.compile(
    r"\"([^\"\n]{2,200})\"|“([^”\n]{2,200})”|«([^»\n]{2,200})»|(?<!\w)'([^'\n]{2,200})'(?!\w)|`([^`\n]{2,200})`"
)
_WORD = re.compile(r"[^\W_]+")
# Letters and digits in one word, but no ordinal or decade such as "19th" and "1990s".
_CODE = re.compile(r"[^\W\d_]+\d[^\W_]*|\d+[^\W\d_]+\d[^\W_]*")
_HEAD_LINES = 40
_LONGEST_NAME = 20
_WORDS_SEARCHED = 96


class Kind(IntEnum):
    """How a name belongs to a document, surest first."""

    ID = 0
    TITLE = 1
    IDENTIFIER = 2
    SHORT_TITLE = 3
    MENTION = 4


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of a query that may be a name.

    Attributes:
        key: the name in normal form.
        start: offset of its first character in the query.
        end: offset after its last.
        quoted: the asker put it in quotes, or asked for nothing else.
        proper: it is written or long enough to be a name and not chance.
    """

    key: str
    start: int
    end: int
    quoted: bool = False
    proper: bool = True


def fold(text: str) -> str:
    """Return `text` without case and accents."""
    flat = unicodedata.normalize("NFKD", text.casefold())
    return flat if flat.isascii() else "".join(c for c in flat if not unicodedata.combining(c))


def plain(text: str) -> str:
    """Return the words of `text` in normal form, one space between them."""
    return " ".join(_WORD.findall(fold(text)))


def is_code(word: str) -> bool:
    """Tell whether a word mixes letters and digits as catalogue numbers do."""
    return _CODE.fullmatch(word) is not None


def identifiers(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield every identifier in `text` as (key, start, end); one stretch may yield several spellings."""
    for found in _IDENTIFIER.finditer(text):
        for key in _keys(found[1] or found[2], found[3]):
            yield key, found.start(), found.end()


def head_identifiers(text: str) -> list[str]:
    """Return the keys of lines such as `number: 12` or `replaces: 3, 4` at the head of a document."""
    keys: list[str] = []
    for line in text[:4000].lstrip().splitlines()[:_HEAD_LINES]:
        if not line.strip():
            break
        if found := _HEAD_LINE.match(line):
            for number in found[2].split(","):
                keys.extend(_keys(found[1], number.strip()))
    return keys


def names_of(document_id: str, title: str, text: str) -> dict[str, Kind]:
    """Return every name of a document in normal form, each with the surest way in which it is one."""
    names: dict[str, Kind] = {}

    def put(key: str, kind: Kind) -> None:
        if key.strip("#") and kind < names.get(key, len(Kind)):
            names[key] = kind

    stem = re.sub(r"\.\w{1,8}$", "", document_id.rsplit("/", 1)[-1])
    for name in (document_id, stem):
        put(plain(name), Kind.ID)
    if whole := _IDENTIFIER.fullmatch(stem):
        for key in _keys(whole[1] or whole[2], whole[3]):
            put(key, Kind.IDENTIFIER)
    put(plain(title), Kind.TITLE)
    rest = title.strip()
    while leading := _leading(rest):
        end, keys = leading
        for key in keys:
            put(key, Kind.IDENTIFIER)
        rest = _SEPARATOR.sub("", rest[end:])
        put(plain(rest), Kind.TITLE)
    put(plain(_PARENTHESIS.sub("", title)), Kind.SHORT_TITLE)
    for key in head_identifiers(text):
        put(key, Kind.IDENTIFIER)
    for key, _, _ in identifiers(title):
        put(key, Kind.MENTION)
    return names


def _leading(text: str) -> tuple[int, list[str]] | None:
    """Return where the identifier at the very beginning ends, and its keys; None where there is none."""
    if found := _IDENTIFIER.match(text):
        return found.end(), [*_keys(found[1] or found[2], found[3]), plain(found[0])]
    word = _WORD.match(text)
    return (word.end(), [plain(word[0])]) if word and is_code(word[0]) else None


def mentions(query: str) -> list[Mention]:
    """Return every stretch of `query` that may name a document, overlapping ones too."""
    found = [Mention(key, start, end) for key, start, end in identifiers(query)]
    quotes = [next((m.start(i), m.end(i)) for i in range(1, 6) if m[i]) for m in _QUOTED.finditer(query)]
    found += [Mention(plain(query[a:b]), a, b, quoted=True) for a, b in quotes]
    words = [
        (m.start(), m.end(), m[0][0].isupper() or m[0][0].isdigit() or is_code(m[0])) for m in _WORD.finditer(query)
    ]
    whole = plain(query)
    if len(words) <= _WORDS_SEARCHED:
        found.append(Mention(whole, 0, len(query), quoted=True))
    words = words[:_WORDS_SEARCHED]
    folded = [plain(query[a:b]) for a, b, _ in words]
    for i, (start, _, capital) in enumerate(words):
        for j in range(i, min(i + _LONGEST_NAME, len(words))):
            _, end, last_capital = words[j]
            size = j - i + 1
            proper = size >= 3 or (capital and last_capital and (size == 2 or i > 0 or is_code(folded[0])))
            found.append(Mention(" ".join(folded[i : j + 1]), start, end, proper=proper))
    return [mention for mention in found if mention.key]


def _keys(word: str, number: str) -> list[str]:
    """Return the spellings under which an identifier is known: each part of its word, with and without an edition."""
    numbers = [re.sub(r"(?<!\d)0+(?=\d)", "", fold(number))]
    if ":" in numbers[0]:
        numbers.append(numbers[0].split(":")[0])
    whole = fold(word).replace(" ", "")
    words = dict.fromkeys([whole, *re.split(r"[/&]", whole)])
    return [f"#{w}{n}" for w in words for n in numbers if w]
