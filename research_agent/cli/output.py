"""The result, and nothing but the result, on stdout or whole in a file."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from research_agent.answer import EXIT_STATUS, Answer
from research_agent.errors import UnknownNameError, UsageError
from research_agent.report import FORMATS, Format, render

FormatOption = Annotated[
    str | None,
    typer.Option("--format", metavar="|".join(FORMATS), help="Form of the report.  [default: md, or --out's]"),
]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the report here, whole.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_SUFFIXES: Final[Mapping[str, Format]] = {".md": "md", ".html": "html", ".htm": "html", ".json": "json"}


def a_path(text: str) -> Path:
    """Return the path in an argument; an empty one, as of a variable that is not set, would be the folder we are in."""
    if not text.strip():
        raise typer.BadParameter("it is empty; name a file or folder.")
    return Path(text)


def choose_format(form: str | None, out: Path | None) -> Format:
    """Return the form of the report, and refuse before anything is spent what could not be written.

    Raises:
        UsageError: there is no such form, or the file could not be written.
    """
    if out is not None:
        folder = out.absolute().parent
        if out.is_dir():
            raise UsageError(f"The output {out} is a folder: name a file.")
        if not folder.is_dir():
            raise UsageError(f"The folder {folder} does not exist: make it, or write the report elsewhere.")
        if not os.access(out if out.exists() else folder, os.W_OK) or not os.access(folder, os.W_OK):
            raise UsageError(f"The output {out} cannot be written: choose another place.")
    if form is None:
        return _SUFFIXES.get(out.suffix.lower(), "md") if out else "md"
    for known in FORMATS:
        if form == known:
            return known
    raise UnknownNameError("report format", form, FORMATS)


def deliver(answer: Answer, form: Format, out: Path | None) -> int:
    """Print or write the report and return the exit status.

    Raises:
        UsageError: the file cannot be written after all.
    """
    text = render(answer, form)
    if out is not None:
        from research_agent.runs import write_whole

        try:
            write_whole(out, text)
        except OSError as error:
            raise UsageError(f"The report could not be written to {out} ({error}); the run is kept.") from error
    else:
        _print(text, form)
    if answer.error:
        typer.echo(f"Error: {' '.join(answer.error.split())}", err=True)
    return EXIT_STATUS[answer.status]


def _print(text: str, form: Format) -> None:
    """Print a report; Markdown is set on a terminal.

    Raises:
        UsageError: stdout cannot be written, as where it is a file on a full disk.
    """
    try:
        if form == "md" and sys.stdout.isatty():
            from rich.console import Console
            from rich.markdown import Markdown

            Console().print("", Markdown(text, hyperlinks=False), sep="\n")
        else:
            typer.echo(text.encode(), nl=False)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"The report could not be printed ({error.strerror}); the run is kept.") from error


def show_rows(rows: Sequence[Mapping[str, object]], as_json: bool, empty: str) -> None:
    """Print rows as JSON, on a terminal as a table, and elsewhere with tabs; the columns are the rows' keys."""
    from research_agent.report.markdown import shown

    if as_json:
        typer.echo(json.dumps(rows, indent=2, default=str))
        return
    if not rows:
        typer.echo(empty, err=True)
        return
    cells = [[shown("" if value is None else str(value)) for value in row.values()] for row in rows]
    if not sys.stdout.isatty():
        typer.echo("\n".join("\t".join(line) for line in [[*rows[0]], *cells]))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, name in enumerate(rows[0]):
        table.add_column(name, no_wrap=number == 0, overflow="fold")
    for line in cells:
        table.add_row(*map(Text, line))
    Console().print(table)
