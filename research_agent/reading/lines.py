"""The shapes in which people write a label and its value on lines of text; none belongs to a topic."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_LEAD = r"(?:[ \t]*<(?:li|p|b|strong|i|em|span|div|dt|td|th)\b[^<>]*>)*[ \t]*(?:\(?\d{1,3}[.)][ \t]+)?"
_LEAD += r"[ \t*+•·>#|%@:;!/~.\[(<{\"'`$_^\\-]*"
_LABEL = r"[^\W\d_][\w.&'’/() -]{0,48}?"
_SEPARATOR = r"[ \t]*(?:\.{3,}[ \t]*:?|(?:·[ \t]*){3,}|_{3,}|::?=?|=>|->|→|⇒|=|\||»|│|¦)|\t+|[ \t]+[–—-](?=[ \t])"
LINE = re.compile(
    rf"(?P<lead>{_LEAD})(?P<label>{_LABEL})(?P<close>[*_`\"'\])>}}]{{0,4}}(?:</\w+>)*)(?P<separator>{_SEPARATOR})[ \t]*"
    r"(?P<gap>[*_`\"']{0,2}[ \t]*)(?P<value>.*)"
)
# A marked word and its value with nothing between them: "@since 3 May", "[Since] 3 May", "\since{3 May}".
_MARKED = re.compile(
    r"[ \t]*(?:[@\\+!.]|--)(?!(?:SH|SS|TP|TH|IP)\b)(?P<label>[^\W\d_][\w-]{1,40})(?:[ \t]+|\{)(?P<value>[^\s}].*)|"
    r"[ \t]*\((?P<quoted>[^\W\d_][\w-]{1,40})[ \t]+(?P<strings>\"[^\n]*\")\)*[ \t]*$|"
    rf"[ \t]*\[(?P<boxed>{_LABEL})\][ \t]+(?P<inside>\S.*)|"
    rf"[ \t]*(?:\*\*|__|<(?:b|strong|dt|th)>)(?P<bold>{_LABEL})(?:\*\*|__|</(?:b|strong|dt|th)>)[ \t]+"
    r"(?P<beside>[^\s:=].*)"
)
_COPULA = re.compile(
    r"(?:The |Its )?(?P<label>[^\W\d][\w-]*(?: [\w-]+){0,2}?) (?:is|are|was|were) "
    r"(?P<value>[^.?!]{1,160}?|.{1,120}?)\.?"
)
_ALIGNED = re.compile(rf"[ \t]*(?P<label>{_LABEL})(?: {{2,}})(?P<value>\S.*)")
_ALONE = re.compile(
    r"(?P<marks>[ \t]*#{1,6} |[ \t]*=+ |[ \t]*(?:\*\*|__|<h\d>)?|\.(?:SH|SS|TP) )"
    r"(?P<label>[^\W\d_][\w&'’/() -]{0,48}?)[:：]?"
    r"(?:\*\*|__|</h\d>)?:?[ \t]*[=#]*"
)
_RULE = re.compile(r"[ \t]*([-=~^\"'*+_])\1{2,}[ \t]*")
ITEM = re.compile(r"[ \t]*(?:[-*+•‣–]|\d{1,2}[.)])[ \t]+(?P<value>.*)")
_DEFINITION = re.compile(r"[ \t]*:[ \t]+(?P<value>.*)")
_LONGEST = 400  # a longer stretch below a heading is prose, not a value


class Shape(NamedTuple):
    """A label and where its value stands: the parts of one that is given in several places."""

    label: str
    parts: tuple[tuple[int, int], ...]
    line: int


Lines = Sequence[tuple[int, str]]


def lines_of(text: str) -> Lines:
    """Return the lines of a text without their ends, each with its offset."""
    return [(found.start(), found.group(0).rstrip("\n")) for found in re.finditer(r"[^\n]*(?:\n|$)", text)]


def on_line(lines: Lines, number: int) -> Shape | None:
    """Return the labelled value that begins on a line, with what continues it below."""
    offset, line = lines[number]
    found = LINE.match(line)
    if found:
        end = _continued(lines, number, found)
        return Shape(found["label"].strip(), ((offset + found.start("value"), end),), offset)
    found = _MARKED.match(line)
    if found:
        name = next(name for name in ("value", "inside", "beside", "strings") if found[name])
        label = found["label"] or found["boxed"] or found["bold"] or found["quoted"]
        return Shape(label, ((offset + found.start(name), offset + found.end(name)),), offset)
    return _told(lines, number) or _in_columns(lines, number) or _below(lines, number)


def _told(lines: Lines, number: int) -> Shape | None:
    """Read "Label is value." where a neighbouring line is put the same way."""
    offset, line = lines[number]
    found = _COPULA.fullmatch(line)
    near = (_COPULA.fullmatch(lines[at][1]) for at in (number - 1, number + 1) if 0 <= at < len(lines))
    if not found or not any(near):
        return None
    return Shape(found["label"], ((offset + found.start("value"), offset + found.end("value")),), offset)


def _in_columns(lines: Lines, number: int) -> Shape | None:
    """Read "label   value" where a neighbouring line has its value in the same column."""
    offset, line = lines[number]
    found = _ALIGNED.match(line)
    if not found:
        return None
    near = [_ALIGNED.match(lines[at][1]) for at in (number - 1, number + 1) if 0 <= at < len(lines)]
    column = found.start("value")
    if not any(other and other.start("value") == column for other in near):
        return None
    return Shape(found["label"], ((offset + column, offset + len(line)),), offset)


def _below(lines: Lines, number: int) -> Shape | None:
    """Read a value below a label that has a line to itself: a heading, or a word with an indented block under it."""
    offset, line = lines[number]
    found = _ALONE.fullmatch(line)
    if not found or not found["label"].strip():
        return None
    label = found["label"].strip()
    at = number + 1
    ruled = at < len(lines) and bool(_RULE.fullmatch(lines[at][1]))
    heading = ruled or bool(found["marks"].strip())
    at += ruled
    if heading:
        while at < len(lines) and not lines[at][1].strip():
            at += 1
    inside = list(_block(lines, at, _indent(line), heading=heading))
    if not inside or inside[-1][1] - inside[0][0] > _LONGEST:
        return None
    return Shape(label, tuple(inside), offset)


def _block(lines: Lines, at: int, indent: int, *, heading: bool) -> Iterator[tuple[int, int]]:
    """Return the places of the values below a label, up to the next blank line."""
    for offset, line in lines[at : at + 40]:
        if not line.strip() or re.match(r"[ \t]*#{1,6} |\.[A-Z]{2}\b", line):
            return
        defined, item = _DEFINITION.match(line), ITEM.match(line)
        if not (heading or defined or _indent(line) > indent):
            return
        found = defined or item
        start = found.start("value") if found else len(line) - len(line.lstrip())
        yield offset + start, offset + len(line.rstrip())


def _continued(lines: Lines, number: int, match: re.Match[str]) -> int:
    """Return the end of a value that goes on over indented lines or a list below its label."""
    offset, line = lines[number]
    end = offset + match.end("value")
    indent = _indent(line)
    empty = not match["value"].strip()
    for place, following in lines[number + 1 :]:
        listed = empty and ITEM.match(following)
        if not following.strip() or not (listed or _indent(following) > indent):
            break
        inner = None if listed else LINE.match(following)
        if (
            inner
            and inner["separator"].strip().startswith(":")
            and len(inner["label"].split()) <= 3
            and not inner["value"].startswith("//")
        ):
            break
        end = place + len(following)
    return end


def _indent(line: str) -> int:
    expanded = line.expandtabs()
    return len(expanded) - len(expanded.lstrip())
