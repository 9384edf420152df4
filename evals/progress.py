"""How far an evaluation is, on stderr: a bar on a terminal, a line now and then elsewhere."""

import math
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_EVERY_SECONDS = 30.0
# A question may take minutes: the time left is judged by the last hour, not by the half minute that is usual.
_PACE_SECONDS = 3600.0


class Bar:
    """Told of every finished question; says how many are done, how many failed and how long the rest will take."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._started = time.monotonic()
        self._said = -math.inf
        self._had: int | None = None
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

            console = Console(stderr=True)
            columns = (
                *Progress.get_default_columns()[:2],
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=console, speed_estimate_period=_PACE_SECONDS)
            self._bar.start()
            self._task = self._bar.add_task(self._name, total=None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def note(self, text: str) -> None:
        """Say something that is no progress."""
        if self._bar is not None:
            self._bar.console.print(text)
        else:
            sys.stderr.write(f"{text}\n")

    def __call__(self, done: int, total: int, failed: int) -> None:
        """Say how far it is; a line at most every 30 seconds where there is no terminal, and one at the end."""
        if self._had is None:
            self._had, self._started = done, time.monotonic()
        if self._bar is not None and self._task is not None:
            failures = f" ({failed} failed)" if failed else ""
            self._bar.update(self._task, completed=done, total=total, description=f"{self._name}{failures}")
            return
        now = time.monotonic()
        if done == total or now - self._said >= _EVERY_SECONDS:
            self._said = now
            sys.stderr.write(f"{self._line(done, total, failed, now - self._started)}\n")

    def _line(self, done: int, total: int, failed: int, seconds: float) -> str:
        """Return the progress as a line of text."""
        fresh = done - (self._had or 0)
        left = f", about {seconds / fresh * (total - done) / 60:.1f} min left" if fresh and done < total else ""
        failures = f", {failed} failed" if failed else ""
        return f"{self._name}: {done} of {total}{failures}{left}"
