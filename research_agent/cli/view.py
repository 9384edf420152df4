"""The live view on stderr: steps as they happen, and a gauge that stays below them on a terminal."""

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import typer

from research_agent.cli.story import Gauge, line_of

if TYPE_CHECKING:
    from rich.console import RenderableType

_BAR = 24


class View(AbstractContextManager["View"], Protocol):
    """Shows a run; `with` lets go of the terminal at its end."""

    gauge: Gauge

    def emit(self, event: Mapping[str, object]) -> None:
        """Take an event of the run."""
        ...

    def say(self, sentence: str) -> None:
        """Show a sentence."""
        ...

    def close(self) -> None:
        """Let go of the terminal; harmless when called twice."""
        ...


def open_view(gauge: Gauge, *, quiet: bool) -> View:
    """Return the view that suits stderr."""
    if quiet:
        return QuietView(gauge)
    return LiveView(gauge) if sys.stderr.isatty() else LineView(gauge)


class QuietView(View):
    """Says nothing of the steps."""

    def __init__(self, gauge: Gauge) -> None:
        self.gauge = gauge

    def __exit__(self, *_error: object) -> None:
        self.close()

    def emit(self, event: Mapping[str, object]) -> None:
        """Take an event of the run."""
        self.gauge.take(event)

    def say(self, sentence: str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Let go of nothing."""


class LineView(QuietView):
    """Plain lines, for files and pipes; the gauge is told at every round and at the end."""

    def emit(self, event: Mapping[str, object]) -> None:
        """Take an event of the run."""
        self.gauge.take(event)
        if event.get("type") in {"round", "run_ended"} and self.gauge.units:
            self.say(f"Spent so far: {', '.join([*self.gauge.pace(), *self.gauge.counts()])}")
        line = line_of(event)
        if line is not None:
            self.say(f"{_indent(event)}{line}")

    def say(self, sentence: str) -> None:
        """Write a line."""
        typer.echo(sentence, err=True)


class LiveView(QuietView):
    """Steps as lines that stay, and below them a gauge that is redrawn."""

    def __init__(self, gauge: Gauge) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.spinner import Spinner

        super().__init__(gauge)
        self._spinner = Spinner("dots", style="cyan")
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(
            get_renderable=self._draw,
            console=self._console,
            refresh_per_second=8,
            transient=True,
            redirect_stdout=False,
        )

    def __enter__(self) -> "LiveView":
        self._live.start()
        return self

    def emit(self, event: Mapping[str, object]) -> None:
        """Take an event of the run."""
        from rich.text import Text

        self.gauge.take(event)
        line = line_of(event)
        if line is None:
            return
        kind = event.get("type")
        style = {"round": "bold", "claim": "green", "answer": "bold green", "read": "dim", "closing": "yellow"}.get(
            str(kind), "dim"
        )
        self._console.print(Text(f"{_indent(event)}{line}", style=style))

    def say(self, sentence: str) -> None:
        """Write a line above the gauge."""
        from rich.text import Text

        self._console.print(Text(sentence, style="yellow"))

    def close(self) -> None:
        """Remove the gauge and give the terminal back."""
        self._live.stop()

    def _draw(self) -> "RenderableType":
        from rich.table import Table
        from rich.text import Text

        share = min(1.0, self.gauge.units / self.gauge.limit) if self.gauge.limit else 0.0
        full = round(share * _BAR)
        bar = Text.assemble(("━" * full, "cyan"), ("━" * (_BAR - full), "bright_black"))
        table = Table.grid(padding=(0, 1))
        table.add_row(self._spinner, bar, Text(" · ".join(self.gauge.pace())))
        if self.gauge.counts():
            table.add_row("", "", Text(" · ".join(self.gauge.counts()), style="dim"))
        return table


def _indent(event: Mapping[str, object]) -> str:
    """Return the space before a line: what a round brings stands below it."""
    return "  " if event.get("type") in {"read", "claim", "note", "answer"} else ""
