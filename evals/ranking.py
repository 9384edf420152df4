"""Retrieval alone: the documents a retriever finds for judged queries, and how good that order is.

A document stands where its best passage does. The measures are trec_eval's, by `ir-measures`: nDCG@10 (Järvelin and
Kekäläinen, 2002; the gain is the grade) and recall at 100. A query for which nothing is found scores 0; a query for
which nothing is known to be relevant is left out.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from evals.errors import TaskError
from evals.task import QRELS, Sample, read_qrels
from retrieval.base import Retriever
from retrieval.errors import MissingDependencyError
from scaling.intervals import Estimate, mean_interval

DEPTH = 100
MEASURES: Mapping[str, str] = {"ndcg@10": "nDCG@10", "recall@100": "R@100"}

Grades = dict[str, dict[str, int]]
Run = Mapping[str, Sequence[str]]


def grades_of(folder: Path, samples: Sequence[Sample]) -> Grades:
    """Return how relevant the judged documents are to each sample for which any is.

    Raises:
        TaskError: there is no file of judgements, it is malformed, or it says nothing of these samples.
    """
    path = folder / QRELS
    if not path.is_file():
        raise TaskError(f"There is no {QRELS} in {folder}: it says which documents are relevant to which query.")
    known = read_qrels(path)
    held = {one.id: known.get(one.id, {}) for one in samples}
    found = {name: grades for name, grades in held.items() if any(grade > 0 for grade in grades.values())}
    if not found:
        raise TaskError(f"The file {path} names no relevant document for any of the {len(samples)} queries.")
    return found


async def ranked(retriever: Retriever, query: str, depth: int = DEPTH) -> tuple[str, ...]:
    """Return the documents a retriever finds, best first, at most `depth`.

    Hits are passages, and one document may fill several places; more are asked for until there are `depth` documents
    or no more hits.

    Raises:
        RetrievalError: the search could not be carried out.
    """
    k = depth
    while True:
        hits = await retriever.search(query, k=k)
        documents = tuple(dict.fromkeys(hit.document_id for hit in hits))
        if len(documents) >= depth or len(hits) < k:
            return documents[:depth]
        k *= 2


async def run_of(
    retriever: Retriever, samples: Sequence[Sample], progress: Callable[[int, int, int], None] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return what a retriever finds for each sample.

    Args:
        retriever: searched with the bare question.
        samples: the queries.
        progress: told (done, of, failed) after each.

    Raises:
        RetrievalError: a search could not be carried out.
    """
    found = {}
    for number, sample in enumerate(samples, 1):
        found[sample.id] = await ranked(retriever, sample.question)
        if progress:
            progress(number, len(samples), 0)
    return found


def measured(grades: Grades, run: Run) -> dict[str, dict[str, float]]:
    """Return every measure of every judged query, in [0, 1].

    Args:
        grades: by query, how relevant each judged document is.
        run: by query, documents, best first.

    Raises:
        MissingDependencyError: `ir-measures` is not installed.
    """
    try:
        import ir_measures
    except ImportError as error:
        raise MissingDependencyError("eval-retrieval", "ir_measures", "pip install ir-measures") from error

    wanted = {ir_measures.parse_measure(theirs): ours for ours, theirs in MEASURES.items()}
    # trec_eval sorts by score and breaks ties by id: places make the order that of the run.
    scores = {name: {document: -float(place) for place, document in enumerate(run.get(name, ()))} for name in grades}
    values: dict[str, dict[str, float]] = {name: {} for name in MEASURES}
    for one in ir_measures.iter_calc(list(wanted), grades, scores):
        values[wanted[one.measure]][one.query_id] = min(1.0, max(0.0, float(one.value)))
    return values


def means(values: Mapping[str, Mapping[str, float]], samples: Sequence[Sample]) -> dict[str, Estimate]:
    """Return the mean of each measure with its 95 % interval, clusters of queries respected."""
    held = [one for one in samples if all(one.id in each for each in values.values())]
    clusters = [one.cluster for one in held]
    return {name: mean_interval([each[one.id] for one in held], clusters) for name, each in values.items()}
