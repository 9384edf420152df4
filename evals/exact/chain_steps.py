"""Chains of steps with a noisy verifier: is it better to draw whole chains, to search a tree, or to check each step?

A problem takes L steps. Each step goes right with probability p where all before it did, and never else. A verifier
says whether a chain (or the chain so far) is right, 1 or 0, plus normal noise. A solver has a budget of steps: every
step that it makes is charged, and is refused where none is left. All solvers run on Q problems at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.exact.errors import SpentError
from scaling.results import Array

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]
_BRANCH = 4  # of a beam: steps tried after each chain that is kept
_CHILDREN, _CURIOSITY = 3, 1.0  # of UCT


@dataclass(slots=True)
class Problems:
    """Q problems of L steps, each with a purse of steps; they know what is right, and a solver never does.

    Attributes:
        steps: L.
        right: p.
        budget: steps a problem.
        spent: [Q].
    """

    steps: int
    right: float
    budget: int
    spent: Places
    _rng: np.random.Generator

    @classmethod
    def draw(cls, count: int, budget: int, seed: int, *, steps: int = 10, right: float = 0.8) -> "Problems":
        """Return `count` problems."""
        return cls(steps, right, budget, np.zeros(count, dtype=np.int64), np.random.default_rng([seed, budget]))

    def step(self, so_far: Flags, buyers: Places | None = None) -> Flags:
        """Make one step after each of some chains, [Q, …] or [buyers, …], and return whether they are right now.

        Args:
            so_far: whether they were right before.
            buyers: the problems that they belong to; None for all.

        Raises:
            SpentError: a problem's budget does not pay for them.
        """
        rows = np.arange(len(self.spent)) if buyers is None else buyers
        self.spent[rows] += so_far.size // max(1, len(rows))
        if self.spent.max() > self.budget:
            raise SpentError(f"A problem has {self.budget} steps to spend, and {self.spent.max()} were asked for.")
        made: Flags = so_far & (self._rng.random(so_far.shape) < self.right)
        return made

    def verify(self, right: Flags, noise: float) -> Array:
        """Return what a verifier says of chains: 1 or 0, plus noise of this standard deviation."""
        return np.asarray(self._rng.normal(right, noise), dtype=np.float64)

    def lots(self, shape: tuple[int, ...]) -> Array:
        """Return half a win, or half a loss, at random: what decides a draw."""
        return np.asarray(self._rng.integers(2, size=shape) - 0.5, dtype=np.float64)


def best_of_n(problems: Problems, noise: float, *, sign: float = 1.0) -> Flags:
    """Draw as many whole chains as the budget pays for and keep the one that the verifier likes best, [Q].

    Args:
        problems: to solve.
        noise: of the verifier.
        sign: -1 for a verifier that likes the wrong ones: the mirror.
    """
    chains = np.ones((len(problems.spent), problems.budget // problems.steps), dtype=bool)
    for _ in range(problems.steps):
        chains = problems.step(chains)
    return _pick(chains, problems.verify(chains, noise) * sign)


def best_of_n_accuracy(problems: Problems, noise: float, *, sign: float = 1.0) -> float:
    """Return how often `best_of_n` is right: N p ∫ φ(x) [p Φ(x) + (1 - p) Φ(x + 1/σ)]^(N-1) dx, p of a chain.

    x is how far above 1 the best right chain scores, in σ: the others, right or wrong, have to stay below it. In the
    mirror 1/σ has the other sign.
    """
    from scipy.integrate import quad
    from scipy.stats import norm

    chain, draws = problems.right**problems.steps, problems.budget // problems.steps
    value = quad(
        lambda x: norm.pdf(x) * (chain * norm.cdf(x) + (1 - chain) * norm.cdf(x + sign / noise)) ** (draws - 1), -9, 9
    )[0]
    return float(draws * chain * value)


def beam(problems: Problems, noise: float) -> Flags:
    """Check every step: try 4 steps after each chain kept, and keep the best quarter of what that gives, [Q].

    The budget pays for budget/L chains at each step, and the verifier scores the chain so far.
    """
    wide = max(1, problems.budget // problems.steps // _BRANCH)
    tried = min(_BRANCH, problems.budget // problems.steps)
    kept = np.ones((len(problems.spent), wide), dtype=bool)
    score = np.zeros(kept.shape)
    for _ in range(problems.steps):
        grown = problems.step(np.repeat(kept, tried, axis=1))
        scores = problems.verify(grown, noise)
        best = np.argsort(-scores, axis=1)[:, :wide]
        kept, score = np.take_along_axis(grown, best, 1), np.take_along_axis(scores, best, 1)
    return _pick(kept, score)


def uct(problems: Problems, noise: float) -> Flags:
    """Grow a tree by upper confidence bounds, 3 children a node, and keep the whole chain that scored best, [Q].

    Each simulation adds one node, and goes on from it to the end of a chain, which the verifier scores; what was
    gone through below the new node is not kept. The mean score of a node's chains, plus √(ln visits / visits), says
    where the next one begins. A node that ends a chain is scored anew for the price of a step. Where the budget
    does not pay for a whole simulation, the search ends.
    """
    size = problems.budget + 1
    count = len(problems.spent)
    child = np.full((count, size, _CHILDREN), -1)
    right, visits, total = np.ones((count, size), dtype=bool), np.zeros((count, size)), np.zeros((count, size))
    top, best = np.zeros(count, dtype=bool), np.full(count, -np.inf)
    rows = np.arange(count)
    for new in range(1, size):
        path = _descend(child, visits, total, rows, problems.steps)
        depth = (path >= 0).sum(1) - 1
        need = np.maximum(1, problems.steps - depth)
        paid = problems.budget - problems.spent[rows] >= need
        rows, path, depth, need = rows[paid], path[paid], depth[paid], need[paid]
        if not rows.size:
            break
        end, grows = path[np.arange(len(rows)), depth], depth < problems.steps
        chain = right[rows, end]
        chain = np.where(grows, problems.step(chain, rows), chain)
        place = (child[rows, end] < 0).argmax(1)
        child[rows[grows], end[grows], place[grows]] = new
        right[rows, new] = chain
        for step in range(1, problems.steps):
            at = np.flatnonzero(need > step)
            chain[at] = problems.step(chain[at], rows[at])
        score = problems.verify(chain, noise)
        better = score > best[rows]
        best[rows[better]], top[rows[better]] = score[better], chain[better]
        for nodes in (*path.T, np.where(grows, new, -1)):
            on = nodes >= 0
            visits[rows[on], nodes[on]] += 1
            total[rows[on], nodes[on]] += score[on]
    return top


def _descend(child: Places, visits: Array, total: Array, rows: Places, steps: int) -> Places:
    """Return the nodes from the root to where a simulation begins, [rows, L + 1], -1 beyond."""
    path = np.full((len(rows), steps + 1), -1)
    path[:, 0] = 0
    at = np.arange(len(rows))
    for level in range(steps):
        here = path[at, level]
        children = child[rows[at], here]
        full = (children >= 0).all(1)
        at, here, children = at[full], here[full], children[full]
        if not at.size:
            break
        row = rows[at][:, None]
        seen = visits[row, children]
        bound = total[row, children] / seen + _CURIOSITY * np.sqrt(np.log(visits[rows[at], here])[:, None] / seen)
        path[at, level + 1] = children[np.arange(len(at)), bound.argmax(1)]
    return path


def knockout(problems: Problems, candidates: int, comparisons: int, noise: float) -> Flags:
    """Draw N chains, and let pairs meet until one is left; K comparisons of the verifier's scores decide a pair, [Q].

    Args:
        problems: to solve; the budget pays for N chains.
        candidates: N, a power of two.
        comparisons: K; a draw is decided by lot.
        noise: of the verifier, drawn anew at each comparison.
    """
    chains = np.ones((len(problems.spent), candidates), dtype=bool)
    for _ in range(problems.steps):
        chains = problems.step(chains)
    while chains.shape[1] > 1:
        left, right = chains[:, 0::2], chains[:, 1::2]
        lead = problems.lots(left.shape)
        for _ in range(comparisons):
            lead += np.sign(problems.verify(left, noise) - problems.verify(right, noise))
        chains = np.where(lead > 0, left, right)
    found: Flags = chains[:, 0]
    return found


def _pick(chains: Flags, scores: Array) -> Flags:
    """Return the chain with the best score, [Q]."""
    best: Flags = chains[np.arange(len(chains)), scores.argmax(1)]
    return best
