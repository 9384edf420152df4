"""A few documents about an invented town, a question that needs two of them, and a model that reads them."""

from collections.abc import Callable
from typing import Any

from research_agent.models.base import Request
from research_agent.reading.extractive import ExtractiveReader
from research_agent.reading.model_reader import ModelReader
from research_agent.resources import Resources
from research_agent.testing import Line, ScriptedModel
from retrieval.base import Document, Hit
from retrieval.testing import FixedRetriever

QUESTION = "Where was the founder of the museum in Astorp born?"
DOCUMENTS = [
    Document(
        "museum",
        "The museum in Astorp stands by the lake.\nIt was founded by Ilse Brandt in 1962.\n",
        "Museum in Astorp",
        "file:///museum",
    ),
    Document(
        "brandt", "Ilse Brandt was a painter.\nShe was born in Korrin in 1921.\n", "Ilse Brandt", "file:///brandt"
    ),
    Document("korrin", "Korrin is a town of 412 inhabitants.\n", "Korrin", "file:///korrin"),
    Document("quist", "Mara Quist was born in Venn in 1900.\n", "Mara Quist", "file:///quist"),
]


def read(request: Request) -> str:
    """Answer a closed question of the reader."""
    *before, last = (message.content for message in request.messages)
    if last.startswith("Passage:"):
        return "yes" if answer(last) else "no"
    if "\nNumber:" in last:
        return "1"
    return answer(before[-2]) or "not stated"


def answer(asked: str) -> str:
    """Return what a passage says to a question; "" for nothing."""
    passage, _, question = asked.partition("Question:")
    if "found" in question and "Ilse Brandt" in passage and "founded" in passage:
        return "Ilse Brandt"
    return "Korrin" if "Korrin in 1921" in passage and "born" in question else ""


def town(
    script: Callable[[Request], Line] | None = None, find: Callable[[str, list[Hit]], list[Hit]] | None = None
) -> Resources:
    """Resources over the town's documents, with no language model unless a script is given."""
    retriever = Searched(find) if find else FixedRetriever(DOCUMENTS)
    if script is None:
        return Resources((retriever,), ExtractiveReader())
    return Resources((retriever,), ModelReader(), ScriptedModel(script))


class Searched(FixedRetriever):
    """The town's documents, with a say in what every search comes to."""

    def __init__(self, find: Callable[[str, list[Hit]], Any]) -> None:
        super().__init__(DOCUMENTS)
        self._find = find

    async def search(self, query: str, *, k: int) -> list[Hit]:
        return list(self._find(query, await super().search(query, k=k)))
