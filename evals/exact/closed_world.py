"""Closed worlds of made-up stations: questions of v parallel facets, each h dependent look-ups away (SYSTEMS.md S11).

A question names one station. Its document lists v branches, and what is asked is the keeper of the station that is
reached from each of them by going from heir to heir. So the first round reads the list, and a chain that sends w
queries a round needs h·⌈v/w⌉ rounds more: `rounds`. Everything is drawn from a seed; names are of no language, so that
nothing can be known but from the documents.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil
from pathlib import Path

from evals.task import Task, read_task

_BEGIN, _MIDDLE, _END = "b br d dr f g gl h k kl l m n p pr r s st t tr v".split(), "aeiou", "lmnrst"
_AGES = (1890, 2020)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the questions of a world are like.

    Attributes:
        hops: values of h.
        facets: values of v.
        each: questions of every pair of them.
        decoys: stations that no question leads to, for each that one does; they share a word of its name.
    """

    hops: Sequence[int] = range(1, 7)
    facets: Sequence[int] = range(1, 7)
    each: int = 1
    decoys: float = 0.5

    @property
    def deepest(self) -> int:
        """The rounds that a chain of width 1 needs for the hardest question."""
        return rounds(max(self.hops), max(self.facets), 1)


def rounds(hops: int, facets: int, width: int) -> int:
    """Return the search rounds that a question takes: one for the list, then a query for each facet and hop."""
    return 1 + hops * ceil(facets / width)


def solvable(shape: Shape, depth: int, width: int) -> float:
    """Return the share of a world's questions that a chain of this depth and width can answer: the planted truth."""
    pairs = list(product(shape.hops, shape.facets))
    return sum(rounds(hops, facets, width) <= depth for hops, facets in pairs) / len(pairs)


@dataclass(slots=True)
class _Station:
    """A document before it is written; `others` are what its one reference list names."""

    number: int
    name: str
    keeper: str
    opened: str
    label: str = ""
    others: tuple["_Station", ...] = ()

    @property
    def code(self) -> str:
        return f"ST-{self.number}"

    def alias(self, rng: random.Random) -> str:
        """Return one of the ways in which other documents speak of it."""
        return rng.choice((self.code, self.name, f"{self.code} ({self.name})"))

    def row(self, rng: random.Random) -> dict[str, object]:
        """Return its row of the corpus."""
        lines = [f"Keeper: {self.keeper}", f"Opened: {self.opened}"]
        if self.others:
            lines.append(f"{self.label}: {', '.join(other.alias(rng) for other in self.others)}")
        rng.shuffle(lines)
        text = "\n".join([f"Title: {self.name}", "Status: in use", *lines])
        return {"_id": self.code.lower(), "title": f"{self.code}: {self.name}", "text": f"{text}\n"}


def build(folder: Path, shape: Shape, seed: int, *, shuffled: bool = False) -> Task:
    """Write a world into a folder in BEIR form, and read it as a task; what is asked stands in another file than texts.

    Args:
        folder: made where missing.
        shape: of the questions.
        seed: everything is drawn from it; no solver is told it.
        shuffled: every text stands under the title of another document: the negative control.
    """
    rng = random.Random(f"closed world {seed}")  # noqa: S311
    names = _names(rng)
    stations: list[_Station] = []

    def station() -> _Station:
        opened = f"{rng.randrange(*_AGES)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
        stations.append(_Station(1000 + len(stations), next(names), next(names), opened))
        return stations[-1]

    questions: list[dict[str, object]] = []
    for hops, facets, _ in product(shape.hops, shape.facets, range(shape.each)):
        root, ends = station(), []
        root.label, root.others = "Branches", tuple(station() for _ in range(facets))
        for branch in root.others:
            end = branch
            for _ in range(hops - 1):
                end.label, end.others = "Heir", (station(),)
                end = end.others[0]
            ends.append(end)
        questions.append(_question(len(questions), root, ends, hops))
    for told in rng.choices(stations, k=round(shape.decoys * len(stations))):
        decoy = station()
        decoy.name = f"{told.name.split()[0]} {decoy.name.split()[1]}"
    rows = [one.row(rng) for one in stations]
    if shuffled:
        texts = [row["text"] for row in rows]
        rows = [{**row, "text": texts[at - 1]} for at, row in enumerate(rows)]
    rng.shuffle(rows)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("corpus", rows), ("queries", questions)):
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in content), encoding="utf-8")
    return read_task(folder)


def _question(number: int, root: _Station, ends: Sequence[_Station], hops: int) -> dict[str, object]:
    """Return the row of a question."""
    heirs = 'of the "heir" ' * (hops - 1)
    text = f'List the "keeper" {heirs}of all the stations listed under "branches" of "{root.name}".'
    metadata = {
        "answer_type": "list",
        "answer_items": [{"key": [end.keeper]} for end in ends],
        "hops": hops,
        "facets": len(ends),
    }
    return {"_id": f"q{number}", "text": text, "answers": [], "metadata": metadata}


def _names(rng: random.Random) -> Iterator[str]:
    """Yield names of two words, each word of which was never used before."""
    used: set[str] = set()

    def word() -> str:
        while True:
            made = "".join(rng.choice(_BEGIN) + rng.choice(_MIDDLE) for _ in range(2)) + rng.choice(_END)
            if made not in used:
                used.add(made)
                return made.capitalize()

    while True:
        yield f"{word()} {word()}"
