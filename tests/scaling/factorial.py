"""Factorial experiments of known truth: depth, width and thinking on a 5 × 4 × 3 grid."""

from itertools import product

import numpy as np
from scipy.special import logit
from simulate import outcomes

from scaling.cells import Cells
from scaling.joint import joint_law

AXES = ("d", "w", "t")
LEVELS = ((1, 2, 4, 8, 16), (1, 2, 4, 8), (1, 4, 16))
GRID = np.array(list(product(*LEVELS)), dtype=float)


def cells(spend, successes, attempts=None, *, axes=AXES, costs=None, base=None):
    """Return cells [C, J] of as many questions as `successes` [Q, C] has rows."""
    spend, successes = np.asarray(spend, dtype=float), np.asarray(successes, dtype=float)
    tries = np.ones_like(successes) if attempts is None else np.full_like(successes, attempts)
    low = spend.min(0) if base is None else np.array(base, dtype=float)
    names = tuple(map(str, range(len(successes))))
    return Cells(tuple(axes), spend, low, successes, tries, costs or {}, names, len(names), successes.size, 1)


def ends(floor, ceiling):
    return [logit(floor), logit((ceiling - floor) / (1 - floor))]


# Parameters of the true laws. A step of depth does most, as it costs most.
TRUTHS = {
    "substitutes": ("ces-lomax", [*ends(0.15, 0.75), *np.log([2, 8, 14, 0.8, 1.0])]),
    "synergy": ("ces-lomax", [*ends(0.12, 0.8), *np.log([3, 8, 20, 1.0, 0.6])]),
    "independent": ("bliss-lomax", [*ends(0.15, 0.8), *np.log([3, 7, 20, 0.8, 0.5, 1.2])]),
    "odds": ("cobb-douglas-ceiling", [logit(0.8), -1.6, 0.9, 0.4, 0.3]),
    "needs": ("additive", [logit(0.85), *np.log([0.9, 0.5, 0.4, 0.6, 0.5, 0.4])]),
}


def success(name, spend=GRID):
    """Return the true success at assigned spend [n, 3]."""
    law, theta = TRUTHS[name]
    blank = cells(GRID, np.zeros((1, len(GRID))))
    return joint_law(law, blank).probability(np.array([theta]), np.asarray(spend, dtype=float) - 1)[0][0]


def drawn(name, *, seed, questions=300, spend=GRID, costs=None):
    """Return a data set of a true law, one seed a question."""
    random = np.random.default_rng([seed, list(TRUTHS).index(name)])
    return cells(spend, outcomes(random, spend - 1, success(name, spend), questions=questions, own=0.0), costs=costs)


def exact(name, spend=GRID):
    """Return cells so large that their shares are the truth."""
    return cells(spend, np.tile(success(name, spend) * 1e7, (2, 1)), 1e7)


def money(spend):
    """Return the price of an attempt [n]: calls, tokens, and context that is read again at every step."""
    d, w, t = np.asarray(spend, dtype=float).T
    return d * t + d * w + 0.02 * d**2 * w
