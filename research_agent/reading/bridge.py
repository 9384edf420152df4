"""Bridges: things that what was read names and the question does not, worth looking up next."""

import re
from collections.abc import Iterable, Iterator, Set

from research_agent.reading.base import Text
from research_agent.reading.pieces import Piece, scored
from research_agent.reading.spans import names
from research_agent.reading.words import STOP, fold, overlap

_MOST = 8
_PIECES = 10  # the sentences and rows that have most to do with the question are looked through
_CONTRACTION = re.compile(r"['’](?:m|ll|re|ve|d|t)\b", re.I)
_LABEL = re.compile(r"^[ \t]*[^\W\d_][\w ]{0,30}:[ \t]+")


def bridges(question: str, texts: Iterable[Text], known: Iterable[str]) -> list[str]:
    """Return names that stand near what the question speaks of and are not spoken of in it, best first.

    Args:
        question: as asked.
        texts: what was read, best first.
        known: folded names that were looked up already.
    """
    asked = fold(question)
    taken = set(known)
    texts = list(texts)
    # A word that also stands in lower case was capitalised by its place in a sentence.
    lower = set(re.findall(r"(?<![^\s(\"'“‘])[a-zß-öø-ÿ][^\W\d_]+", " ".join(text.text for text in texts)))
    best: dict[str, tuple[float, int, str]] = {}
    for rank, each in enumerate(scored(question, texts)[:_PIECES]):
        for name, near in _named(question, each.piece):
            folded = fold(name)
            if folded in taken or f" {folded} " in f" {asked} " or not _is_name(name, folded, lower):
                continue
            value = -each.score * (1 + near) / (1 + 0.1 * rank)
            if folded not in best or value < best[folded][0]:
                best[folded] = (value, len(best), name)
    return [name for _, _, name in sorted(best.values())[:_MOST]]


def _named(question: str, piece: Piece) -> Iterator[tuple[str, float]]:
    """Yield the names of a piece; of a row those under a label that the question speaks of count more."""
    for cell in piece.cells:
        for name in names(cell.value):
            yield name, overlap(cell.label, question)
    if not piece.cells:
        for name in names(_LABEL.sub("", piece.words)):
            yield name, 0.25 * (" " in name)


def _is_name(name: str, folded: str, lower: Set[str]) -> bool:
    """Tell whether a capitalised stretch is the name of something."""
    parts = folded.split()
    if (
        len(folded) < 3
        or folded.replace(" ", "").isdigit()
        or _CONTRACTION.search(name)
        or all(part in STOP for part in parts)
    ):
        return False
    return len(parts) > 1 or name.casefold() not in lower
