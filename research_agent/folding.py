"""Text folded for comparison (whitespace, Unicode forms, quotes, dashes), with a map back to its own offsets."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

# Case is kept: "May" and "may" are different words.
_LIKE = {ord(c): "'" for c in "‘’‚‛′ʼ"} | {ord(c): '"' for c in "“”„‟«»"} | {ord(c): "-" for c in "‐‑‒–—―−"}
# Characters that show nothing: soft hyphen, zero-width spaces and joiners, byte order mark, emoji/text selectors.
_UNSEEN = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff")
# Scripts written without spaces begin about here; a match inside a run of them cuts no word.
_SPACED_SCRIPTS_END = "\u2e80"


@dataclass(frozen=True, slots=True)
class Folded:
    """A text, its folded form, and where the two differ in length.

    Attributes:
        text: as given.
        folded: for comparison.
        starts: offsets in `folded` where a stretch was replaced, ascending.
        changes: for each of them (end in `folded`, start in `text`, end in `text`).
    """

    text: str
    folded: str
    starts: tuple[int, ...]
    changes: tuple[tuple[int, int, int], ...]

    def origin(self, index: int) -> tuple[int, int]:
        """Return the stretch of `text` that the folded character at `index` came from."""
        at = bisect_right(self.starts, index) - 1
        if at < 0:
            return index, index + 1
        folded_end, start, end = self.changes[at]
        if index < folded_end:
            return start, end
        place = end + index - folded_end
        return place, place + 1

    def find(self, text: str, near: int | None = None) -> tuple[int, int] | None:
        """Return where `text` stands, as offsets into the text as given, or None.

        Occurrences that cut no word come before those that do; among equals the one nearest `near`
        wins, or the first where `near` is None.
        """
        wanted = fold(text).folded.strip()
        places = [(self.origin(i)[0], self.origin(i + len(wanted) - 1)[1]) for i in _places(self.folded, wanted)]
        if not places:
            # A quote may begin or end inside a combined character, which folding would have composed.
            plain = text.strip()
            places = [(i, i + len(plain)) for i in _places(self.text, plain)]
        around = near or 0
        return min(places, key=lambda place: (self._cuts(*place), abs(place[0] - around)), default=None)

    def _cuts(self, start: int, end: int) -> bool:
        """Return whether a word goes on across either edge."""
        return any(
            0 < edge < len(self.text) and _wordlike(self.text[edge - 1]) and _wordlike(self.text[edge])
            for edge in (start, end)
        )


def fold(text: str) -> Folded:
    """Fold whitespace runs to one space, Unicode to NFKC, quotes and dashes to ASCII; time is linear in the text."""
    characters = set(text)
    even = text.translate({ord(c): " " for c in characters if c.isspace()} | _present(characters))
    pieces: list[str] = []
    starts: list[int] = []
    changes: list[tuple[int, int, int]] = []
    done = length = 0
    for match in _pattern(frozenset(c for c in characters if c > "\x7f")).finditer(even):
        new = _replacement(match.group())
        if new == match.group():
            continue
        start, end = match.span()
        pieces += (even[done:start], new)
        length += start - done
        starts.append(length)
        length += len(new)
        changes.append((length, start, end))
        done = end
    pieces.append(even[done:])
    return Folded(text, "".join(pieces), tuple(starts), tuple(changes))


def _present(characters: set[str]) -> dict[int, str]:
    return {code: plain for code, plain in _LIKE.items() if chr(code) in characters}


def _pattern(beyond_ascii: frozenset[str]) -> re.Pattern[str]:
    """Return what may change length, for a text with these characters beyond ASCII."""
    unseen = "".join(sorted(beyond_ascii & _UNSEEN))
    extending = _class(c for c in beyond_ascii - _UNSEEN if _extends(c))
    changing = _class(c for c in beyond_ascii - _UNSEEN if not c.isspace() and _nfkc(c) != c)
    # A mark is taken together with what it stands on, and spaces before it go: NFKC puts one before spacing forms.
    parts = [f"[ {unseen}]+{extending}+", f".?{extending}+"] if extending else []
    parts += [f"[ {unseen}]{{2,}}"]
    parts += [f"[{unseen}]"] if unseen else []
    parts += [changing] if changing else []
    return re.compile("|".join(parts), re.DOTALL)


def _class(characters: Iterator[str]) -> str:
    inside = "".join(map(re.escape, sorted(characters)))
    return f"[{inside}]" if inside else ""


@lru_cache(maxsize=4096)
def _replacement(stretch: str) -> str:
    kept = "".join(c for c in stretch if c not in _UNSEEN)
    if not kept.strip():
        return " " if kept else ""
    new = _nfkc(kept).translate(_LIKE)
    return new.replace(" ", "") if any(map(_extends, kept)) else new


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


@lru_cache(maxsize=4096)
def _extends(character: str) -> bool:
    """Return whether this is a mark: a character that normalisation may join to the one before it."""
    lead = _nfkc(character).lstrip()[:1]
    return bool(lead) and (unicodedata.category(lead).startswith("M") or "\u1160" <= lead <= "\u11ff")


def _places(text: str, wanted: str) -> Iterator[int]:
    at = text.find(wanted) if wanted else -1
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def _wordlike(character: str) -> bool:
    return character.isalnum() and character < _SPACED_SCRIPTS_END
