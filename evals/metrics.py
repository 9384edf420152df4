"""Metrics: judged trials in, numbers with intervals out."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from evals.calibration import calibration
from evals.costs import Ratio, cost_per_correct
from evals.runstore import Trial
from evals.scorers import Score, abstains, citation_precision, citation_recall, evidence_recall, score_answer
from evals.task import Sample
from scaling.intervals import Estimate, mean_interval

_MEANS = (
    "exact",
    "contains",
    "lenient",
    "token_f1",
    "value_match",
    "yesno",
    "list_f1",
    "evidence_recall",
    "citation_precision",
    "citation_recall",
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One trial with its scores, at one depth.

    Attributes:
        answer: the answer a run of that depth would have given.
        units: what such a run would have spent.
        read: documents read until then.
    """

    sample: Sample
    trial: Trial
    answer: str
    units: float
    read: tuple[str, ...]
    scores: Mapping[str, Score]

    @property
    def cluster(self) -> str:
        """The questions that stand or fall together with this one."""
        return self.sample.cluster


Metric = Callable[[Sequence[Judged]], object]


def judge(
    sample: Sample, trial: Trial, depth: int | None = None, cited: Sequence[frozenset[str]] | None = None
) -> Judged:
    """Score a trial, at full depth or at a smaller one by replay of its trace.

    Depth d is the record of round min(d, last): valid where the run was blind to its budget (SCALING: replay).

    Args:
        sample: the question.
        trial: its answer.
        depth: search rounds; None for the answer as it was given.
        cited: for each citation of the answer as it was given, the documents it may point to; None where that is not
            known.
    """
    rounds = [
        record for n, record in enumerate(trial.trace, 1) if depth is None or _number(record.get("round", n)) <= depth
    ]
    read = tuple(dict.fromkeys(str(document) for record in rounds for document in _list(record.get("read"))))
    answer, units = trial.answer, trial.units
    if depth is not None and rounds:
        answer, units = str(rounds[-1].get("answer") or ""), _number(rounds[-1].get("units"))
    scores: dict[str, Score] = dict(score_answer(sample, answer))
    recall = evidence_recall(sample, read)
    citing = [citation_precision(sample, cited), citation_recall(sample, cited)] if cited is not None else []
    scores |= {score.name: score for score in (recall, *citing) if score is not None}
    return Judged(sample, trial, answer, units, read, scores)


def _list(value: object) -> list[object]:
    """Return a JSON list, [] for anything else."""
    return list(value) if isinstance(value, (list, tuple)) else []


def _number(value: object) -> float:
    """Return a JSON number, 0 for anything else."""
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else 0.0


def estimate(judged: Sequence[Judged], name: str) -> Estimate | None:
    """Return the mean of a score with its 95 % interval over those trials it applies to, None for none."""
    held = [(one.scores[name].value, one.cluster) for one in judged if name in one.scores]
    return mean_interval([value for value, _ in held], [cluster for _, cluster in held]) if held else None


def accuracy(judged: Sequence[Judged]) -> Estimate | None:
    """Return the share of right answers: Wilson for independent questions, cluster-robust otherwise."""
    return estimate(judged, "right")


def gold_read_all(judged: Sequence[Judged]) -> Estimate | None:
    """Return the share of questions all of whose gold documents were read."""
    held = [(one.scores["evidence_recall"].full, one.cluster) for one in judged if "evidence_recall" in one.scores]
    return mean_interval([float(full) for full, _ in held], [cluster for _, cluster in held]) if held else None


def units_per_correct(judged: Sequence[Judged]) -> float | None:
    """Return all units spent on scored questions over the number of right answers; None where none was right."""
    scored = [one for one in judged if "right" in one.scores]
    correct = sum(one.scores["right"].full for one in scored)
    return sum(one.units for one in scored) / correct if correct else None


