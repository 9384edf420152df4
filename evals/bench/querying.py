"""Hybrid queries against the three parts they are made of, each raw: query encoding, faiss and tantivy."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from evals.bench.indexes import LARGE, documents, ready, sizes
from evals.bench.measure import Measure, seconds, share
from evals.bench.text import FastEncoder, Writer
from retrieval.base import Document
from retrieval.documents.passages import cut
from retrieval.index.encoder import SentenceEncoder
from retrieval.index.local import LocalIndex

_QUERIES, _FEW = 100, 30
_K = 8
# What a hybrid search has to ask each part for, so that fusion has something to fuse.
_CANDIDATES = 50


def measure(work: Path, quick: bool) -> list[Measure]:
    """Return the time of a hybrid query over the sum of its raw parts, for each size."""
    real = SentenceEncoder()
    real.encode(["warm", "up"])
    found: list[Measure] = []
    for passages in sizes(quick):
        found += _of_size(work, passages, real, _FEW if quick else _QUERIES)
    return found


def _of_size(work: Path, passages: int, real: SentenceEncoder, queries: int) -> list[Measure]:
    """Return the figures of one size."""
    fast = FastEncoder(real)
    index = LocalIndex.open(ready(work, passages, fast), encoder=fast)
    texts = documents(passages)
    parts = Raw(texts, fast, work / f"raw-{passages}")
    writer = Writer(seed=1)
    pick = np.random.default_rng(2).integers(0, len(texts), queries + 10)
    asked = [writer.query(texts[int(n)]) for n in pick]
    with asyncio.Runner() as runner:
        hybrid: Callable[[str], object] = lambda query: runner.run(index.search(query, k=_K))  # noqa: E731
        for query in asked[:10]:
            hybrid(query)
            parts.all(query)
        rows = [(seconds(lambda q=query: hybrid(q)), *parts.times(query)) for query in asked[10:]]  # type: ignore[misc]
        runner.run(index.aclose())
    return _figures(passages, rows)


def _figures(passages: int, rows: Sequence[tuple[float, ...]]) -> list[Measure]:
    """Return the ratio of medians and what it is made of."""
    whole, raw = [row[0] for row in rows], [sum(row[1:]) for row in rows]
    names = ("encode", "faiss", "tantivy")
    detail: dict[str, object] = {
        "queries": len(rows),
        "hybrid_ms": {"p50": _ms(median(whole)), "p95": _ms(share(whole, 0.95))},
        "raw_ms": {"p50": _ms(median(raw)), "p95": _ms(share(raw, 0.95))},
        "raw_parts_p50_ms": {name: _ms(median(row[n] for row in rows)) for n, name in enumerate(names, 1)},
        "p95_ratio": round(share(whole, 0.95) / share(raw, 0.95), 3),
    }
    limit = 1.5 if passages == LARGE else None
    name = f"hybrid query over raw parts, p50, {passages:,} passages"
    return [Measure(name, median(whole) / median(raw), "ratio", limit, "below", detail)]


def _ms(value: float) -> float:
    """Return seconds as milliseconds with two decimals."""
    return round(value * 1000, 2)


class Raw:
    """The parts by themselves over the same passages: an encoder, a flat faiss index and a tantivy index."""

    def __init__(self, texts: Sequence[Document], encoder: FastEncoder, folder: Path) -> None:
        import faiss
        import tantivy

        passages = [(one.title, one.text[start:end]) for one in texts for start, end in cut(one.text)]
        self._encoder = encoder
        self._faiss: Any = faiss.IndexFlatIP(encoder.dim)
        for at in range(0, len(passages), 10_000):
            part = [f"{title}\n{text}" for title, text in passages[at : at + 10_000]]
            self._faiss.add(encoder.encode(part))
        schema = tantivy.SchemaBuilder()
        schema.add_integer_field("id", stored=True)
        schema.add_text_field("title", tokenizer_name="en_stem")
        schema.add_text_field("body", tokenizer_name="en_stem")
        folder.mkdir(parents=True, exist_ok=True)
        self._index: Any = tantivy.Index(schema.build(), path=str(folder), reuse=False)
        writer = self._index.writer(96_000_000, 1)
        for number, (title, text) in enumerate(passages):
            writer.add_document(tantivy.Document(id=number, title=title, body=text))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def all(self, query: str) -> None:
        """Use each part once."""
        self._dense(self._encoder.encode([query]))
        self._lexical(query)

    def times(self, query: str) -> tuple[float, float, float]:
        """Return the seconds of encoding, faiss and tantivy."""
        vectors: list[Any] = []
        encode = seconds(lambda: vectors.append(self._encoder.encode([query])))
        return encode, seconds(lambda: self._dense(vectors[0])), seconds(lambda: self._lexical(query))

    def _dense(self, vector: Any) -> None:
        self._faiss.search(vector, _CANDIDATES)

    def _lexical(self, query: str) -> None:
        searcher = self._index.searcher()
        hits = searcher.search(self._index.parse_query(query, ["title", "body"]), _CANDIDATES).hits
        for _, address in hits:
            searcher.doc(address)
