"""Numbers as people write them, and which of them stand at a scale."""

from collections.abc import Sequence
from math import ceil, floor, log, log2, log10

_TICKS = 6


def digits(value: float) -> str:
    """Return a number with three digits that count, thousands set apart."""
    if value != 0 and not 1e-4 <= abs(value) < 1e9:
        return f"{value:.2e}"
    return f"{value:,.{max(0, 2 - floor(log10(abs(value)))) if value else 0}f}"


def number(value: float) -> str:
    """Return a number as people write a budget: as `digits`, without zeros at its end."""
    text = digits(value)
    mantissa, power, exponent = text.partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}{power}{exponent}" if "." in mantissa else text


def spread(budgets: Sequence[float], zero: float | None = None) -> tuple[tuple[float, str], ...]:
    """Return ticks at budgets themselves, so many that they do not touch on a log scale.

    Args:
        budgets: places, the most important first.
        zero: below it the scale is linear; None where all budgets are above 0.
    """
    places = {budget: log2(budget) if zero is None or budget >= zero else log2(zero) - 1 for budget in budgets}
    apart = (max(places.values()) - min(places.values())) / _TICKS
    kept: list[float] = []
    for budget, place in places.items():
        if all(abs(place - places[other]) >= apart for other in kept):
            kept.append(budget)
    return tuple((budget, number(budget)) for budget in sorted(kept))


def powers(low: float, high: float) -> tuple[tuple[float, str], ...]:
    """Return ticks on a log scale between two positive numbers: powers of two, or of ten over a wide range."""
    base = 2.0 if high / low < 2.0 ** (2 * _TICKS) else 10.0
    first, last = ceil(log(low, base) - 1e-9), floor(log(high, base) + 1e-9)
    step = max(1, ceil((last - first) / _TICKS))
    return tuple((base**at, number(base**at)) for at in range(first, last + 1) if at % step == 0)


def decades(low: float, high: float) -> tuple[tuple[float, str], ...]:
    """Return round ticks on a log scale between two positive numbers: as many as fit of 1 … 9, of 1, 2, 5, or of 1."""
    places = range(floor(log10(low)), ceil(log10(high)) + 1)
    found: list[float] = []
    for digits_kept in (range(1, 10), (1, 2, 5), (1, 3), (1,)):
        found = [digit * 10.0**place for place in places for digit in digits_kept]
        found = [value for value in found if low <= value <= high]
        if len(found) < _TICKS:
            break
    kept = found[:: ceil(len(found) / _TICKS) or 1]
    plain = all("e" not in number(value) for value in kept)
    return tuple((value, number(value) if plain else f"{value:.0e}") for value in kept)


def steps(low: float, high: float) -> tuple[float, ...]:
    """Return some round shares strictly between two shares, equal distances apart."""
    step = next((each for each in (0.01, 0.02, 0.05) if (high - low) / each <= _TICKS), 0.1)
    found = (step * at for at in range(ceil(low / step), floor(high / step) + 1))
    return tuple(value for value in found if low < value < high)
