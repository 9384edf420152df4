"""Exact amounts: numbers from people become whole millionths of a unit and whole trillionths of a dollar.

Limits are rounded down and prices up, so rounding can never let a run spend more than it was given.
"""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache

from research_agent.errors import UsageError

UNIT = 10**6
DOLLAR = 10**12
MOST_UNITS = 10**12
MOST_DOLLARS = 10**6
MOST_COUNT = 10**15


@lru_cache(maxsize=1024)
def price(value: float | Decimal, scale: int) -> int:
    """Return `value * scale` as a whole number, rounded up."""
    return int((Decimal(str(value)) * scale).to_integral_value(ROUND_CEILING))


def limit(value: float | Decimal, scale: int) -> int:
    """Return `value * scale` as a whole number, rounded down."""
    return int((Decimal(str(value)) * scale).to_integral_value(ROUND_FLOOR))


def is_number(value: object) -> bool:
    """Tell whether this is a finite number; True and False are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_count(value: object) -> bool:
    """Tell whether this is a whole number of at least 0; True and False are not."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def check_cap(what: str, value: object, most: float, *, whole: bool = False) -> None:
    """Refuse a cap that is not a number above 0.

    Raises:
        UsageError: it is not, or it is absurdly large.
    """
    fits = is_count(value) if whole else is_number(value)
    if not fits or not 0 < value <= most:  # type: ignore[operator]
        kind = "a whole number" if whole else "a number"
        raise UsageError(f"{what} must be {kind} above 0 and at most {most:g}, not {value!r}.")


def check_price(what: str, value: object) -> None:
    """Refuse a price that is not a finite number of at least 0.

    Raises:
        UsageError: it is not.
    """
    if not is_number(value) or not 0 <= value <= MOST_UNITS:  # type: ignore[operator]
        raise UsageError(f"{what} must be a number of at least 0 and at most {MOST_UNITS:g}, not {value!r}.")
