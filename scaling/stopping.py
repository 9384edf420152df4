"""When to stop: what one more step is worth, at the cautious end of what is known, against what it costs.

On an axis whose law was fitted: go on while V · [P(C + ΔC) - P(C)] > price · ΔC, with the gain at the lower end of its
one-sided 80 % interval (SCALING.md part 2). Over questions with a belief on each one's hit rate: the next sample goes
where it is worth most (part 8).
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scaling.axes import Fitted, extra
from scaling.likelihood import quantile
from scaling.results import Array, Integers

CAUTION = 0.8  # one-sided confidence of a gain


@dataclass(frozen=True, slots=True)
class Step:
    """One more step along an axis.

    Attributes:
        axis: its name.
        spend: assigned budget before the step.
        to: assigned budget after it.
        gain: success that it adds.
        gain_low: lower end of the gain's one-sided interval.
        cost: money that it costs, price · ΔC.
        shadow_price: success that it adds for a unit of money; infinite where it costs nothing.
        worth_it: the value of `gain_low` is above the cost.
    """

    axis: str
    spend: float
    to: float
    gain: float
    gain_low: float
    cost: float
    shadow_price: float
    worth_it: bool


def gain(fitted: Fitted, spend: Array, to: Array, *, confidence: float = CAUTION) -> tuple[float, float]:
    """Return the success that moving from one cell to another adds, and the lower end of its one-sided interval.

    Args:
        fitted: the law.
        spend: assigned budgets, [J].
        to: likewise.
        confidence: of the one-sided interval (delta method, cluster sandwich), in [0.5, 1).

    Raises:
        FitError: a cell lies beyond four times the measured range.
        ValueError: a cell lies below the base, or the confidence is out of range.
    """
    if not 0.5 <= confidence < 1:
        raise ValueError(f"The one-sided confidence must be at least 0.5 and below 1; it was {confidence}.")
    share, slope = fitted.law.probability(fitted.theta[None], extra(fitted.cells, np.stack([spend, to])))
    value = float(share[0, 1] - share[0, 0])
    moved = slope[0, 1] - slope[0, 0]
    error = float(np.sqrt(moved @ fitted.covariance @ moved))
    return value, value - quantile(fitted.freedom, 2 * confidence - 1) * error


def next_step(
    fitted: Fitted,
    spend: Array,
    axis: str,
    to: float,
    *,
    value: float,
    price: float,
    confidence: float = CAUTION,
) -> Step:
    """Return what raising one axis is worth, and whether to do it.

    Args:
        fitted: the law.
        spend: assigned budgets, [J].
        axis: the one to raise.
        to: its budget after the step.
        value: V, money that a right answer is worth.
        price: money that a unit of the axis costs here.
        confidence: of the gain's one-sided interval.

    Raises:
        FitError: the step ends beyond four times the measured range.
        ValueError: there is no such axis, the step does not raise it, or value or price are no numbers of at least 0.
    """
    axes = fitted.cells.axes
    if axis not in axes:
        raise ValueError(f"There is no axis {axis!r}; the axes are {', '.join(axes)}.")
    if not (0 <= value < np.inf and 0 <= price < np.inf):
        raise ValueError(f"Value and price must be numbers of at least 0; they were {value} and {price}.")
    column = axes.index(axis)
    before = float(spend[column])
    if not to > before:
        raise ValueError(f"A step along {axis} from {before:g} to {to:g} does not raise it.")
    after = np.array(spend, dtype=float)
    after[column] = to
    added, low = gain(fitted, np.asarray(spend, dtype=float), after, confidence=confidence)
    cost = price * (to - before)
    return Step(axis, before, to, added, low, cost, added / cost if cost else np.inf, value * low > cost)


def steps(
    fitted: Fitted, spend: Array, axis: str, levels: Sequence[float], *, value: float, price: float
) -> tuple[Step, ...]:
    """Return the steps from level to level of an axis that are worth it, and the first that is not.

    Args:
        fitted: the law.
        spend: where to begin, [J].
        axis: the one to raise.
        levels: its budgets after each step, ascending.
        value: V, money that a right answer is worth.
        price: money that a unit of the axis costs.

    Raises:
        FitError: a step that is come to ends beyond four times the measured range.
        ValueError: as `next_step`.
    """
    at = np.array(spend, dtype=float)
    taken: list[Step] = []
    for level in levels:
        taken.append(next_step(fitted, at, axis, level, value=value, price=price))
        if not taken[-1].worth_it:
            break
        at[fitted.cells.axes.index(axis)] = level
    return tuple(taken)


def sample_gain(a: Array, b: Array, k: Array) -> Array:
    """Return what sample k + 1 adds to the chance that a question is hit at least once, E[p (1 - p)^k].

    With p ~ Beta(a, b) it is the mean a/(a+b) times Π_{i<k} (b + i)/(a + b + 1 + i), which falls in k.

    Args:
        a: above 0, any shape.
        b: above 0, likewise.
        k: samples already taken, at least 0, likewise.

    Raises:
        ValueError: one of them is out of range.
    """
    from scipy.special import betaln

    _check(a, b)
    if not np.all(np.asarray(k) >= 0):
        raise ValueError(f"The number of samples must be at least 0; it was {k}.")
    added: Array = np.exp(betaln(a + 1.0, b + k) - betaln(a, b))
    return added


def share_samples(a: Array, b: Array, samples: int) -> Integers:
    """Return how many samples each question gets, [Q], so that the most questions are hit at least once.

    Samples go one by one where `sample_gain` is largest. That is optimal where all are allotted at once, for the gain
    of a question falls with every sample. With equal beliefs it is round robin: without a predictor nothing is gained.

    Args:
        a: of the Beta(a, b) belief on each question's hit rate, above 0, [Q].
        b: likewise.
        samples: to be shared out.

    Raises:
        ValueError: one of them is out of range, or there is no question.
    """
    _check(a, b)
    if samples < 0 or not len(a):
        raise ValueError(f"Sharing samples takes questions and at least 0 samples; there were {len(a)} and {samples}.")
    given = np.zeros(len(a), dtype=np.int64)
    queue = [(-float(one / (one + other)), place) for place, (one, other) in enumerate(zip(a, b, strict=True))]
    heapq.heapify(queue)
    for _ in range(samples):
        worth, place = queue[0]
        ratio = (b[place] + given[place]) / (a[place] + b[place] + 1 + given[place])
        given[place] += 1
        heapq.heapreplace(queue, (worth * float(ratio), place))
    return given


def _check(a: Array, b: Array) -> None:
    """Refuse beliefs that are none."""
    if not (np.all(np.isfinite(a) & (np.asarray(a) > 0)) and np.all(np.isfinite(b) & (np.asarray(b) > 0))):
        raise ValueError(f"The parameters of a Beta belief must be numbers above 0; they were {a} and {b}.")
