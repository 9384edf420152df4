"""BM25 over titles, passages and the identifiers they mention (tantivy), memory-mapped."""

import os
import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from retrieval.index.names import head_identifiers, identifiers
from retrieval.index.store import Row

# Scripts written without spaces are indexed by character, the others by word.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_TOKEN = rf"[{_UNSPACED}]|[\p{{L}}\p{{N}}\p{{M}}&&[^{_UNSPACED}]]+"
_ANALYZER = "words"
_HEAP = 96_000_000
_MOST_TERMS = 48
# A word in more than half of the passages tells none of them apart: its weight log((N - n) / n) is below 0 (Robertson
# and Sparck Jones, 1976). One in more than a fifth adds little and costs the most time: it is looked for only in an
# index so small that it cannot stand in many passages.
_COMMON, _COSTLY, _MANY = 0.5, 0.2, 20_000
_FEWEST_TERMS = 2
# Every passage is indexed below its title, so that a word of the title and one of the text count alike. The title as a
# field of its own is so short that one of its words would score as high as several in the text: a third of that.
_TITLE = 0.35

# Field, word, and how often the query says it.
Term = tuple[str, str, float]


class Lexical:
    """The lexical index in one folder, for reading."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        self._tantivy = tantivy
        self._schema = _schema(tantivy)
        self._analyzer = _analyzer(tantivy)
        folder.mkdir(parents=True, exist_ok=True)
        place = folder if os.access(folder, os.W_OK) else self._linked(folder)
        self.index = tantivy.Index(self._schema, path=str(place))
        self.index.register_tokenizer(_ANALYZER, self._analyzer)

    def _linked(self, folder: Path) -> Path:
        """Return a temporary folder of links: tantivy takes a lock beside the files even to read them."""
        links = Path(tempfile.mkdtemp(prefix="search-as-compute-"))
        weakref.finalize(self, shutil.rmtree, links, ignore_errors=True)
        for file in folder.iterdir():
            if file.suffix != ".lock":
                (links / file.name).symlink_to(file.resolve())
        return links

    def reload(self) -> None:
        """See what was committed last."""
        self.index.reload()

    def search(self, query: str, limit: int) -> list[tuple[int, float]]:
        """Return (passage number, score), best first."""
        searcher = self.index.searcher()
        terms = self._terms(searcher, query)
        return self._run(searcher, self._any(terms), limit) if terms else []

    def within(self, query: str, doc: int, limit: int) -> list[int]:
        """Return the passages of one document that match best, best first."""
        searcher = self.index.searcher()
        terms = self._terms(searcher, query)
        if not terms:
            return []
        q, occur = self._tantivy.Query, self._tantivy.Occur
        only = q.const_score_query(q.term_query(self._schema, "doc", doc), 0.0)
        found = self._run(searcher, q.boolean_query([(occur.Must, only), (occur.Should, self._any(terms))]), limit)
        return [pid for pid, score in found if score > 0]

    def titled(self, words: str, limit: int) -> list[int]:
        """Return passages whose title shares the most with `words`."""
        searcher = self.index.searcher()
        terms = [("title", term, 1.0) for term in dict.fromkeys(self._analyzer.analyze(words))]
        return [pid for pid, _ in self._run(searcher, self._any(terms[:_MOST_TERMS]), limit)] if terms else []

    def _terms(self, searcher: Any, query: str) -> list[Term]:
        """Return the terms of a query: its rarest words, which count as often as it says them, and its identifiers."""
        total = max(1, searcher.num_docs)
        words: list[tuple[int, str]] = []
        said = Counter(self._analyzer.analyze(query))
        for term in said:
            count = searcher.doc_freq("body", term) + searcher.doc_freq("title", term)
            if count:
                words.append((count, term))
        words.sort()
        most = min(total * _COMMON, max(total * _COSTLY, _MANY))
        telling = [word for word in words if word[0] <= most]
        if len(telling) < _FEWEST_TERMS:
            telling = words[:_FEWEST_TERMS]
        terms = [(field, term, float(said[term])) for _, term in telling[:_MOST_TERMS] for field in ("body", "title")]
        keys = dict.fromkeys(key for key, _, _ in identifiers(query))
        return terms + [("ids", key, 1.0) for key in list(keys)[:_MOST_TERMS]]

    def _any(self, terms: Sequence[Term]) -> Any:
        # One flat list: a query nested in another turns block-max pruning off.
        q, occur = self._tantivy.Query, self._tantivy.Occur
        parts: list[Any] = []
        for field, term, times in terms:
            part = q.term_query(self._schema, field, term, index_option="freq")
            weight = times * _TITLE if field == "title" else times
            parts.append((occur.Should, part if weight == 1 else q.boost_query(part, weight)))
        return q.boolean_query(parts)

    def _run(self, searcher: Any, query: Any, limit: int) -> list[tuple[int, float]]:
        hits = searcher.search(query, limit, count=False).hits
        pids = searcher.fast_field_values("pid", [address for _, address in hits])
        return [(int(pid), float(score)) for pid, (score, _) in zip(pids, hits, strict=True)]


class LexicalWriter:
    """The one writer of a lexical index; nothing is visible before `commit`."""

    def __init__(self, lexical: Lexical) -> None:
        import tantivy

        self._document = tantivy.Document
        self._lexical = lexical
        self._writer = lexical.index.writer(_HEAP, 1)
        # What a writer left that was killed in its commit would stand in the way of the same commit made again.
        self._writer.garbage_collect_files()

    def add(self, doc: int, rows: Iterable[Row]) -> None:
        """Add the passages of a document, in reading order."""
        for number, row in enumerate(rows):
            keys = dict.fromkeys(key for key, _, _ in identifiers(row.text))
            if not number:
                keys.update(dict.fromkeys(head_identifiers(row.text)))
            body = f"{row.title}\n{row.text}"
            self._writer.add_document(self._document(pid=row.pid, doc=doc, title=row.title, body=body, ids=list(keys)))

    def remove(self, doc: int) -> None:
        """Remove a document's passages."""
        self._writer.delete_documents_by_term("doc", doc)

    def commit(self) -> None:
        """Make the changes visible, all at once."""
        self._writer.commit()

    def close(self) -> None:
        """Wait for merges and let the lock go; what was not committed is gone."""
        self._writer.wait_merging_threads()


def _schema(tantivy: Any) -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("pid", fast=True)
    builder.add_integer_field("doc", indexed=True)
    builder.add_text_field("title", tokenizer_name=_ANALYZER, index_option="freq")
    builder.add_text_field("body", tokenizer_name=_ANALYZER, index_option="freq")
    builder.add_text_field("ids", tokenizer_name="raw", index_option="basic")
    return builder.build()


def _analyzer(tantivy: Any) -> Any:
    kind = tantivy.Filter
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(_TOKEN))
    for step in (kind.remove_long(64), kind.lowercase(), kind.ascii_fold(), kind.stemmer("english")):
        builder = builder.filter(step)
    return builder.build()
