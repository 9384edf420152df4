"""Labelled values that share a line: members of an object, attributes of an element, cells beside their label."""

import re

from research_agent.reading.lines import Shape

# A cell that names the one beside it.
_CELLS = re.compile(
    r"<(?P<tag>dt|th|td)\b[^<>]*>(?P<label>[^<>]+)</(?P=tag)>"
    r"(?P<values>(?:\s*<(?:dd|td)\b[^<>]*>[^<>]*(?:<a\b[^<>]*>[^<>]*</a>[^<>]*)*</(?:dd|td)>)+)"
)
_CELL = re.compile(r"<(?:dd|td)\b[^<>]*>(?P<value>.*?)</(?:dd|td)>")
_ATTRIBUTE = re.compile(r"(?<![^\s<])(?P<label>[A-Za-z][\w:.-]*)=\"(?P<value>[^\"]*)\"")
_STRING = r"\"(?:[^\"\\]|\\.)*\""
_MEMBER = re.compile(rf"\"(?P<label>[^\"\\]{{1,60}})\"\s*:\s*(?P<value>{_STRING}|\[(?:{_STRING}|[^\]\"])*\]|[\w.+-]+)")


def members(line: str, offset: int) -> list[Shape]:
    """Read an object written on one line, or the attributes of an element."""
    found = list(_MEMBER.finditer(line)) if line.count('":') + line.count('" :') > 1 else []
    found = found if len(found) > 1 else list(_ATTRIBUTE.finditer(line)) if '="' in line else []
    made = []
    for member in found:
        value = member["value"].strip('"')
        start = offset + member.start("value") + member["value"].index(value)
        made.append(Shape(member["label"], ((start, start + len(value)),), offset))
    return made


def cells(line: str, offset: int) -> list[Shape]:
    """Read cells that stand beside a cell with their label."""
    made = []
    for row in _CELLS.finditer(line) if "</" in line else ():
        first = offset + row.start("values")
        places = tuple(
            (first + cell.start("value"), first + cell.end("value")) for cell in _CELL.finditer(row["values"])
        )
        made.append(Shape(row["label"].strip(), places, offset))
    return made
