"""Trials with known truth: correlated questions on one to three axes."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from scaling.cells import Cells
from scaling.laws import FORMS, AxisLaw
from scaling.likelihood import maximise

AXES = ("d", "w", "t")
BUDGETS = tuple(2.0**k for k in range(7))  # extra spend 1 … 64
NOISELESS = 1e8  # trials a cell, at which shares are the truth


def design(axes=3, budgets=BUDGETS, ceiling=False):
    """Return x [C, J]: the base cell, every axis alone, and a measured ceiling where wanted."""
    rows = [np.zeros(axes)]
    for axis in range(axes):
        for budget in budgets:
            row = np.zeros(axes)
            row[axis] = budget
            rows.append(row)
    if ceiling:
        rows.append(np.full(axes, np.inf))
    return np.array(rows)


def truth(x, *, floor=0.15, ceiling=0.75, half=(4.0, 8.0, 16.0), shape=(0.8, 0.8, 0.8), form="lomax"):
    """Return P [C]; `ceiling` is one number or one for each axis."""
    tops = np.broadcast_to(ceiling, x.shape[1])
    share = np.full(len(x), floor)
    for axis in range(x.shape[1]):
        moved = x[:, axis] > 0
        z = np.where(np.isfinite(x[moved, axis]), x[moved, axis], 1e30) / half[axis]
        gain = FORMS[form].curve(np.log(z), np.log(np.array(shape[axis])))[0]
        gain = np.where(np.isfinite(x[moved, axis]), gain, 1.0)
        share[moved] = floor + (tops[axis] - floor) * gain
    return share


def outcomes(random, x, share, *, questions=300, seeds=1, common=0.5, own=0.2):
    """Return successes [Q, C] of a Gaussian copula: correlation `common` between cells, and `own` more on one axis."""
    axis = np.where(np.any(x > 0, axis=1), np.argmax(x, axis=1), x.shape[1])
    shared = random.standard_normal((questions, 1))
    along = random.standard_normal((questions, x.shape[1] + 1))[:, axis]
    total = np.zeros((questions, len(x)))
    for _ in range(seeds):
        noise = random.standard_normal((questions, len(x)))
        latent = np.sqrt(common) * shared + np.sqrt(own) * along + np.sqrt(1 - common - own) * noise
        total += latent < norm.ppf(share)
    return total


@dataclass(frozen=True, slots=True)
class Design:
    """One experiment of known truth: Q questions, R seeds, a base cell and extra budgets 1, 2, 4 … on each axis."""

    questions: int = 300
    seeds: int = 1
    budgets: int = 7
    anchored: bool = False
    form: str = "lomax"
    half: tuple[float, ...] = (4.0, 8.0, 16.0)
    shape: tuple[float, ...] = (0.8, 0.8, 0.8)
    ceiling: float | tuple[float, ...] = 0.75
    common: float = 0.5
    own: float = 0.2

    @property
    def axes(self):
        return AXES[: len(self.half)]

    @property
    def x(self):
        return design(len(self.half), tuple(2.0**k for k in range(self.budgets)), self.anchored)

    def at(self, x):
        """Return the true P [C]."""
        return truth(x, ceiling=self.ceiling, half=self.half, shape=self.shape, form=self.form)

    @property
    def share(self):
        return self.at(self.x)

    @property
    def tries(self):
        """Attempts [Q, C] that go with `draw`: one, as questions and not attempts are counted."""
        return np.ones((self.questions, len(self.x)))

    def draw(self, sets, seed, share=None):
        """Yield mean outcomes [Q, C] of independent data sets; `share` [C] replaces the law's own."""
        random, x, share = np.random.default_rng(seed), self.x, self.share if share is None else share
        fields = {"questions": self.questions, "seeds": self.seeds, "common": self.common, "own": self.own}
        for _ in range(sets):
            yield outcomes(random, x, share, **fields) / self.seeds

    def cells(self, hits):
        """Return mean outcomes as the cells of a table, whose base is a budget of 1."""
        names, r = tuple(map(str, range(self.questions))), self.seeds
        sums, base = (hits * r, self.tries * r), np.ones(len(self.axes))
        return Cells(self.axes, self.x + 1, base, *sums, {}, names, len(names), hits.size * r, r, float(r))


