"""Reading without a language model: by a question's own words, and by its meaning where those find nothing."""

import numpy as np

from research_agent.budget import Budget, Doors, Ledger
from research_agent.reading.base import Asking, Text
from research_agent.reading.extractive import ExtractiveReader

TEXTS = [
    Text("a", "Letters", "The harbour froze that winter.", 0),
    Text("b", "Letters", "Bread was dear. Ilse Brandt began the bakery with one oven.", 0),
]
QUESTION = "Which person set up the shop with an oven where loaves were baked?"


class Meaning:
    """Tells sentences about the bakery and questions about loaves as alike, and counts what it encodes."""

    name, dim = "meaning", 2

    def __init__(self, alike):
        self.alike, self.seen = alike, []

    def encode(self, texts):
        self.seen += texts
        near = [1.0, 0.0], [self.alike, (1 - self.alike**2) ** 0.5]
        return np.array([near[0] if "loaves" in text else near[1] for text in texts], dtype=np.float32)


def asking():
    return Asking(Doors(Ledger(Budget(10_000)), model=None), "read")


async def test_what_is_said_in_other_words_is_found_by_its_meaning():
    assert await ExtractiveReader().extract(QUESTION, TEXTS, asking()) is None
    found = await ExtractiveReader(Meaning(0.7)).extract(QUESTION, TEXTS, asking(), answer_type="person")
    assert (found.text, found.source_id) == ("Ilse Brandt", "b")


async def test_what_means_something_else_is_not_found():
    assert await ExtractiveReader(Meaning(0.5)).extract(QUESTION, TEXTS, asking(), answer_type="person") is None


async def test_no_encoder_is_loaded_where_the_words_do():
    encoder = Meaning(0.7)
    found = await ExtractiveReader(encoder).extract("Who began the bakery?", TEXTS, asking(), answer_type="person")
    assert found.text == "Ilse Brandt"
    assert encoder.seen == []
