"""How much of the variance of accuracy over configurations each factor explains, and how much no factor can.

The unit is a configuration and a factor is a group of columns: log tokens, log calls, model, strategy, task family.
Every share belongs to its design (SYSTEMS.md S4): a factor that was not varied explains nothing, one varied over a
wide range much. So the result says what varied, and over what range. Where factors move together their shares depend
on the order in which they enter: LMG averages over all orders (Lindeman, Merenda and Gold 1980; Shapley values of R²),
and `any_order` says how far apart the orders are.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import factorial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scaling.errors import FitError
from scaling.likelihood import quantile
from scaling.results import Array, Interval

_MOST = 10  # factors; all of their subsets are fitted
_RANK = 1e-9  # of the largest singular value, below which columns are no dimension of their own
_EDGE = 1e-12  # of shares, where an interval is made


@dataclass(frozen=True, slots=True)
class Share:
    """What one factor explains, as shares of the variance over configurations; intervals are over tasks.

    Attributes:
        sequential: gain in R² when it enters in the order that the factors were given in.
        lmg: its gain averaged over all orders. LMG shares add up to the R² of all factors. One of m dimensions that
            explains nothing is given m/(C - 1) by chance.
        any_order: lower limit of its least gain in any order to the upper limit of its largest, around `lmg`. It is
            wide where factors move together, and then no data of this design tells them apart.
        partial: share that it explains of what all others leave.
    """

    factor: str
    sequential: Interval
    lmg: Interval
    any_order: Interval
    partial: Interval


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Variance of accuracy over configurations, decomposed.

    Attributes:
        scale: of accuracy.
        shares: one a factor, in the order given.
        total: R² of all factors.
        left_out: R² of predicting each family's configurations from the others', against their mean; None where no
            families were given. Negative where the factors predict worse than that mean.
        noise_ceiling: the R² that the truth itself would reach, 1 - variance between seeds / variance; None with one
            seed.
        greater: bootstrap p-value, one-sided, of "the first factor's LMG share is not greater than the second's".
        design: a sentence a factor: whether it varied, and over what range.
    """

    scale: str
    configurations: int
    tasks: int
    seeds: int
    shares: tuple[Share, ...]
    total: Interval
    left_out: Interval | None
    noise_ceiling: float | None
    greater: Mapping[tuple[str, str], float]
    design: tuple[str, ...]


