"""Closed questions answered with no language model: the sentence or row that shares most with the question, by rule."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from research_agent.reading.base import Asking, Found, Text
from research_agent.reading.fields import Field
from research_agent.reading.labels import label_match
from research_agent.reading.pieces import Piece, Scored, scored
from research_agent.reading.spans import candidates, likeliest
from research_agent.reading.terms import AnswerType
from research_agent.reading.words import fold, overlap

if TYPE_CHECKING:
    from retrieval.index.encoder import Encoder

# Of a question's content words, the share that a piece has to hold with its title and neighbours to answer it.
_ENOUGH = 0.6
# Cosine of the vectors of question and piece. Of 60 chat and 60 encyclopedia questions, the sentence chosen held the
# answer for 0.17 and 0.22 (0.08 and 0.12 by words alone); at 0.5 it was hardly more, with many wrong ones.
_ALIKE = 0.6
_LOOKED_AT = 8  # pieces in which words are looked for


class ExtractiveReader:
    """Reads without a language model; the same question and texts always give the same words.

    Args:
        encoder: finds sentences that answer in other words than the question's; loaded where its own words find none.
    """

    def __init__(self, encoder: "Encoder | None" = None) -> None:
        self._encoder = encoder

    async def extract(
        self, question: str, texts: Sequence[Text], asking: Asking, *, answer_type: AnswerType = "any", read: int = 0
    ) -> Found | None:
        """Return the likeliest words of the piece that shares most of the question's rarer words, or its meaning.

        However much was read before, it asks the same of what is left.
        """
        ranked = scored(question, texts)
        await asking.doors.rerank(len(ranked), key=asking.key, answer=asking.answer)
        looked_at = ranked[:_LOOKED_AT]
        found = _likeliest(question, [each for each in looked_at if each.cover >= _ENOUGH], answer_type)
        if found is None and looked_at and self._encoder is not None:
            alike = await asyncio.to_thread(_alike, self._encoder, question, looked_at)
            found = _likeliest(question, alike, answer_type)
        return found

    async def supports(self, question: str, claim: str, quote: str, asking: Asking) -> bool:
        """Tell whether the quote holds the claim's words and some of the question's."""
        await asking.doors.rerank(1, key=asking.key, answer=asking.answer)
        return fold(claim) in fold(quote) and overlap(question, quote) > 0

    async def choose(self, question: str, options: Sequence[str], asking: Asking) -> int | None:
        """Return the option that shares most words with the question; the first of equals."""
        await asking.doors.rerank(len(options), key=asking.key, answer=asking.answer)
        if not options:
            return None
        return max(range(len(options)), key=lambda at: (overlap(question, options[at]), -at))


def _alike(encoder: "Encoder", question: str, looked_at: Sequence[Scored]) -> list[Scored]:
    """Return the pieces that mean much the same as the question does, in their order."""
    shown = [f"{each.piece.text.title}: {each.piece.words}" for each in looked_at]
    vectors = encoder.encode([question, *shown])
    return [each for each, alike in zip(looked_at, vectors[1:] @ vectors[0], strict=True) if alike >= _ALIKE]


def _likeliest(question: str, ranked: Sequence[Scored], answer_type: AnswerType) -> Found | None:
    """Return the words that answer best of the first of equal pieces; None where none do."""
    found = [words for each in ranked if (words := _words(question, each, answer_type))]
    return max(found, key=lambda words: words[0])[1] if found else None


def _words(question: str, each: Scored, answer_type: AnswerType) -> tuple[float, Found] | None:
    """Return the words of a piece that answer best, with how likely they are: by the piece and by their place."""
    piece = each.piece
    if piece.cells:
        cell = _cell(question, piece, answer_type)
        return (each.score + cell[0], _found(piece, cell[1].start, cell[1].end)) if cell else None
    sentence = piece.text.text[piece.start : piece.end]
    span = likeliest(question, piece.text.title, sentence, answer_type)
    if span is not None:
        return each.score + span[2], _found(piece, piece.start + span[0], piece.start + span[1])
    return (each.score, _found(piece, piece.start, piece.end)) if answer_type in {"any", "yesno"} else None


def _found(piece: Piece, start: int, end: int) -> Found:
    text = piece.text
    return Found(
        text.text[start:end],
        text.source_id,
        text.start + start,
        text.start + end,
        text.start + piece.start,
        text.start + piece.end,
    )


def _cell(question: str, piece: Piece, answer_type: AnswerType) -> tuple[float, Field] | None:
    """Return the cell of a row that the question asks for: one that it does not name, under a label that it does."""
    asked = fold(question)
    best: tuple[float, Field] | None = None
    for place, cell in enumerate(piece.cells):
        folded = fold(cell.value)
        if not folded or f" {folded} " in f" {asked} ":
            continue
        fits = bool(candidates(cell.value, answer_type)) if answer_type not in {"any", "yesno"} else True
        value = max(label_match(question, cell.label), overlap(cell.label, question)) + 0.5 * fits - 0.01 * place
        value -= 0.3 * overlap(cell.value, question)
        if best is None or value > best[0]:
            best = (value, cell)
    return best
