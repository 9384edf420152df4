"""Kill a sweep with SIGKILL at random instants and resume it; the same sweep beside it is left alone.

    python sweep_killing.py FOLDER KILLS SEED

The sweep that is left alone runs first, so that everything is imported; then a child is forked for each session, and a
kill costs milliseconds. The agent is the real one, with a scripted model. Every question that is asked is written to a
file. JSON on stdout: how each session of the killed sweep ended.
"""

import asyncio
import json
import os
import random
import signal
import sys
import traceback
from pathlib import Path

import town

from evals.harness import key_of, run
from evals.runstore import opened
from evals.solver import AgentSolver
from evals.task import Sample, Task
from research_agent.graph.state import Dials
from research_agent.options import AskOptions

SAMPLES = (
    Sample("born", town.QUESTION, ("Korrin",)),
    Sample("who", "Who founded the museum in Astorp?", ("Ilse Brandt",)),
    Sample("when", "When was Ilse Brandt born?", ("1921",)),
    Sample("none", "Who painted the ceiling of the opera in Venn?", (), "unanswerable"),
)
TASK = Task("town", SAMPLES, None, "town")
CELLS = [(depth, seed) for depth in (1, 2, 3) for seed in (0, 1)]


class Noted(AgentSolver):
    """Writes down every question before it is asked."""

    asked = -1

    async def solve(self, sample, *, seed):
        os.write(self.asked, f"{key_of(sample, self.identity, seed)}\n".encode())
        return await super().solve(sample, seed=seed)


async def sweep(path: Path, scratch: Path, tell: int) -> None:
    """Run every cell; write a byte for each finished question."""
    Noted.asked = os.open(path.with_suffix(".asked"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with opened(path) as store:
        for depth, seed in CELLS:
            options = AskOptions(backends=("town",), dials=Dials(depth, 2, 0), blind=True, seed=seed)
            solver = Noted(options, town.town(town.read), "town", scratch)
            await run(TASK, SAMPLES, solver, store, seed=seed, concurrency=2, progress=finished(tell))


def finished(tell: int):
    """Return a progress that writes a byte for each finished question; the first call says what was there before."""
    first = True

    def progress(_done, _total, _failed):
        nonlocal first
        if not first:
            os.write(tell, b".")
        first = False

    return progress


def session(path: Path, scratch: Path, after: int | None, pause: float) -> int:
    """Carry out the sweep in a child, and kill it a moment after so many questions; return how it ended."""
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(hear)
            asyncio.run(sweep(path, scratch, tell))
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a child must never go on as its parent would
            traceback.print_exc()
            os._exit(1)
    os.close(tell)
    heard = 0
    while part := os.read(hear, 64):
        heard += len(part)
        if after is not None and heard >= after:
            signal.sigtimedwait([], pause)
            os.kill(child, signal.SIGKILL)
            break
    os.close(hear)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(folder: Path, kills: int, seed: int) -> None:
    """Leave one sweep alone, kill and resume another."""
    draw = random.Random(seed)
    asyncio.run(sweep(folder / "whole.sqlite", folder, os.open(os.devnull, os.O_WRONLY)))
    killed = folder / "killed.sqlite"
    ends = [session(killed, folder, draw.randint(1, 3), draw.uniform(0, 0.01)) for _ in range(kills)]
    sys.stdout.write(json.dumps([*ends, session(killed, folder, None, 0)]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
