"""The last resort of the grammar: a thing, the words for what is wanted of it, and nothing but glue between them.

English puts "the K listed under L of T", "what can be read in the L row of T" or "go to T and look under L" in more
ways than rules can name. What they share is that, beside the thing and the label, only words are left that say that
something is written, asked for or picked. Where a word of another sort is left, this does not apply.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from research_agent.reading.forms import EMPTY, LABEL_NOUN, LISTED, LISTS, MARK, NTH, PICKS, THING, UNDER, is_participle
from research_agent.reading.phrases import Bare, Phrases, Reading, kind_of, singular
from research_agent.reading.terms import Attribute, Pick
from research_agent.reading.words import STOP

_ASKED = (
    r"(?:ask|check|read|look|looks|looking|go|goes|report|need|needs|want|wants|quote|please|kindly|result|come|comes|"
    r"coming|appears?|appearing|stands?|standing|occurs?|occurring|see|seen|get|gets|got|open|opened at|turn|consult|"
    r"like|know|learn|tell|tells|told|determine|state|report|reported|print|printed|copy|exact|exactly|precise|precisely|"
    r"full|actual|heading|according|called|said|set|sits?|sitting|goes|against|beside|next|via|through|there|kept)"
)
_GLUE = re.compile(
    rf"(?:{_ASKED}|{LISTED}|{LISTS}|{LABEL_NOUN}|{UNDER}|{NTH}(?:-(?:listed|named|given|mentioned))?)[.,:;]*", re.I
)
_PICKED = re.compile(rf"{NTH}(?:-\w+)?")
_DENIED = re.compile(r"\b(?:not|no|nor|or|both)\b", re.I)
_LONGEST = 20  # words around a thing; more are a phrase of their own
_MARKED = re.compile(MARK)
_WRITTEN = re.compile(rf"\b(?:{_ASKED}|{LISTED}|{LISTS}|{LABEL_NOUN}|under)\b|{MARK}", re.I)
# Words that say that a label comes.
_SHOWN = re.compile(rf"(?i)\b(?:{LISTED}|{LISTS}|{LABEL_NOUN}|under|as|heading)\b")
# The K that lists T: the other way round, which is for other rules.
_REVERSE = re.compile(
    rf"(?:\b(?:that|which|who|to|and) (?:{LISTS}|\w+)|\b(?:with|having|whose|including)(?: \S+)*|\b\w+ing)$"
)


def glued(parse: Phrases, bare: Bare) -> Iterator[Reading]:
    """Read a phrase of which a thing and a label are all but glue."""
    text = bare.text
    # What follows the thing is short and begins with glue.
    ends = [len(text)] + [at.start() for at in re.finditer(r" (?=(?:\S+ ?){1,6}$)", text)]
    ends = [at for at in ends if at == len(text) or _is_glue(text[at:].split()[0])]
    for start in (at.end() for at in re.finditer(rf" (?={THING})", text)):
        left = text[:start].strip()
        if _REVERSE.search(left) or _groups(f"{left} ⟦0⟧" if _MARKED.search(left) is None else left) is None:
            continue
        for end in (end for end in ends if end > start):
            around = f"{left} ¦ {text[end:].strip()}"
            found = _groups(around)
            if found is None:
                continue
            kind, label, nth, ignored = found
            named = parse.label(label, loose=True)
            inner = parse.read(text[start:end])
            if named is None or inner.cost > 2:
                continue
            pick: Pick = PICKS[nth] if nth else bare.pick
            shown = 0.0 if _SHOWN.search(re.sub(r"\b(?:has|have|had)\b", "", around)) else 3.0
            cost = inner.cost + shown + named[1] + 1.2 + 0.05 * ignored + (0.3 if kind else 0.0)
            yield Reading(cost, Attribute(named[0], inner.term, pick, singular(kind)))


def _leads(around: str, group: str) -> bool:
    """Tell whether words stand where a phrase names the kind of thing it is about."""
    return bool(re.match(rf"(?i)(?:(?:what|which|the|{NTH}) )*{re.escape(group)}(?!\w)", around))


@lru_cache(maxsize=4096)
def _is_glue(word: str) -> bool:
    low = word.strip(".,:;?!").lower()
    return low in STOP or low in EMPTY or low == "¦" or bool(_GLUE.fullmatch(word))


def _groups(around: str) -> tuple[str, str, str, int] | None:
    """Return kind, label, what is picked and how many words are glue; None where other words are left."""
    words = around.split()
    if len(words) > _LONGEST or _DENIED.search(around):
        return None
    if not _WRITTEN.search(around):
        return None  # "the museum in Astorp": nothing says that one is written of the other
    groups: list[list[str]] = [[]]
    nth, ignored = "", 0
    for word in words:
        low = word.strip(".,:;?!").lower()
        if _PICKED.fullmatch(low):
            nth = low.split("-")[0]
        if re.fullmatch(MARK, low):
            groups += [[low], []]
        elif _is_glue(word):
            ignored += 1
            groups.append([])
        else:
            groups[-1].append(word.strip(".,:;?!"))
    return _sorted_out(around, [" ".join(group) for group in groups if group], nth, ignored)


def _sorted_out(around: str, kept: list[str], nth: str, ignored: int) -> tuple[str, str, str, int] | None:
    """Tell which of the words that are no glue are the label, and which the kind of thing."""
    marks = [group for group in kept if re.fullmatch(MARK, group)]
    if len(marks) == 1 and all(group.islower() or group in marks for group in kept):
        # A label in quotes says enough; words that are neither it nor the kind of thing count as glue, at a price.
        told = [group for place, group in enumerate(kept) if group in marks or (place == 0 and _leads(around, group))]
        ignored += 6 * sum(len(group.split()) for group in kept if group not in told)
        kept = told
    if not kept or len(kept) > 2 or len(marks) > 1 or any(len(group.split()) > 3 for group in kept):
        return None
    label = marks[0] if marks else kept[-1]
    kinds = [group for group in kept if group is not label]
    kind = kind_of(kinds[0]) if kinds else ""
    if kind is None or (kinds and is_participle(kinds[0])) or "⟪" in " ".join(kept):
        return None
    return kind, label, nth, ignored
