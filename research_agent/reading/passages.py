"""Choose what is worth reading of long texts: windows ranked by the question's rarer words."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from research_agent.evidence import Snapshot
from research_agent.reading.base import Text
from research_agent.reading.words import content_stems, fold, overlap

_GROUND = 0.25  # share of a question's content words that the source of its answer has to hold


def grounded(question: str, source_id: str, texts: Sequence[Text]) -> bool:
    """Tell whether a source speaks of what a question does, by itself or with the texts that name it.

    A small model would rather take words from any text than say that nothing answers.
    """
    own = [text for text in texts if text.source_id == source_id]
    name = fold(re.sub(r"\s*[(\[][^)\]]*[)\]]", "", own[0].title)) if own else ""
    naming = [text for text in texts if name and text.source_id != source_id and f" {name} " in f" {fold(text.text)} "]
    return overlap(question, " ".join(f"{text.title} {text.text}" for text in [*own, *naming])) >= _GROUND


def windows(snapshot: Snapshot, size: int = 800) -> list[Text]:
    """Cut a snapshot into stretches of about `size` characters at blank lines, line ends or sentence ends."""
    text = snapshot.text
    made: list[Text] = []
    start = 0
    while start < len(text):
        end = len(text) if len(text) - start <= size * 1.3 else _cut(text, start, size)
        piece = text[start:end]
        if piece.strip():
            made.append(Text(snapshot.id, snapshot.title, piece, start))
        start = end
    return made


def around(snapshot: Snapshot, start: int, end: int) -> str:
    """Return the title and the stretches that hold `text[start:end]`: a line alone often leaves out who it is about."""
    held = [piece.text for piece in windows(snapshot) if piece.start < end and start < piece.start + len(piece.text)]
    return f"{snapshot.title}: {''.join(held).strip()}"


def _cut(text: str, start: int, size: int) -> int:
    for pattern in (r"\n\s*\n", r"\n", r"(?<=[.!?])\s+", r"\s+"):
        ends = [found.end() for found in re.finditer(pattern, text[start + size // 2 : start + size])]
        if ends:
            return start + size // 2 + ends[-1]
    return start + size


def rank(question: str, texts: Sequence[Text], most: int) -> list[Text]:
    """Return the `most` texts that hold most of the question's rarer words, best first (BM25, k1 1.2, b 0.5)."""
    wanted = list(dict.fromkeys(content_stems(question)))
    bags = [Counter(content_stems(f"{text.title} {text.text}")) for text in texts]
    lengths = [sum(bag.values()) for bag in bags]
    mean = sum(lengths) / len(lengths) if lengths else 1.0
    scored = []
    weights = {}
    for word in wanted:
        holding = sum(1 for bag in bags if word in bag)
        weights[word] = math.log(1 + (len(bags) - holding + 0.5) / (holding + 0.5))
    for place, (bag, length) in enumerate(zip(bags, lengths, strict=True)):
        norm = 1.2 * (0.5 + 0.5 * length / max(mean, 1.0))
        score = sum(weights[word] * bag[word] * 2.2 / (bag[word] + norm) for word in wanted if word in bag)
        scored.append((-score, place))
    return [texts[place] for _, place in sorted(scored)[:most]]
