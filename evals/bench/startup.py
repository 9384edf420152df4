"""How long the command line takes to say anything."""

import subprocess
import sys
from pathlib import Path
from statistics import median

from evals.bench.measure import LEAST, Measure, seconds

_TIMES = 9


def measure(_work: Path, quick: bool) -> list[Measure]:
    """Return the time of `research-agent --help`, the first call left out."""
    command = [str(Path(sys.executable).with_name("research-agent")), "--help"]

    def call() -> None:
        subprocess.run(command, check=True, capture_output=True)

    bare = [sys.executable, "-c", "pass"]
    call()
    times = [seconds(call) for _ in range(LEAST if quick else _TIMES)]
    python = [seconds(lambda: subprocess.run(bare, check=True)) for _ in range(LEAST)]
    detail = {"seconds": [round(one, 3) for one in times], "bare_python_seconds": round(median(python), 3)}
    return [Measure("research-agent --help", median(times), "s", 0.5, "below", detail)]
