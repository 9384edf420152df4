"""What a benchmark hands back, and how times and memory are taken."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

# Medians are taken of at least this many.
LEAST = 5


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure.

    Attributes:
        value: median of at least five.
        limit: acceptance; None where there is none.
        better: the side of the limit on which the value must lie.
        detail: what the figure was made of.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    better: Literal["below", "above"] = "below"
    detail: Mapping[str, object] = field(default_factory=dict)

    @property
    def passed(self) -> bool | None:
        """Whether the limit holds; None without a limit."""
        if self.limit is None:
            return None
        return self.value <= self.limit if self.better == "below" else self.value >= self.limit

    def to_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        sign = "≤" if self.better == "below" else "≥"
        limit = None if self.limit is None else f"{sign} {self.limit:g}"
        figures = {"name": self.name, "value": round(self.value, 4), "unit": self.unit}
        return {**figures, "limit": limit, "passed": self.passed, "detail": dict(self.detail)}


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call took, in seconds."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def in_turns(
    first: Callable[[], object], second: Callable[[], object], times: int = LEAST
) -> list[tuple[float, float]]:
    """Return the times of two calls in seconds, taken in turns so that both see the same machine."""
    return [(seconds(first), seconds(second)) for _ in range(times)]


def ratio(pairs: list[tuple[float, float]]) -> float:
    """Return the median of first over second."""
    return median(first / second for first, second in pairs)


def share(values: list[float], at: float) -> float:
    """Return the value below which the share `at` of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(at * len(ordered)) - 1))]


def resident_mb() -> float:
    """Return the resident memory of this process, in MB of 10⁶ bytes."""
    import psutil

    return float(psutil.Process().memory_info().rss) / 1e6
