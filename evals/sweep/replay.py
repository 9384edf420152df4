"""Replay: what smaller budgets would have given, from the runs that were bought.

Depth: a run that is blind to its budget has an answer after every round, so it holds all smaller depths. Samples: the
candidates of a parallel run know nothing of each other, so n of them hold every k below n, as the mean over subsets.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, fsum
from random import Random
from typing import Literal, get_args

from evals.metrics import Judged, judge
from evals.runstore import Trial
from evals.scorers import evidence_recall, score_answer
from evals.task import Sample
from research_agent.answer import Claim
from research_agent.selectors.vote import vote
from research_agent.strategies.base import Candidate

Outcome = Literal["right", "evidence_recall", "all_gold"]
OUTCOMES: tuple[str, ...] = get_args(Outcome)
_SUBSETS = 200
Score = Callable[[Sample, Judged], float]


@dataclass(frozen=True, slots=True)
class Scored:
    """What one question at one cell came to, the mean over all ways to have it.

    Attributes:
        outcome: in [0, 1].
        shuffled: the same scored against another question; None where there is no other one.
        units: spent.
        searches: queries sent.
        documents: documents read.
        seconds: None where no run of exactly this size was made.
    """

    outcome: float
    shuffled: float | None
    units: float
    searches: float
    documents: float
    seconds: float | None


def applies(outcome: Outcome, sample: Sample) -> bool:
    """Tell whether a sample has this outcome: a reference answer, or documents that must be read."""
    return _score(outcome, sample, "", ()) is not None


def _score(outcome: Outcome, sample: Sample, answer: str, read: Sequence[str]) -> float | None:
    """Return the outcome of an answer and of what was read for it, None where the sample has none."""
    if outcome == "right":
        score = score_answer(sample, answer).get("right")
        return None if score is None else score.value
    recall = evidence_recall(sample, read)
    return None if recall is None else recall.value if outcome == "evidence_recall" else float(recall.full)


def at_depth(sample: Sample, trial: Trial, depth: int) -> Judged:
    """Return a trial as a run of this depth would have ended.

    A run that made no more rounds than that is the same run: its answer stands as it was verified. Else the answer is
    the one given aside after the last of these rounds.
    """
    return judge(sample, trial, None if len(trial.trace) <= depth else depth)


def replay(
    sample: Sample,
    other: Sample | None,
    trials: Sequence[Trial],
    *,
    depth: int,
    samples: int,
    outcome: Outcome,
) -> Scored:
    """Return what a run of this depth with this many samples comes to.

    Args:
        sample: the question.
        other: one whose answer is another; None where there is none.
        trials: independent ones of the question, at least `samples`, each at least this deep.
        depth: search rounds.
        samples: candidates that a vote chooses among.
        outcome: what is scored.
    """
    judged = [at_depth(sample, trial, depth) for trial in trials]
    chosen = [_elected([judged[place] for place in places]) for places in _subsets(len(judged), samples, sample.id)]
    shuffled = [_of(outcome, other, one) for one in chosen] if other else []
    whole = samples == 1 and all(len(trial.trace) <= depth for trial in trials)
    return Scored(
        _mean([_of(outcome, sample, one) for one in chosen]),
        _mean(shuffled) if shuffled else None,
        samples * _mean([one.units for one in judged]),
        samples * _mean([float(_searches(one.trial, depth)) for one in judged]),
        samples * _mean([float(len(one.read)) for one in judged]),
        _mean([trial.seconds for trial in trials]) if whole else None,
    )


def fresh(sample: Sample, trial: Trial, outcome: Outcome) -> tuple[float, float]:
    """Return outcome and units of a run as it ended."""
    return _of(outcome, sample, judge(sample, trial)), trial.units


def _of(outcome: Outcome, sample: Sample, judged: Judged) -> float:
    """Return the outcome of a judged trial against a sample that has one."""
    found = _score(outcome, sample, judged.answer, judged.read)
    if found is None:
        raise ValueError(f"The question {sample.id!r} has no outcome {outcome!r}.")
    return found


def _searches(trial: Trial, depth: int) -> int:
    """Return the queries sent in the first rounds."""
    sent = (record.get("queries") for record in trial.trace[:depth])
    return sum(len(queries) for queries in sent if isinstance(queries, (list, tuple)))


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)


def _subsets(n: int, k: int, name: str) -> Iterator[tuple[int, ...]]:
    """Yield all subsets of k among n places, or 200 drawn at random, the same ones for the same question."""
    if comb(n, k) <= _SUBSETS:
        yield from combinations(range(n), k)
        return
    random = Random(f"{name}/{n}/{k}")  # noqa: S311 (a simulation, no secret)
    for _ in range(_SUBSETS):
        yield tuple(sorted(random.sample(range(n), k)))


def _elected(judged: Sequence[Judged]) -> Judged:
    """Return the trial whose answer the agent's own vote takes."""
    if len(judged) == 1:
        return judged[0]
    candidates = [Candidate(str(place), one.answer, _claims(one), "answered") for place, one in enumerate(judged)]
    return judged[int(vote(candidates).chain)]


def _claims(one: Judged) -> tuple[Claim, ...]:
    """Return as many supported claims as stand behind an answer; one given aside in a longer run has one."""
    stated = one.trial.report.get("claims")
    whole = one.answer == one.trial.answer and isinstance(stated, (list, tuple))
    count = sum(bool(claim.get("supported")) for claim in stated) if whole and isinstance(stated, list) else 1
    return (Claim("", (), True),) * count


def partners(samples: Sequence[Sample], outcome: Outcome) -> Mapping[str, Sample]:
    """Return for every sample the next one of the same answer type that has another answer (or other documents).

    Args:
        samples: of the whole task, in the order of the sweep, so that a partner does not depend on how many are asked.
        outcome: what is scored; samples without it are no partners.
    """
    held = [sample for sample in samples if applies(outcome, sample)]
    found: dict[str, Sample] = {}
    for place, sample in enumerate(held):
        for other in (*held[place + 1 :], *held[:place]):
            if _differ(sample, other, outcome):
                found[sample.id] = other
                break
    return found


def _differ(one: Sample, other: Sample, outcome: Outcome) -> bool:
    """Tell whether what is right for one is not right for the other."""
    if outcome == "right":
        same_type = one.answer_type == other.answer_type
        return same_type and not {*map(str.casefold, one.answers)} & {*map(str.casefold, other.answers)}
    return not {*one.gold, *one.gold_any} & {*other.gold, *other.gold_any}
