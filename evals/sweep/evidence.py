"""What a run may search in the two cells at the ends: nothing at all (the floor), or the gold documents alone."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from evals.solver import Evidence
from evals.task import Sample
from research_agent.resources import LOCAL
from retrieval.base import Document, Hit, Retriever, RetrieverInfo
from retrieval.documents import read_documents


class Nothing:
    """A retriever that finds nothing, at the price of one that does.

    The agent says nothing that no quote supports, so its floor is what it makes of the question alone: an answer only
    where having none is the right one.
    """

    @property
    def info(self) -> RetrieverInfo:
        """That of the local index."""
        return LOCAL

    async def search(self, query: str, *, k: int) -> list[Hit]:
        """Return no hit."""
        return []


@asynccontextmanager
async def no_evidence(_sample: Sample) -> AsyncIterator[Retriever]:
    """Open a retriever that finds nothing."""
    yield Nothing()


def gold_documents(corpus: Path, samples: Sequence[Sample]) -> dict[str, Document]:
    """Return those documents of the corpus that some sample must read, by id.

    Raises:
        RetrievalError: the corpus cannot be read.
    """
    wanted = {document for sample in samples for document in gold_of(sample)}
    return {document.id: document for document in read_documents([corpus]) if document.id in wanted} if wanted else {}


def gold_of(sample: Sample) -> tuple[str, ...]:
    """Return the ids of all documents that a sample's answer stands in."""
    return tuple(dict.fromkeys((*sample.gold, *sample.gold_any)))


def gold_alone(documents: Mapping[str, Document]) -> Evidence:
    """Return a way to open an index that holds a sample's gold documents and nothing else."""

    @asynccontextmanager
    async def open_gold(sample: Sample) -> AsyncIterator[Retriever]:
        from retrieval.index import LocalIndex

        held = [documents[name] for name in gold_of(sample)]
        with tempfile.TemporaryDirectory(prefix="gold-", ignore_cleanup_errors=True) as folder:
            index = await asyncio.to_thread(LocalIndex.build, Path(folder) / "index", held)
            try:
                yield index
            finally:
                await index.aclose()

    return open_gold