def cost_interval(judged: Sequence[Judged]) -> Ratio | None:
    """Return units per right answer with its 95 % interval; None where none was right."""
    scored = [one for one in judged if "right" in one.scores]
    clusters = [one.cluster for one in scored]
    return cost_per_correct([one.units for one in scored], [one.scores["right"].full for one in scored], clusters)


def confidence_error(judged: Sequence[Judged]) -> dict[str, object]:
    """Return `ece` and `brier` of the confidence that runs reported, {} where none did.

    A run reports it as `confidence`, the probability that its answer is right, at the top of its report.
    """
    held = [
        (float(stated), one.scores["right"].full, one.cluster)
        for one in judged
        if "right" in one.scores and isinstance(stated := one.trial.report.get("confidence"), (int, float))
    ]
    if not held:
        return {}
    stated, right, clusters = zip(*held, strict=True)
    found = calibration(stated, right, clusters)
    return {"ece": found.ece, "brier": plain(found.brier)}


def abstention(judged: Sequence[Judged]) -> dict[str, object]:
    """Return precision and recall of giving no answer, {} where no question is unanswerable.

    Precision: of the questions left without an answer, the share that has none. Recall: of those that have none, the
    share left without an answer.
    """
    scored = [one for one in judged if "right" in one.scores]
    hopeless = [one for one in scored if one.sample.answer_type == "unanswerable"]
    if not hopeless:
        return {}
    silent = [one for one in scored if abstains(one.answer)]
    return {
        "abstention_precision": plain(_share([one.sample.answer_type == "unanswerable" for one in silent], silent)),
        "abstention_recall": plain(_share([abstains(one.answer) for one in hopeless], hopeless)),
    }


def _share(outcomes: Sequence[bool], judged: Sequence[Judged]) -> Estimate | None:
    """Return the share of true outcomes with its interval, None without any."""
    return mean_interval([float(one) for one in outcomes], [one.cluster for one in judged]) if judged else None


def answered(judged: Sequence[Judged]) -> Estimate | None:
    """Return the share of questions that were given an answer."""
    return _share([not abstains(one.answer) for one in judged], judged)


def mean_units(judged: Sequence[Judged]) -> float | None:
    """Return the mean units of a question."""
    return sum(one.units for one in judged) / len(judged) if judged else None


def plain(value: Estimate | Ratio | None) -> dict[str, object] | None:
    """Return an estimate as JSON values."""
    return None if value is None else asdict(value)


def summary(judged: Sequence[Judged]) -> dict[str, object]:
    """Return every metric that applies, as JSON values."""
    means = {name: plain(found) for name in _MEANS if (found := estimate(judged, name)) is not None}
    everything = {
        **means,
        "gold_read_all": plain(gold_read_all(judged)),
        "answered": plain(answered(judged)),
        **abstention(judged),
        **confidence_error(judged),
        "units_per_correct": plain(cost_interval(judged)),
        "mean_units": mean_units(judged),
        "mean_rounds": sum(len(one.trial.trace) for one in judged) / len(judged) if judged else None,
        "mean_seconds": sum(one.trial.seconds for one in judged) / len(judged) if judged else None,
    }
    return {name: value for name, value in everything.items() if value is not None}


def depth_curve(pairs: Iterable[tuple[Sample, Trial]], depth: int) -> dict[str, dict[str, object]]:
    """Return accuracy, evidence and units at each depth from 1 to `depth`, by replay; {} where no trial has a trace."""
    held = list(pairs)
    curve: dict[str, dict[str, object]] = {}
    for rounds in range(1, depth + 1) if any(trial.trace for _, trial in held) else ():
        judged = [judge(sample, trial, rounds) for sample, trial in held]
        curve[str(rounds)] = {
            "n": len(judged),
            "accuracy": plain(accuracy(judged)),
            "lenient": plain(estimate(judged, "lenient")),
            "gold_read_all": plain(gold_read_all(judged)),
            "evidence_recall": plain(estimate(judged, "evidence_recall")),
            "answered": plain(answered(judged)),
            "mean_units": mean_units(judged),
            "units_per_correct": units_per_correct(judged),
        }
    return curve
