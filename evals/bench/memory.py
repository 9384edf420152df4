"""The most memory a whole question takes: the default question of `research-agent ask`, in a process of its own.

Each run starts with a data folder of its own, so it indexes its documents, too.
"""

import os
import sys
import time
from pathlib import Path

from evals.bench.measure import LEAST, Measure
from research_agent.config import load_settings
from research_agent.models.weights import find

_LIMIT_MB = 4000.0


def measure(work: Path, quick: bool) -> list[Measure]:
    """Return the peak resident memory of a run without a language model, and with the embedded one where it is here."""
    weights = find("default", load_settings().home)
    found = [_peak("extractive", "extractive", work, LEAST)]
    if weights is not None and not quick:
        found.append(_peak("embedded", str(weights), work, 1))
    return found


def _peak(name: str, model: str, work: Path, times: int) -> Measure:
    """Return the highest peak of some runs with one model."""
    runs = [_ask(model, work / f"{name}-{n}") for n in range(times)]
    peaks = [peak for peak, _ in runs]
    detail = {"peaks_mb": [round(peak) for peak in peaks], "seconds": [round(taken, 2) for _, taken in runs]}
    return Measure(f"peak memory of ask, cold, {name} model", max(peaks), "MB", _LIMIT_MB, "below", detail)


def _ask(model: str, home: Path) -> tuple[float, float]:
    """Return the peak of one run in MB of 10⁶ bytes, and its seconds."""
    command = [str(Path(sys.executable).with_name("research-agent")), "ask", "--model", model, "--format", "json"]
    quiet = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    started = time.monotonic()
    process = os.posix_spawn(command[0], command, os.environ | {"RESEARCH_AGENT_HOME": str(home)}, file_actions=quiet)
    _, status, usage = os.wait4(process, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 3):
        raise RuntimeError(f"{' '.join(command)} ended with status {code}.")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return peak / 1e6, time.monotonic() - started
