"""Easy, medium, hard and unsolvable questions: who gets the next attempt? (SYSTEMS.md S9, SCALING.md part 8).

An attempt at a question of class c succeeds with probability p_c and costs a unit; a verifier tells success. Before any
attempt a solver sees a hint, the successes of a few tries of a cheaper model, which is right where the question is
easy. How often each hint comes with each class is known; the class of a question is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaling.results import Array

Integers = NDArray[np.int64]
_HINTS = 4  # tries of the cheaper model


@dataclass(frozen=True, slots=True)
class Mixture:
    """Classes of questions.

    Attributes:
        rates: p of each class, [C].
        shares: of each class among the questions, [C].
        cheap: success of a try of the cheaper model on each class, [C].
    """

    rates: Array
    shares: Array
    cheap: Array

    @classmethod
    def of(cls, rates: Sequence[float], cheap: Sequence[float]) -> "Mixture":
        """Return a mixture in which every class is alike often."""
        return cls(np.array(rates), np.full(len(rates), 1 / len(rates)), np.array(cheap))

    def hints(self) -> Array:
        """Return how often each hint comes with each class, [C, hints]."""
        from scipy.stats import binom

        found: Array = binom.pmf(np.arange(_HINTS + 1), _HINTS, self.cheap[:, None])
        return found


MIXED = Mixture.of((0.8, 0.3, 0.05, 0.0), (0.7, 0.35, 0.1, 0.0))
EQUAL = Mixture.of((0.3,) * 4, (0.7, 0.35, 0.1, 0.0))  # control: the hint says nothing
MISLED = Mixture.of((0.8, 0.3, 0.05, 0.0), (0.0, 0.1, 0.35, 0.7))  # mirror: the hint says the opposite


@dataclass(frozen=True, slots=True)
class Questions:
    """Q questions: what a solver sees, and how many attempts each would take, which it finds out by paying for them.

    Attributes:
        hint: [Q].
        kind: class of each, [Q]; not for a solver.
        needed: attempts until the first success, [Q], a number beyond all budgets where there is none.
    """

    hint: Integers
    kind: Integers
    needed: Integers

    @classmethod
    def draw(cls, mixture: Mixture, count: int, seed: int) -> "Questions":
        """Return questions of a mixture."""
        rng = np.random.default_rng([seed, 9])
        kind = rng.choice(len(mixture.rates), count, p=mixture.shares)
        rate = mixture.rates[kind]
        needed = np.where(rate > 0, rng.geometric(np.maximum(rate, 1e-12)), np.iinfo(np.int64).max)
        return cls(rng.binomial(_HINTS, mixture.cheap[kind]), kind, needed)


@dataclass(frozen=True, slots=True)
class Course:
    """A course of attempts: which question each of them went to, and whether it succeeded, in the order made."""

    question: Integers
    hit: NDArray[np.bool_]

    def accuracy(self, questions: Questions) -> Array:
        """Return the share of questions solved after 0, 1, 2 … attempts."""
        solved: Array = np.concatenate([[0], np.cumsum(self.hit)]) / len(questions.kind)
        return solved


def follow(questions: Questions, rank: Array, budget: int) -> Course:
    """Make attempts in the order of a policy until the budget is spent; a question that is solved gets no more.

    Args:
        questions: the questions.
        rank: for each question the worth of its 1st, 2nd … attempt, [Q, K], falling; what is worth most goes first.
        budget: attempts.
    """
    last = np.minimum(questions.needed, rank.shape[1])
    made = np.arange(rank.shape[1]) < last[:, None]
    rows, turns = np.nonzero(made)
    order = np.lexsort((rows, turns, -rank[rows, turns]))[:budget]
    return Course(rows[order], turns[order] + 1 == questions.needed[rows[order]])


def uniform(questions: Questions, most: int) -> Array:
    """Return the ranks of round robin, [Q, K]: every question gets a first attempt, then a second, and so on."""
    return np.tile(-np.arange(most, dtype=float), (len(questions.hint), 1))


def adaptive(questions: Questions, believed: Mixture, most: int) -> Array:
    """Return the chance that the next attempt succeeds, given the hint and the failures before, [Q, K].

    It falls with every failure, so that attempts where it is largest are the optimal order of search (Blackwell).

    Args:
        questions: the questions; only their hints are looked at.
        believed: how classes, rates and hints go together.
        most: attempts at one question.
    """
    prior = believed.shares[:, None] * believed.hints()
    failed = (1 - believed.rates[:, None]) ** np.arange(most)
    weight = prior[:, :, None] * failed[:, None, :]
    total = weight.sum(0)
    chance = np.divide(
        (believed.rates[:, None, None] * weight).sum(0), total, out=np.zeros_like(total), where=total > 0
    )
    found: Array = chance[questions.hint]
    return found


def oracle(questions: Questions, mixture: Mixture, most: int) -> Array:
    """Return the ranks of one who knows every question's rate, [Q, K]."""
    return np.tile(mixture.rates[questions.kind, None], (1, most))


def water_filling(mixture: Mixture, budget: float, most: int = 400) -> float:
    """Return the best expected accuracy where all attempts are allotted beforehand by known rates, budget a question.

    Attempt k + 1 at class c adds p (1 - p)^k; the largest gains are bought first, the last of them in part.
    """
    gains = (mixture.rates[:, None] * (1 - mixture.rates[:, None]) ** np.arange(most)).ravel()
    sizes = np.repeat(mixture.shares, most)
    order = np.argsort(-gains)
    bought = np.clip(budget - np.concatenate([[0], np.cumsum(sizes[order])[:-1]]), 0, sizes[order])
    return float((bought * gains[order]).sum())


def round_robin(mixture: Mixture, rounds: int) -> tuple[float, float]:
    """Return expected accuracy and attempts a question after some rounds of round robin that stops at success."""
    fails = (1 - mixture.rates) ** np.arange(rounds + 1)[:, None]
    return float(mixture.shares @ (1 - fails[-1])), float((fails[:-1] @ mixture.shares).sum())
