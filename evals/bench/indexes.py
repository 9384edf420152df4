"""Big synthetic indexes, built once a run of the benchmark and shared by what measures them."""

from hashlib import blake2b
from pathlib import Path

from evals.bench.text import FastEncoder, Writer
from retrieval.base import Document
from retrieval.index.encoder import SentenceEncoder
from retrieval.index.layout import VECTORS
from retrieval.index.local import LocalIndex

SMALL, LARGE, QUICK = 10_000, 100_000, 2_000


def sizes(quick: bool) -> tuple[int, ...]:
    """Return the sizes to measure, in passages."""
    return (QUICK,) if quick else (SMALL, LARGE)


def documents(passages: int) -> list[Document]:
    """Return the documents of the index of this size, always the same."""
    return list(Writer(seed=passages).documents(passages))


def ready(work: Path, passages: int, encoder: FastEncoder | None = None) -> Path:
    """Return the folder of an index of this size with all its vectors, built where it is not there yet."""
    first = next(Writer(seed=passages).documents(1))
    name = f"{passages}-{blake2b(first.text.encode(), digest_size=4).hexdigest()}"
    folder = work / f"index-{name}"
    if not folder.exists():
        part = work / f"part-{name}"
        fast = encoder or FastEncoder(SentenceEncoder())
        LocalIndex.build(part, documents(passages), encoder=fast, dense="all")
        part.rename(folder)
    # All vectors stand in the faiss file; without this one no query of an earlier run has a vector already.
    for kept in folder.glob(f"{VECTORS}*"):
        kept.unlink()
    return folder
