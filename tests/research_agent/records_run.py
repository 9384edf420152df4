"""Ask the agent itself about invented records, with nothing kept on disk, and count what it gets right."""

import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from records import Asked, Way

from research_agent.budget import Budget
from research_agent.budget.doors import Doors
from research_agent.budget.ledger import Ledger
from research_agent.evidence import EvidenceStore
from research_agent.graph import nodes
from research_agent.graph.state import ChainState, Context, Dials
from research_agent.reading.extractive import ExtractiveReader
from research_agent.reading.words import fold
from retrieval.base import Document, Hit, RetrieverInfo


class Shelf:
    """BM25 over a few documents through an inverted index; a hit is the whole document or its beginning."""

    info = RetrieverInfo(name="shelf", public=False, search_usd=0.0)

    def __init__(self, documents: Iterable[Document]) -> None:
        self.documents = {document.id: document for document in documents}
        self._postings: dict[str, dict[str, float]] = defaultdict(dict)
        bags = {key: Counter(_tokens(f"{d.title} {key} {d.text}")) for key, d in self.documents.items()}
        mean = sum(bag.total() for bag in bags.values()) / max(1, len(bags))
        holding = Counter(word for bag in bags.values() for word in bag)
        for key, bag in bags.items():
            norm = 1.2 * (0.25 + 0.75 * bag.total() / mean)
            for word, count in bag.items():
                weight = math.log(1 + (len(bags) - holding[word] + 0.5) / (holding[word] + 0.5))
                self._postings[word][key] = weight * count * 2.2 / (count + norm)

    async def search(self, query: str, *, k: int) -> list[Hit]:
        scores: Counter[str] = Counter()
        for word in dict.fromkeys(_tokens(query)):
            scores.update(self._postings.get(word, {}))
        best = sorted(scores, key=lambda key: (-scores[key], key))[:k]
        return [self._hit(self.documents[key], scores[key]) for key in best]

    async def fetch(self, document_id: str) -> Document:
        return self.documents[document_id]

    @staticmethod
    def _hit(document: Document, score: float) -> Hit:
        end = min(len(document.text), 600)
        return Hit(document.id, document.text[:end], score, 0, end, document.title, document.uri)


def _tokens(text: str) -> list[str]:
    return [word.removesuffix("s") for word in fold(text).split()]


async def answer(question: str, shelf: Shelf, dials: Dials = Dials(depth=9, width=2)) -> str:  # noqa: B008
    """Take one chain through the agent's own nodes, without checkpoints."""
    context = Context(Doors(Ledger(Budget(units=1e7))), EvidenceStore(), (shelf,), ExtractiveReader(), dials)
    state: ChainState = {"question": question}
    runtime = type("Runtime", (), {"context": context})()
    goto = "decide"
    while goto != "answer":
        command = await nodes.decide(state, runtime)
        state.update(command.update or {})
        goto = command.goto
        if goto != "answer":
            state.update(await getattr(nodes, goto)(state, runtime))
    state.update(await nodes.answer(state, runtime))
    return state["answer"]


def right(asked: Asked, given: str) -> bool:
    """Tell whether an answer is one of the accepted ones, word for word; lists in any order."""
    if asked.phrasing.startswith("each/"):
        entries = [fold(entry) for entry in given.split(";")]
        return any(_each(entries, accepted.split(";")) for accepted in asked.answers)
    if asked.listed:
        got = [fold(entry) for entry in given.split(";")]
        return any(_matches(got, [fold(part) for part in accepted.split(";")]) for accepted in asked.answers)
    return fold(given) in {fold(accepted) for accepted in asked.answers}


def _each(entries: list[str], want: list[str]) -> bool:
    """Each entry names one thing and its value."""
    return len(entries) == len(want) and all(
        any(all(fold(part) in entry for part in item.split("|")) for entry in entries) for item in want
    )


def _matches(got: list[str], want: list[str]) -> bool:
    """Each entry names one wanted thing; more words (its code beside its title) do no harm."""
    left = list(want)
    for entry in got:
        hit = next((w for w in left if re.search(rf"(?<!\w){re.escape(w)}(?!\w)", entry)), None)
        if hit is None:
            return False
        left.remove(hit)
    return not left


@dataclass(frozen=True)
class Outcome:
    """One question put to the agent."""

    domain: str
    way: Way
    asked: Asked
    given: str

    @property
    def right(self) -> bool:
        return right(self.asked, self.given)


def table(outcomes: Sequence[Outcome]) -> str:
    """Return right/asked by domain, grammar, reference, heading and kind of question."""
    lines = []
    keys = {
        "domain": lambda one: one.domain, "grammar": lambda one: one.way.grammar, "label": lambda one: one.way.label,
        "reference": lambda one: one.way.reference, "heading": lambda one: one.way.heading,
        "kind": lambda one: one.asked.phrasing.split("/")[0], "hops": lambda one: str(one.asked.hops),
        "head": lambda one: "/".join(one.asked.phrasing.split("/")[:2]),
        "step": lambda one: one.asked.phrasing.rpartition("/")[2],
    }  # fmt: skip
    for name, key in keys.items():
        total, good = Counter(key(one) for one in outcomes), Counter(key(one) for one in outcomes if one.right)
        lines.append(f"\n{name}:")
        lines += [
            f"  {value:<34}{good[value]:>5} / {total[value]:<5}{good[value] / total[value]:6.1%}"
            for value in sorted(total, key=lambda value: (good[value] / total[value], value))
        ]
    good = sum(one.right for one in outcomes)
    lines.append(f"\nall: {good} / {len(outcomes)} = {good / max(1, len(outcomes)):.1%}")
    return "\n".join(lines)


def sample(rng: random.Random, asked: Sequence[Asked], most: int) -> list[Asked]:
    """Draw questions so that rare kinds come as often as common ones."""
    kinds: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        kinds["/".join(one.phrasing.split("/")[:2]) + f" {one.hops}"].append(one)
    names = sorted(kinds)
    drawn: list[Asked] = []
    while len(drawn) < min(most, len(asked)):
        rng.shuffle(names)
        for name in names[: most - len(drawn)]:
            one = rng.choice(kinds[name])
            if one not in drawn:
                drawn.append(one)
    return drawn
