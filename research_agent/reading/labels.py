"""Whether a label names what is wanted: compared by words, their roots and how English forms them."""

import re
from functools import lru_cache

from research_agent.reading.forms import IRREGULAR
from research_agent.reading.words import STOP, fold, stem

# Who does it is named after another word than what is done.
_DOERS = {"author": "write", "poet": "write", "teacher": "teach", "lecturer": "teach", "instructor": "teach"}
_SHARED = 0.8  # what two words of one root count for


def label_match(wanted: str, label: str) -> float:
    """Return how well a label names what is wanted: 1 the same words, 0 nothing in common."""
    need, have = _spelt(wanted), _spelt(label)
    if need == have:
        return 1.0
    if need.replace(" ", "") == have.replace(" ", ""):
        return 0.98
    needs, haves = _roots(need), _roots(have)
    if not needs or not haves:
        return 0.0
    if needs == haves:
        return 0.95
    shared = sum(max(_alike(one, other) for other in haves) for one in needs)
    return 0.9 * 2 * shared / (len(needs) + len(haves))


@lru_cache(maxsize=8192)
def _spelt(label: str) -> str:
    """Return a label's words, however they are run together."""
    return fold(re.sub(r"(?<=[a-zß-öø-ÿ\d])(?=[A-Z])", " ", label)) or label.strip()


@lru_cache(maxsize=8192)
def _roots(label: str) -> frozenset[str]:
    words = label.split()
    kept = [word for word in words if word not in STOP] or words
    return frozenset(_root(word) for word in kept)


def _root(word: str) -> str:
    single = word.removesuffix("s")
    return stem(_DOERS.get(single) or IRREGULAR.get(word, word))


@lru_cache(maxsize=65536)
def _alike(one: str, other: str) -> float:
    """Compare two stems: "direct" and "director" share a root."""
    if one == other:
        return 1.0
    short, long = sorted((one, other), key=len)
    least = max(5, -(-7 * len(short) // 10))
    # A root stands at the beginning of one of the two: "height" and "weight" share none.
    return _SHARED if short[:least] in long or long[:least] in short else 0.0
