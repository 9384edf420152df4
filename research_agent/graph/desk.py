"""What a chain has in front of it while it reads one round: hits, opened documents, and the reader."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from research_agent.errors import UsageError
from research_agent.evidence import Snapshot
from research_agent.graph.state import Context
from research_agent.reading.base import SHOWN, Asking, Found, Text
from research_agent.reading.bridge import bridges
from research_agent.reading.fields import Field, fields
from research_agent.reading.identity import Identity, identity
from research_agent.reading.passages import grounded, rank, windows
from research_agent.reading.plan import Need, Plan, Step, Value
from research_agent.reading.terms import AnswerType
from research_agent.reading.turns import heard
from research_agent.reading.words import fold
from retrieval.base import Fetcher, Retriever
from retrieval.errors import DocumentNotFoundError

_STRETCHES = 18  # shown to a reader at most; one with a small model takes fewer
_CLOSE = 5.0  # of few candidates the first places count more
_RRF = 60.0  # reciprocal rank fusion, Cormack et al. 2009


@dataclass(slots=True)
class Desk:
    """The reading side of one round.

    Attributes:
        opened: sources read so far, in reading order; grows as documents are read.
        key: prefix of this round's idempotency keys; calls are numbered in the order they are made, which a
            resumed round repeats.
    """

    context: Context
    opened: list[str]
    key: str
    answer: bool = False
    _calls: int = 0
    _fields: dict[str, list[Field]] = field(default_factory=dict)
    _identities: dict[str, Identity] = field(default_factory=dict)

    def snapshot(self, source_id: str) -> Snapshot:
        """Return a snapshot of this run."""
        return self.context.evidence.get(source_id)

    def fields(self, snapshot: Snapshot) -> list[Field]:
        """Return the labelled values of a snapshot."""
        if snapshot.id not in self._fields:
            self._fields[snapshot.id] = fields(snapshot.text)
        return self._fields[snapshot.id]

    def identity(self, source_id: str) -> Identity:
        """Return what a snapshot's document is called; a passage from its middle says nothing of its number."""
        if source_id not in self._identities:
            snapshot = self.snapshot(source_id)
            head = self.fields(snapshot) if not snapshot.start else []
            self._identities[source_id] = identity(snapshot.title, snapshot.document_id, snapshot.text, head)
        return self._identities[source_id]

    def found(self, plan: Plan, group: Sequence[Need]) -> list[Snapshot]:
        """Return the hits of a need's queries, fused by reciprocal rank, one a document."""
        first: dict[str, Snapshot] = {}
        for hit in self.passages(plan, group):
            first.setdefault(hit.document_id, hit)
        return list(first.values())

    def passages(self, plan: Plan, group: Sequence[Need]) -> list[Snapshot]:
        """Return the hits of a need's queries, fused by reciprocal rank; a document may have several."""
        scores: dict[str, float] = {}
        for need in group:
            for place, source_id in enumerate(plan.found.get(need.query, ())):
                scores[source_id] = scores.get(source_id, 0.0) + 1 / (_RRF + place)
        return [self.snapshot(source_id) for source_id in sorted(scores, key=lambda source_id: -scores[source_id])]

    def whole(self, snapshot: Snapshot) -> bool:
        """Tell whether a snapshot holds all there is to read of its document."""
        return snapshot.start is None or not isinstance(self._backend(snapshot), Fetcher)

    async def open(self, hit: Snapshot) -> str:
        """Read the whole document of a hit, where its backend can open documents, and return its source."""
        if self.whole(hit):
            return self.read_passage(hit).id
        for source_id in self.opened:
            known = self.snapshot(source_id)
            if (known.backend, known.document_id, known.start) == (hit.backend, hit.document_id, None):
                return source_id
        backend = self._backend(hit)
        try:
            document = await self.context.doors.fetch(backend, hit.document_id, key=f"{hit.backend}/{hit.document_id}")
        except DocumentNotFoundError:
            return self.read_passage(hit).id  # it went away since it was found; the passage is all there is
        opened = self.context.evidence.add(document, backend=hit.backend)
        self._read(opened)
        return opened.id

    def read_passage(self, hit: Snapshot) -> Snapshot:
        """Take a hit's passage as read."""
        self._read(hit)
        return hit

    def _read(self, snapshot: Snapshot) -> None:
        if snapshot.id not in self.opened:
            self.opened.append(snapshot.id)
            self.context.emit({"type": "read", "title": snapshot.title or snapshot.document_id, "uri": snapshot.uri})

    def passages_read(self) -> list[Snapshot]:
        """Return all that was read, newest first."""
        return [self.snapshot(source_id) for source_id in reversed(self.opened)]

    async def extract(
        self, question: str, snapshots: Sequence[Snapshot], *, answer_type: str = "any", seen: list[str] | None = None
    ) -> Found | None:
        """Ask the reader for the words that answer a question.

        Args:
            question: asked of the stretches that have most to do with it.
            snapshots: what was read.
            answer_type: what kind of words are wanted.
            seen: marks of the stretches already asked about; asking again would get the same answer.
        """
        every = [window for snapshot in dict.fromkeys(snapshots) for window in windows(snapshot)]
        asked = seen if seen is not None else []
        texts = [text for text in _fused(question, heard(question, every)) if _mark(text) not in asked]
        if not texts:
            return None
        read = len(asked)
        asked.extend(map(_mark, texts[:SHOWN]))
        found = await self.context.reader.extract(
            question, texts, self.asking(), answer_type=cast(AnswerType, answer_type), read=read
        )
        return found if found is not None and grounded(question, found.source_id, every) else None

    async def ahead(self, question: str, passages: Sequence[Snapshot], asked: Sequence[str]) -> list[str]:
        """Return the names worth looking up next for an open question, best first."""
        texts: list[Text] = [window for snapshot in passages for window in windows(snapshot)[:10]]
        known = [fold(query) for query in asked]
        known += [
            name
            for source_id in self.opened
            for name in self.identity(source_id).names
            if self.snapshot(source_id).start is None
        ]
        options = bridges(question, texts, known)
        if len(options) > 1:
            best = await self.context.reader.choose(question, options, self.asking())
            if best:
                options.insert(0, options.pop(best))
        return options

    def asking(self) -> Asking:
        """Return the terms of the next call."""
        self._calls += 1
        context = self.context
        budget = "" if context.blind else context.doors.remaining().text()
        return Asking(
            context.doors, f"{self.key}/{self._calls}", context.dials.think, context.seed, self.answer, budget
        )

    def _backend(self, snapshot: Snapshot) -> Retriever:
        for retriever in self.context.retrievers:
            if retriever.info.name == snapshot.backend:
                return retriever
        raise UsageError(f"The run read from the backend {snapshot.backend!r}, which is not among its backends now.")


def said(found: Found, step: Step, at: int) -> list[Value]:
    """Return what a reader found as values of a step: one, or several where the question asks for them."""
    return [
        Value(
            each.text,
            step.kind,
            found=[each.source_id, each.start, each.end],
            quote=[each.quote_start, each.quote_end],
            origin=at,
            agreed=each.agreed,
        )
        for each in (found, *found.more)
    ]


def _mark(text: Text) -> str:
    return f"{text.source_id[:8]}:{text.start}"


def line_end(text: str, place: int) -> int:
    """Return the offset where the line that holds a place ends."""
    stop = text.find("\n", place)
    return len(text) if stop < 0 else stop


def _fused(question: str, every: Sequence[Text]) -> list[Text]:
    """Return the stretches to show, by the words they share with the question and by the search's own order."""
    order = {source_id: place for place, source_id in enumerate(dict.fromkeys(text.source_id for text in every))}
    scores = [
        (-1 / (_CLOSE + place) - 1 / (_CLOSE + order[text.source_id]), place, text)
        for place, text in enumerate(rank(question, every, len(every)))
    ]
    return [text for _, _, text in sorted(scores, key=lambda score: score[:2])[:_STRETCHES]]
