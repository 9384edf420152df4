"""What an evaluation says: one JSON object, or the same as Markdown."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from evals.citations import CitationCheck
from evals.errors import TaskError
from evals.harness import Outcome
from evals.metrics import Judged, accuracy, depth_curve, judge, plain, summary, units_per_correct
from evals.runstore import Trial
from evals.task import Sample
from scaling.plain import write

Json = dict[str, object]
Cited = Mapping[str, tuple[frozenset[str], ...]]
_SHOWN_BREAKS = 20


def check_out(out: Path | None) -> None:
    """Refuse a file that could not be written, before anything is spent.

    Raises:
        TaskError: there is no such folder.
    """
    if out is not None and not out.parent.is_dir():
        raise TaskError(f"The report cannot be written to {out}: there is no folder {out.parent}.")


def deliver(text: str, out: Path | None) -> None:
    """Print a report, or write it whole to a file."""
    if out is None:
        sys.stdout.write(text)
    else:
        write(out, text)


def report(
    task: str, outcome: Outcome, *, by: str | None, depth: int, solver: Json, citations: CitationCheck | None = None
) -> Json:
    """Return what came out, as JSON values.

    Args:
        task: name of the task.
        outcome: the trials.
        by: metadata field that makes the groups; None for no groups.
        depth: the deepest point of the depth curve.
        solver: what was measured (model, cell, code…), passed through.
        citations: the second opinion on citations, where there is one.
    """
    # Claims and sources are most of a trial and no figure is made of them; with them a large run would not fit.
    outcome = replace(outcome, pairs=[(sample, _light(trial)) for sample, trial in outcome.pairs])
    cited = {} if citations is None else citations.cited
    whole = _part(outcome.pairs, depth, cited)
    metrics = cast(Json, whole["metrics"])
    if citations is not None and citations.share is not None:
        metrics["citations_verbatim"] = {"value": citations.share, "n": citations.quotes}
    groups: dict[str, list[tuple[Sample, Trial]]] = {}
    for sample, trial in outcome.pairs if by else ():
        groups.setdefault(sample.label(by or ""), []).append((sample, trial))
    result: Json = {
        "task": task,
        "n": whole["n"],
        "accuracy": whole["accuracy"],
        "metrics": metrics,
        "by_depth": whole["by_depth"],
        "grouped_by": by,
        "groups": {name: _part(groups[name], depth, cited) for name in sorted(groups, key=_order)},
        "units_per_correct": whole["units_per_correct"],
        "failures": outcome.failures,
        "unanswered": list(outcome.unanswered),
        "solver": solver,
        "trials": [_line(judge(sample, trial, cited=cited.get(trial.key))) for sample, trial in outcome.pairs],
    }
    if citations is not None and citations.broken:
        result["citations_broken"] = [list(one) for one in citations.broken[:_SHOWN_BREAKS]]
    return result


def _light(trial: Trial) -> Trial:
    """Return a trial whose report holds its plain values alone."""
    kept = {name: value for name, value in trial.report.items() if not isinstance(value, (list, dict))}
    return replace(trial, report=kept)


def _order(name: str) -> tuple[int, float, str]:
    """Sort numbers by value and before words."""
    return (0, float(name), name) if name.replace(".", "", 1).isdigit() else (1, 0.0, name)


def _part(pairs: Sequence[tuple[Sample, Trial]], depth: int, cited: Cited) -> Json:
    """Return the figures of some trials."""
    judged = [judge(sample, trial, cited=cited.get(trial.key)) for sample, trial in pairs]
    return {
        "n": len(judged),
        "accuracy": plain(accuracy(judged)),
        "metrics": summary(judged),
        "by_depth": depth_curve(pairs, depth),
        "units_per_correct": units_per_correct(judged),
    }


def _line(one: Judged) -> Json:
    """Return one trial in short; the whole of it is in the run store under its key."""
    return {
        "id": one.sample.id,
        "cluster": one.cluster,
        "key": one.trial.key,
        "question": one.sample.question,
        "answer": one.answer,
        "answer_type": one.sample.answer_type,
        "accepted": list(one.sample.answers),
        "scores": {name: score.value for name, score in one.scores.items()},
        "status": one.trial.status,
        "stop_reason": one.trial.stop_reason,
        "units": one.units,
        "seconds": one.trial.seconds,
        "rounds": len(one.trial.trace),
        "answer_by_depth": [record.get("answer") for record in one.trial.trace],
    }


def to_markdown(result: Json) -> str:
    """Return the report as Markdown: one table of groups, one of depth for each."""
    solver = cast(Json, result["solver"])
    lines = [f"# {result['task']}", ""]
    lines += [f"{name}: {value}  " for name, value in solver.items()]
    lines += [
        f"failures of the infrastructure: {result['failures']}; left without a trial: {_count(result['unanswered'])}"
    ]
    lines += ["", "| group | n | accuracy (95 %) | lenient | all gold read | mean units | units per right answer |"]
    lines += ["|---|---|---|---|---|---|---|"]
    groups = cast(dict[str, Json], result["groups"])
    parts: dict[str, Json] = {"all": result} | {f"{result['grouped_by']} {name}": part for name, part in groups.items()}
    for name, part in parts.items():
        metrics = cast(Json, part["metrics"])
        cells = [name, str(part["n"]), _accuracy(part)]
        cells += [interval(metrics.get("lenient")), interval(metrics.get("gold_read_all"))]
        cells += [_figure(metrics.get("mean_units")), _figure(part["units_per_correct"])]
        lines.append(f"| {' | '.join(cells)} |")
    for name, part in parts.items():
        lines += _depths(name, cast(dict[str, Json], part["by_depth"]))
    rest = cast(Json, result["metrics"])
    lines += ["", "| metric | value |", "|---|---|"]
    lines += [
        f"| {name} | {interval(value) if isinstance(value, dict) else _figure(value)} |" for name, value in rest.items()
    ]
    return "\n".join(lines) + "\n"


def _depths(name: str, curve: Mapping[str, Json]) -> list[str]:
    """Return the table of one depth curve, nothing for an empty one."""
    if not curve:
        return []
    lines = ["", f"## Depth, {name}", "", "| depth | accuracy (95 %) | lenient | all gold read | mean units |"]
    lines.append("|---|---|---|---|---|")
    for depth, row in curve.items():
        cells = [depth, _accuracy(row), interval(row["lenient"]), interval(row["gold_read_all"])]
        lines.append(f"| {' | '.join([*cells, _figure(row['mean_units'])])} |")
    return lines


def _accuracy(part: Json) -> str:
    """Return the accuracy, and of how many questions it is where not all have a reference answer."""
    found = part["accuracy"]
    some = f", of {found['n']}" if isinstance(found, dict) and found["n"] != part["n"] else ""
    return f"{interval(found)}{some}"


def interval(value: object) -> str:
    """Return an estimate as text."""
    if not isinstance(value, dict):
        return "–"
    if "low" not in value:
        return f"{value['value']:.3f} (n {value['n']})"
    return f"{value['value']:.3f} ({value['low']:.3f} – {value['high']:.3f})"


def _figure(value: object) -> str:
    """Return a number as text."""
    return f"{value:.1f}" if isinstance(value, (int, float)) else "–"


def _count(value: object) -> int:
    """Return the length of a JSON list."""
    return len(value) if isinstance(value, list) else 0
