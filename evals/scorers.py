"""Scorers: an answer and what was expected in, a score in [0, 1] out.

`right` is the score that accuracy is made of, chosen by the answer type of the sample:

    date, number, name, string   `exact`: the whole answer is an accepted one (words, or the value of a date or number)
    yesno                        `yesno`: the answer begins with the right one of yes and no
    list                         `list_f1` is 1: every item with its value, and nothing else
    unanswerable                 `abstained`: no answer was given
    none, report                 not scored

The lenient scores are reported beside it under their own names and never enter `right`:

    value_match                  the answer states one date (or number), and it is an accepted one
    contains                     an accepted answer stands, word for word and whole, somewhere in the answer
    token_f1                     overlap of words with the closest accepted answer
    lenient                      `right`, or `token_f1` of one half, or `contains` in an answer of at most 40 words
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evals.normalise import contains as stands_in
from evals.normalise import date_value, number_value, same, strip_label, tokens
from evals.task import Item, Sample

Name = Literal[
    "right",
    "exact",
    "token_f1",
    "contains",
    "lenient",
    "value_match",
    "yesno",
    "list_f1",
    "abstained",
    "evidence_recall",
    "citation_precision",
    "citation_recall",
]

_LONGEST, _OVERLAP = 40, 0.5
# What agents write in place of an answer; a whole answer that says one of these is an abstention.
_DECLINED = """
not stated; none stated; not mentioned; not found; not enough evidence; not enough information; insufficient evidence;
insufficient information; no evidence; no answer; no information; unanswerable; unknown; cannot be determined;
cannot be answered; i do not know; i don't know; don't know
"""
_ENTRY = re.compile(r"\s*(?:;|\n|•|\|)\s*(?:[-*]\s+|\d+[.)]\s+)?")
_LEAD = re.compile(r"^\s*(?:[-*•]\s+|\d+[.)]\s+)")
_COMMA = re.compile(r",\s+(?:and\s+|&\s+)?|\s+(?:and|&)\s+")
_FREE_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}(?:st|nd|rd|th)?(?: of)?[- /][A-Za-z]{3,9}\.?,?[- /]\d{4}"
    r"|[A-Za-z]{3,9}\.?[- /]\d{1,2}(?:st|nd|rd|th)?,?[- /]\d{4}"
)


@dataclass(frozen=True, slots=True)
class Score:
    """What a scorer says of one answer.

    Attributes:
        value: in [0, 1]; anything else is refused.
        explanation: why, in a few words.
    """

    name: Name
    value: float
    explanation: str = ""

    def __post_init__(self) -> None:
        if not (isinstance(self.value, (int, float)) and math.isfinite(self.value) and 0.0 <= self.value <= 1.0):
            raise ValueError(f"A score lies between 0 and 1; {self.name} was {self.value!r}.")

    @property
    def full(self) -> bool:
        """The score is 1."""
        return self.value >= 1.0


Scorer = Callable[[Sample, str], Score | None]


def abstains(answer: str) -> bool:
    """Tell whether an answer is none: empty, or nothing but words that decline."""
    words = tokens(answer)
    return not answer.strip() or any(words == tokens(phrase) for phrase in _DECLINED.split(";"))


def exact(sample: Sample, answer: str) -> Score | None:
    """Score 1 where the whole answer is an accepted one; case, punctuation, articles and date forms do not count."""
    if not sample.answers or sample.answer_type == "unanswerable":
        return None
    hit = next((accepted for accepted in sample.answers if same(answer, accepted)), None)
    return Score("exact", float(hit is not None), f"equals {hit!r}" if hit is not None else "equals no accepted answer")


def token_f1(sample: Sample, answer: str) -> Score | None:
    """Score the overlap of words with the closest accepted answer (F1 of the two bags of words)."""
    if not sample.answers or sample.answer_type == "unanswerable":
        return None
    return Score("token_f1", max(_f1(tokens(answer), tokens(accepted)) for accepted in sample.answers))


def _f1(left: Sequence[str], right: Sequence[str]) -> float:
    """Return the F1 of two bags of words."""
    common = (Counter(left) & Counter(right)).total()
    return 2 * common / (len(left) + len(right)) if common else 0.0


def contains(sample: Sample, answer: str) -> Score | None:
    """Score 1 where an accepted answer stands whole in the answer, or the two are the same date or number."""
    if not sample.answers or sample.answer_type in ("unanswerable", "yesno"):
        return None
    found = any(same(answer, accepted) or stands_in(answer, accepted) for accepted in sample.answers)
    return Score("contains", float(found))


def value_match(sample: Sample, answer: str) -> Score | None:
    """Score 1 where a date or number answer states exactly one value and it is an accepted one."""
    if sample.answer_type == "date":
        stated: set[object] = set(_values(_FREE_DATE.findall(answer), date_value)) or set(_values([answer], date_value))
        accepted: set[object] = set(_values(sample.answers, date_value))
    elif sample.answer_type == "number":
        whole = set(_values([answer], number_value))
        stated = set(whole or _values(re.split(r"[\s;()]+", answer), number_value))
        accepted = set(_values(sample.answers, number_value))
    else:
        return None
    return Score("value_match", float(len(stated) == 1 and stated <= accepted), f"states {len(stated)} values")


def _values(texts: Iterable[str], value: Callable[[str], object | None]) -> list[object]:
    """Return the values of those texts that have one."""
    return [found for text in texts if (found := value(text)) is not None]


def yesno(sample: Sample, answer: str) -> Score | None:
    """Score 1 where a yes/no answer begins with the accepted one."""
    if sample.answer_type != "yesno":
        return None
    accepted = {polarity(text) for text in sample.answers} - {None}
    said = polarity(answer)
    return Score("yesno", float(said is not None and said in accepted), f"says {said}")


def polarity(text: str) -> Literal["yes", "no"] | None:
    """Return the yes or no (or true or false) a text begins with, None where it begins with neither."""
    first = tokens(strip_label(text))[:1]
    if first in (("yes",), ("true",)):
        return "yes"
    return "no" if first in (("no",), ("false",)) and not abstains(text) else None


def list_f1(sample: Sample, answer: str) -> Score | None:
    """Score a list: F1 of its entries against the expected items.

    An entry is right where it names an item (any accepted key, whole words) and, if the item has values, one of
    them too. Entries end at semicolons and line ends; at commas and "and" where the answer has no such marks.
    Each entry counts for one item at most; saying an entry again neither helps nor harms.
    """
    if sample.answer_type != "list":
        return None
    whole = exact(sample, answer)
    if whole and whole.full:
        return Score("list_f1", 1.0, whole.explanation)
    items = sample.items or tuple(
        Item(keys=(entry,)) for entry in _entries(sample.answers[0] if sample.answers else "", 2)
    )
    fits: list[list[bool]] = []
    for entry, times in _entries(answer, len(items)).items():
        row = [_fits(item, entry) for item in items]
        fits += [row] * min(times, max(1, sum(row)))
    matched = _matching(fits)
    value = 2 * matched / (len(items) + len(fits)) if matched else 0.0
    return Score("list_f1", value, f"{matched} of {len(items)} items in {len(fits)} entries")


def _entries(answer: str, expected: int) -> Counter[str]:
    """Return the entries of a list answer, without marks, and how often each stands there."""
    parts = [part for part in _ENTRY.split(_LEAD.sub("", strip_label(answer))) if tokens(part)]
    if len(parts) == 1 and expected > 1:
        parts = [part for part in _COMMA.split(parts[0]) if tokens(part)]
    return Counter(parts)


def _fits(item: Item, entry: str) -> bool:
    """Tell whether an entry names the item and one of its values."""
    named = not item.keys or any(stands_in(entry, key) for key in item.keys)
    return named and (not item.values or any(stands_in(entry, value) for value in item.values))


def _matching(fits: list[list[bool]]) -> int:
    """Return the most entries that can be given an item each, no item twice (augmenting paths)."""
    taken: dict[int, int] = {}

    def give(entry: int, seen: set[int]) -> bool:
        for item, fit in enumerate(fits[entry]):
            if fit and item not in seen:
                seen.add(item)
                if item not in taken or give(taken[item], seen):
                    taken[item] = entry
                    return True
        return False

    return sum(give(entry, set()) for entry in range(len(fits)))


def abstained(sample: Sample, answer: str) -> Score | None:
    """Score 1 where an unanswerable question was given no answer, or an answerable one was given some."""
    if sample.answer_type in ("none", "report"):
        return None
    silent = abstains(answer)
    return Score(
        "abstained", float(silent == (sample.answer_type == "unanswerable")), "no answer" if silent else "answered"
    )


_RIGHT: Mapping[str, Scorer] = {"yesno": yesno, "list": list_f1, "unanswerable": abstained}


def right(sample: Sample, answer: str) -> Score | None:
    """Score 1 where the answer counts as right; None where the sample has no reference answer."""
    if sample.answer_type in ("none", "report"):
        return None
    score = _RIGHT.get(sample.answer_type, exact)(sample, answer)
    return None if score is None else Score("right", float(score.full), score.explanation)


def lenient(sample: Sample, answer: str) -> Score | None:
    """Score 1 where the answer is right, or shares half its words with an accepted one (F1), or contains one.

    A long text contains many things: beyond 40 words that it contains the answer counts for nothing.
    """
    strict = right(sample, answer)
    if strict is None or strict.full or sample.answer_type in ("yesno", "list", "unanswerable") or abstains(answer):
        return None if strict is None else Score("lenient", strict.value, strict.explanation)
    part, overlap = contains(sample, answer), token_f1(sample, answer)
    named = part is not None and part.full and len(tokens(answer)) <= _LONGEST
    return Score("lenient", float(named or (overlap is not None and overlap.value >= _OVERLAP)))


def evidence_recall(sample: Sample, read: Iterable[str]) -> Score | None:
    """Score the share of the documents that had to be read and were.

    Where the sample says that one of several documents is enough (`gold_any`), those count as one.
    """
    opened = set(read)
    choice = set(sample.gold_any)
    needed = [bool(opened & {document}) for document in sample.gold if document not in choice]
    needed += [bool(opened & choice)] if choice else []
    return Score("evidence_recall", sum(needed) / len(needed), f"{sum(needed)} of {len(needed)}") if needed else None


def citation_precision(sample: Sample, cited: Sequence[frozenset[str]]) -> Score | None:
    """Score the share of the citations shown that point to a gold document; None without citations or gold.

    Args:
        sample: names the gold documents.
        cited: for each citation, the documents it may point to.
    """
    gold = {*sample.gold, *sample.gold_any}
    if not gold or not cited:
        return None
    good = sum(bool(documents & gold) for documents in cited)
    return Score("citation_precision", good / len(cited), f"{good} of {len(cited)}")


def citation_recall(sample: Sample, cited: Sequence[frozenset[str]]) -> Score | None:
    """Score the share of the gold documents that are cited, one of `gold_any` being enough; None without gold."""
    found = evidence_recall(sample, frozenset[str]().union(*cited))
    return None if found is None else Score("citation_recall", found.value, found.explanation)


ANSWER_SCORERS: tuple[Scorer, ...] = (right, exact, token_f1, contains, lenient, value_match, yesno, list_f1, abstained)


def score_answer(sample: Sample, answer: str) -> dict[str, Score]:
    """Return what every scorer that applies says of this answer, by name."""
    found = (scorer(sample, answer) for scorer in ANSWER_SCORERS)
    return {score.name: score for score in found if score is not None}
