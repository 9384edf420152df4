"""One search: what the query names, what its words find, what its meaning finds, fused."""

import difflib
import re
from collections.abc import Sequence

from retrieval.base import Hit
from retrieval.documents.passages import pieces
from retrieval.index.names import Kind, identifiers, plain
from retrieval.index.opened import Opened
from retrieval.index.rank import blend, fuse, spread
from retrieval.index.resolve import resolve
from retrieval.index.store import Row
from retrieval.index.writer import as_read

# Passages embedded for one query where they are not yet, and their word pieces: under a second of work on two cores.
# Both count passages that have a vector already, too, so that a result does not depend on what was asked before.
LAZY = 24
LAZY_PIECES = 3500
_DEPTH = 50
_PER_NAMED = 2
_NEAR = 0.9
# Of a query that shares no word with any passage, only what is clearly alike is a result and not a nearest neighbour.
_ALIKE = 0.35


def search(state: Opened, query: str, k: int) -> list[Hit]:
    """Return at most `k` hits, best first."""
    if state.mode == "only":
        return _by_meaning(state, query, k)
    named = resolve(query, state.store.called)
    slips = [doc for quote in named.unknown for doc in _near(state, quote)]
    sure = list(dict.fromkeys([*slips, *named.sure]))
    depth = max(_DEPTH, 4 * k)
    likely = [rows[0].pid for doc in named.likely if (rows := state.store.passages(doc))]
    scores = _found(state, query, depth, likely, named=bool(sure))
    top = _of_named(state, named.rest, sure, k)
    shown = {row.pid for row in top}
    owners = state.store.owners([pid for pid in scores if pid not in shown])
    rest = spread(scores, owners)[: max(0, k - len(top))]
    texts = state.store.rows([pid for pid, _ in rest])
    hits = [_hit(row, 1.0 + 1.0 / (rank + 1)) for rank, row in enumerate(top)]
    return hits + [_hit(texts[pid], score) for pid, score in rest if pid in texts]


def _by_meaning(state: Opened, query: str, k: int) -> list[Hit]:
    """Return the hits of vectors alone."""
    scores = dict(_nearest(state, query, max(_DEPTH, 4 * k), -1.0))
    rest = spread(scores, state.store.owners(list(scores)))[:k]
    texts = state.store.rows([pid for pid, _ in rest])
    return [_hit(texts[pid], score) for pid, score in rest if pid in texts]


def look_up(state: Opened, name: str, k: int) -> list[Hit]:
    """Return the openings of at most `k` documents that have this name, surest first."""
    keys = [plain(name)]
    stripped = name.strip().strip(".,;:()[]\"'")
    keys += [key for key, start, end in identifiers(stripped) if (start, end) == (0, len(stripped))]
    called = state.store.called(keys)
    found = sorted((kind, doc) for key in keys for kind, doc in called.get(key, []))
    docs = list(dict.fromkeys(doc for kind, doc in found if kind is not Kind.MENTION))
    docs = docs or _near(state, name) or list(dict.fromkeys(doc for _, doc in found))
    openings = [rows[0] for doc in docs[:k] if (rows := state.store.passages(doc))]
    return [_hit(row, 1.0 + 1.0 / (rank + 1)) for rank, row in enumerate(openings)]


def _found(state: Opened, query: str, depth: int, likely: Sequence[int], *, named: bool) -> dict[int, float]:
    """Return what words and meaning find, and the openings of likely documents, fused, best first."""
    words = state.lexical.search(query, depth)
    if state.mode == "all":
        lists = [words, _nearest(state, query, depth, -1.0 if words else _ALIKE)]
        return blend(depth, *lists, *([[(pid, 1.0) for pid in likely]] if likely else []))
    lexical = [pid for pid, _ in words]
    return fuse(lexical, _reordered(state, query, lexical, named=named), likely)


def _nearest(state: Opened, query: str, depth: int, floor: float) -> list[tuple[int, float]]:
    """Return the passages of the whole index that are most alike in meaning, with their likeness."""
    if state.vectors is None or state.dense is None:
        return []
    return [pair for pair in state.dense.search(state.vectors.get([query]), depth) if pair[1] >= floor]


def _reordered(state: Opened, query: str, lexical: Sequence[int], *, named: bool) -> list[int]:
    """Return the best of the lexical candidates by likeness of meaning."""
    # Where the query names its document, vectors could only reorder the rest: not worth loading an encoder.
    if state.vectors is None or state.mode == "none" or named or not lexical:
        return []
    texts = _few(state, lexical)
    found = state.vectors.get([query, *texts.values()])
    alike, pids = found[1:] @ found[0], list(texts)
    return [pids[i] for i in sorted(range(len(pids)), key=lambda i: -float(alike[i]))]


def _few(state: Opened, pids: Sequence[int]) -> dict[int, str]:
    """Return the first passages, as the encoder reads them, that can be embedded while somebody waits."""
    rows, left = state.store.rows(pids[:LAZY]), LAZY_PIECES
    texts: dict[int, str] = {}
    for pid in pids[:LAZY]:
        if pid in rows:
            text = as_read(rows[pid].title, rows[pid].text)
            left -= pieces(text)
            if texts and left < 0:
                break
            texts[pid] = text
    return texts


def _of_named(state: Opened, rest: str, docs: Sequence[int], k: int) -> list[Row]:
    """Return for each named document the passage that fits best, then for each its opening or the next best."""
    chosen: list[list[Row]] = []
    for doc in docs[:k]:
        rows = state.store.passages(doc)
        by_pid = {row.pid: row for row in rows}
        best = [by_pid[pid] for pid in state.lexical.within(rest, doc, _PER_NAMED) if pid in by_pid]
        order = [*best[:1], *rows[:1], *best[1:]]
        chosen.append(list(dict.fromkeys(order))[:_PER_NAMED])
    turns = [rows[turn] for turn in range(_PER_NAMED) for rows in chosen if turn < len(rows)]
    return turns[:k]


def _near(state: Opened, name: str) -> list[int]:
    """Return documents whose title, or its part after an identifier, is `name` but for a slip."""
    wanted = plain(name)
    rows = state.store.rows(state.lexical.titled(name, 10))
    near: dict[int, float] = {}
    for row in rows.values():
        for title in (row.title, re.split(r"[:–—]\s", row.title, maxsplit=1)[-1]):
            match = difflib.SequenceMatcher(None, wanted, plain(title), autojunk=False)
            # The two quick bounds spare most titles the slow comparison.
            if match.real_quick_ratio() >= _NEAR and match.quick_ratio() >= _NEAR and match.ratio() >= _NEAR:
                near[row.doc] = max(match.ratio(), near.get(row.doc, 0.0))
    return [doc for doc, _ in sorted(near.items(), key=lambda pair: -pair[1])]


def _hit(row: Row, score: float) -> Hit:
    return Hit(row.id, row.text, score, row.start, row.stop, row.title, row.uri)
