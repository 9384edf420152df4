"""Labelled values in any text: headers, front matter, key-value lists, table rows. By shape, never by topic."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from research_agent.reading.words import STOP, fold, stem


@dataclass(frozen=True, slots=True)
class Field:
    """A value and the label it stands under.

    Attributes:
        start: offset of the value in the text.
        end: its end; for a value over several lines the end of the last.
        line: offset where the label's line begins, so that text[line:end] shows both.
        row: number of the table row or record it belongs to, or None for a field of the whole document.
    """

    label: str
    value: str
    start: int
    end: int
    line: int
    row: int | None = None


_LEAD = r"[ \t*+•·>#|%@:;!/~.\[(<{\"'`$_^\\-]*"
_LABEL = r"[^\W\d_][\w.&'’/() -]{0,48}?"
_SEPARATOR = r"[ \t]*(?:\.{3,}[ \t]*:?|::?=?|=>|->|→|⇒|=|\||»)|\t|[ \t]+[–—-](?=[ \t])"
_LINE = re.compile(
    rf"(?P<lead>{_LEAD})(?P<label>{_LABEL})(?P<close>[*_`\"'\])>}}]{{0,4}})(?P<separator>{_SEPARATOR})[ \t]*"
    r"(?P<gap>[*_`\"']{0,2}[ \t]*)(?P<value>.*)"
)
_ELEMENT = re.compile(r"<(?P<label>[A-Za-z][\w:.-]*)(?:\s[^<>]*)?>(?P<value>[^<>]+)</(?P=label)>")
_PAIR = re.compile(rf"(?:^|[;|,{{]\s*|\.\s+)(?P<label>[\"']?{_LABEL}[\"']?)\s*[:=]\s*(?P<value>[^;|]*)")
_ITEM = re.compile(r"[ \t]*[-*+•][ \t]+(?P<value>.*)")


def fields(text: str) -> list[Field]:
    """Return the labelled values of a text, in order."""
    found: list[Field] = []
    lines = [(found.start(), found.group(0)) for found in re.finditer(r"[^\n]*(?:\n|$)", text)]
    row = 0
    for number, (offset, raw) in enumerate(lines):
        line = raw.rstrip("\n")
        pairs = _pairs(line, offset, row)
        if pairs:
            row += 1
            found.extend(pairs)
            continue
        match = _LINE.match(line)
        if match:
            start = offset + match.start("value")
            end = _continued(lines, number, match)
            value = text[start:end].rstrip(" \t|,;\"'`}\n")
            found.append(Field(match["label"].strip(), value, start, start + len(value), offset))
        if "</" in line:
            found.extend(
                Field(m["label"], m["value"], offset + m.start("value"), offset + m.end("value"), offset)
                for m in _ELEMENT.finditer(line)
            )
    return sorted([*found, *_table_cells(lines, row)], key=lambda field: (field.line, field.start))


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


def _continued(lines: Sequence[tuple[int, str]], number: int, match: re.Match[str]) -> int:
    """Return the end of a value that goes on over indented lines or a list below its label."""
    offset, line = lines[number]
    end = offset + match.end("value")
    indent = _indent(line)
    empty = not match["value"].strip()
    for place, following in lines[number + 1 :]:
        follows = following.rstrip("\n")
        listed = empty and _ITEM.match(follows)
        if not follows.strip() or not (listed or _indent(follows) > indent):
            break
        inner = None if listed else _LINE.match(follows)
        if (
            inner
            and inner["separator"].strip().startswith(":")
            and len(inner["label"].split()) <= 3
            and not inner["value"].startswith("//")
        ):
            break
        end = place + len(follows)
    return end


def _indent(line: str) -> int:
    expanded = line.expandtabs()
    return len(expanded) - len(expanded.lstrip())


def _table_cells(lines: Sequence[tuple[int, str]], row: int) -> list[Field]:
    """Read tables drawn with bars: the first row names the columns."""
    found: list[Field] = []
    header: list[str] = []
    for offset, line in lines:
        cells = _cells(line.rstrip("\n")) if line.count("|") >= 2 else []
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


def label_match(wanted: str, label: str) -> float:
    """Return how well a label names what is wanted: 1 the same words, 0 nothing in common."""
    if fold(wanted) == fold(label):
        return 1.0
    need = [stem(word) for word in fold(wanted).split() if word not in STOP] or [
        stem(word) for word in fold(wanted).split()
    ]
    have = [stem(word) for word in fold(label).split() if word not in STOP] or [
        stem(word) for word in fold(label).split()
    ]
    if not need or not have:
        return 0.0
    if set(need) == set(have):
        return 0.95
    shared = len(set(need) & set(have))
    return 0.9 * 2 * shared / (len(set(need)) + len(set(have)))


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


def items(field: Field) -> list[Item]:
    """Return the entries of a listed value, in order; one entry where it lists nothing."""
    cuts = _cuts(field.value)
    made = []
    for first, last in zip(
        [0, *[end for _, end in cuts]], [*[start for start, _ in cuts], len(field.value)], strict=True
    ):
        piece = field.value[first:last]
        text = piece.strip(" \t\r\n,;\"'`")
        text = re.sub(r"^(?:[-*+•]\s+|and\s+|\[(?=[^\]]*$))|(?<!\w)\]$", "", text).strip()
        if text:
            start = field.start + first + piece.index(text)
            made.append(Item(text, start, start + len(text)))
    return made


def _cuts(value: str) -> list[tuple[int, int]]:
    """Return where a value is cut into entries: at commas, semicolons, line breaks and "and", outside brackets."""
    depth = 0
    cuts: list[tuple[int, int]] = []
    # A value that is one bracketed list is cut inside its brackets.
    skip = 1 if re.fullmatch(r"\s*\[[^\[\]]*\]\s*", value) else 0
    for place, ch in enumerate(value):
        if ch in _OPEN:
            depth += 1
        elif ch in _CLOSE:
            depth = max(0, depth - 1)
        elif depth <= skip and ch in ",;|\n":
            cuts.append((place, place + 1))
    if not cuts:
        cuts = [found.span() for found in re.finditer(r"\s+(?:and|&)\s+(?=[^\W_a-z])", value)]
    return cuts


def plain(text: str) -> str:
    """Return what a marked-up entry shows: the text of links, without marks, addresses and contact details."""
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"`([^`<>]+)\s*<[^<>]*>`_*", r"\1", text)
    text = re.sub(r":\w+:`([^`<>]+?)(?:\s*<[^<>]*>)?`", r"\1", text)
    return text.strip(" \t\r\n*_`\"'")


def bare_name(text: str) -> str:
    """Return a name without the contact details after it: "Ann Lee (@ann) <a@b.c>" is Ann Lee."""
    text = plain(text)
    cut = re.split(r"\s*(?:<|\(|\bat\b .+\bdot\b|\s[\w.+-]+(?:@| at )[\w-]+\.\w+)", text, maxsplit=1)[0].strip(" ,;")
    if cut:
        return cut
    inner = re.search(r"[<(]@?([^<>()]+)[>)]", text)
    return inner.group(1) if inner else text