def along(x, axis):
    """Return the places of the cells with the other axes at their base, a measured ceiling not among them."""
    return np.flatnonzero(np.isfinite(x).all(1) & (np.delete(x, axis, 1) == 0).all(1))


def true_gap(design):
    """Return max |P_free - P_shared| of the two Lomax laws fitted to the truth itself."""
    x, tries = design.x, np.full((1, len(design.x)), NOISELESS)
    laws = (AxisLaw(FORMS["lomax"], design.axes, shared, shared) for shared in (True, False))
    one, free = (law.probability(maximise(law, x, design.share[None] * tries, tries).theta, x)[0][0] for law in laws)
    return float(np.abs(free - one).max())


APART = (2.0, 4.0, 8.0)  # half-budgets at which every axis is seen well into its tail: up to 32, 16 and 8 of them
WAYS = {
    "a heavier tail": (lambda tail: Design(half=APART, shape=(0.8, 0.8, float(tail))), 0.1, 0.7),
    "a lower ceiling": (lambda top: Design(half=APART, ceiling=(0.75, 0.75, top)), 0.5, 0.72),
    "a higher ceiling": (lambda top: Design(half=APART, ceiling=(0.75, 0.75, top)), 0.78, 0.95),
}


def apart(way, gap):
    """Return a design whose true gap is that, since one axis differs in this way."""
    make, *ends = WAYS[way]
    return make(brentq(lambda at: true_gap(make(at)) - gap, *ends, xtol=1e-4))


# The rows of SCALING.md part 3.
SHARED = {
    "Q=300": Design(),
    "Q=100": Design(questions=100),
    "Q=800": Design(questions=800),
    "Q=300, R=4": Design(seeds=4),
    "Q=300, independent cells": Design(common=0.0, own=0.0),
    "Q=300, corr .75 (+.15)": Design(common=0.75, own=0.15),
    "Q=300 + measured ceiling": Design(anchored=True),
    "Q=300, α=(.8,.8,.3)": Design(shape=(0.8, 0.8, 0.3)),
    "Q=300, α=.3 + measured ceiling": Design(shape=(0.3,) * 3, anchored=True),
}
# One axis by itself, and what the gate lets pass.
ALONE = {
    "Q=300, κ=4": Design(half=(4.0,)),
    "Q=300, R=4, κ=4": Design(half=(4.0,), seeds=4),
    "Q=300, κ=4 + measured ceiling": Design(half=(4.0,), anchored=True),
    "Q=800, κ=4 + measured ceiling": Design(questions=800, half=(4.0,), anchored=True),
    "Q=800, 10 budgets, κ=4": Design(questions=800, budgets=10, half=(4.0,)),
    "Q=300, α=.3, κ=4 + measured ceiling": Design(half=(4.0,), shape=(0.3,), anchored=True),
}
HEAVY = {f"Q=300, α=.3, κ={half:g}, no anchor": Design(half=(half,), shape=(0.3,)) for half in (4.0, 16.0)}
SAME = {
    "Q=300, κ=2,4,8": Design(half=APART),
    "Q=800, κ=2,4,8": Design(questions=800, half=APART),
    "Q=300, κ=4,4,4": Design(half=(4.0,) * 3),
    "Q=300, κ=4,8,16": Design(),
    "Q=300, κ=2,4,8, independent cells": Design(half=APART, common=0.0, own=0.0),
}
DIFFERENT = {
    "α=3": {"shape": (0.8, 0.8, 3.0)},
    "α=.3": {"shape": (0.8, 0.8, 0.3)},
    "A=.6": {"ceiling": (0.75, 0.75, 0.6)},
}
BEYOND = {"lomax": 0.8, "frechet": 0.8, "hill": 1.0, "weibull": 0.7, "exp": 1.0}  # form and shape
