"""`python -m evals.bench`: run every benchmark in a process of its own and print one JSON object on stdout.

A figure beyond its limit is reported, not an error; the exit status is 1 only where a benchmark crashed.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

BENCHES = {
    "startup": "evals.bench.startup",
    "overhead": "evals.bench.overhead",
    "fanout": "evals.bench.fanout",
    "build": "evals.bench.building",
    "query": "evals.bench.querying",
    "open": "evals.bench.opening",
    "memory": "evals.bench.memory",
    "harness": "evals.bench.sweeping",
    "laws": "evals.bench.laws",
    "million": "evals.bench.million",
}
# These work on the same synthetic indexes, which take minutes to build.
_SHARED = ("query", "open")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks that were asked for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench", description="Measure; JSON on stdout.")
    parser.add_argument("--only", choices=BENCHES, action="append", help="run this one (may be given again)")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all")
    parser.add_argument("--work", type=Path, help="keep the synthetic indexes in this folder, for the next time")
    parser.add_argument("--inside", choices=BENCHES, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.inside:
        return _inside(options.inside, options.work, options.quick)
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as scratch:
        shared = options.work or Path(scratch) / "shared"
        runs = []
        for name in options.only or BENCHES:
            work = shared if name in _SHARED else Path(scratch) / name
            work.mkdir(parents=True, exist_ok=True)
            runs.append(_outside(name, work, options.quick))
    measures = [measure for run in runs for measure in run["measures"]]  # type: ignore[attr-defined]
    crashed = [run["bench"] for run in runs if "error" in run]
    failed = [measure["name"] for measure in measures if measure["passed"] is False]
    result = {"machine": _machine(), "quick": options.quick, "failed": failed, "crashed": crashed, "benches": runs}
    sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return 1 if crashed else 0


def _inside(name: str, work: Path, quick: bool) -> int:
    """Run one benchmark in this process and print its measures."""
    measures = import_module(BENCHES[name]).measure(work, quick)
    sys.stdout.write(json.dumps([measure.to_json() for measure in measures]) + "\n")
    return 0


def _outside(name: str, work: Path, quick: bool) -> dict[str, object]:
    """Run one benchmark in a process of its own and return its report."""
    command = [sys.executable, "-m", "evals.bench", "--inside", name, "--work", str(work)]
    started = time.monotonic()
    sys.stderr.write(f"{name} …\n")
    done = subprocess.run([*command, *(["--quick"] if quick else [])], capture_output=True, text=True)
    report: dict[str, object] = {"bench": name, "seconds": round(time.monotonic() - started, 1), "measures": []}
    if done.returncode:
        report["error"] = done.stderr.strip()[-2000:] or f"ended with status {done.returncode}"
        sys.stderr.write(f"{name} crashed: {report['error']}\n")
    else:
        report["measures"] = json.loads(done.stdout.splitlines()[-1])
    return report


def _machine() -> dict[str, object]:
    """Return what the figures were taken on."""
    import psutil

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    memory = round(psutil.virtual_memory().total / 1e9, 1)
    cores = len(psutil.Process().cpu_affinity() or ()) if hasattr(psutil.Process, "cpu_affinity") else os.cpu_count()
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": cores,
        "memory_gb": memory,
        "load": load,
    }


if __name__ == "__main__":
    raise SystemExit(main())
