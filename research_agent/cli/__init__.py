"""The command line. Nothing heavier than typer is imported before a command runs, so that help is instant."""

import sys
from collections.abc import Sequence
from importlib.metadata import version

import typer

from research_agent.cli import ask, backends, corpus, models, runs
from research_agent.cli.failures import sentence_of, status_of
from research_agent.cli.plugged import Commands

app = typer.Typer(
    cls=Commands,
    name="research-agent",
    help="Answer questions from documents under one budget, with quotes checked against what was read.",
    add_completion=False,
    rich_markup_mode=None,
)
app.command("ask")(ask.ask)
app.add_typer(corpus.app, name="index")
app.add_typer(models.app, name="models")
app.add_typer(runs.app, name="runs")
app.add_typer(backends.app, name="backends")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"research-agent {version('search-as-compute')}")
        raise typer.Exit


@app.callback()
def _root(
    _said: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
    debug: bool = typer.Option(False, "--debug", help="Show where an error came from; may stand anywhere."),
) -> None:
    """Answer questions from documents under one budget, with quotes checked against what was read."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status; our own errors become one sentence on stderr."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    try:
        returned = typer.main.get_command(app).main(
            [word for word in words if word != "--debug"] or ["--help"],
            prog_name="research-agent",
            standalone_mode=False,
        )
    except Exception as error:
        status = status_of(error)
        if status is None or debug:
            raise
        typer.echo(f"Error: {sentence_of(error)}", err=True)
        return status
    return returned if isinstance(returned, int) else 0
