"""Which document a name means: titles, ids and identifiers, compared by shape."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from research_agent.reading.fields import Field, bare_name, fields, plain
from research_agent.reading.words import fold, overlap

_IDENTIFIER = re.compile(r"(?<![\w.])([^\W\d_][\w/+]{0,15}?|[§#№])(?:[ \t_#:.-]{0,2})(\d[\w]*(?:[.\-:/]\w+)*)(?![\w])")
_HEAD_FIELDS = 16
_NUMBERS = {"number", "no", "id", "identifier", "ref", "reference", "code", "key", "document", "num", "nr"}


def identifiers(text: str) -> set[tuple[str, str]]:
    """Return the (scheme, number) pairs in a text: "PEP 495" and "pep-0495" are both ("pep", "495")."""
    return {(fold(scheme), number.lower().lstrip("0") or "0") for scheme, number in _IDENTIFIER.findall(text)}


@dataclass(frozen=True, slots=True)
class Identity:
    """What a document is called.

    Attributes:
        names: folded titles and ids, with and without the parts before a colon or in brackets.
        codes: (scheme, number) pairs of its own.
    """

    title: str
    names: frozenset[str]
    codes: frozenset[tuple[str, str]]

    @property
    def numbers(self) -> set[str]:
        """The numbers of its codes, and the last parts of those that have several."""
        return {part for _, code in self.codes for part in (code, re.split(r"[.\-:/]", code)[-1].lstrip("0") or "0")}

    def spoken(self, kind: str = "") -> list[str]:
        """Return the identifiers of the document as others write them, those of the kind first."""
        ordered = sorted(self.codes, key=lambda code: (code[0] != fold(kind), code[0] in _NUMBERS, code))
        return [f"{scheme} {number}" for scheme, number in ordered]

    @property
    def label(self) -> str:
        """What to call it in a list: its own identifier as its title writes it, else its title."""
        found = _IDENTIFIER.search(self.title)
        head = _head(self.title)
        return found.group(0) if found and found.start() == 0 and len(head) <= 24 else self.title


def _head(title: str) -> str:
    """Return what a title begins with, up to a colon or dash."""
    return re.split(r":| [–—-] ", title, maxsplit=1)[0]


def identity(title: str, document_id: str, text: str, text_fields: Sequence[Field] | None = None) -> Identity:
    """Say what a document is called, from its title, id and first labelled values."""
    head = [field for field in (fields(text[:4000]) if text_fields is None else text_fields) if field.row is None][
        :_HEAD_FIELDS
    ]
    codes = set(identifiers(_head(title))) | set(identifiers(document_id))
    names = {fold(title), fold(document_id), fold(document_id.rsplit("/", 1)[-1])}
    names.add(fold(re.sub(r"\s*[(\[][^)\]]*[)\]]", "", title)))
    if ":" in title:
        names.add(fold(title.split(":", 1)[1]))
    for place, field in enumerate(head):
        value = plain(field.value)
        # A document states its own number before anything else, or under a label that says so.
        if re.fullmatch(r"#?\d[\w.-]{0,11}", value) and (place == 0 or fold(field.label) in _NUMBERS):
            codes.add((fold(field.label), value.lower().lstrip("#0") or "0"))
        elif fold(field.label) in _NUMBERS:
            codes |= identifiers(value)
            names.add(fold(value))
        if fold(field.label) in {"title", "name"}:
            names.add(fold(value))
    return Identity(title, frozenset(name for name in names if name), frozenset(codes))


def match(name: str, kind: str, own: Identity) -> float:
    """Return how surely a name means this document: 1 its own name or number, 0 something else."""
    folded = fold(bare_name(name)) or fold(name)
    if not folded:
        return 0.0
    if folded in own.names or fold(name) in own.names or (kind and fold(f"{kind} {name}") in own.names):
        return 1.0
    wanted = identifiers(name)
    number = re.fullmatch(r"[#]?(\d[\w.\-]*)", name.strip()) if kind else None
    if number:
        wanted = {(fold(kind), number.group(1).lower().lstrip("0") or "0")}
    if wanted and wanted & own.codes:
        return 1.0
    if number and not kind.isupper() and {code for _, code in wanted} & own.numbers:
        # A common noun, unlike an acronym, is no scheme of numbers.
        return 0.99
    if wanted and len(fold(name).split()) <= 2:
        # A bare identifier that is not this document's own is another document.
        return 0.0
    best = 0.0
    for mine in own.names:
        if f" {folded} " in f" {mine} " or f" {mine} " in f" {folded} ":
            share = min(len(mine), len(folded)) / max(len(mine), len(folded))
            best = max(best, 0.5 + 0.5 * share if len(mine) > 3 else share)
    return max(best, 0.8 * min(overlap(folded, own.title), overlap(own.title, folded)))


def refers(value: str, kind: str, own: Identity) -> bool:
    """Tell whether an entry of a labelled value names this document."""
    text = plain(value)
    if match(text, kind, own) >= 0.99:
        return True
    number = re.fullmatch(r"[#]?0*(\d[\w.\-]*)", text.strip())
    if number:
        return number.group(1).lower() in own.numbers
    return bool(identifiers(text) & own.codes)
