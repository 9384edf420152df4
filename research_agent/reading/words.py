"""Words as a reader compares them: folded, stemmed, weighed."""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
# Function words of English: they connect a question and say little of what it is about.
STOP = frozenset(
    "a an the of in on at to for from by with and or nor but is are was were be been being am do does did done has "
    "have had having it its this that these those which who whom whose what when where why how i you he she they we "
    "his her their our your my me him them us as if then than so not no into about over under between after before "
    "during out up down off above below again further once there here all any both each few more most other some "
    "such only own same too very can will just should would could may might must shall also per via s t d ll re ve "
    "m please tell list give name many much".split()
)
_SUFFIXES = tuple("ational ization fulness ations ation ings ing edly ies ied ors ers or er ed es ly s e".split())


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return a crude stem: enough to hold "requires", "required" and "requiring" together."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            base = word[: -len(suffix)]
            if suffix in {"ies", "ied"}:
                return base + "y"
            # "stopping" and "stops" meet at "stop".
            return base[:-1] if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsaeiou" else base
    return word


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return the text without case, accents, punctuation and spare space, for comparing names."""
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(ch for ch in text if not unicodedata.combining(ch))
    return " ".join(re.findall(r"[^\W_]+", text.replace("ß", "ss").replace("ø", "o").replace("ł", "l")))


def words(text: str) -> list[str]:
    """Return the folded words of a text, in order."""
    return fold(text).split()


def content_stems(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, in order."""
    return [stem(word) for word in words(text) if word not in STOP]


def overlap(wanted: str, text: str) -> float:
    """Return the share of `wanted`'s content stems that `text` holds, in [0, 1]."""
    need = set(content_stems(wanted))
    return len(need & set(content_stems(text))) / len(need) if need else 0.0


def sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Return the (start, end) offsets of sentences, list items and lines of `text[start:end]`."""
    end = len(text) if end is None else end
    found: list[tuple[int, int]] = []
    # A line break in running prose is no end; a blank line, an indented or marked line is.
    for block in re.finditer(
        r"(?:(?!\n\s*\n|\n(?=[ \t]*(?:[-*+•|#>]|\d+[.)]|[^\n]{1,60}:)\s)).)+", text[start:end], re.S
    ):
        left = start + block.start()
        cuts = [
            found.end() for found in re.finditer(r"(?<=[.!?…])[\"”’')\]]*\s+(?=[^\W_a-z]|[\"“‘(\[])", block.group(0))
        ]
        edges = [0, *cuts, len(block.group(0))]
        for first, last in pairwise(edges):
            piece = text[left + first : left + last]
            lead = len(piece) - len(piece.lstrip())
            tail = len(piece.rstrip())
            if tail > lead:
                found.append((left + first + lead, left + first + tail))
    return _abbreviations_joined(text, found)


def _abbreviations_joined(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join what was cut after an initial or a short title ("J. Smith", "St. Louis", "No. 5")."""
    joined: list[tuple[int, int]] = []
    for span in spans:
        if (
            joined
            and re.search(
                r"(?:^|[\s(])(?:[^\W\d_a-z]|St|Mr|Mrs|Ms|Dr|Jr|Sr|vs|No|Prof|Gen|Col|Lt|Sgt|Rev|Hon|e\.g|i\.e|cf|al|etc|ca)\.$",
                text[joined[-1][0] : joined[-1][1]],
            )
            and span[0] - joined[-1][1] < 3
        ):
            joined[-1] = (joined[-1][0], span[1])
        else:
            joined.append(span)
    return joined
