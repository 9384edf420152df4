"""Which of two vertices is the source connected to? Graphs on which one long walk beats any number of short ones.

Bridge graphs of Mirtaheri et al. 2025 (arXiv 2505.21825): two equal components of d layers. A layer is a cycle on which
the next layer hangs `short` steps from where it was entered, `long` the other way round, and a dead end of `dead`
steps. The source is the entry of one component; the two targets are their last junctions. The mirror is `star`:
independent look-ups, each with a tail that leads nowhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.exact.errors import SpentError
from scaling.results import Array

Places = NDArray[np.int64]
Flags = NDArray[np.bool_]
_NONE = -1
_CHUNK = 200_000  # walks at once


@dataclass(frozen=True, slots=True)
class Bridge:
    """The form of a bridge graph."""

    layers: int
    short: int = 3
    long: int = 5
    dead: int = 3

    @property
    def shortest(self) -> int:
        """Vertices on the way from the source to its target, both counted: d·short + 1."""
        return self.layers * self.short + 1

    @property
    def reach(self) -> float:
        """The chance that a random walk of `shortest` vertices arrives: ⅓·¼^(d-1).

        It has to take the short way at every layer: of three at the source, of four at a junction, where the way round
        the cycle that it came by is open too.
        """
        return 1 / 3 * 0.25 ** (self.layers - 1)

    @property
    def accuracy(self) -> float:
        """How often such a walk, which guesses where it did not arrive, is right: ½ + ½·⅓·¼^(d-1)."""
        return 0.5 + 0.5 * self.reach


@dataclass(slots=True)
class World:
    """A graph behind a counter: to visit a vertex is a query, the source included, and a walk has a budget of them.

    Attributes:
        edges: neighbours of each vertex, [V, degree], -1 where there are fewer.
        source: where walks begin.
        targets: the two vertices to tell apart; the same one twice where there is nothing to tell apart.
        queries: made so far, by all walks.
    """

    edges: Places
    source: int
    targets: tuple[int, int]
    queries: int = 0

    def visit(self, vertices: Places, made: int, budget: int) -> None:
        """Count the visits of as many walks to a vertex each.

        Args:
            vertices: one a walk.
            made: queries that each of these walks has made before.
            budget: of each walk.

        Raises:
            SpentError: the walks have no query left.
        """
        if made >= budget:
            raise SpentError(f"A walk may make {budget} queries, and all are made.")
        self.queries += len(vertices)


def bridges(form: Bridge, count: int, seed: int) -> Iterator[tuple[World, int]]:
    """Yield bridge graphs, each with the place of the right target, 0 or 1, which is not for the solver.

    Vertices are numbered at random, and so are the targets.
    """
    rng = np.random.default_rng([seed, form.layers])
    pairs, ends, size = _layers(form)
    both = [(first + half * size, second + half * size) for half in (0, 1) for first, second in pairs]
    for _ in range(count):
        names = rng.permutation(2 * size)
        right = int(rng.integers(2))
        targets = [int(names[ends]), int(names[ends + size])]
        world = World(_edges(names, both), int(names[0]), (targets[right], targets[1 - right]))
        yield world, right


def _layers(form: Bridge) -> tuple[list[tuple[int, int]], int, int]:
    """Return the edges of one component, its last junction and its number of vertices; the entry is 0."""
    pairs: list[tuple[int, int]] = []
    entry, size = 0, 1
    for _ in range(form.layers):
        junction = size + form.short - 1
        for steps, end in ((form.short, junction), (form.long, junction), (form.dead, None)):
            at = entry
            for step in range(steps):
                meets = end is not None and step == steps - 1
                there = end if meets and end is not None else size
                size = max(size, there + 1)
                pairs.append((at, there))
                at = there
        entry = junction
    return pairs, entry, size


def star(arms: int, tail: int, count: int, seed: int) -> Iterator[tuple[World, Flags]]:
    """Yield graphs of independent look-ups: arms of `tail` vertices, of which the first holds the answer or does not.

    With each graph comes the truth, [V]: which vertices hold the answer, a fair coin for each arm. A verifier tells a
    solver so of a vertex that it has visited, and of no other.
    """
    rng = np.random.default_rng([seed, arms, tail])
    pairs = [
        (0 if step == 0 else arm * tail + step, arm * tail + step + 1) for arm in range(arms) for step in range(tail)
    ]
    for _ in range(count):
        names = rng.permutation(1 + arms * tail)
        holds = np.zeros(len(names), dtype=bool)
        holds[names[1 + tail * np.arange(arms)]] = rng.random(arms) < 0.5
        yield World(_edges(names, pairs), int(names[0]), (int(names[0]),) * 2), holds


def _edges(names: Places, pairs: list[tuple[int, int]]) -> Places:
    """Return the neighbours of each vertex, [V, degree]."""
    ends = names[np.array(pairs)]
    ends = np.concatenate([ends, ends[:, ::-1]])
    ends = ends[np.argsort(ends[:, 0], kind="stable")]
    degree = np.bincount(ends[:, 0], minlength=len(names))
    edges = np.full((len(names), int(degree.max())), _NONE)
    edges[ends[:, 0], np.arange(len(ends)) - np.repeat(np.cumsum(degree) - degree, degree)] = ends[:, 1]
    return edges


def walk(world: World, walks: int, budget: int, rng: np.random.Generator, sought: Flags | None = None) -> Places:
    """Search depth-first in random order, and return the sought vertex that each walk came to, [walks], -1 for none.

    A walk goes to a neighbour that it has not visited, any of them alike, and turns back where there is none. Turning
    back costs nothing. It ends where it finds what it seeks, or has no query left.

    Args:
        world: the graph.
        walks: independent ones.
        budget: queries of each.
        rng: of the walks.
        sought: vertices that are sought, [V]; None for the two targets.
    """
    if sought is None:
        sought = np.zeros(len(world.edges), dtype=bool)
        sought[list(world.targets)] = True
    return np.concatenate(
        [_walk(world, min(_CHUNK, walks - at), budget, rng, sought) for at in range(0, walks, _CHUNK)]
    )


def _walk(world: World, walks: int, budget: int, rng: np.random.Generator, sought: Flags) -> Places:
    """Take all walks a step at a time."""
    found = np.full(walks, _NONE)
    seen = np.zeros((walks, len(world.edges) + 1), dtype=bool)
    seen[:, [world.source, _NONE]] = True
    path = np.full((walks, budget), world.source)
    length = np.zeros(walks, dtype=np.int64)
    going = np.arange(walks)
    world.visit(path[:, 0], 0, budget)
    for made in range(1, budget):
        going = _turn_back(world, going, seen, path, length)
        if not going.size:
            break
        near = world.edges[path[going, length[going]]]
        free = ~seen[going[:, None], near]
        chosen = near[np.arange(len(going)), np.argmax(rng.random(near.shape) * free, axis=1)]
        world.visit(chosen, made, budget)
        seen[going, chosen] = True
        length[going] += 1
        path[going, length[going]] = chosen
        hit = sought[chosen]
        found[going[hit]] = chosen[hit]
        going = going[~hit]
    return found


def _turn_back(world: World, going: Places, seen: Flags, path: Places, length: Places) -> Places:
    """Take every walk back to the last vertex with a way not taken; return those that have one."""
    stuck = going
    while stuck.size:
        near = world.edges[path[stuck, length[stuck]]]
        stuck = stuck[seen[stuck[:, None], near].all(1)]
        length[stuck] -= 1
        stuck = stuck[length[stuck] >= 0]
    return going[length[going] >= 0]


def answers(world: World, found: Places, rng: np.random.Generator) -> Places:
    """Return the answer of each walk: the place of the target that it found, 0 or 1, or a guess where it found none."""
    guesses = rng.integers(2, size=len(found))
    return np.where(found == _NONE, guesses, found == world.targets[1])


def lookups_alone(arms: int, tail: int, queries: int) -> float:
    """Return the chance that one walk over a star finds an answer: 1 - 2^-(arms it begins)."""
    return float(1 - 0.5 ** min(arms, -(-(queries - 1) // tail)))


def lookups_together(arms: int, walks: int) -> float:
    """Return the chance that one of several walks of two queries does: the source and the head of an arm.

    Walks may take the same arm: with j empty ones of L, all of W miss with chance (j/L)^W.
    """
    from scipy.stats import binom

    empty = np.arange(arms + 1)
    missed: Array = binom.pmf(empty, arms, 0.5) * (empty / arms) ** walks
    return float(1 - missed.sum())
