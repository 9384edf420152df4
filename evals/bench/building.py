"""Building an index with all its vectors against the encoder alone on the same passages, which are real text.

Each build starts from nothing: documents are cut, stored and indexed by word, passages embedded and written to disk.
The encoder alone is given the passages as one list, ready cut.
"""

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

from evals.bench.measure import LEAST, Measure, in_turns, ratio
from research_agent import sample
from retrieval.documents import read_documents
from retrieval.documents.passages import cut
from retrieval.index.encoder import BATCH, SentenceEncoder
from retrieval.index.local import LocalIndex

_PASSAGES = 160
_FEW = 64


def measure(work: Path, quick: bool) -> list[Measure]:
    """Return the throughput of an index build as a share of the encoder's."""
    documents, texts = [], list[str]()
    for one in read_documents([sample.documents()]):
        if len(texts) >= (_FEW if quick else _PASSAGES):
            break
        documents.append(one)
        texts += [f"{one.title}\n{one.text[start:end]}" for start, end in cut(one.text)]
    encoder = SentenceEncoder()
    encoder.encode(texts[:BATCH])
    fresh = count()

    def build() -> None:
        LocalIndex.build(work / f"build-{next(fresh)}", documents, encoder=encoder, dense="all")

    def encode() -> None:
        encoder.encode(texts)

    pairs = in_turns(encode, build, LEAST)
    for folder in work.glob("build-*"):
        shutil.rmtree(folder)
    per_second: Callable[[int], list[float]] = lambda side: [round(len(texts) / pair[side], 1) for pair in pairs]  # noqa: E731
    detail = {"passages": len(texts), "encoder_per_second": per_second(0), "build_per_second": per_second(1)}
    return [Measure("index build over the encoder alone", ratio(pairs), "ratio", 0.85, "above", detail)]
