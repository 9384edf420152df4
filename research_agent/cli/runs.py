"""`research-agent runs`: what was asked before, and going on with what did not end."""

from typing import Annotated

import typer

from research_agent.cli.output import (
    FormatOption,
    JsonOption,
    OutOption,
    QuietOption,
    choose_format,
    deliver,
    show_rows,
)
from research_agent.errors import UsageError
from research_agent.report.words import resume_with

app = typer.Typer(
    help="List, show and resume runs.",
    rich_markup_mode=None,
)
RunName = Annotated[str, typer.Argument(metavar="RUN", help="Id from `runs list`, or a run's folder.")]


@app.command("list")
def list_all(as_json: JsonOption = False) -> int:
    """List the runs on this machine, newest first."""
    from research_agent.config import load_settings
    from research_agent.runs import list_runs

    rows = [
        {
            "run": run.run_id,
            "begun": run.created_at,
            "status": "damaged" if run.problem else run.status or "unfinished",
            "units": None if run.units is None else round(run.units, 3),
            "budget": run.limit,
            "question": run.question or run.problem,
        }
        for run in list_runs(load_settings().home)
    ]
    show_rows(rows, as_json, "There are no runs yet.")
    return 0


@app.command()
def show(run: RunName, form: FormatOption = None, out: OutOption = None) -> int:
    """Print the report of a run that has ended, from what was kept."""
    from research_agent.config import load_settings
    from research_agent.runs import load_run

    report = choose_format(form, out)
    found = load_run(run, load_settings().home)
    answer = found.answer()
    if answer is None:
        raise UsageError(f"The run {run!r} has no answer yet; go on with it: {resume_with(found.record.run_id)}")
    return deliver(answer, report, out)


@app.command()
def resume(run: RunName, form: FormatOption = None, out: OutOption = None, quiet: QuietOption = False) -> int:
    """Go on with a run that was killed, stopped or failed; what was paid for is not paid again."""
    from research_agent.cli.ask import go_on

    return go_on(run, form, out, quiet=quiet)
