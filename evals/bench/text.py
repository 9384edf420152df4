"""Synthetic text with the shape of real text: Zipf-distributed words, sentences, paragraphs; and vectors for it."""

from collections.abc import Iterator
from hashlib import blake2b
from itertools import product
from typing import Any

import numpy as np

from retrieval.base import Document
from retrieval.documents.passages import cut
from retrieval.index.encoder import SentenceEncoder, Vectors

_SYLLABLES = """
ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo yu bra cle dri flo gru sta pre tri vol shen mar tel kan
"""
_DIM = 384


class Writer:
    """Writes documents and queries from a seed.

    Words follow Zipf's law with exponent 1; each document favours forty words of its own, so that queries have an
    answer and rare words repeat where they belong.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        parts = _SYLLABLES.split()
        self._words = ["".join(word) for count in (1, 2, 3) for word in product(parts, repeat=count)]
        weights = 1 / np.arange(1, len(self._words) + 1)
        self._heap = np.cumsum(weights / weights.sum())

    def documents(self, passages: int) -> Iterator[Document]:
        """Yield documents of about fifteen passages each until there are `passages` passages."""
        written = number = 0
        while written < passages:
            document = Document(f"doc-{number}", self._text(), f"{self._phrase(4)} {number}")
            written, number = written + len(cut(document.text)), number + 1
            yield document

    def _text(self) -> str:
        """Return forty paragraphs of one to five sentences of fourteen words."""
        sizes = self._random.integers(1, 6, 40)
        wanted = int(sizes.sum()) * 14
        own = self._random.integers(200, len(self._words), 40)
        drawn = np.searchsorted(self._heap, self._random.random(wanted))
        favoured = self._random.random(wanted) < 0.2
        drawn[favoured] = self._random.choice(own, int(favoured.sum()))
        words = [self._words[n] for n in drawn]
        sentences = [" ".join(words[at : at + 14]).capitalize() + "." for at in range(0, wanted, 14)]
        ends = np.cumsum(sizes)
        return "\n\n".join(" ".join(sentences[end - size : end]) for end, size in zip(ends, sizes, strict=True))

    def _phrase(self, words: int) -> str:
        """Return some words as they come."""
        return " ".join(self._words[n] for n in np.searchsorted(self._heap, self._random.random(words)))

    def query(self, document: Document) -> str:
        """Return a question-like query: eight words of one stretch, rare and frequent as they come, and four others."""
        words = document.text.lower().replace(".", "").split()
        at = int(self._random.integers(0, max(1, len(words) - 40)))
        mixed = [str(word) for word in self._random.choice(words[at : at + 40], 8, replace=False)]
        mixed += [self._words[int(n)] for n in self._random.integers(0, 20, 4)]
        self._random.shuffle(mixed)
        return " ".join(mixed)


class FastEncoder:
    """Vectors made of a hash for passages, the real encoder for single texts (queries).

    Embedding 100,000 passages takes an hour; how the index then searches them does not depend on what they mean. A
    query is encoded for real, so its time is in the figure.

    Attributes:
        queries: how many queries were encoded.
    """

    def __init__(self, real: SentenceEncoder) -> None:
        self._real = real
        self.queries = 0
        self.name = "benchmark"
        self.dim = _DIM

    def encode(self, texts: list[str]) -> Vectors:
        """Return one row a text, of length 1 each."""
        if len(texts) == 1:
            self.queries += 1
            return self._real.encode(texts)
        seeds = [int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) for text in texts]
        rows: Any = np.stack([np.random.default_rng(seed).standard_normal(_DIM, dtype=np.float32) for seed in seeds])
        return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
