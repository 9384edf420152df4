"""A million trials: read, fitted with clustered intervals, and drawn; and how the time grows with their number."""

import resource
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from evals.bench.laws import drawn, grid
from evals.bench.measure import LEAST, Measure, seconds

if TYPE_CHECKING:
    from scaling.trials import Trials

_SIZES = (10_000, 1_000_000)


def measure(work: Path, quick: bool) -> list[Measure]:
    """Return the seconds and the peak memory of the larger table, and its time over the smaller one's a trial."""
    sizes = (_SIZES[0], 10 * _SIZES[0]) if quick else _SIZES
    for size in sizes:
        _table(size).write(work / f"{size}.parquet")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    times = {size: [seconds(partial(_whole, work, size)) for _ in range(LEAST)] for size in sizes}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    small, large = (median(times[size]) for size in sizes)
    detail = {str(size): [round(one, 2) for one in each] for size, each in times.items()}
    growth = (large / sizes[1]) / (small / sizes[0])
    return [
        Measure(f"{sizes[1]:,} trials read, fitted and drawn", large, "s", 30, "below", {"seconds": detail}),
        Measure("peak memory of that", peak, "MB", 2000, "below", {"after writing the tables": round(before)}),
        Measure(f"time a trial at {sizes[1]:,} over {sizes[0]:,}", growth, "ratio", 1.0, "below", {"seconds": detail}),
    ]


def _table(size: int) -> "Trials":
    """Return a table of about so many trials of three axes."""
    import pandas as pd

    from scaling.trials import Trials

    x = grid()
    questions = size // len(x)
    hits = drawn(x, questions, 0)
    cell = np.tile(np.arange(len(x)), questions)
    columns = {name: 1 + x[cell, axis] for axis, name in enumerate(("depth", "width", "tokens"))}
    frame = pd.DataFrame({"question": np.repeat(np.arange(questions), len(x)), "outcome": hits.ravel(), **columns})
    return Trials.from_frame(frame)


def _whole(work: Path, size: int) -> None:
    """Read, fit and draw."""
    from scaling.publish import Request, publish

    publish(Request(work / f"{size}.parquet", work / f"out-{size}"), lambda _: None)
