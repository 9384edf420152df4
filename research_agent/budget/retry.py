"""When a failed attempt is made again: bounded, growing waits with seeded jitter."""

import math
import random
from dataclasses import dataclass

from research_agent.errors import ModelRateLimitedError, ModelUnavailableError
from retrieval.errors import RateLimitedError, UnavailableError

PASSING = (ModelRateLimitedError, ModelUnavailableError, RateLimitedError, UnavailableError)


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how soon a call is made again; every attempt is charged.

    Attributes:
        attempts: calls on the wire in all, the first one included.
        first: seconds before the second attempt; each further wait is twice as long.
        longest: seconds no wait exceeds; a provider that asks for more is not waited for.
    """

    attempts: int = 3
    first: float = 0.5
    longest: float = 60.0

    def wait(self, error: Exception, attempt: int, seed: str, seconds_left: float | None) -> float | None:
        """Return the seconds to wait before the next attempt, or None where there must be none.

        Args:
            error: what the attempt ended with.
            attempt: number of the attempt that failed, from 1.
            seed: makes the jitter repeatable, whatever runs beside it.
            seconds_left: a wait that would use them up is not begun.
        """
        if not isinstance(error, PASSING) or attempt >= self.attempts:
            return None
        asked = getattr(error, "retry_after", None)
        if asked is None or not math.isfinite(asked) or asked < 0:
            jitter = random.Random(f"{seed}:{attempt}").uniform(0.5, 1.0)  # noqa: S311 (nothing secret)
            asked = min(self.longest, self.first * 2 ** (attempt - 1)) * jitter
        if asked > self.longest or (seconds_left is not None and asked >= seconds_left):
            return None
        return float(asked)
