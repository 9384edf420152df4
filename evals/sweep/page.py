"""The page of a sweep: what was run, each cell with its interval, whether replay holds, the ends and the controls."""

from collections.abc import Mapping, Sequence

from evals.sweep.collect import CellResult, Found, Probe
from evals.sweep.equivalence import MARGIN
from evals.sweep.grid import AXES
from scaling.intervals import Estimate

_NAMES = {
    "right": "accuracy (the share of right answers)",
    "evidence_recall": "evidence recall (the share of a question's gold documents that were read)",
    "all_gold": "the share of questions all of whose gold documents were read",
}


def page(what: Mapping[str, object], found: Found, command: str) -> str:
    """Return the page as Markdown.

    Args:
        what: identity of the sweep: task, model, code, corpus, outcome, seed…
        found: what was measured.
        command: that makes it again.
    """
    held, left = found.questions, found.left_out
    lines = [f"# Sweep of {what['task']}", "", f"Outcome: {_NAMES[str(what['outcome'])]}.", "", f"    {command}", ""]
    # An index is named by its folder; where that lies on a machine is nobody's business.
    shown = {**what, "corpus": str(what["corpus"]).rpartition("/")[2]}
    lines += [f"- {name}: {_text(value)}" for name, value in shown.items()]
    lines += [
        f"- questions: {held}" + (f"; {left} more are left out, for not all their trials are there" if left else "")
    ]
    lines += [
        f"- failures of the infrastructure, asked again: {found.failures}",
        f"- trials that used up their budget, counted as they ended: {found.exhausted}",
        "",
        *_honesty(found),
        "## Cells",
        "",
        *_cells(found.cells),
        *_groups(found.cells),
        "## Replay = fresh",
        "",
        *_probes(found.probes),
        "## Floor and ceiling",
        "",
        f"- Floor, the same agent with nothing to find: {_interval(found.floor)}. It says nothing that no quote "
        "supports, so this is not what a model knows by heart.",
        f"- Ceiling, the same agent over the question's gold documents alone, at the largest search budgets: "
        f"{_interval(found.ceiling)}. In the table its search budgets are inf.",
        "",
        "## Controls",
        "",
        *_controls(found.cells),
        "",
        "`trials.parquet` has a row for each question, seed and cell. Laws are fitted to it with:",
        "",
        "    research-agent fit trials.parquet --out .",
    ]
    return "\n".join(lines) + "\n"


def summary(found: Found, where: object) -> str:
    """Return a sweep in a few lines."""
    first, last = found.cells[0], found.cells[-1]
    lines = [
        f"{found.questions} questions in {len(found.cells)} cells.",
        f"{first.cell}: {_interval(first.outcome)}",
        f"{last.cell}: {_interval(last.outcome)}",
        *_probes(found.probes),
        f"Floor: {_interval(found.floor)}. Ceiling: {_interval(found.ceiling)}.",
        f"The page and the table are in {where}.",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _honesty(found: Found) -> list[str]:
    """Return what a reader must know before any figure."""
    said = []
    if any(one.test.said != "same" for one in found.probes):
        said.append("**Replay was not shown to equal fresh runs (below): take the replayed cells with care.**")
    if found.alike and found.alike[0] == found.alike[1]:
        said.append("**All candidates of every question gave the same answer: samples are no axis of this model.**")
    return [line for one in said for line in (one, "")]


def _cells(cells: Sequence[CellResult]) -> list[str]:
    """Return the table of cells."""
    head = [*AXES, "n", "outcome (95 %)", "labels shuffled", "units", "searches", "documents", "how"]
    lines = [f"| {' | '.join(head)} |", f"|{'--:|' * 5}---|{'--:|' * 4}---|"]
    for one in cells:
        budgets = [str(getattr(one.cell, name)) for name in AXES]
        shuffled = "–" if one.shuffled is None else f"{one.shuffled:.3f}"
        costs = [f"{one.units:,.1f}", f"{one.searches:.2f}", f"{one.documents:.2f}"]
        how = "replayed" if one.replayed else "run"
        lines.append(f"| {' | '.join([*budgets, str(one.outcome.n), _interval(one.outcome), shuffled, *costs, how])} |")
    return [*lines, ""]


def _groups(cells: Sequence[CellResult]) -> list[str]:
    """Return the table of outcomes by group, nothing where there are none."""
    names = list(cells[0].groups) if cells else []
    if not names:
        return []
    head = [*AXES, *(f"{name} (n {cells[0].groups[name][1]})" for name in names)]
    lines = ["By group:", "", f"| {' | '.join(head)} |", f"|{'--:|' * len(head)}"]
    for one in cells:
        budgets = [str(getattr(one.cell, name)) for name in AXES]
        lines.append(f"| {' | '.join([*budgets, *(f'{one.groups[name][0]:.2f}' for name in names)])} |")
    return [*lines, ""]


def _probes(probes: Sequence[Probe]) -> list[str]:
    """Return a line for each cell that was measured twice."""
    if not probes:
        return ["No cell was replayed from a larger run and bought afresh as well.", ""]
    lines = []
    for one in probes:
        test = one.test
        more = f"; at least {test.needed} independent questions are needed" if test.n < test.needed else ""
        lines.append(
            f"- {one.cell}: fresh less replay {test.mean:+.3f} (90 % {test.low:+.3f} to {test.high:+.3f}), margin "
            f"±{MARGIN}: {_SAID[test.said]}{more}. {test.unequal} of {test.n} pairs differ. Units: fresh "
            f"{one.fresh_units:,.1f}, replay {one.replayed_units:,.1f}."
        )
    return [*lines, ""]


_SAID = {"same": "the same", "different": "not the same", "not shown": "sameness is not shown"}


def _controls(cells: Sequence[CellResult]) -> list[str]:
    """Return what shuffled labels give."""
    shuffled = [one.shuffled for one in cells if one.shuffled is not None]
    if not shuffled:
        return ["No question has another one beside it whose answer is of the same type and differs."]
    return [
        f"Scored against another question's labels, all cells lie between {min(shuffled):.3f} and {max(shuffled):.3f}: "
        "whatever rises above that is due to the questions."
    ]


def _interval(value: Estimate | None) -> str:
    """Return an estimate as text."""
    if value is None:
        return "not measured"
    return f"{value.value:.3f} ({value.low:.3f} – {value.high:.3f}, n {value.n})"


def _text(value: object) -> str:
    """Return a value of the identity as text."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_text(each)}" for name, each in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "all"
    return f"{value:,.0f}" if isinstance(value, float) else str(value)
