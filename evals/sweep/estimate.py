"""What a sweep will cost, from a pilot: units and seconds of each order, and of the whole, with intervals."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evals.runstore import Trial
from evals.sweep.orders import Order

PILOT = 5  # questions


@dataclass(frozen=True, slots=True)
class Amount:
    """A cost with its 95 % interval; the ends are those of the value where a single question was tried."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Priced:
    """What one order costs.

    Attributes:
        there: trials in the store.
        missing: trials to buy.
        units: of one trial.
        seconds: of one trial, alone on this machine.
    """

    order: Order
    there: int
    missing: int
    units: Amount
    seconds: Amount


@dataclass(frozen=True, slots=True)
class Estimate:
    """What all orders cost.

    Attributes:
        pilot: questions that were tried.
        units: still to be spent.
        seconds: still to pass, one question after the other.
    """

    pilot: int
    orders: tuple[Priced, ...]
    units: Amount
    seconds: Amount


def estimate(
    trials: Mapping[Order, Sequence[Sequence[Trial]]], counts: Mapping[Order, tuple[int, int]], left: int
) -> Estimate:
    """Return what is still to be spent.

    Args:
        trials: of each order, the pilot's trials question by question.
        counts: of each order, the trials there are and those that are missing.
        left: questions that are still to be asked.
    """
    units = {order: [_mean([trial.units for trial in one]) for one in held if one] for order, held in trials.items()}
    seconds = {
        order: [_mean([trial.seconds for trial in one]) for one in held if one] for order, held in trials.items()
    }
    missing = {order: count for order, (_, count) in counts.items()}
    priced = tuple(
        Priced(order, *counts[order], _each(units[order]), _each(seconds[order])) for order in trials if units[order]
    )
    pilot = max((len(held) for held in units.values()), default=0)
    return Estimate(pilot, priced, _whole(units, missing, left), _whole(seconds, missing, left))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _each(values: Sequence[float]) -> Amount:
    """Return a mean with its t interval."""
    mean, n = _mean(values), len(values)
    if n < 2:
        return Amount(mean, mean, mean)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    return _around(mean, deviation / math.sqrt(n), n)


def _whole(values: Mapping[Order, Sequence[float]], missing: Mapping[Order, int], left: int) -> Amount:
    """Return the cost of all that is missing, with the interval that holds it in 95 of 100 sweeps.

    The same questions stand in every order, so that what varies is a question's cost over all orders; the questions to
    come vary as those of the pilot did.
    """
    known = {order: held for order, held in values.items() if held and missing[order]}
    total = math.fsum(missing[order] * _mean(held) for order, held in known.items())
    n = max((len(held) for held in known.values()), default=0)
    if n < 2:
        return Amount(total, total, total)
    moved = [
        math.fsum(missing[order] * (held[at] - _mean(held)) for order, held in known.items() if at < len(held))
        for at in range(n)
    ]
    variance = math.fsum(each * each for each in moved) / (n - 1)
    return _around(total, math.sqrt(variance * (1 / n + 1 / max(1, left))), n)


def _around(value: float, error: float, n: int) -> Amount:
    """Return a value with its 95 % t interval, which no cost leaves downwards through 0."""
    from scipy.stats import t

    half = float(t.ppf(0.975, n - 1)) * error
    return Amount(value, max(0.0, value - half), value + half)


def to_markdown(found: Estimate, concurrency: int) -> str:
    """Return the estimate as a table and two sentences."""
    lines = [
        "| what | budgets | there | to buy | units each (95 %) | seconds each (95 %) |",
        "|---|---|--:|--:|---|---|",
    ]
    for one in found.orders:
        costs = f"{_amount(one.units)} | {_amount(one.seconds, 2)}"
        lines.append(f"| {one.order.kind} | {one.order.cell} | {one.there:,} | {one.missing:,} | {costs} |")
    buying = sum(one.missing for one in found.orders)
    lines += [
        "",
        f"From a pilot of {found.pilot} questions: {buying:,} trials to buy, for {_amount(found.units)} units.",
        f"They take about {_amount(Amount(*(_minutes(found.seconds, concurrency))))} minutes, {concurrency} at once.",
    ]
    return "\n".join(lines) + "\n"


def _minutes(seconds: Amount, concurrency: int) -> tuple[float, float, float]:
    """Return seconds as minutes of questions that run side by side."""
    share = 60 * concurrency
    return seconds.value / share, seconds.low / share, seconds.high / share


def _amount(one: Amount, digits: int = 1) -> str:
    """Return a cost as text."""
    return f"{one.value:,.{digits}f} ({one.low:,.{digits}f} – {one.high:,.{digits}f})"
