"""The harness and its store by themselves: scripted answers of usual size, and a store of a million trials."""

import asyncio
import hashlib
import random
import resource
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

from evals.bench.measure import LEAST, Measure, seconds
from evals.harness import Identity, Outcome, run
from evals.report import report
from evals.runstore import RunStore, opened
from evals.task import Sample, Task
from research_agent.answer import Answer, Claim, Quote, Source, Spend

_TRIALS, _HELD, _ASKED, _ROUNDS = 50_000, 1_000_000, 1_000, 6


class Scripted:
    """A solver that knows every answer at once, with a trace, claims and sources as a deep run leaves them."""

    identity = Identity({"depth": _ROUNDS, "width": 2, "think": 0, "strategy": "single"}, "code", "scripted", "corpus")

    async def solve(self, sample: Sample, *, seed: int) -> Answer:
        """Answer with the number in the question."""
        await asyncio.sleep(0)
        trace = tuple(
            {
                "round": n,
                "queries": [f"{sample.question} {n}.{query}" for query in range(2)],
                "read": [f"document-{sample.id}-{n}-{hit}" for hit in range(3)],
                "answer": sample.answers[0],
                "units": 300.0 * n,
            }
            for n in range(1, _ROUNDS + 1)
        )
        said = f"A sentence of usual length about {sample.id}, with what was found in it."
        claims = tuple(Claim(said, (Quote(f"s{n}", said, 120, 120 + len(said)),), True) for n in range(4))
        sources = tuple(
            Source(f"s{n}", f"file:corpus.jsonl#{sample.id}-{n}", "Title", "0" * 64, "2026-01-01T00:00:00+00:00")
            for n in range(12)
        )
        spend = Spend(1e6, 1800.0, {"searches": 12, "fetches": 18}, 0.1, None, False)
        config = {"strategy": "single", "depth": _ROUNDS, "seed": seed}
        return Answer(
            sample.question, sample.answers[0], "answered", "answered", claims, sources, spend, config, "r", "0", trace
        )


def measure(work: Path, quick: bool) -> list[Measure]:
    """Return trials a second, their peak memory with and without a report, and how long a large store takes to open."""
    trials, held = (400, 5_000) if quick else (_TRIALS, _HELD)
    return [*_through(work, trials), *_large(work, held)]


def _through(work: Path, trials: int) -> list[Measure]:
    """Return how fast scripted trials go through the harness into the store, and the memory that takes."""
    samples = tuple(Sample(f"q{n}", f"What is number {n}?", (str(n),), "number") for n in range(trials))
    task = Task("numbers", samples, None, "corpus")
    before = _peak_mb()
    rates, cpu = [], []
    for seed in range(LEAST):
        path = work / f"{seed}.sqlite"
        wall, own = time.perf_counter(), time.process_time()
        with opened(path) as store:
            outcome = asyncio.run(run(task, samples, Scripted(), store, seed=seed, concurrency=16))
        rates.append(trials / (time.perf_counter() - wall))
        cpu.append(trials / (time.process_time() - own))
        size = path.stat().st_size / trials
        if seed < LEAST - 1:
            path.unlink()
    peak = _peak_mb()
    detail = {"each": [round(rate) for rate in rates], "per_cpu_second": round(median(cpu)), "bytes_a_trial": size}
    memory = {"before": round(before), "trials": trials}
    return [
        Measure(f"{trials:,} scripted trials through the harness", median(rates), "trials/s", 500, "above", detail),
        Measure("peak memory of that", peak, "MB", 1000, "below", memory),
        _reported(outcome),
    ]


def _reported(outcome: Outcome) -> Measure:
    """Return the peak memory with the report of all trials."""
    taken = seconds(lambda: report("numbers", outcome, by=None, depth=_ROUNDS, solver={}))
    return Measure("peak memory with the report of them", _peak_mb(), "MB", 1000, "below", {"seconds": round(taken, 2)})


def _large(work: Path, held: int) -> list[Measure]:
    """Return how long a store takes to open, and to say which of 1,000 keys it has not."""
    path = work / "large.sqlite"
    _fill(path, held)
    opening = [seconds(lambda: RunStore(path).close()) for _ in range(LEAST)]
    draw = random.Random(0)  # noqa: S311
    looking = []
    with opened(path) as store:
        for _ in range(LEAST):
            keys = [_key(n) for n in draw.sample(range(2 * held), _ASKED)]
            looking.append(seconds(partial(store.missing, keys)))
    size = {"megabytes": round(path.stat().st_size / 1e6)}
    name = f"a store of {held:,} trials"
    return [
        Measure(f"open {name}", median(opening), "s", 2, "below", size | {"each": [round(one, 4) for one in opening]}),
        Measure(
            f"which of {_ASKED:,} keys are missing in {name}",
            median(looking),
            "s",
            0.5,
            "below",
            {"each": [round(one, 4) for one in looking]},
        ),
    ]


def _key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def _fill(path: Path, held: int) -> None:
    """Make a store of so many trials that are alike but for their keys."""
    sample = Sample("q", "What is number 7?", ("7",))
    with opened(path) as store:
        outcome = asyncio.run(run(Task("numbers", (sample,), None, "corpus"), (sample,), Scripted(), store))
        ((_, trial),) = outcome.pairs
        store.add(replace(trial, key=_key(0)))
    db = sqlite3.connect(path)
    # Written once and thrown away; the store sets its own mode when it is opened.
    db.execute("PRAGMA journal_mode = OFF")
    db.execute("PRAGMA synchronous = OFF")

    def rows() -> Iterator[tuple[str, str]]:
        return ((_key(n), trial.key) for n in range(1, held - 1))

    db.executemany("INSERT INTO trials SELECT ?, body, report, seconds, at FROM trials WHERE key = ?", rows())
    db.commit()
    db.close()


def _peak_mb() -> float:
    """Return the highest resident memory of this process so far, in MB of 10⁶ bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
