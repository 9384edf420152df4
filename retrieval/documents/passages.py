"""Cut a text into passages that an encoder reads whole and that break where the author broke.

A passage is a pair of offsets into the stored text. Passages never overlap, and together they hold every character
that is not white space.
"""

import re
from collections.abc import Iterator

# Encoders such as all-MiniLM read 256 word pieces and silently drop the rest; the difference is left for the title.
PIECES = 212

# Runs that word-piece vocabularies tend to keep whole; every other visible character counts for one.
_PIECE = re.compile(r"[A-Za-z]{1,6}|[0-9]{1,2}|[^\sA-Za-z0-9]")
_BLOCK = re.compile(r"\S.*?(?=\n[^\S\n]*\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"#{1,6}\s|[^\n]{1,120}\n([=\-~^\"'`*+#])\1{2,}\s*$")
_LINE = re.compile(r"[^\n]*\n?")
_SENTENCE = re.compile(r".+?(?:[.!?…][\"'”’)\]]*(?=\s)|[。！？]|\Z)\s*", re.DOTALL)
_WORD = re.compile(r"\S+\s*|\s+")

Span = tuple[int, int]
# Start, end, word pieces, and whether it is a heading.
Atom = tuple[int, int, int, bool]


def pieces(text: str) -> int:
    """Estimate how many word pieces an encoder makes of `text`, on the high side, without its tokenizer."""
    return len(_PIECE.findall(text))


def cut(text: str, limit: int = PIECES) -> list[Span]:
    """Cut `text` into passages of at most about `limit` word pieces.

    Args:
        text: the stored text.
        limit: word pieces, as `pieces` estimates them.

    Returns:
        Offsets (start, end), in order, without overlap and without white space at either end.
    """
    spans: list[Span] = []
    start = end = size = 0
    for first, last, count, heading in _glued(text, limit):
        # A part with a heading of its own joins what stands before it only where that is little.
        if size and (size + count > limit or (heading and size * 2 > limit)):
            spans.append((start, end))
            size = 0
        if not size:
            start = first
        end, size = last, size + count
    if size:
        spans.append((start, end))
    return spans


def _glued(text: str, limit: int) -> Iterator[Atom]:
    """Yield atoms, short headings joined to what follows them."""
    held: Atom | None = None
    for atom in _atoms(text, limit):
        first, last, count, heading = atom
        if held:
            first, count, heading = held[0], held[2] + count, True
        if atom[3] and count * 4 <= limit:
            held = (first, last, count, True)
            continue
        held = None
        yield first, last, count, heading
    if held:
        yield held


def _atoms(text: str, limit: int) -> Iterator[Atom]:
    """Yield blocks between blank lines, or their parts where one is too long."""
    for block in _BLOCK.finditer(text):
        start, end = block.start(), block.start() + len(block.group().rstrip())
        count = pieces(text[start:end])
        heading = bool(_HEADING.match(text[start:end])) and end - start < 300
        if count <= limit:
            yield start, end, count, heading
        else:
            for first, last in _parts(text, start, end, limit):
                yield first, last, pieces(text[first:last]), False


def _parts(text: str, start: int, end: int, limit: int) -> list[Span]:
    """Split a block that is too long: by lines where it has short ones, then sentences, words, characters."""
    for pattern in (_LINE, _SENTENCE, _WORD):
        spans = [
            _trim(text, part.start(), part.end()) for part in pattern.finditer(text, start, end) if part.group().strip()
        ]
        if len(spans) > 1:
            return [piece for span in _packed(text, spans, limit) for piece in _fitted(text, span, limit)]
    # One unbroken run, such as base64: no place is better than another.
    step = max(1, limit // 2)
    return [(at, min(at + step, end)) for at in range(start, end, step)]


def _fitted(text: str, span: Span, limit: int) -> list[Span]:
    return [span] if pieces(text[span[0] : span[1]]) <= limit else _parts(text, *span, limit)


def _packed(text: str, spans: list[Span], limit: int) -> list[Span]:
    """Join neighbours while they fit."""
    packed: list[Span] = []
    size = 0
    for first, last in spans:
        count = pieces(text[first:last])
        if packed and size + count <= limit:
            packed[-1] = (packed[-1][0], last)
            size += count
        else:
            packed.append((first, last))
            size = count
    return packed


def _trim(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())
