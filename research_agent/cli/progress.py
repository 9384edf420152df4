"""Progress of one long piece of work on stderr: a bar on a terminal, now and then a line elsewhere."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

_LINE_EVERY: Final = 10.0


class Bar:
    """Shows how far a piece of work is.

    Args:
        unit: what is counted, plural.
        scale: the count is multiplied by this for people.
        quiet: show nothing.
    """

    def __init__(self, unit: str, *, scale: float = 1.0, quiet: bool = False) -> None:
        self._unit = unit
        self._scale = scale
        self._quiet = quiet
        self._rich: Progress | None = None
        self._tasks: dict[str, int] = {}
        self._told = time.monotonic()

    def __enter__(self) -> "Bar":
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Begin to show."""
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

            columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(24))
            counts = TextColumn("{task.fields[counts]}")
            self._rich = Progress(*columns, counts, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
            self._rich.start()

    def close(self) -> None:
        """Remove what is shown."""
        if self._rich is not None:
            self._rich.stop()

    def show(self, done: int, total: int | None, what: str) -> None:
        """Show how far it is.

        Args:
            done: how many are done.
            total: how many there are, or None where that is not known.
            what: what is being done now.
        """
        if self._quiet:
            return
        counts = f"{done * self._scale:,.0f}" + (f" of {total * self._scale:,.0f}" if total else "") + f" {self._unit}"
        if self._rich is not None:
            task = next(iter(self._rich.task_ids), None)
            if task is None:
                task = self._rich.add_task(what, total=total, counts=counts)
            self._rich.update(task, completed=done, total=total, description=what, counts=counts)
        elif time.monotonic() - self._told > _LINE_EVERY:
            self._told = time.monotonic()
            typer.echo(f"{what}: {counts}", err=True)
