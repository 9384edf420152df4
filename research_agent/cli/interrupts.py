"""Ctrl-C: the first press lets the step in hand end and keeps the run, the second ends the program."""

import asyncio
import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from research_agent.cli.failures import INTERRUPTED
from research_agent.report.words import resume_with

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Within `with`, Ctrl-C (and SIGTERM) asks a run to stop; asked again, or before a run has begun, it ends at once.

    Args:
        begun: returns the id of the run, None before there is one.
        say: shows a sentence.
        leave: lets go of the terminal before the program is ended.
    """

    def __init__(self, begun: Callable[[], str | None], say: Callable[[str], None], leave: Callable[[], None]) -> None:
        self._begun = begun
        self._say = say
        self._leave = leave
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._before: dict[int, Any] = {}

    def event(self) -> asyncio.Event:
        """Return the event that the first press sets; call it inside the event loop that waits for it."""
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        return self._stop

    def __enter__(self) -> "Interrupts":
        self._before = {number: signal.signal(number, self._pressed) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, former in self._before.items():
            signal.signal(number, former)

    def _pressed(self, _number: int, _frame: FrameType | None) -> None:
        run = self._begun()
        if run is None or self._stop is None or self._loop is None or self._stop.is_set():
            # Native code in other threads cannot be told to stop; everything on disk is written to survive this.
            end = "before anything was spent." if run is None else f"the run can be resumed: {resume_with(run)}"
            self._leave()
            os.write(2, f"Interrupted; {end}\n".encode())
            os._exit(INTERRUPTED)
        self._stop.set()
        said = f"Stopping after the step in hand; Ctrl-C again ends at once. To go on later: {resume_with(run)}"
        # Also wakes the loop, which does not look at an event that was set from outside.
        self._loop.call_soon_threadsafe(self._say, said)
