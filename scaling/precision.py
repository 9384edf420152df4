"""Estimates as means over questions: what each quantity is in the limit, and how it moves with a question's outcomes.

For many questions an estimate is its limit plus the mean over questions of g·(y - n P), with y a question's successes
in the cells, so that its variance is gᵀΣg / Q with their covariance Σ. For the law's parameters g = I⁻¹ s with the
information I and the scores s, which is the cluster sandwich at the truth; ε has a sandwich of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from scaling.design import Design, Truth
from scaling.errors import FitError
from scaling.laws import AxisLaw
from scaling.results import Array, Integers

_STEPS = 20  # of Newton, from a line near by
_SINGULAR = 1e13  # condition of the scaled information; above it nothing but rounding tells parameters apart


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """An estimate: its limit `value`, and the row g [C] that moves it.

    Attributes:
        quantity: a key of `power.WANTED`.
        of: the axis, pair of axes or cell; "" for a parameter that all axes share.
        logarithmic: g moves ln of the value.
    """

    quantity: str
    of: str
    value: float
    row: Array
    logarithmic: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A design under a truth.

    Attributes:
        law: the truth's, with parameters `theta` [p].
        x: extra spend, [C, J]; `share` is success there, [C].
        totals: covariance of a question's successes, [C, C].
    """

    design: Design
    law: AxisLaw
    theta: Array
    x: Array
    share: Array
    totals: Array

    @classmethod
    def of(cls, design: Design, truth: Truth) -> "Planned":
        """Return the design under that truth; ValueError where they are not of the same axes."""
        law, theta = truth.law(design.axes)
        x = design.x
        share = law.probability(theta[None], x)[0][0]
        return cls(design, law, theta, x, share, truth.covariance(x, share, design.seeds))

    def deviation(self, row: Array) -> float:
        """Return the standard error of an estimate from one question; that from Q is 1/√Q of it."""
        return float(np.sqrt(row @ self.totals @ row))

    def along(self, axis: int) -> Integers:
        """Return the cells of one axis with the base first, without a ceiling."""
        moved = self.x[:, axis]
        return np.flatnonzero((self.x == 0).all(1) | ((moved > 0) & np.isfinite(moved)))

    def influence(self, law: AxisLaw, theta: Array) -> Array:
        """Return the rows [p, C] of the parameters of a law that is fitted from near θ [p], without a prior.

        Raises:
            FitError: the information is singular.
        """
        share, slope = (part[0] for part in law.probability(theta[None], self.x))
        score = slope / (share * (1 - share))[:, None]
        information = self.design.seeds * slope.T @ score
        scale = np.sqrt(np.diag(information))
        if not scale.min() > 0 or np.linalg.cond(information / np.outer(scale, scale)) > _SINGULAR:
            raise FitError(
                f"{len(self.x)} cells with these budgets cannot tell the parameters {', '.join(law.names)} apart, "
                "with any number of questions; add budgets over a wider range, or measure the ceiling."
            )
        rows: Array = np.linalg.solve(information, score.T)
        return rows


def elasticities(planned: Planned) -> Iterator[Estimate]:
    """Yield ε of every axis and Δε of every pair.

    ε tends to the line that is nearest to the law over the budgets, for the law is no line in ln spend.

    Raises:
        FitError: an axis has fewer than two budgets above 0.
    """
    from scipy.special import expit, logit

    found = []
    for place, axis in enumerate(planned.design.axes):
        cells, base = planned.along(place), planned.design.bases[place]
        cells = cells[base + planned.x[cells, place] > 0]
        if len(cells) < 2:
            raise FitError(f"An elasticity needs two budgets above 0 on {axis}; add one.")
        columns = np.stack([np.log(base + planned.x[cells, place]), np.ones(len(cells))], 1)
        share = planned.share[cells]
        line = np.linalg.lstsq(columns, logit(share))[0]
        for _ in range(_STEPS):
            fitted = expit(columns @ line)
            move = np.linalg.solve(columns.T @ ((fitted * (1 - fitted))[:, None] * columns), columns.T)
            line = line + move @ (share - fitted)
        row = np.zeros(len(planned.x))
        row[cells] = move[0] / planned.design.seeds
        found.append(Estimate("ε", axis, float(line[0]), row))
    yield from found
    for one, other in combinations(found, 2):
        yield Estimate("Δε", f"{one.of} - {other.of}", one.value - other.value, one.row - other.row)


def parameters(planned: Planned) -> Iterator[Estimate]:
    """Yield κ, their ratios, α, A, success in the cell where it is known least, and the gain of the last doubling.

    Raises:
        FitError: the budgets cannot tell the parameters apart.
    """
    law, axes, theta = planned.law, planned.design.axes, planned.theta
    rows, places = planned.influence(law, theta), [law.places(axis) for axis in range(len(axes))]
    halves = [
        Estimate("κ", axis, float(np.exp(theta[half])), rows[half], True)
        for axis, (_, half, _) in zip(axes, places, strict=True)
    ]
    yield from halves
    for one, other in combinations(halves, 2):
        yield Estimate("κ ratio", f"{other.of} / {one.of}", other.value / one.value, other.row - one.row, True)
    for axis, (_, _, tail) in enumerate(places[:1] if law.shared_shape else places):
        assert tail is not None
        yield Estimate("α", "" if law.shared_shape else axes[axis], float(np.exp(theta[tail])), rows[tail], True)

    def success(x: Array) -> tuple[Array, Array]:
        share, slope = law.probability(theta[None], x)
        return share[0], slope[0] @ rows

    unit = np.eye(len(axes))
    tops, moves = success(np.where(unit > 0, np.inf, 0.0))
    for axis in range(1 if law.shared_ceiling else len(axes)):
        yield Estimate("A", "" if law.shared_ceiling else axes[axis], float(tops[axis]), moves[axis])
    moves = success(planned.x)[1]
    worst = int(np.argmax([planned.deviation(row) for row in moves]))
    yield Estimate("P", _cell(planned, worst), float(planned.share[worst]), moves[worst])
    for axis, base in enumerate(planned.design.bases):
        top = planned.design.budgets[axis][-1]
        share, move = success(np.maximum(np.array([[top / 2], [top]]) - base, 0.0) * unit[axis])
        yield Estimate("gain", axes[axis], float(share[1] - share[0]), move[1] - move[0])


def _cell(planned: Planned, place: int) -> str:
    """Return what a cell is called."""
    x = planned.x[place]
    axis = int(x.argmax())
    if not x.any():
        return "base"
    return (
        f"{planned.design.axes[axis]} {planned.design.bases[axis] + x[axis]:g}" if np.isfinite(x[axis]) else "ceiling"
    )
