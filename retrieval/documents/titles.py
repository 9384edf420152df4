"""What a text calls itself, found without knowing where it comes from."""

import re
from itertools import zip_longest

_FENCE = re.compile(r"\A\s*(?:---|\+\+\+)\s*\n(.*?)\n(?:---|\+\+\+|\.\.\.)\s*$", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"^[-*:]?\s*(?:title|subject)\s*[:=]\s*(.+?)\s*$", re.IGNORECASE)
_HASH = re.compile(r"^#{1,2}\s+(.+?)\s*#*\s*$")
_RULE = re.compile(r"^([=\-~^\"*+#])\1{2,}\s*$")
_MARKUP = re.compile(r"[*_`]{1,3}(?=\S)(.+?)(?<=\S)[*_`]{1,3}|\[([^\]]+)\]\([^)]*\)")
_LINES = 60
_LONGEST = 200
_LONGEST_FIRST_LINE = 120


def title_of(text: str, fallback: str) -> str:
    """Return the title of a plain or marked-up text.

    Looked for in turn: a `title:` line in front matter or in a block of `key: value` lines at the head, the first
    heading, a short first line that is no sentence.

    Args:
        text: the whole text.
        fallback: what to call it otherwise, such as its file's name.
    """
    head = text[:20_000]
    return (_from_fields(head) or _from_heading(head) or _from_first_line(head) or fallback).strip()[:_LONGEST]


def _from_fields(head: str) -> str:
    fence = _FENCE.match(head)
    block = fence[1] if fence else re.split(r"\n[^\S\n]*\n", head.lstrip(), maxsplit=1)[0]
    for line in block.splitlines()[:_LINES]:
        if found := _FIELD.match(line):
            return found[1].strip("\"'")
    return ""


def _from_heading(head: str) -> str:
    fence = _FENCE.match(head)
    lines = head[fence.end() :].splitlines() if fence else head.splitlines()
    lines = [line.rstrip() for line in lines if line.strip()][:_LINES]
    fenced = False
    for line, below in zip_longest(lines, lines[1:], fillvalue=""):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        if fenced:
            continue
        if found := _HASH.match(line):
            return _bare(found[1])
        under = _RULE.match(below)
        if under and not _RULE.match(line) and len(line) <= len(below.strip()) + 2 and not line.startswith((" ", "|")):
            return _bare(line)
    return ""


def _from_first_line(head: str) -> str:
    line = next((line.strip() for line in head.splitlines() if re.search(r"\w", line)), "")
    return _bare(line) if len(line) <= _LONGEST_FIRST_LINE and not line.endswith((".", ",", ";", "{", "|")) else ""


def _bare(line: str) -> str:
    return _MARKUP.sub(lambda found: found[1] or found[2], line).strip()
