"""Pieces of text that can answer a question: sentences, and rows of tables with their cells."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from research_agent.reading.base import Text
from research_agent.reading.fields import Field, fields
from research_agent.reading.words import content_stems, sentences

_CONTEXT = 0.4  # what a word counts that stands only beside the piece: in its title, before it, or in a cell's label


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence or a table row.

    Attributes:
        text: the stretch it stands in.
        start: offset in `text.text`.
        end: its end.
        cells: of a row; empty for a sentence.
    """

    text: Text
    start: int
    end: int
    cells: tuple[Field, ...] = ()

    @property
    def words(self) -> str:
        """The words of the piece: of a row those of its cells."""
        return " ; ".join(cell.value for cell in self.cells) or self.text.text[self.start : self.end]


def pieces(text: Text) -> list[Piece]:
    """Cut a stretch into sentences and rows, in order."""
    rows: dict[int, list[Field]] = {}
    if "|" in text.text or ";" in text.text:
        for field in fields(text.text):
            if field.row is not None:
                rows.setdefault(field.line, []).append(field)
    made: list[Piece] = []
    place = 0
    for line, cells in sorted(rows.items()):
        end = text.text.find("\n", line)
        end = len(text.text) if end < 0 else end
        made += [Piece(text, *span) for span in sentences(text.text, place, line)]
        made.append(Piece(text, line, end, tuple(cells)))
        place = end
    return made + [Piece(text, *span) for span in sentences(text.text, place)]


@dataclass(frozen=True, slots=True)
class Scored:
    """A piece and how much of a question it holds.

    Attributes:
        score: sum of the weights of the question's words it holds, less those it holds only by its context.
        cover: share of the question's weight that it holds with its context, in [0, 1].
    """

    piece: Piece
    score: float
    cover: float


def scored(question: str, texts: Sequence[Text]) -> list[Scored]:
    """Return the pieces of the texts, those that hold most of the question's rarer words first."""
    found = [piece for text in texts for piece in pieces(text)]
    wanted = set(content_stems(question))
    if not wanted or not found:
        return []
    bags = [set(content_stems(piece.words)) for piece in found]
    holding = Counter(word for bag in bags for word in bag & wanted)
    weight = {word: math.log(1 + len(bags) / (1 + holding[word])) for word in wanted}
    total = sum(weight.values()) or 1.0
    made = []
    for at, (piece, bag) in enumerate(zip(found, bags, strict=True)):
        beside = set(content_stems(f"{piece.text.title} {' '.join(cell.label for cell in piece.cells)}"))
        if at and found[at - 1].text is piece.text and not piece.cells:
            beside |= bags[at - 1]
        inside = sum(weight[word] for word in wanted & bag)
        around = sum(weight[word] for word in (wanted & beside) - bag)
        score = inside + _CONTEXT * around - 0.001 * len(bag)
        made.append(Scored(piece, score, (inside + around) / total))
    return sorted(made, key=lambda each: -each.score)
