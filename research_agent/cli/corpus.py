"""`research-agent index`: an index of one's own files, made once and kept up to date."""

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from research_agent.cli.output import JsonOption, QuietOption, a_path
from research_agent.cli.progress import Bar
from research_agent.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from retrieval.documents import Skipped
    from retrieval.index import IndexDescription, LocalIndex, Step

app = typer.Typer(help="Build, change and describe an index.", rich_markup_mode=None)

Folder = Annotated[Path, typer.Argument(metavar="DIR", parser=a_path, help="Folder of the index.")]
Paths = Annotated[
    list[Path], typer.Argument(metavar="PATH...", parser=a_path, help="Files and folders, all that is in them.")
]
Ids = Annotated[
    list[str], typer.Argument(metavar="ID...", help="Documents: FOLDER/FILE as it was added, or the `_id` of a row.")
]
DenseOption = Annotated[
    str, typer.Option("--dense", metavar="none|lazy|all", help="Vectors: none, when a query needs them, or all now.")
]

_STAGES = {"read": "documents", "embed": "passages"}


@app.command()
def build(directory: Folder, paths: Paths, dense: DenseOption = "lazy", quiet: QuietOption = False) -> int:
    """Build an index in DIR; one that is there serves until the new one is whole."""
    from retrieval.index.files import build_files
    from retrieval.index.opened import Dense

    known: tuple[Dense, ...] = ("none", "lazy", "all")
    chosen = next((one for one in known if one == dense), None)
    if chosen is None:
        raise UnknownNameError("kind of vectors", dense, known)
    with _Telling(quiet) as telling:
        index = build_files(directory, paths, dense=chosen, progress=telling.step, on_skip=telling.skip)
    _sum_up(index.describe(), telling, quiet=quiet)
    return 0


@app.command()
def add(directory: Folder, paths: Paths, quiet: QuietOption = False) -> int:
    """Add files and folders to the index in DIR, or read again those that have changed."""
    from research_agent.report.words import counted
    from retrieval.index import LocalIndex
    from retrieval.index.files import add_files

    with _Telling(quiet) as telling:
        changed = add_files(directory, paths, progress=telling.step, on_skip=telling.skip)
    if not quiet:
        typer.echo(f"New or changed: {counted(changed, 'document', 'documents')}.", err=True)
    _sum_up(LocalIndex.open(directory).describe(), telling, quiet=quiet)
    return 0


@app.command()
def remove(directory: Folder, ids: Ids, quiet: QuietOption = False) -> int:
    """Remove documents from the index in DIR."""
    from research_agent.report.markdown import shown
    from research_agent.report.words import counted
    from retrieval.index import LocalIndex

    index = LocalIndex.open(directory)
    missing = asyncio.run(_missing(index, ids))
    if len(missing) == len(ids):
        named = ", ".join(map(repr, ids))
        raise UsageError(
            f"The index at {directory} has no document {named}: name each as FOLDER/FILE, or by its `_id`."
        )
    gone = index.remove(ids)
    if not quiet:
        left = f" Not there: {', '.join(map(shown, missing))}." if missing else ""
        typer.echo(f"Removed: {counted(gone, 'document', 'documents')} of {len(ids):,} named.{left}", err=True)
    return 0


async def _missing(index: "LocalIndex", ids: list[str]) -> list[str]:
    """Return those of the ids that no document has."""
    from retrieval.errors import DocumentNotFoundError

    missing = []
    for name in ids:
        try:
            await index.fetch(name)
        except DocumentNotFoundError:
            missing.append(name)
    return missing


@app.command()
def info(directory: Folder, as_json: JsonOption = False) -> int:
    """Say what is in the index in DIR, and what could not be read."""
    from retrieval.index import LocalIndex

    described = LocalIndex.open(directory).describe()
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(described), indent=2, default=str))
        return 0
    for line in _lines(described):
        typer.echo(line)
    return 0


class _Telling:
    """Shows progress, and keeps what was left out for the end."""

    def __init__(self, quiet: bool) -> None:
        self.skipped: list[Skipped] = []
        self._bars = {stage: Bar(unit, quiet=quiet) for stage, unit in _STAGES.items()}
        self._open: Bar | None = None
        self._stage = ""

    def __enter__(self) -> "_Telling":
        return self

    def __exit__(self, *error: object) -> None:
        if self._open is not None:
            self._open.close()

    def step(self, step: "Step") -> None:
        """Show how far it is; each stage has a bar of its own."""
        if step.stage != self._stage:
            if self._open is not None:
                self._open.close()
            self._stage, self._open = step.stage, self._bars.get(step.stage) or Bar("steps")
            self._open.open()
        if self._open is not None:
            self._open.show(
                step.done, step.total, {"read": "Reading", "embed": "Embedding"}.get(step.stage, step.stage)
            )

    def skip(self, skipped: "Skipped") -> None:
        """Keep what was left out."""
        self.skipped.append(skipped)


def _sum_up(described: "IndexDescription", telling: _Telling, *, quiet: bool) -> None:
    """Say on stderr what was made, and all that was left out."""
    if quiet:
        return
    for line in _lines(described):
        typer.echo(line, err=True)


def _lines(described: "IndexDescription") -> list[str]:
    from research_agent.report.markdown import shown
    from research_agent.report.words import counted

    vectors = {
        "none": "no vectors",
        "lazy": "vectors made when a query needs them",
        "all": f"{described.embedded:,} vectors",
        "only": f"{described.embedded:,} vectors and nothing else",
    }[described.dense]
    encoder = f" by {described.encoder}" if described.encoder and described.dense != "none" else ""
    lines = [
        f"Index {described.directory}: {counted(described.documents, 'document', 'documents')} in "
        f"{counted(described.passages, 'passage', 'passages')}, {vectors}{encoder}."
    ]
    if described.note:
        lines.append(described.note)
    lines += [f"Left out: {shown(path)}: {shown(reason)}" for path, reason in described.skipped]
    return lines