def decompose(
    outcomes: ArrayLike,
    factors: Mapping[str, ArrayLike],
    *,
    families: Sequence[Hashable] | None = None,
    scale: Literal["accuracy", "logit"] = "accuracy",
    replicates: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Decomposition:
    """Decompose the variance of accuracy over C configurations by least squares, with a bootstrap over T tasks.

    Tasks are drawn anew within sets that share no configuration (benchmarks), and all configurations move together.
    Intervals are t standard errors about the value, on the logit scale (that of -ln (1 - R²) for `left_out`), since
    resampling adds noise, which shifts the quantiles of R² itself.

    Args:
        outcomes: in [0, 1], [S seeds, T, C] or [T, C]; NaN where not measured.
        factors: for each name its values, in the order of entry: numbers, [C] or [C, columns], taken as they are (give
            logarithms of spend), or names, [C], one-hot.
        families: of each configuration, [C], such as its benchmark or model, for `left_out`.
        scale: "logit" takes empirical log-odds, ln (s + ½)/(n - s + ½) of n trials.
        replicates: of the bootstrap.
        seed: likewise.
        confidence: of the intervals.

    Raises:
        ValueError: malformed arguments.
        FitError: the table cannot answer; the message says what to add.
    """
    each, mean, tries = _measured(outcomes)
    columns = {name: _columns(name, values, mean.shape[1]) for name, values in factors.items()}
    if not 1 <= len(columns) <= _MOST:
        raise ValueError(f"There must be from 1 to {_MOST} factors; there were {len(columns)}.")
    y = _accuracies(mean, replicates, seed)
    if scale == "logit":
        y = np.log((y * tries + 0.5) / (tries - y * tries + 0.5))
    explained = _every_subset(list(columns.values()), y)
    widen = quantile(len(mean) - 1, confidence)
    shares = tuple(_share(name, explained, place, widen) for place, name in enumerate(columns))
    left = None if families is None else _left_out(np.hstack(list(columns.values())), y, families)
    lmg = {name: _lmg(explained, place) for place, name in enumerate(columns)}
    return Decomposition(
        scale,
        mean.shape[1],
        len(mean),
        len(each),
        shares,
        _interval(explained[-1], widen),
        None if left is None else _unbounded(left, widen),
        _noise_ceiling(each, y[0], tries, scale),
        {(a, b): float((1 + (lmg[a] <= lmg[b])[1:].sum()) / (1 + replicates)) for a, b in permutations(lmg, 2)},
        tuple(_design(name, np.asarray(values)) for name, values in factors.items()),
    )


def _measured(outcomes: ArrayLike) -> tuple[Array, Array, Array]:
    """Return outcomes [S, T, C], their means over seeds [T, C], NaN where there is none, and trials a column [C]."""
    each = np.asarray(outcomes, dtype=float)
    each = each[None] if each.ndim == 2 else each
    if each.ndim != 3 or ((each < 0) | (each > 1)).any():
        raise ValueError(f"Outcomes lie in [0, 1], [seeds, tasks, configurations]; their shape was {each.shape}.")
    there = np.isfinite(each)
    if not (there.any((0, 1)).all() and there.any((0, 2)).all()):
        raise ValueError("Every configuration and every task needs an outcome; leave out those without one.")
    number = there.sum(0)
    mean = np.full(number.shape, np.nan)
    np.divide(np.where(there, each, 0.0).sum(0), number, out=mean, where=number > 0)
    return each, mean, number.sum(0).astype(float)


def _columns(name: str, values: ArrayLike, configurations: int) -> Array:
    """Return a factor's columns, centred and of length 1 (0 where they do not vary), [C, columns]; names one-hot."""
    raw = np.asarray(values)
    numbers = raw.dtype.kind in "fiu"
    if raw.ndim not in (1, 1 + numbers) or len(raw) != configurations:
        raise ValueError(f"{name} needs a row for each of {configurations} configurations; its shape was {raw.shape}.")
    if not numbers:
        raw = raw.astype(str)[:, None] == np.unique(raw.astype(str))
    wide = raw.reshape(configurations, -1).astype(float)
    if not np.isfinite(wide).all():
        raise ValueError(f"{name} holds a value that is no finite number; the logarithm of 0 is none.")
    centred = wide - wide.mean(0)
    length = np.sqrt((centred**2).sum(0))
    unit: Array = np.divide(centred, length, out=np.zeros_like(centred), where=length > _RANK * np.abs(wide).max())
    return unit


def _accuracies(mean: Array, replicates: int, seed: int) -> Array:
    """Return accuracy of every configuration, as measured and over tasks drawn anew, [1 + replicates, C]."""
    from scipy.sparse import bmat
    from scipy.sparse.csgraph import connected_components

    there = np.isfinite(mean)
    random = np.random.default_rng(seed)
    weights = np.ones((1 + replicates, len(mean)))
    linked = connected_components(bmat([[None, there], [there.T, None]]))[1][: len(mean)]
    sizes = np.bincount(linked)
    for place, size in enumerate(sizes):
        weights[1:, linked == place] = random.multinomial(size, np.full(size, 1 / size), replicates)
    number = weights @ there
    if sizes.min() < 2 or not number.all():
        raise FitError(
            f"Some configurations were measured on {there.sum(0).min()} of {len(mean)} tasks only, or on one task that "
            "no others share tasks with, which says too little of how tasks differ; add tasks."
        )
    y: Array = weights @ np.where(there, mean, 0.0) / number
    if np.ptp(y[0]) < _RANK:
        raise FitError(
            f"All {mean.shape[1]} configurations have the accuracy {y[0, 0]:g}; add others, or harder tasks."
        )
    return y


def _every_subset(columns: list[Array], y: Array) -> Array:
    """Return R² of every set of factors, [2^factors, replicates]; bit g of the index says that factor g is in."""
    moved = y - y.mean(1, keepdims=True)
    explained = np.zeros((2 ** len(columns), len(y)))
    for chosen in range(1, len(explained)):
        wide = np.hstack([each for place, each in enumerate(columns) if chosen >> place & 1])
        basis, size, _ = np.linalg.svd(wide, full_matrices=False)
        basis = basis[:, size > _RANK * max(size[0], 1.0)]
        explained[chosen] = ((moved @ basis) ** 2).sum(1)
    if basis.shape[1] >= y.shape[1] - 1:
        raise FitError(
            f"{y.shape[1]} configurations are too few for factors of {basis.shape[1]} dimensions, which explain any "
            "outcome at all; add configurations or drop factors."
        )
    total = (moved**2).sum(1)
    share: Array = np.divide(explained, total, out=explained, where=total > 0)
    return share


def _gains(explained: Array, place: int) -> tuple[Array, Array]:
    """Return what a factor adds to every set of others, [sets, replicates], and the share of orders for each set."""
    factors = len(explained).bit_length() - 1
    before = np.array([chosen for chosen in range(len(explained)) if not chosen >> place & 1])
    sizes = [int(chosen).bit_count() for chosen in before]
    orders = [factorial(size) * factorial(factors - size - 1) / factorial(factors) for size in sizes]
    return np.maximum(explained[before | 1 << place] - explained[before], 0.0), np.array(orders)


def _lmg(explained: Array, place: int) -> Array:
    """Return a factor's gain in R² averaged over all orders, [replicates]."""
    gains, orders = _gains(explained, place)
    average: Array = orders @ gains
    return average


def _share(name: str, explained: Array, place: int, widen: float) -> Share:
    """Return what the factor at `place` explains."""
    gains = _gains(explained, place)[0]
    own, lmg = 1 << place, _interval(_lmg(explained, place), widen)
    left = 1 - explained[-1 ^ own]
    least, most = _interval(gains.min(0), widen), _interval(gains.max(0), widen)
    return Share(
        name,
        _interval(explained[2 * own - 1] - explained[own - 1], widen),
        lmg,
        Interval(lmg.value, least.low, most.high),
        _interval(np.divide(gains[-1], left, out=np.zeros_like(left), where=left > _RANK), widen),
    )


def _interval(values: Array, widen: float) -> Interval:
    """Return the first of some shares with limits from the spread of the others, made on the logit scale."""
    from scipy.special import expit, logit

    odds = logit(np.clip(values, _EDGE, 1 - _EDGE))
    half = widen * odds[1:].std(ddof=1)
    value = float(values[0]) if values[0] > _EDGE else 0.0
    return Interval(value, min(value, float(expit(odds[0] - half))), max(value, float(expit(odds[0] + half))))


def _unbounded(values: Array, widen: float) -> Interval:
    """Return the like of `_interval` for shares that may be negative."""
    left = np.log(np.maximum(1 - values, _EDGE))
    half = widen * left[1:].std(ddof=1)
    return Interval(float(values[0]), float(1 - np.exp(left[0] + half)), float(1 - np.exp(left[0] - half)))


def _left_out(columns: Array, y: Array, families: Sequence[Hashable]) -> Array:
    """Return 1 - squared errors of predicting families from the others / those of the others' mean, [replicates]."""
    place = {name: at for at, name in enumerate(dict.fromkeys(families))}
    member = np.array([place[name] for name in families])
    if len(member) != y.shape[1] or len(place) < 2:
        raise ValueError(f"Two families or more, one a configuration, are needed: {len(member)} in {len(place)} came.")
    missed, apart = np.zeros(len(y)), np.zeros(len(y))
    for at in range(len(place)):
        out = member == at
        centre, mean = columns[~out].mean(0), y[:, ~out].mean(1, keepdims=True)
        # The least-norm solution gives a level that the others do not have the average of theirs.
        slopes = (y[:, ~out] - mean) @ np.linalg.pinv(columns[~out] - centre, rcond=_RANK).T
        missed += ((y[:, out] - mean - slopes @ (columns[out] - centre).T) ** 2).sum(1)
        apart += ((y[:, out] - mean) ** 2).sum(1)
    return 1 - np.divide(missed, apart, out=np.ones_like(missed), where=apart > 0)


def _noise_ceiling(each: Array, y: Array, tries: Array, scale: str) -> float | None:
    """Return 1 - mean variance of a configuration's accuracy between seeds / variance over configurations, [C]."""
    there = np.isfinite(each)
    number = there.sum(0)
    repeated = number > 1
    if not repeated.any(0).all():
        return None
    mean = np.where(there, each, 0.0).sum(0) / np.maximum(number, 1)
    squares = (np.where(there, each - mean, 0.0) ** 2).sum(0)
    spread = np.where(repeated, squares / np.maximum(number - 1, 1) / np.maximum(number, 1), 0.0)
    noise = spread.sum(0) / repeated.sum(0) / (number > 0).sum(0)
    if scale == "logit":
        right = (tries + 1) / (1 + np.exp(-y)) - 0.5
        noise = noise * (tries / (right + 0.5) + tries / (tries - right + 0.5)) ** 2
    return float(np.clip(1 - noise.mean() / y.var(ddof=1), 0.0, 1.0))


def _design(name: str, values: NDArray[np.generic]) -> str:
    """Say whether a factor varied, and over what range."""
    levels = np.unique(values, axis=0)
    if len(levels) == 1:
        return f"{name} did not vary, so that its share is 0 by design."
    if values.ndim == 1 and values.dtype.kind in "fiu":
        return f"{name} varied from {levels[0]:g} to {levels[-1]:g}, over {len(levels)} values."
    if values.ndim == 1:
        return f"{name} varied over {len(levels)} levels: {', '.join(map(str, levels))}."
    return f"{name} varied over {len(levels)} rows of {values.shape[1]} columns."
