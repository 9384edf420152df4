"""Labelled values in any text: headers, front matter, key-value lists, table rows. By shape, never by topic."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from research_agent.reading.cells import cells, members
from research_agent.reading.dates import find_dates
from research_agent.reading.labels import label_match
from research_agent.reading.lines import ITEM, Lines, Shape, lines_of, on_line
from research_agent.reading.words import fold

__all__ = ["Field", "Item", "bare_name", "fields", "items", "label_match", "named", "plain", "whole"]


@dataclass(frozen=True, slots=True)
class Field:
    """A value and the label it stands under.

    Attributes:
        start: offset of the value in the text.
        end: its end; for a value over several lines the end of the last. The value is text[start:end].
        line: offset where the label's line begins, so that text[line:end] shows both.
        row: number of the table row or record it belongs to, or None for a field of the whole document.
        parts: where the entries of a value stand that is given in several places, each (start, end); else ().
    """

    label: str
    value: str
    start: int
    end: int
    line: int
    row: int | None = None
    parts: tuple[tuple[int, int], ...] = ()


_ELEMENT = re.compile(r"<(?P<label>[A-Za-z][\w:.-]*)(?:\s[^<>]*)?>(?P<value>[^<>]+)</(?P=label)>")
# Elements that say how words look and not what they are.
_MARKUP = frozenset(
    "a abbr b cite code dd div dt em h1 h2 h3 h4 h5 h6 i kbd label li p pre q s small span strong sub sup td th tt "
    "u".split()
)
_PAIR = re.compile(
    r"(?:^|[;|,{]\s*|\.\s+)(?P<label>[\"']?[^\W\d_][\w.&'’/() -]{0,48}?[\"']?)\s*[:=]\s*(?P<value>[^;|]*)"
)
_ENDS = " \t|,;\"'`}\n"


def fields(text: str) -> list[Field]:
    """Return the labelled values of a text, in order."""
    found: list[Field] = []
    lines = lines_of(text)
    rows: list[list[Field]] = []
    for number, (offset, line) in enumerate(lines):
        if shapes := members(line, offset) or cells(line, offset):
            found.extend(_made(text, shape) for shape in shapes)
            continue
        if pairs := _pairs(line, offset, len(rows) + 1):
            rows.append(pairs)
            continue
        elements = [
            Field(m["label"], m["value"], offset + m.start("value"), offset + m.end("value"), offset)
            for m in (_ELEMENT.finditer(line) if "</" in line else ())
            if m["label"].lower() not in _MARKUP
        ]
        if not elements and (shape := on_line(lines, number)):
            found.append(_made(text, shape))
        found.extend(elements)
    for pairs in rows:
        found.extend(pair if len(rows) > 1 else _own(pair) for pair in pairs)
    found = [*_joined(text, found), *_table_cells(lines, len(rows))]
    return sorted(found, key=lambda field: (field.line, field.start))


def _made(text: str, shape: Shape) -> Field:
    start, end = shape.parts[0][0], shape.parts[-1][1]
    value = text[start:end].rstrip(_ENDS)
    value = re.sub(r"(?:\s*</\w+>)+$", "", value)
    if value.startswith(("{", '"')) and not re.search(r'[}"]', value[1:]):
        start, value = start + 1, value[1:]  # the closing mark went with the ends
    parts = shape.parts if len(shape.parts) > 1 else ()
    return Field(shape.label, value, start, start + len(value), shape.line, None, parts)


def _own(pair: Field) -> Field:
    """Return a pair of the only line of pairs as the document's own."""
    return Field(pair.label, pair.value, pair.start, pair.end, pair.line)


def _joined(text: str, found: Sequence[Field]) -> list[Field]:
    """Make one field of neighbours that repeat a label ("Author: A", "Author: B")."""
    made: list[Field] = []
    for field in found:
        last = made[-1] if made else None
        near = last is not None and "\n\n" not in text[last.end : field.line]
        if (
            last is not None
            and near
            and field.row is None
            and last.row is None
            and fold(last.label) == fold(field.label)
        ):
            parts = (*(last.parts or ((last.start, last.end),)), *(field.parts or ((field.start, field.end),)))
            made[-1] = Field(last.label, text[last.start : field.end], last.start, field.end, last.line, None, parts)
        else:
            made.append(field)
    return made


def _pairs(line: str, offset: int, row: int) -> list[Field]:
    """Read a line of several "label: value" pairs as one record."""
    if line.count(":") + line.count("=") < 2 or not (";" in line or "|" in line):
        return []
    pairs = list(_PAIR.finditer(line))
    if len(pairs) < 2:
        return []
    made = []
    for pair in pairs:
        label = re.sub(r"(?i)^(?:row|record|entry|item|no)\.?\s*\d+\s*[.:)-]\s*", "", pair["label"].strip("\"' "))
        value = pair["value"].rstrip(" .\"'")
        start = offset + pair.start("value")
        made.append(Field(label, value, start, start + len(value), offset, row))
    return made


def _table_cells(lines: Lines, row: int) -> list[Field]:
    """Read tables drawn with bars: the first row names the columns."""
    found: list[Field] = []
    header: list[str] = []
    for offset, line in lines:
        cells = _cells(line) if line.count("|") >= 2 else []
        if len(cells) < 3:
            header = []
        elif not header:
            header = [cell for cell, _ in cells]
        elif len(cells) == len(header) and not all(re.fullmatch(r"[-:=\s]*", cell) for cell, _ in cells):
            row += 1
            found.extend(
                Field(label, cell, offset + place, offset + place + len(cell), offset, row)
                for label, (cell, place) in zip(header, cells, strict=True)
                if label and cell
            )
    return found


