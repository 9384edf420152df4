"""Dates in text, read and compared by value."""

import re

_MONTHS = {name: number for number, names in enumerate(
    ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
     "sep sept september", "oct october", "nov november", "dec december"), 1) for name in names.split()}  # fmt: skip
_MONTH = "(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_PATTERNS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"(?<!\d)(?P<year>\d{4})[-/.](?P<monthno>0?[1-9]|1[0-2])[-/.](?P<day>0?[1-9]|[12]\d|3[01])(?!\d)",
        rf"(?<!\w)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[ \-]+(?:of )?{_MONTH}"
        r"(?:[ \-]*,?[ \-]*|\s+)(?P<year>\d{3,4})(?!\d)",
        rf"(?<!\w){_MONTH}[ \-]+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s*,\s*|\s+)(?P<year>\d{{3,4}})(?!\d)",
        rf"(?<!\w){_MONTH}[ \-]*,?\s*(?P<year>\d{{4}})(?!\d)",
        r"(?<!\d)(?P<year>1\d{3}|20\d{2})(?P<monthno>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?!\d)",
        rf"(?<!\w)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[ \-]+(?:of )?{_MONTH}(?!\w)",
        rf"(?<!\w){_MONTH}[ \-]+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\w)",
        r"(?<![\w.,-])(?P<year>1\d{3}|20\d{2})(?![\w]|[.,]\d|-\d)",
    )
)


class Date(tuple[int, int, int]):
    """(year, month, day); 0 where a part is not stated. Compares in time order."""

    __slots__ = ()


def find_dates(text: str) -> list[tuple[int, int, Date]]:
    """Return (start, end, date) of the dates a text states, in order; the fullest reading where several fit."""
    taken: list[tuple[int, int, Date]] = []
    for pattern in _PATTERNS:
        for found in pattern.finditer(text):
            if any(found.start() < end and start < found.end() for start, end, _ in taken):
                continue
            parts = found.groupdict()
            month = _MONTHS[parts["month"].lower()] if parts.get("month") else int(parts.get("monthno") or 0)
            day = int(parts.get("day") or 0)
            if day <= 31:
                taken.append((found.start(), found.end(), Date((int(parts.get("year") or 0), month, day))))
    return sorted(taken, key=lambda item: item[0])


def first_date(text: str) -> Date | None:
    """Return the first date a text states, or None."""
    found = find_dates(text)
    return found[0][2] if found else None
