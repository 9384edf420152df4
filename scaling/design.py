"""What would be run, what is assumed of the questions, and how alike a question's outcomes then are.

Outcomes are a Gaussian copula: a trial is right where a normal variable lies below the quantile of its cell's success,
and the variables of a question correlate, `common` between any two trials and `own` more between two on one axis.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scaling.errors import FitError
from scaling.laws import FORMS, AxisLaw, ceiling_of
from scaling.likelihood import maximise
from scaling.results import Array, Integers

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_HIGHEST = 0.99  # correlation of a pilot's trials; at 1 the second of two seeds would say nothing


@dataclass(frozen=True, slots=True)
class Design:
    """What would be run: a base cell, a sweep along each axis alone, and a ceiling where it is measured.

    Attributes:
        axes: names.
        budgets: of each axis, ascending and above its base, in its own unit.
        ceiling: a cell at infinite spend is measured too (the evidence is given).
        seeds: trials of every question in every cell.
        questions: Q.
        base: budget in the base cell, one for all axes or one each.

    Raises:
        ValueError: lengths differ, or a number is out of range.
    """

    axes: tuple[str, ...]
    budgets: tuple[tuple[float, ...], ...]
    ceiling: bool = False
    seeds: int = 1
    questions: int = 300
    base: float | tuple[float, ...] = 0.0

    def __post_init__(self) -> None:
        if not len(self.axes) == len(self.budgets) > 0:
            raise ValueError(
                f"There were {len(self.axes)} axes and {len(self.budgets)} rows of budgets; give one each."
            )
        for axis, base, budgets in zip(self.axes, self.bases, self.budgets, strict=True):
            if not (budgets and base >= 0 and np.all(np.diff([base, *budgets]) > 0) and np.isfinite(budgets[-1])):
                raise ValueError(f"Budgets of {axis} must rise from its base, {base:g}; they were {budgets}.")
        if self.seeds < 1 or self.questions < 2:
            raise ValueError(
                f"At least one seed and two questions are needed; there were {self.seeds} and {self.questions}."
            )

    @property
    def bases(self) -> Array:
        """Budget of each axis in the base cell, [J]."""
        return one_each(self.base, len(self.axes), "bases")

    @property
    def x(self) -> Array:
        """Extra spend of the cells, [C, J]: the base, each axis' budgets in turn, and a ceiling (inf)."""
        unit = np.eye(len(self.axes))
        rows = [0 * unit[0]]
        for axis, base in enumerate(self.bases):
            rows += [(budget - base) * unit[axis] for budget in self.budgets[axis]]
        return np.array([*rows, unit[0] + np.inf] if self.ceiling else rows)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is assumed of the questions: the Lomax law along each axis, and how alike a question's trials are.

    Attributes:
        floor: f, success in the base cell.
        ceiling: A, one for all axes or one each.
        half_budget: κ of each axis, in extra spend.
        tail: α, one for all axes or one each.
        common: correlation of the normal variables behind two trials of a question.
        own: what it is more for two trials on one axis. The base is an axis of its own; a measured ceiling is taken as
            the end of the first axis.

    Raises:
        ValueError: not 0 < f < A < 1, a κ or α not above 0, or impossible correlations.
    """

    floor: float
    ceiling: float | tuple[float, ...]
    half_budget: tuple[float, ...]
    tail: float | tuple[float, ...]
    common: float = 0.5
    own: float = 0.2

    def __post_init__(self) -> None:
        tops = np.atleast_1d(self.ceiling)
        if not (self.floor > 0 and np.all(tops > self.floor) and np.all(tops < 1)):
            raise ValueError(f"It must be 0 < floor < ceiling < 1; they were {self.floor} and {self.ceiling}.")
        if not np.all(np.append(self.half_budget, self.tail) > 0):
            raise ValueError(f"Half-budgets and tails must be above 0; they were {self.half_budget} and {self.tail}.")
        if not (self.common >= 0 and self.own >= 0 and self.common + self.own < 1):
            raise ValueError(f"Correlations are at least 0 and below 1 in sum; they were {self.common} and {self.own}.")

    def law(self, axes: tuple[str, ...]) -> tuple[AxisLaw, Array]:
        """Return the law, sharing between axes what is given once, and its parameters [p].

        Raises:
            ValueError: a tuple is not of one number for each axis.
        """
        from scipy.special import logit

        law = AxisLaw(FORMS["lomax"], axes, np.ndim(self.ceiling) == 0, np.ndim(self.tail) == 0)
        tops, tails = one_each(self.ceiling, len(axes), "ceilings"), one_each(self.tail, len(axes), "tails")
        halves = one_each(self.half_budget, len(axes), "half-budgets")
        theta = np.zeros(len(law.names))
        theta[0] = logit(self.floor)
        for axis, (top, half, tail) in enumerate(zip(tops, halves, tails, strict=True)):
            values = logit((top - self.floor) / (1 - self.floor)), np.log(half), np.log(tail)
            for place, value in zip(law.places(axis), values, strict=True):
                theta[place] = value
        return law, theta

    def covariance(self, x: Array, share: Array, seeds: int) -> Array:
        """Return the covariance [C, C] of a question's numbers of successes.

        Args:
            x: extra spend, [C, J].
            share: success in each cell, [C].
            seeds: trials in each cell.
        """
        axis = _axes_of(x)
        joint = joint_moment(share, self.common + self.own * (axis[:, None] == axis))
        total: Array = seeds**2 * joint + seeds * np.diag(share * (1 - share) - np.diag(joint))
        return total


def one_each(value: float | tuple[float, ...], axes: int, what: str) -> Array:
    """Return a number for every axis, [J]; ValueError where there are neither one nor J."""
    if np.shape(value) not in ((), (axes,)):
        raise ValueError(f"There were {np.size(value)} {what} for {axes} axes; give one each.")
    return np.full(axes, value, dtype=float)


def _axes_of(x: Array) -> Integers:
    """Return the axis that every cell moves, [C]: the first at a ceiling, and none of them at the base."""
    axis: Integers = np.where(np.any(x > 0, axis=1), np.argmax(x > 0, axis=1), x.shape[1])
    return axis


def joint_moment(share: Array, correlation: Array) -> Array:
    """Return the covariance [C, C] of being right in two cells whose normal variables correlate.

    Φ₂(h, k; ρ) - Φ(h) Φ(k) = ∫₀^arcsin ρ exp(-(h² + k² - 2hk sin t) / (2 cos² t)) dt / 2π (Plackett 1954; Drezner &
    Wesolowsky 1990), by 48 Gauss-Legendre nodes, exact to rounding for ρ ≤ .99.

    Args:
        share: success, [C], inside (0, 1).
        correlation: below 1, broadcast to [C, C].
    """
    from scipy.special import ndtri

    bound = ndtri(share)
    end = np.arcsin(np.broadcast_to(correlation, (len(share), len(share))))[:, :, None]
    angle = end * (_NODES + 1) / 2
    squares, product = (part[:, :, None] for part in (np.add.outer(bound**2, bound**2), np.outer(bound, bound)))
    inner = np.exp((product * np.sin(angle) - squares / 2) / np.cos(angle) ** 2)
    moment: Array = end[:, :, 0] / (4 * np.pi) * (inner @ _WEIGHTS)
    return moment


def pilot(axes: Sequence[str], x: Array, successes: Array, attempts: Array) -> Truth:
    """Return the truth that a pilot points to: the shared law fitted to it, with correlations that match its moments.

    A pilot of 50 questions hardly knows α and A: its fit leans on the engine's weak priors. Replace what you
    know better.

    Args:
        axes: names, as of `Cells`.
        x: extra spend, [C, J]; cells move one axis at a time.
        successes: numbers right, [Q, C], a row for each question.
        attempts: [Q, C].

    Raises:
        FitError: fewer than two questions, or no two cells that share questions.
    """
    from scipy.special import expit

    if len(successes) < 2:
        raise FitError(f"How alike a question's trials are takes two questions to see; there were {len(successes)}.")
    law = AxisLaw(FORMS["lomax"], tuple(axes))
    total = attempts.sum(0)
    theta = maximise(law, x, successes.sum(0)[None], total[None]).theta
    share = np.clip(law.probability(theta, x)[0][0], 1e-6, 1 - 1e-6)
    observed = np.divide(successes.sum(0), total, out=share.copy(), where=total > 0)
    centred = successes - attempts * observed
    products, pairs = centred.T @ centred * (len(centred) / (len(centred) - 1)), attempts.T @ attempts
    axis = _axes_of(x)
    alike = axis[:, None] == axis
    common, along = (_match(share, products, pairs, np.triu(chosen, 1)) for chosen in (~alike, alike))
    places = [law.places(place) for place in range(len(axes))]
    half = tuple(float(np.exp(theta[0, place[1]])) for place in places)
    return Truth(
        float(expit(theta[0, 0])),
        float(ceiling_of(theta, places[0][0])[0]),
        half,
        float(np.exp(theta[0, -1])),
        common,
        max(along - common, 0.0),
    )


def _match(share: Array, products: Array, pairs: Array, chosen: Array) -> float:
    """Return the correlation ≥ 0 at which the chosen pairs of cells have the moments that were seen."""
    from scipy.optimize import brentq

    weight = np.where(chosen, pairs, 0.0)
    if not weight.any():
        raise FitError(
            "How alike a question's trials are cannot be seen: that takes the same questions in two cells of one axis "
            "and in two of different axes. Run the same questions in every cell, with two budgets or more on an axis."
        )
    seen = products[weight > 0].sum()

    def excess(correlation: float) -> float:
        return float((weight * joint_moment(share, np.array(correlation))).sum() - seen)

    if excess(0.0) >= 0:
        return 0.0
    return _HIGHEST if excess(_HIGHEST) <= 0 else float(brentq(excess, 0.0, _HIGHEST, xtol=1e-6))
