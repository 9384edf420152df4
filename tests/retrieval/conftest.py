"""A small real corpus, and an encoder that needs no weights."""

import re
import zlib
from pathlib import Path

import numpy as np
import pytest

from retrieval.base import Document
from retrieval.index import LocalIndex

DOCUMENTS = [
    Document(
        "rfc-2026",
        "Number: 2026\nObsoletes: 1602\n\nThis memo documents the process for standards.",
        "RFC 2026: The Process",
    ),
    Document(
        "rfc-9999", "Number: 9999\n\nIt cites RFC 2026, RFC 2026 and again RFC 2026 many times.", "RFC 9999: A Reply"
    ),
    Document(
        "volcano",
        "Mount Etna erupts often. Lava flows reach the villages.\n\nIts height is 3,357 metres.",
        "Mount Etna",
    ),
    Document(
        "bridge", "The Old Bridge crosses the river Neckar in Heidelberg since 1788.", "The Old Bridge (Heidelberg)"
    ),
    Document("café", "Ein Café in Zürich serves Crème brûlée. 東京のカフェ。", "Café Zürich"),
    Document("cve", "A heap overflow in the parser lets a remote attacker run code.", "CVE-2024-1234: heap overflow"),
]


class WordEncoder:
    """Texts that share words are alike; deterministic and quick."""

    def __init__(self, name: str = "words-64", dim: int = 64) -> None:
        self.name = name
        self.dim = dim
        self.seen: list[str] = []

    def encode(self, texts: list[str]) -> np.ndarray:
        self.seen.extend(texts)
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[zlib.crc32(word.encode()) % self.dim] += 1
            row /= max(float(np.linalg.norm(row)), 1e-9)
        return rows


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


@pytest.fixture
def documents() -> list[Document]:
    return list(DOCUMENTS)


@pytest.fixture
def index(tmp_path: Path, encoder: WordEncoder) -> LocalIndex:
    return LocalIndex.build(tmp_path / "index", DOCUMENTS, encoder=encoder)
