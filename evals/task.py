"""Tasks: any folder in BEIR form with answers.

    corpus.jsonl[.gz]    {"_id", "title", "text", "metadata"}
    queries.jsonl[.gz]   {"_id", "text", "answers": [accepted strings], "metadata": {…}}
    qrels.tsv            query-id, corpus-id, score, with a header line (optional)

Metadata that is used where it is present: `answer_type`, `gold`, `gold_any`, `answer_items`, `cluster`; any other
scalar (`hops`, `kind`, …) can be filtered and grouped by its name.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evals.errors import SelectionError, TaskError

QRELS = "qrels.tsv"
_SPECIAL = ("date", "number", "name", "string", "list", "yesno", "unanswerable", "report", "none")


@dataclass(frozen=True, slots=True)
class Item:
    """One expected entry of a list.

    Attributes:
        keys: accepted names of the item; empty where any of its values is enough.
        values: accepted values; empty where naming the item is all that is asked.
    """

    keys: tuple[str, ...]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One question and what is known of its answer.

    Attributes:
        answers: accepted answers; empty where only retrieval is measured.
        answer_type: "date", "number", "name", "string", "list", "yesno", "unanswerable", "report" or "none".
        gold: ids of the documents that must be read.
        gold_any: ids of which one is enough.
        metadata: as it stood in the file.
    """

    id: str
    question: str
    answers: tuple[str, ...] = ()
    answer_type: str = "string"
    gold: tuple[str, ...] = ()
    gold_any: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)

    @property
    def cluster(self) -> str:
        """The questions that stand or fall together: `metadata.cluster`, else the question itself."""
        named = self.metadata.get("cluster")
        return f"cluster:{named}" if named is not None else f"question:{self.id}"

    def label(self, name: str) -> str:
        """Return the value of a metadata field as text, "not stated" where it is absent."""
        value = self.metadata.get(name)
        return "not stated" if value is None or isinstance(value, (list, dict)) else str(value)


@dataclass(frozen=True, slots=True)
class Task:
    """Questions over one corpus.

    Attributes:
        corpus: the corpus file; None where the folder has none.
        fingerprint: SHA-256 of the corpus file, "" without one.
    """

    name: str
    samples: tuple[Sample, ...]
    corpus: Path | None
    fingerprint: str


def read_task(folder: Path) -> Task:
    """Read a folder in BEIR form.

    Raises:
        TaskError: it is not there, a row is malformed (file and line named), or it holds no question.
    """
    if not folder.is_dir():
        raise TaskError(
            f"There is no task folder at {folder}; give a folder that holds queries.jsonl or queries.jsonl.gz."
        )
    queries = _either(folder, "queries")
    if queries is None:
        raise TaskError(f"The folder {folder} holds no queries.jsonl or queries.jsonl.gz.")
    judged = read_qrels(folder / QRELS) if (folder / QRELS).is_file() else {}
    qrels = {
        question: tuple(name for name, grade in grades.items() if grade > 0) for question, grades in judged.items()
    }
    samples: dict[str, Sample] = {}
    for number, row in read_rows(queries):
        sample = _sample(row, f"{queries}, line {number}", qrels)
        if sample.id in samples:
            raise TaskError(f"{queries}, line {number}: the question id {sample.id!r} occurs twice; ids must differ.")
        samples[sample.id] = sample
    if not samples:
        raise TaskError(f"The file {queries} holds no question.")
    corpus = _either(folder, "corpus")
    return Task(folder.resolve().name, tuple(samples.values()), corpus, _sha256(corpus) if corpus else "")


def _either(folder: Path, stem: str) -> Path | None:
    """Return the plain or the packed file of that name, None where there is neither."""
    return next((path for end in (".jsonl", ".jsonl.gz") if (path := folder / f"{stem}{end}").is_file()), None)


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield line number (from 1) and object of each row of a JSONL file, packed or not; empty lines are passed over.

    Raises:
        TaskError: the file cannot be read, or a row is not a JSON object.
    """
    number = 0
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise TaskError(f"{path}, line {number}: expected a JSON object, found {type(row).__name__}.")
                yield number, row
    except json.JSONDecodeError as error:
        raise TaskError(f"{path}, line {number}: not valid JSON ({error}).") from error
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise TaskError(f"{path} cannot be read after line {number}: {error}.") from error


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Return how relevant each judged document is to each question.

    Raises:
        TaskError: a line is not question id, document id and a whole number.
    """
    found: dict[str, dict[str, int]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[1:], 2):
        cells = line.split("\t")
        try:
            question, document, score = cells
            grade = float(score)
            if not grade.is_integer():
                raise ValueError(score)
        except ValueError as error:
            raise TaskError(
                f"{path}, line {number}: expected question id, document id and a whole score, tab-separated."
            ) from error
        found.setdefault(question, {})[document] = int(grade)
    return found


