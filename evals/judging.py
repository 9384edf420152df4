"""Judge the answers of an evaluation with a language model, and say what its verdicts are worth.

    report    JSON that `research-agent eval … --format json` wrote
    cases     one JSON object a line: {"question", "answers": [accepted], "answer", "right": true or false}, and
              optionally "cluster"

The cases calibrate the judge in the same run, with the same model and prompt; without them nothing is reported. Every
call is kept in a journal that is known by all that determines it, so that the same run again costs nothing.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from evals.agreement import Agreement, agreement, corrected, with_settled
from evals.calibration import calibration
from evals.errors import JudgeError, TaskError
from evals.judge import Graded, Judgement, judge, most, prompt
from evals.metrics import plain
from evals.progress import Bar
from evals.report import interval
from evals.runstore import canonical
from evals.task import read_rows, strings
from research_agent.budget.budget import Budget
from research_agent.budget.doors import Doors
from research_agent.budget.journal import Journal
from research_agent.budget.ledger import Ledger
from research_agent.budget.money import Money
from research_agent.config import Settings
from research_agent.errors import ModelReplyError
from research_agent.models.base import ChatModel
from research_agent.models.choose import choose
from scaling.intervals import Estimate, mean_interval

Json = dict[str, object]
_JOURNALS = "judgements"


@dataclass(frozen=True, slots=True)
class Case:
    """An answer whose verdict is known, or an answer of an evaluation.

    Attributes:
        right: the known verdict; of an answer of an evaluation, what code says of it.
    """

    graded: Graded
    right: bool
    cluster: str


def read_cases(path: Path) -> tuple[Case, ...]:
    """Return labelled cases.

    Raises:
        TaskError: the file cannot be read, or a row lacks something.
        JudgeError: it holds no case.
    """
    cases = []
    for number, row in read_rows(path):
        where = f"{path}, line {number}"
        question, answer, right = row.get("question"), row.get("answer"), row.get("right")
        if not isinstance(question, str) or not isinstance(answer, str) or not isinstance(right, bool):
            raise TaskError(f"{where}: a case is a 'question' and an 'answer' in words, and 'right', true or false.")
        graded = Graded(f"case/{number}", question, strings(row.get("answers"), where, "answers"), answer)
        cases.append(Case(graded, right, str(row.get("cluster", number))))
    if not cases:
        raise JudgeError(f"The file {path} holds no case: a judge is not reported before it was calibrated.")
    return tuple(cases)


def read_report(path: Path) -> tuple[str, tuple[Case, ...]]:
    """Return the task's name and the answers of a report that have a reference to be judged by.

    Raises:
        TaskError: the file is no report of `eval`, or holds no such answer.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        trials = [row for row in report["trials"] if "right" in row["scores"]]
        cases = [
            Case(
                Graded(f"trial/{row['key']}", row["question"], _accepted(row), row["answer"]),
                row["scores"]["right"] == 1,
                row["cluster"],
            )
            for row in trials
        ]
        name = str(report["task"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TaskError(
            f"{path} is no report of an evaluation ({type(error).__name__}: {error}): make one with: research-agent "
            "eval TASK --format json --out FILE"
        ) from error
    if not cases:
        raise TaskError(f"The report {path} holds no answer that has a reference answer to be judged by.")
    return name, tuple(cases)


def _accepted(row: Mapping[str, object]) -> tuple[str, ...]:
    """Return the accepted answers of a trial; none where giving none is right."""
    accepted = cast(Sequence[str], row["accepted"])
    return () if row["answer_type"] == "unanswerable" else tuple(accepted)


async def carry_out(report: Path, cases: Path, model: ChatModel, budget: Budget, home: Path, *, seed: int = 0) -> Json:
    """Judge the cases, then the answers, and return what came out.

    Args:
        report: of an evaluation.
        cases: labelled.
        model: the judge.
        budget: of the whole of it.
        home: where the journal is kept.
        seed: of the calls.

    Raises:
        TaskError, JudgeError: a file cannot be used, or the judge cannot be reported.
        BudgetTooSmallError: the budget could not pay for all calls; nothing was spent.
        BudgetExceededError: it was used up; what was paid for is kept.
        ModelError: the model failed for good.
    """
    labelled, (task, answers) = read_cases(cases), read_report(report)
    name = f"{model.info.provider}:{model.info.name}"
    everything = (*labelled, *answers)
    parts = [name, _version(), seed, budget.to_json(), [asdict(one.graded) for one in everything]]
    run_id = hashlib.sha256(canonical(parts).encode()).hexdigest()[:20]
    (home / _JOURNALS).mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        journal = Journal(home / _JOURNALS / f"{run_id}.sqlite")
        stack.callback(journal.close)
        ledger = Ledger(budget, money=Money.quote([model.info]), journal=journal, run_id=run_id)
        stack.callback(ledger.close)
        doors = Doors(ledger, model=model, chain="judge", seed=seed)
        ledger.require(*(worst for one in everything if (worst := most(one.graded, doors)) is not None))
        bar = stack.enter_context(Bar(f"{task} judge"))
        known = await _judged(labelled, doors, seed, bar, 0, len(everything))
        measured = _calibrated(known)
        said = await _judged(answers, doors, seed, bar, len(labelled), len(everything))
        spent = ledger.spend()
    judged = _summary(known, said, measured) | {"unusable": len(everything) - len(known) - len(said)}
    return {"task": task, "n": len(said), "model": name, **judged, "spend": asdict(spent), "trials": _lines(said)}


Pairs = list[tuple[Case, Judgement]]


async def _judged(cases: Sequence[Case], doors: Doors, seed: int, bar: Bar, done: int, total: int) -> Pairs:
    """Return the cases with their verdicts; without those on which no reply of the model could be used."""
    found: Pairs = []
    for number, case in enumerate(cases, 1):
        try:
            found.append((case, await judge(case.graded, doors, seed=seed)))
        except ModelReplyError as error:
            bar.note(f"no verdict on {case.graded.key}: {error}")
        bar(done + number, total, number - len(found))
    return found


def _calibrated(known: Pairs) -> Agreement:
    """Return how well the model judges the cases it was asked about.

    Raises:
        JudgeError: that cannot be told, or is no better than chance.
    """
    asked = [(case, one) for case, one in known if one.asked]
    return agreement([one.right for _, one in asked], [case.right for case, _ in asked], _clusters(asked))


def _summary(known: Pairs, said: Pairs, measured: Agreement) -> Json:
    """Return accuracy as judged, corrected, and as code has it, and the judge's calibration."""
    asked, settled = ([pair for pair in said if pair[1].asked is wanted] for wanted in (True, False))
    verdicts = [one.right for _, one in asked]
    judged = corrected(verdicts, _clusters(asked), measured) if asked else None
    return {
        "accuracy": plain(with_settled(judged, _share([one.right for _, one in settled], _clusters(settled)))),
        "accuracy_uncorrected": plain(_share([one.right for _, one in said], _clusters(said))),
        "accuracy_by_code": plain(_share([case.right for case, _ in said], _clusters(said))),
        "judge": asdict(measured) | _sureness(known),
    }


def _share(outcomes: Sequence[bool], clusters: Sequence[str]) -> Estimate | None:
    """Return the share of true outcomes, None without any."""
    return mean_interval([float(one) for one in outcomes], clusters) if outcomes else None


def _clusters(pairs: Pairs) -> list[str]:
    return [case.cluster for case, _ in pairs]


def _sureness(known: Pairs) -> Json:
    """Return calibration error and Brier score of the judge's sureness, {} where it tells none."""
    held = [(one.sureness, one.right == case.right, case.cluster) for case, one in known if one.sureness is not None]
    if not held:
        return {}
    found = calibration(*zip(*held, strict=True))
    return {"ece": found.ece, "brier": plain(found.brier)}


def _lines(said: Pairs) -> list[Json]:
    """Return one line an answer."""
    return [
        {
            "key": case.graded.key.removeprefix("trial/"),
            "question": case.graded.question,
            "answer": case.graded.answer,
            "verdict": one.verdict,
            "sureness": one.sureness,
            "right_by_code": case.right,
        }
        for case, one in said
    ]


def _version() -> str:
    """Return what changes with the prompt."""
    return hashlib.sha256(canonical([message.content for message in prompt("", (), "")]).encode()).hexdigest()[:16]


def opened_judge(spec: str | None, settings: Settings) -> ChatModel:
    """Return the model that judges.

    Raises:
        UsageError: the name cannot be used.
        ModelFileError: its weights are missing or wrong.
        JudgeError: no language model was chosen.
    """
    chosen = choose(spec, settings)
    if chosen.model is None:
        raise JudgeError("A judge is a language model, and none was chosen: name one with --model.")
    return chosen.model


def to_json(found: Json) -> str:
    """Return the report as JSON."""
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def to_markdown(found: Json) -> str:
    """Return the report as Markdown."""
    measured = cast(Json, found["judge"])
    rows = {
        "accuracy, corrected for the judge's errors": interval(found["accuracy"]),
        "as judged": interval(found["accuracy_uncorrected"]),
        "by code": interval(found["accuracy_by_code"]),
        "judge: agreement with known verdicts": interval(measured["agreement"]),
        "judge: Cohen's κ": interval(
            {"value": measured["kappa"], "low": measured["kappa_low"], "high": measured["kappa_high"]}
        ),
        "judge: sensitivity": interval(measured["sensitivity"]),
        "judge: specificity": interval(measured["specificity"]),
    }
    lines = [
        f"# {found['task']}, {found['n']} answers judged by {found['model']}",
        "",
        "| | value (95 %) |",
        "|---|---|",
    ]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows.items())]) + "\n"
