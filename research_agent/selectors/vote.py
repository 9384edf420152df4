"""The answer that most chains came to."""

import calendar
import re
import unicodedata
from collections.abc import Sequence
from datetime import date

from research_agent.selectors.base import Ballot
from research_agent.strategies.base import Candidate, Taxonomy

_ARTICLES = frozenset({"a", "an", "the"})
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TOKEN = re.compile(r"(?<!\w)-?\d+(?:\.\d+)*|\d+(?:\.\d+)*|[^\W\d_]+[+#]*")
_MONTHS = {name[:length].casefold(): n for n, name in enumerate(calendar.month_name) if n for length in (3, len(name))}
_MONTH = "(?P<m>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + ")"
_DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"
_DATES = [
    re.compile(form)
    for form in (
        r"(?P<y>\d{4})-(?P<n>\d{1,2})-(?P<d>\d{1,2})",
        rf"{_DAY}[ -]+(?:of +)?{_MONTH}\.?,?[ -]+(?P<y>\d{{4}})",
        rf"{_MONTH}\.? +{_DAY},? +(?P<y>\d{{4}})",
    )
]


class Vote:
    """Takes the majority over answers that mean the same, where at least one of them is supported.

    An abstention is no vote against an answer: a chain that found nothing does not know that there is nothing. So
    supported answers win over any number of abstentions, and abstentions win over answers that nothing supports.
    Ties go to the answer with more supported claims behind it, then to the one that came first.
    """

    taxonomy = Taxonomy(locus="external", when="post", shape="parallel")
    share = 0.0

    async def choose(self, candidates: Sequence[Candidate], ballot: Ballot) -> Candidate:
        """Return the winner's best supported candidate."""
        return vote(candidates)


def vote(candidates: Sequence[Candidate]) -> Candidate:
    """Return the majority's best supported candidate; of candidates without a vote, the first that did not fail."""
    groups: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        if candidate.answer.strip():
            groups.setdefault(normal(candidate.answer), []).append(candidate)
    supported = [group for group in groups.values() if any(each.supported for each in group)]
    abstained = [each for each in candidates if not each.answer.strip()]
    if not supported and abstained:
        return min(abstained, key=lambda each: bool(each.error))
    winners = max(supported or groups.values(), key=lambda group: (len(group), sum(each.supported for each in group)))
    return max(winners, key=lambda each: each.supported)


def normal(answer: str) -> str:
    """Return an answer without what does not tell answers apart.

    That is case, accents, spacing, punctuation, articles, thousands separators, and how a date is written.
    """
    folded = unicodedata.normalize("NFKD", answer.casefold())
    text = " ".join("".join(char for char in folded if not unicodedata.combining(char)).split()).strip(" .,;\"'")
    for form in _DATES:
        if match := form.fullmatch(text):
            return _iso(match) or text
    tokens = _TOKEN.findall(_THOUSANDS.sub("", text))
    return " ".join([token for token in tokens if token not in _ARTICLES] or tokens) or text


def _iso(match: re.Match[str]) -> str | None:
    """Return the matched date as YYYY-MM-DD, or None where the calendar has no such day."""
    parts = match.groupdict()
    month = int(parts["n"]) if "n" in parts else _MONTHS[parts["m"]]
    try:
        return date(int(parts["y"]), month, int(parts["d"])).isoformat()
    except ValueError:
        return None
