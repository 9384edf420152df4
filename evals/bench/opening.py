"""Opening a big index: time, and memory beyond what the encoder takes; each time in a process of its own.

The encoder is loaded before, nothing else: the first opening also loads faiss and tantivy, and memory holds both and
every page of the index that queries touched. The files are in the page cache of the system, as after a build.
"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

from evals.bench.indexes import LARGE, ready, sizes
from evals.bench.measure import LEAST, Measure

_SCRIPT = """
import asyncio, json, sys, time
from pathlib import Path
from evals.bench.measure import resident_mb
from evals.bench.text import FastEncoder, Writer
from retrieval.index.encoder import SentenceEncoder
from retrieval.index.local import LocalIndex

encoder = FastEncoder(SentenceEncoder())
encoder.encode(["the encoder is loaded before memory is taken"])
before = resident_mb()
started = time.perf_counter()
index = LocalIndex.open(Path(sys.argv[1]), encoder=encoder)
opened = time.perf_counter() - started
after_open = resident_mb()
started = time.perf_counter()
LocalIndex.open(Path(sys.argv[1]), encoder=encoder)
again = time.perf_counter() - started

async def ask():
    writer = Writer(seed=5)
    for document in writer.documents(200):
        await index.search(writer.query(document), k=8)

asyncio.run(ask())
print(json.dumps([opened, again, after_open - before, resident_mb() - before]))
"""


def measure(work: Path, quick: bool) -> list[Measure]:
    """Return how long an index takes to open and the memory it needs."""
    passages = sizes(quick)[-1]
    folder = ready(work, passages)
    rows = [_once(folder) for _ in range(LEAST)]
    opened, again, empty, used = ([row[n] for row in rows] for n in range(4))
    limits = (0.5, 400.0) if passages == LARGE else (None, None)
    detail: dict[str, object] = {
        "seconds": [round(one, 4) for one in opened],
        "second_opening_seconds": round(median(again), 4),
    }
    memory: dict[str, object] = {
        "after_open_mb": round(median(empty), 1),
        "after_200_queries_mb": [round(one) for one in used],
    }
    size = f"{passages:,} passages"
    return [
        Measure(f"open an index, {size}", median(opened), "s", limits[0], "below", detail),
        Measure(
            f"memory of an index in use beyond the encoder, {size}", median(used), "MB", limits[1], "below", memory
        ),
    ]


def _once(folder: Path) -> list[float]:
    """Return seconds to open the first and the second time, and MB after opening and after queries."""
    done = subprocess.run([sys.executable, "-c", _SCRIPT, str(folder)], capture_output=True, text=True, check=True)
    return [float(figure) for figure in json.loads(done.stdout.splitlines()[-1])]