def _cells(line: str) -> list[tuple[str, int]]:
    made = []
    place = 0
    for cell in line.split("|"):
        text = cell.strip()
        made.append((text, place + (cell.index(text) if text else 0)))
        place += len(cell) + 1
    if made and not made[0][0]:
        made = made[1:]
    return made[:-1] if made and not made[-1][0] else made


def named(text_fields: Sequence[Field], wanted: str, *, least: float = 0.6) -> list[Field]:
    """Return the document's own fields whose label fits best, first in the text first; [] where none fits."""
    scored = [(label_match(wanted, field.label), field) for field in text_fields if field.row is None and field.value]
    best = max((score for score, _ in scored), default=0.0)
    return [field for score, field in scored if score == best] if best >= least else []


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a value that lists several.

    Attributes:
        start: offset of the entry in the document's text.
    """

    text: str
    start: int
    end: int


_OPEN, _CLOSE = "([{<", ")]}>"
_AND = re.compile(r"\s+(?:and|&)\s+(?=[\"“‘'\[(§#@*`]|[^\W_a-z])")


def items(field: Field) -> list[Item]:
    """Return the entries of a listed value, in order; one entry where it lists nothing."""
    if field.parts:
        value = field.value
        return [
            item
            for start, end in field.parts
            for item in items(Field("", value[start - field.start : end - field.start], start, end, start))
        ]
    cuts = _cuts(field.value)
    made = []
    for first, last in zip(
        [0, *[end for _, end in cuts]], [*[start for start, _ in cuts], len(field.value)], strict=True
    ):
        piece = field.value[first:last]
        text = piece.strip(" \t\r\n,;\"'`“”")
        text = re.sub(rf"^(?:{ITEM.pattern[: -len('(?P<value>.*)')]}|and\s+|\[(?=[^\]]*$))|(?<!\w)\]$", "", text)
        text = re.sub(r"\]$", "", text) if "[" not in text else re.sub(r"^\[([^\[\]]*)\]$", r"\1", text)
        text = text.strip(" \t\r\n,;\"'`“”")
        if text:
            start = field.start + first + piece.index(text)
            made.append(Item(text, start, start + len(text)))
    return made


def whole(field: Field) -> Item:
    """Return all of a value as one entry; one that lists several over lines or in brackets is put on one line."""
    if field.parts or "\n" in field.value or _bracketed(field.value) or "<br" in field.value:
        text = ", ".join(item.text for item in items(field))
        if text:
            return Item(text, field.start, field.end)
    return Item(field.value, field.start, field.start + len(field.value))


def _cuts(value: str) -> list[tuple[int, int]]:
    """Return where a value is cut into entries: at commas, semicolons, line breaks and "and", outside brackets."""
    depth = 0
    cuts: list[tuple[int, int]] = [found.span() for found in re.finditer(r"<br\s*/?>|\s/\s|(?<=\")\s+(?=\")", value)]
    # A value that is one bracketed list is cut inside its brackets.
    skip = 1 if _bracketed(value) else 0
    dates = [range(start, end) for start, end, _ in find_dates(value)] if "," in value else []
    for place, ch in enumerate(value):
        if ch in _OPEN:
            depth += 1
        elif ch in _CLOSE:
            depth = max(0, depth - 1)
        elif ch == "," and any(place in date for date in dates):
            continue
        elif depth <= skip and ch in ",;|\n":
            cuts.append((place, place + 1))
    last = max((end for _, end in cuts), default=0)
    cuts += [found.span() for found in _AND.finditer(value) if found.start() >= last]
    return sorted(cuts)


def _bracketed(value: str) -> bool:
    """Tell whether a value is one list in brackets, closed at its end or on a line below."""
    value = value.strip()
    if value[:1] != "[" or re.match(r"\[[^\[\]\n]*\]\(", value):
        return False
    depth = 0
    for place, ch in enumerate(value):
        depth += (ch == "[") - (ch == "]")
        if depth == 0:
            return place == len(value) - 1
    return True


def plain(text: str) -> str:
    """Return what a marked-up entry shows: the text of links, without marks, addresses and contact details."""
    text = re.sub(r"\[\[(?:[^\]|]*\|)?([^\]]+)\]\]", r"\1", text)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"<a\s[^<>]*>([^<>]*)</a>", r"\1", text)
    text = re.sub(r"`([^`<>]+)\s*<[^<>]*>`_*", r"\1", text)
    text = re.sub(r":\w+:`([^`<>]+?)(?:\s*<[^<>]*>)?`", r"\1", text)
    return text.strip(" \t\r\n*_`\"'“”")


def bare_name(text: str) -> str:
    """Return a name without the contact details after it: "Ann Lee (@ann) <a@b.c>" is Ann Lee."""
    text = plain(text)
    cut = re.split(r"\s*(?:<|\(|\bat\b .+\bdot\b|\s[\w.+-]+(?:@| at )[\w-]+\.\w+)", text, maxsplit=1)[0].strip(" ,;")
    if cut:
        return cut
    inner = re.search(r"[<(]@?([^<>()]+)[>)]", text)
    return inner.group(1) if inner else text
