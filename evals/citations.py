"""A second opinion on citations: do the quotes stand, word for word, in the corpus file?

This reads the corpus itself and knows nothing of the agent's evidence store or its checker, so that a fault there
cannot hide here. A quote is verbatim if, character for character, it is `text[start:end]` of the text its source names
by hash: a whole document of the corpus, or the stretch of one that the `char=` fragment of the source's address gives
(RFC 5147).
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evals.runstore import Trial
from evals.task import read_rows

_LINE_END = re.compile("\r\n?|\x0c|\u2028|\u2029")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")
_STRETCH = re.compile(r"[#&]char=(\d+),(\d+)$")


@dataclass(frozen=True, slots=True)
class CitationCheck:
    """What the corpus says of the citations of many answers.

    Attributes:
        quotes: citations looked at; a supported claim without any counts as one that is not verbatim.
        verbatim: those that stand where they say.
        broken: question, quote and what is wrong, for each of the rest.
        cited: by the key of each trial, the documents that each citation shown may point to: several where several
            hold the same text, none where it points to no text of the corpus.
    """

    quotes: int
    verbatim: int
    broken: tuple[tuple[str, str, str], ...]
    cited: Mapping[str, tuple[frozenset[str], ...]] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """Verbatim citations over all; None without any."""
        return self.verbatim / self.quotes if self.quotes else None


class CorpusTexts:
    """The texts of a corpus file, found by their hash."""

    def __init__(self, corpus: Path) -> None:
        """Read the corpus.

        Raises:
            TaskError: it cannot be read.
        """
        raw = [(str(row.get("_id")), str(row.get("text") or "")) for _, row in read_rows(corpus)]
        # An index may keep every line end as a line feed and leave control characters out; no word changes by that.
        self._texts = [(name, _CONTROL.sub("", _LINE_END.sub("\n", text))) for name, text in raw]
        self._by_hash: dict[str, tuple[str, set[str]]] = {}
        for name, text in (*raw, *self._texts):
            self._by_hash.setdefault(_hash(text), (text, set()))[1].add(name)

    def find(self, sha256: str, uri: str) -> str | None:
        """Return the text of a source, None where no document of the corpus holds it."""
        found = self._found(sha256, uri)
        return None if found is None else found[0]

    def documents(self, sha256: str, uri: str) -> frozenset[str]:
        """Return the ids of the documents that hold the text of a source."""
        found = self._found(sha256, uri)
        return frozenset() if found is None else frozenset(found[1])

    def _found(self, sha256: str, uri: str) -> tuple[str, set[str]] | None:
        """Return the text of a source and the documents that hold it."""
        stretch = _STRETCH.search(uri)
        if sha256 not in self._by_hash and stretch is not None:
            start, end = int(stretch[1]), int(stretch[2])
            for name, text in self._texts:
                if end <= len(text) and _hash(text[start:end]) == sha256:
                    self._by_hash.setdefault(sha256, (text[start:end], set()))[1].add(name)
        return self._by_hash.get(sha256)


def _hash(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def check_citations(trials: Iterable[Trial], corpus: Path) -> CitationCheck:
    """Hold every citation of these answers against the corpus file.

    Raises:
        TaskError: the corpus cannot be read.
    """
    texts = CorpusTexts(corpus)
    quotes, broken = 0, []
    pointed: dict[str, tuple[frozenset[str], ...]] = {}
    for trial in trials:
        sources = {str(source["id"]): source for source in _rows(trial.report.get("sources"))}
        shown: list[frozenset[str]] = []
        for claim in _rows(trial.report.get("claims")):
            cited = _rows(claim.get("citations"))
            if claim.get("supported") and not cited:
                quotes += 1
                broken.append((trial.question_id, str(claim.get("text")), "a supported claim without a quote"))
            for quote in cited:
                quotes += 1
                source = sources.get(str(quote.get("source_id")), {})
                shown.append(texts.documents(str(source.get("sha256")), str(source.get("uri"))))
                fault = _fault(quote, source, texts)
                if fault:
                    broken.append((trial.question_id, str(quote.get("quote")), fault))
        pointed[trial.key] = tuple(shown)
    return CitationCheck(quotes, quotes - len(broken), tuple(broken), pointed)


def _rows(value: object) -> list[Mapping[str, object]]:
    """Return a JSON list of objects, [] for anything else."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, (list, tuple)) else []


def _fault(quote: Mapping[str, object], source: Mapping[str, object], texts: CorpusTexts) -> str:
    """Return what is wrong with a citation, "" for nothing."""
    if not source:
        return "its source is not listed"
    text = texts.find(str(source.get("sha256")), str(source.get("uri")))
    if text is None:
        return "its source is no text of the corpus"
    start, end, words = quote.get("start"), quote.get("end"), quote.get("quote")
    if not isinstance(start, int) or not isinstance(end, int) or not words:
        return "it has no place or no words"
    if text[start:end] == words:
        return ""
    return "it stands elsewhere in its source" if str(words) in text else "it does not stand in its source"
