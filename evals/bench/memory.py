"""The most memory a whole question takes: the default question of `research-agent ask`, in a process of its own."""

import os
import sys
import time
from pathlib import Path
from statistics import median

from evals.bench.measure import LEAST, Measure

_LIMIT_MB = 4000.0


def measure(work: Path, quick: bool) -> list[Measure]:
    """Return the peak resident memory of a run with each kind of model that needs no key."""
    found = []
    for model in ("extractive",) if quick else ("extractive", "embedded"):
        runs = [_ask(model, work / f"{model}-{n}") for n in range(1 if model == "embedded" else LEAST)]
        peaks, times = [peak for peak, _ in runs], [round(taken, 2) for _, taken in runs]
        detail = {"peaks_mb": [round(peak) for peak in peaks], "seconds": times}
        found.append(Measure(f"peak memory of ask, {model} model", median(peaks), "MB", _LIMIT_MB, "below", detail))
    return found


def _ask(model: str, folder: Path) -> tuple[float, float]:
    """Return the peak of one run in MB of 10⁶ bytes, and its seconds."""
    command = [str(Path(sys.executable).with_name("research-agent")), "ask", "--model", model]
    command += ["--run-dir", str(folder), "--format", "json"]
    started = time.monotonic()
    nowhere = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    process = os.posix_spawn(command[0], command, os.environ, file_actions=nowhere)
    _, status, usage = os.wait4(process, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 3):
        raise RuntimeError(f"{' '.join(command)} ended with status {code}.")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return peak / 1e6, time.monotonic() - started
