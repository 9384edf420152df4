"""Take English noun phrases apart into things and relations, by grammar and not by topic.

Every way in which a phrase can be cut is tried, and the one that leaves least unexplained is taken: quoted parts cost
nothing, words that have to be taken on trust as a name cost something, words that were not taken apart cost most.
What does not fit stays `Described`, and the agent falls back on open search.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from research_agent.reading.forms import (
    AGAIN,
    ARTICLE,
    BE,
    DO,
    EMPTY,
    LABEL_NOUN,
    LISTED,
    LISTS,
    MARK,
    PICK,
    PICKS,
    RELATIVE,
    UPPER,
    is_participle,
    is_verb,
)
from research_agent.reading.terms import Described, Name, Pick, Term
from research_agent.reading.words import STOP

UNEXPLAINED = 6.0  # what a phrase costs at least that was not taken apart
HOPELESS = 30.0  # … and one that holds what is surely grammar
_MOST = 60_000  # characters of phrases looked at in one question; what needs more is no question
_PLAIN = 4.0  # a reading that costs less is left alone
_LONG = 1500


_UNENDED = r" (?:the|an?|and|or|of|to|for|at|as|from|with|its|his|her|their|that)"  # how no name ends
_NEVER_FIRST = frozenset("of the to for in under at as from with".split())  # … in a label


class Reading(NamedTuple):
    """A way to read a phrase, and how much it takes on trust."""

    cost: float
    term: Term


class Bare(NamedTuple):
    """A phrase without its article, and which of several things it picks."""

    text: str
    pick: Pick
    other: bool


Rule = Callable[["Phrases", Bare], Iterator[Reading]]


class Phrases:
    """One question being taken apart: its text with the quoted parts set aside.

    Args:
        text: the question.
        rules: the ways in which a phrase may be cut.
        last: the ways to try where those find nothing plain.
    """

    def __init__(self, text: str, rules: Sequence[Rule], last: Sequence[Rule] = ()) -> None:
        self._rules = rules
        self._last = last
        self._work = 0
        self._aside: list[str | Reading] = []
        self._known: dict[str, Reading] = {}
        self.text = self._quotes_aside(text)

    def _quotes_aside(self, text: str) -> str:
        """Replace each quoted part by a mark, so that its words can't be read as grammar."""
        text = re.sub(r"\s+", " ", text).strip()
        for start, end in reversed(_quoted(text)):
            text = f"{text[:start]}{self.aside(text[start + 1 : end - 1])}{text[end:]}"
        return re.sub(
            r"(?<![\w⟧)\].])[‘'`]([^'’`]+(?:['’]\w[^'’`]*)*)['’`](?!\w)", lambda found: self.aside(found.group(1)), text
        )

    def aside(self, part: str | Reading) -> str:
        """Keep a quoted part, or a thing that is spoken of again, and return its mark."""
        self._aside.append(part)
        number = len(self._aside) - 1
        return f"⟦{number}⟧" if isinstance(part, str) else f"⟪{number}⟫"

    def plain(self, text: str) -> str:
        """Return the text with its quoted parts back in place and outer punctuation gone."""

        def back(found: re.Match[str]) -> str:
            part = self._aside[int(found.group()[1:-1])]
            return part if isinstance(part, str) else "it"

        if re.fullmatch(MARK, text):
            return re.sub(MARK, back, text).strip()
        return re.sub(f"{MARK}|{AGAIN}", back, text).strip(' ,;:.?!"“”')

    def noun_phrase(self, text: str) -> Term:
        """Take one noun phrase apart, outermost relation first."""
        return self.read(text).term

    def read(self, text: str) -> Reading:
        """Return the cheapest way to read a noun phrase."""
        text = text.strip(" ,;:.?!")
        if text not in self._known:
            self._work += len(text)
            if self._work > _MOST or len(text) > _LONG or not text:
                return Reading(HOPELESS, Described(self.plain(text)))
            best = min(self._readings(text, self._rules), key=lambda reading: reading.cost)
            if best.cost > _PLAIN:
                best = min(best, *self._readings(text, self._last), key=lambda reading: reading.cost)
            self._known[text] = best
        return self._known[text]

    def _readings(self, text: str, rules: Sequence[Rule]) -> Iterator[Reading]:
        pick: Pick = "one"
        other = False
        bare = text
        found = picked(text)
        if found:
            pick, other, bare = PICKS[found["pick"].lower()], bool(found["other"]), text[found.end() :]
        elif found := re.match(r"(?i)(?:the|any|all|every) other ", text):
            other, bare = True, text[found.end() :]
        bare = ARTICLE.sub("", bare)
        yield from self._leaves(text, bare)
        for rule in rules:
            yield from rule(self, Bare(bare, pick, other))

    def _leaves(self, text: str, bare: str) -> Iterator[Reading]:
        if re.fullmatch(f"{MARK}|{AGAIN}", bare):
            part = self._aside[int(bare[1:-1])]
            yield Reading(0.0, Name(part)) if isinstance(part, str) else part
            return
        # "PEP 431, ⟦its title⟧": the thing is named twice.
        if twice := re.fullmatch(rf"(?P<name>{UPPER}[^⟦⟪,]*?)(?:,? {MARK}| \({MARK}\))", bare):
            yield Reading(0.2 + self.trust(twice["name"]), Name(self.plain(twice["name"])))
        after = "(?!)" if bare == text else rf"{MARK}|{UPPER}.*[^s]"
        for pattern in (rf"(?P<kind>[^⟦⟪]*?) (?P<name>{UPPER}.*)", rf"(?P<name>{after}) (?P<kind>[^⟦⟪A-Z]*)"):
            found = re.fullmatch(pattern, bare)
            kind = found and kind_of(found["kind"])
            # Words in capitals belong to the name, unless it stands in quotes.
            if not found or kind is None or len(found["name"]) < 2:
                continue
            if found["name"].startswith("⟦") or kind.islower() or not kind:
                yield Reading(0.1 + self.trust(found["name"]), Name(self.plain(found["name"]), kind))
        if found := re.fullmatch(rf"(?P<name>{UPPER}[^()]*) \((?:the |an? )?(?P<kind>[a-z][\w -]*)\)", bare):
            yield Reading(0.1 + self.trust(found["name"]), Name(self.plain(found["name"]), found["kind"]))
        if re.match(UPPER, bare) and (bare == text or re.match(r"(?i)the ", text)):
            yield Reading(0.2 + self.trust(bare), Name(self.plain(bare)))
        elif re.fullmatch(r"[\w.\-/]*\d[\w.\-/]*", bare):
            yield Reading(0.5, Name(bare))
        grammar = re.search(rf"{MARK}|{AGAIN}|\b(?:that|which|who|whom|whose|what|{BE}|has|had|did|does)\b", bare)
        sentence = re.match(UPPER, bare) and any(is_participle(word) for word in bare.split())
        yield Reading(
            (HOPELESS if grammar or sentence else UNEXPLAINED) + 0.4 * bare.count(" "), Described(self.plain(bare))
        )

    def trust(self, name: str) -> float:
        """Return what it costs to take words for a name: the more of them connect, the more."""
        if re.fullmatch(MARK, name):
            return 0.0
        if re.search(f"{MARK}|{AGAIN}", name):
            return HOPELESS / 2
        words = name.split()
        lower = [word.strip(",") for word in words if word[0].islower()]
        said = sum(3.0 for word in lower if word in RELATIVE - {"and"})
        # What was done is said of a thing; in a name it stands in capitals.
        told = sum(
            11.0 if is_participle(word) else 0.7 if is_verb(word) and word not in STOP else 0.0 for word in lower
        )
        plain = sum(0.2 if word in STOP else 0.6 for word in lower)
        owned = 1.0 if re.search(r"\w['’]s [a-z]", name) else 0.0
        owned += 4.0 if re.search(r"['’]s?$", name) else 0.0
        broken = 3.0 if re.search(r"\w{2}[.?!] [A-Z]", name) else 0.0
        # A name is no clause, and does not end before its noun.
        broken += 11.0 if re.search(rf" {DO} |{_UNENDED}$", name) else 0.0
        open_end = 1.0 if lower and lower[-1] == words[-1] else 0.0
        return 0.5 + said + told + plain + owned + open_end + broken

    def label(self, text: str, *, loose: bool = False) -> tuple[str, float] | None:
        """Return an attribute's name without the noun that only says it is one, and its cost; None for no label.

        Args:
            text: the words.
            loose: the words around it say that a label comes here, so that it may be spelt in any way.
        """
        text = ARTICLE.sub("", text.strip())
        if found := re.fullmatch(rf"(?:{LABEL_NOUN} )?(?:{LISTED} )?({MARK})(?: {LABEL_NOUN})?", text):
            return self.plain(found.group(1)), 0.0
        marked = re.fullmatch(rf"(?:(?P<first>{LABEL_NOUN}) )?(?P<label>.+?)(?: (?P<last>{LABEL_NOUN}))?", text)
        if not marked or re.search("[⟦⟪]", text) or len(text) > 60:
            return None
        words = (marked["label"] if marked["last"] or (loose and marked["first"]) else text).split()
        loose = loose or bool(marked["last"])
        lower = [word.lower() for word in words]
        if len(words) > 6 or any(word in RELATIVE for word in lower) or not re.match(r"[^\W\d_(]", words[0]):
            return None
        if lower[0] in _NEVER_FIRST or "the" in lower or re.search(r"[,;:]", text):
            return None
        if all(word in PICKS or (word in STOP and word not in EMPTY) for word in lower):
            return None
        if not loose and any(word in PICKS for word in lower[1:-1]):
            return None
        capitals = sum(word[0].isupper() for word in words)
        title = 0.0 if loose else 0.8 if capitals == len(words) else 0.8 * capitals
        listed = sum(bool(re.fullmatch(f"{LISTED}|{LISTS}", word)) for word in lower) if len(words) > 1 else 0
        ended = 0.6 if len(words) > 1 and (is_verb(lower[-1]) or lower[-1] == "from") else 0.0
        stops = sum(word in STOP for word in lower) * (0.4 if marked["last"] else 1.0)
        # "The entry of T" says nothing of what is wanted.
        empty = 0.8 if len(words) == 1 and re.fullmatch(LABEL_NOUN, lower[0]) else 0.0
        return " ".join(words), 0.05 + 0.15 * (len(words) - 1) + 0.25 * stops + 1.0 * listed + ended + empty + title


