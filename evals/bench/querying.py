"""Hybrid queries against the three parts they are made of, each raw: query encoding, faiss and tantivy.

Both sides have the same passages, queries, encoder and k. Everything is warm but the queries: none has been asked
before, so each is encoded on both sides. The raw parts stop at their own lists: nothing is fused, no name is looked
up, no text is read.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
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
_WARM = 10
# What a hybrid search asks each part for, so that fusion has something to fuse; the raw parts are asked for k.
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
    pick = np.random.default_rng(2).integers(0, len(texts), queries + _WARM)
    asked = list(dict.fromkeys(writer.query(texts[int(n)]) for n in pick))
    with asyncio.Runner() as runner:
        hybrid: Callable[[str], object] = lambda query: runner.run(index.search(query, k=_K))  # noqa: E731
        for query in asked[:_WARM]:
            hybrid(query)
            parts.times(query)
        encoded, rows = fast.queries, list[tuple[float, ...]]()
        for number, query in enumerate(asked[_WARM:]):
            # In turns, so that neither side always finds the caches filled by the other.
            first = seconds(partial(hybrid, query)) if number % 2 else None
            raw = parts.times(query)
            rows.append((seconds(partial(hybrid, query)) if first is None else first, *raw))
        runner.run(index.aclose())
    if fast.queries - encoded != 2 * len(rows):
        raise RuntimeError("A hybrid query was answered without its query being encoded: the comparison is void.")
    return _figures(passages, rows)


def _figures(passages: int, rows: Sequence[tuple[float, ...]]) -> list[Measure]:
    """Return the ratio of medians and what it is made of."""
    whole, raw = [row[0] for row in rows], [sum(row[1:4]) for row in rows]
    names = ("encode", "faiss", "tantivy")
    detail: dict[str, object] = {
        "queries": len(rows),
        "hybrid_ms": {"p50": _ms(median(whole)), "p95": _ms(share(whole, 0.95))},
        "raw_ms": {"p50": _ms(median(raw)), "p95": _ms(share(raw, 0.95))},
        "raw_parts_p50_ms": {name: _ms(median(row[n] for row in rows)) for n, name in enumerate(names, 1)},
        "p95_ratio": round(share(whole, 0.95) / share(raw, 0.95), 3),
        f"raw_{_CANDIDATES}_p50_ms": _ms(median(row[1] + sum(row[4:]) for row in rows)),
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

    def times(self, query: str) -> tuple[float, ...]:
        """Return the seconds of encoding, of faiss and tantivy for k, and of both for the candidates of a fusion."""
        vectors: list[Any] = []
        found = [seconds(lambda: vectors.append(self._encoder.encode([query])))]
        for limit in (_K, _CANDIDATES):
            found.append(seconds(partial(self._faiss.search, vectors[0], limit)))
            found.append(seconds(partial(self._lexical, query, limit)))
        return tuple(found)

    def _lexical(self, query: str, limit: int) -> None:
        searcher = self._index.searcher()
        hits = searcher.search(self._index.parse_query(query, ["title", "body"]), limit, count=False).hits
        for _, address in hits:
            searcher.doc(address)
