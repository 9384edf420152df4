"""Carry out one evaluation of retrieval: build or open the index, run every query in every mode, report."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast, get_args

from evals.baselines import Bm25s, WholeVectors
from evals.errors import SelectionError, TaskError
from evals.metrics import plain
from evals.progress import Bar
from evals.ranking import MEASURES, grades_of, means, measured, run_of
from evals.report import interval
from evals.task import Sample, Task, read_task, select
from research_agent.errors import UnknownNameError
from retrieval.base import Document, Retriever
from retrieval.documents import read_documents
from retrieval.errors import BadInputError
from retrieval.index import Dense, LocalIndex, SentenceEncoder, Step, open_or_build
from retrieval.index.opened import Use
from retrieval.index.vectors import VectorStore

Json = dict[str, object]
Mode = Literal["lexical", "dense", "hybrid", "lazy", "bm25s", "encoder"]
OURS: Final[tuple[Mode, ...]] = ("lexical", "dense", "hybrid")
# How the index uses its vectors in each mode of ours.
_USES: Mapping[str, Use] = {"lexical": "none", "dense": "only", "hybrid": "all", "lazy": "lazy"}
_WHOLE = "whole-documents.sqlite"


@dataclass(frozen=True, slots=True)
class Ranking:
    """What is to be measured.

    Attributes:
        tasks: folders in BEIR form, each with qrels.tsv.
        modes: in the order of the report: `lexical` (words), `dense` (vectors), `hybrid` (both, as a fully embedded
            index searches), `lazy` (both, vectors of the best lexical candidates only, as documents given to `ask` are
            searched), and beside them `bm25s` and `encoder` (the same encoder over whole documents).
        limit: queries at most of each folder: a random sample fixed by the seed.
        index: an index of the corpus with all its vectors; None makes one in the cache.
        home: the cache.
    """

    tasks: tuple[Path, ...]
    modes: tuple[Mode, ...] = OURS
    limit: int | None = None
    seed: int = 0
    index: Path | None = None
    home: Path = Path()


def modes_of(names: Sequence[str]) -> tuple[Mode, ...]:
    """Return the modes with these names.

    Raises:
        UnknownNameError: there is none of that name.
    """
    known: tuple[Mode, ...] = get_args(Mode)
    for name in names:
        if name not in known:
            raise UnknownNameError("mode", name, known)
    return tuple(mode for name in names for mode in known if mode == name)


def measure(plan: Ranking) -> list[Json]:
    """Return one object a folder and mode: `{task, mode, n, metrics{ndcg@10{value, low, high}, recall@100{…}}}`.

    Raises:
        TaskError: a folder cannot be used; it is refused before anything is built.
        SelectionError: one index was named for several folders.
        RetrievalError: the documents cannot be indexed, or a search failed.
    """
    if plan.index is not None and len(plan.tasks) > 1:
        raise SelectionError(f"One index holds one corpus, and {len(plan.tasks)} folders were named: name one folder.")
    chosen: list[tuple[Task, Path, tuple[Sample, ...]]] = []
    for folder in plan.tasks:
        task = read_task(folder)
        if task.corpus is None:
            raise TaskError(f"The folder {folder} holds no corpus.jsonl or corpus.jsonl.gz.")
        samples = select(task, seed=plan.seed, limit=plan.limit)
        grades_of(folder, samples)
        chosen.append((task, folder, samples))
    return [row for task, folder, samples in chosen for row in _task(plan, task, folder, samples)]


def _task(plan: Ranking, task: Task, folder: Path, samples: Sequence[Sample]) -> list[Json]:
    """Return the rows of one folder."""
    assert task.corpus is not None
    grades = grades_of(folder, samples)
    asked = [one for one in samples if one.id in grades]
    # Held until the end: where the cache cannot be written the index is a temporary one and goes with this object.
    index = _index(plan, task.corpus) if any(mode in _USES for mode in plan.modes) else None
    documents = list(read_documents([task.corpus])) if any(mode not in _USES for mode in plan.modes) else []
    rows: list[Json] = []
    for mode in plan.modes:
        retriever = _ours(index, mode) if index and mode in _USES else _theirs(mode, documents, plan.home)
        with Bar(f"{task.name} {mode}") as bar:
            found = means(measured(grades, asyncio.run(run_of(retriever, asked, bar))), asked)
        metrics = {name: plain(value) for name, value in found.items()}
        rows.append({"task": task.name, "mode": mode, "n": len(asked), "metrics": metrics})
    return rows


def _index(plan: Ranking, corpus: Path) -> LocalIndex:
    """Return the index that was named, or an index of the corpus from the cache, with the vectors that are needed."""
    if plan.index is not None:
        return LocalIndex.open(plan.index)
    dense: Dense = "none" if {mode for mode in plan.modes if mode in _USES} == {"lexical"} else "all"
    with Bar(f"{corpus.parent.name} index") as bar:

        def tell(step: Step) -> None:
            if step.total is not None:
                bar(step.done, step.total, 0)

        return open_or_build([corpus], home=plan.home, dense=dense, progress=tell)


def _ours(index: LocalIndex, mode: Mode) -> Retriever:
    """Return the index, to be searched in one of our modes.

    Raises:
        BadInputError: the mode wants vectors of all passages and the index has not got them.
    """
    opened = LocalIndex.open(index.describe().directory, dense=_USES[mode])
    if mode == "hybrid" and opened.describe().dense != "all":
        raise BadInputError(
            f"The index at {opened.describe().directory} has no vectors of all its passages, which hybrid search is "
            "measured with: build it again with --dense all, or measure the mode lazy."
        )
    return opened


def _theirs(mode: Mode, documents: Sequence[Document], home: Path) -> Retriever:
    """Return a baseline.

    Raises:
        MissingDependencyError: its package is not installed.
    """
    if mode == "bm25s":
        return Bm25s(documents)
    return WholeVectors(documents, VectorStore(home / _WHOLE, SentenceEncoder()))


def to_markdown(rows: Sequence[Json]) -> str:
    """Return the rows as a table."""
    lines = [f"| task | mode | n | {' | '.join(f'{name} (95 %)' for name in MEASURES)} |"]
    lines.append(f"|---|---|---|{'---|' * len(MEASURES)}")
    for row in rows:
        metrics = cast(Mapping[str, object], row["metrics"])
        cells = [str(row[name]) for name in ("task", "mode", "n")] + [interval(metrics[name]) for name in MEASURES]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def to_json(rows: Sequence[Json]) -> str:
    """Return the rows as JSON, one object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