def picked(text: str) -> re.Match[str] | None:
    """Return the words that pick one of several; "first published" picks nothing, it is what happened."""
    found = PICK.match(text)
    rest = text[found.end() :] if found else ""
    done = re.match(rf"(?P<verb>[a-z\-]+)(?: {LABEL_NOUN}| on| in| at)?(?: (?:of|for|in) |$)", rest)
    return None if done and is_participle(done["verb"]) else found


def _quoted(text: str) -> list[tuple[int, int]]:
    """Return where double-quoted parts stand; quotes inside a quoted part belong to it."""
    found: list[tuple[int, int]] = []
    depth, start, opened = 0, 0, -1
    for at in (mark.start() for mark in re.finditer(r"[\"“”„«»]", text)):
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        opening = text[at] in "“„«" or (
            text[at] == '"' and bool(after.strip()) and (not before.strip() or before in "([—–-/" or opened == at - 1)
        )
        if opening:
            depth, opened = depth + 1, at
            start = at if depth == 1 else start
        elif depth:
            depth -= 1
            if not depth:
                found.append((start, at + 1))
    if depth:
        # One was never closed: no nesting, then.
        return [pair.span() for pair in re.finditer(r"[\"“„«][^\"“”„«»]+[\"”»]", text)]
    return found


def kind_of(text: str) -> str | None:
    """Return the noun that says what sort of thing is meant, None where the words are no such noun."""
    words = ARTICLE.sub("", text.strip()).split()
    if len(words) > 3 or any(
        word.lower() in STOP or word in RELATIVE or not re.match(r"[^\W_]", word) or re.search(r"['’,;:]", word)
        for word in words
    ):
        return None
    # A noun is written small, or is an acronym; a lone word may be written large.
    if len(words) > 1 and words[-1][0].isupper() and not re.fullmatch(r"[A-Z][A-Z\d]+s?", words[-1]):
        return None
    if words and (re.fullmatch(LISTED, words[-1]) or is_participle(words[-1]) or words[-1].lower() in PICKS):
        return None
    return "" if not words or (len(words) == 1 and words[0].lower() in EMPTY) else " ".join(words)


def singular(kind: str) -> str:
    """Return a kind in the singular."""
    return re.sub(r"(?<=[^s\W])s$", "", re.sub(r"(?<=[^aeiou\W])ies$", "y", kind))