def _sample(row: Mapping[str, object], where: str, qrels: Mapping[str, tuple[str, ...]]) -> Sample:
    """Return the sample of one row."""
    name, text, metadata = row.get("_id"), row.get("text"), row.get("metadata") or {}
    if not isinstance(name, (str, int)) or not str(name):
        raise TaskError(f"{where}: the field '_id' is missing.")
    if not isinstance(text, str) or not text.strip():
        raise TaskError(f"{where}: the field 'text' is missing or empty.")
    if not isinstance(metadata, dict):
        raise TaskError(f"{where}: the field 'metadata' must be an object.")
    answers = strings(row.get("answers"), where, "answers")
    items = _items(metadata.get("answer_items"), where)
    kind = metadata.get("answer_type")
    if kind is None or (kind not in _SPECIAL and not answers):
        kind = "list" if items else "string" if answers else "none"
    if kind not in ("none", "report", "unanswerable") and not answers and not items:
        raise TaskError(f"{where}: answer_type is {kind!r}, and 'answers' is empty.")
    gold = strings(metadata.get("gold"), where, "metadata.gold") or qrels.get(str(name), ())
    any_of = strings(metadata.get("gold_any"), where, "metadata.gold_any")
    return Sample(str(name), text, answers, str(kind), gold, any_of, items, metadata)


def strings(value: object, where: str, field_name: str) -> tuple[str, ...]:
    """Return a list of strings as a tuple; nothing is an empty one.

    Raises:
        TaskError: it is something else.
    """
    if value is None:
        return ()
    if isinstance(value, list) and all(isinstance(part, (str, int, float)) for part in value):
        return tuple(str(part) for part in value)
    raise TaskError(f"{where}: the field '{field_name}' must be a list of strings.")


def _items(value: object, where: str) -> tuple[Item, ...]:
    """Return the expected entries of a list question."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(
        isinstance(part, dict) and (part.get("key") or part.get("value")) for part in value
    ):
        raise TaskError(f"{where}: each of 'metadata.answer_items' must be an object with a 'key' or a 'value'.")
    named = "metadata.answer_items"
    return tuple(
        Item(strings(part.get("key"), where, named), strings(part.get("value"), where, named)) for part in value
    )


def select(
    task: Task,
    *,
    seed: int = 0,
    limit: int | None = None,
    kinds: frozenset[str] = frozenset(),
    by: str | None = None,
    per_group: int | None = None,
) -> tuple[Sample, ...]:
    """Return the samples to run, in an order fixed by the seed, so that any prefix is a random sample.

    The place of a question depends on its id and the seed alone: filters and groups do not reorder the rest.

    Args:
        task: where they come from.
        seed: fixes the order.
        limit: the most samples, over all groups.
        kinds: keep only these values of the metadata field `kind`; empty keeps all.
        by: metadata field that makes the groups.
        per_group: the most samples of one group.

    Raises:
        SelectionError: a number below 1, `per_group` without `by`, or nothing left.
    """
    for name, number in (("--limit", limit), ("--per-group", per_group)):
        if number is not None and number < 1:
            raise SelectionError(f"{name} must be at least 1; it was {number}.")
    if per_group is not None and by is None:
        raise SelectionError("--per-group needs --by FIELD, which says what the groups are.")
    if by is not None and not any(by in sample.metadata for sample in task.samples):
        raise SelectionError(f"No question of {task.name} has the metadata field {by!r}.")
    chosen: list[Sample] = []
    counts: dict[str, int] = {}
    for sample in sorted(task.samples, key=lambda one: hashlib.sha256(f"{seed}\0{one.id}".encode()).digest()):
        group = sample.label(by) if by else ""
        if (kinds and sample.label("kind") not in kinds) or (per_group and counts.get(group, 0) >= per_group):
            continue
        counts[group] = counts.get(group, 0) + 1
        chosen.append(sample)
    if not chosen:
        known = ", ".join(sorted({sample.label("kind") for sample in task.samples}))
        raise SelectionError(
            f"No question of {task.name} is of kind {', '.join(sorted(kinds))}; its kinds are {known}."
        )
    return tuple(chosen[:limit])
