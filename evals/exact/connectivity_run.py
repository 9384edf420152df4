"""Connectivity, measured: single walks, votes of them, and the mirror."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.exact.connectivity import Bridge, answers, bridges, star, walk
from evals.exact.page import share
from scaling.intervals import Estimate, mean_interval
from scaling.results import Array, Interval

ARMS, TAIL = 16, 6  # of the mirror
_QUANTILE = 1.2815515655446004  # of the normal distribution at 90 %


@dataclass(frozen=True, slots=True)
class Size:
    """How much is run.

    Attributes:
        layers: depths at which single walks are measured.
        graphs: of each depth and budget.
        each: walks of one graph.
        ballots: for each depth that is voted on, votes at about a quarter of N_90 and at N_90, each on its own graph.
        lookups: graphs of the mirror.
    """

    layers: Sequence[int] = range(1, 7)
    graphs: int = 200
    each: int = 200
    ballots: Sequence[int] = (1_000, 1_000, 400, 60)
    lookups: int = 2_000


@dataclass(frozen=True, slots=True)
class Vote:
    """How often a vote of `voters` walks is right."""

    layers: int
    voters: int
    measured: Estimate

    @property
    def foretold(self) -> float:
        """The binomial chance that most of an odd number of walks are right."""
        from scipy.stats import binom

        return float(binom.sf(self.voters // 2, self.voters, Bridge(self.layers).accuracy))


@dataclass(frozen=True, slots=True)
class Ninety:
    """Voters for 90 %, from a probit line through the origin on √N."""

    layers: int
    voters: Interval

    @property
    def foretold(self) -> float:
        """(z/P)², for a vote of N is right with chance Φ(P √N)."""
        return (_QUANTILE / Bridge(self.layers).reach) ** 2


def single(form: Bridge, budget: int, size: Size, seed: int, *, shuffled: bool = False) -> Array:
    """Return the share of right answers among the walks of each graph, [graphs].

    Args:
        form: of the graphs.
        budget: queries of a walk.
        size: how many.
        seed: of the graphs; the walks have a stream of their own.
        shuffled: each graph has the truth of another one: the negative control.
    """
    rng = np.random.default_rng([seed, 1, form.layers, budget])
    drawn = list(bridges(form, size.graphs, seed))
    truths = np.array([truth for _, truth in drawn])
    given = [answers(world, walk(world, size.each, budget, rng), rng) for world, _ in drawn]
    right: Array = np.mean(np.stack(given) == (rng.permutation(truths) if shuffled else truths)[:, None], axis=1)
    return right


def binomial(shares: Array, each: int) -> Estimate:
    """Return the mean of walks that are independent of each other, with the binomial interval of them all."""
    return share(round(float(shares.sum()) * each), shares.size * each)


def votes(layers: int, ballots: int, seed: int) -> tuple[Vote, ...]:
    """Return how often votes of shortest walks are right, each on a graph of its own, for an odd number of voters."""
    form = Bridge(layers)
    rng = np.random.default_rng([seed, 2, layers])
    found = []
    for part in (0.25, 1.0):
        voters = 2 * int(part * Ninety(layers, Interval(0, 0, 0)).foretold / 2) + 1
        right = []
        for world, truth in bridges(form, ballots, seed + 1):
            given = answers(world, walk(world, voters, form.shortest, rng), rng)
            right.append(float((given.mean() > 0.5) == truth))
        found.append(Vote(layers, voters, mean_interval(right)))
    return tuple(found)


def ninety(measured: Sequence[Vote]) -> Ninety:
    """Return how many voters are right in 90 %, from votes of one depth (a probit GLM on counts)."""
    import statsmodels.api as sm

    hits = np.array([round(vote.measured.value * vote.measured.n) for vote in measured], dtype=float)
    tries = np.array([vote.measured.n for vote in measured], dtype=float)
    roots = np.sqrt([vote.voters for vote in measured])
    family = sm.families.Binomial(link=sm.families.links.Probit())
    done = sm.GLM(np.stack([hits, tries - hits], 1), roots[:, None], family=family).fit()
    low, high = done.conf_int()[0]
    value, least, most = ((_QUANTILE / edge) ** 2 if edge > 0 else float("inf") for edge in (done.params[0], high, low))
    return Ninety(measured[0].layers, Interval(value, least, most))


def slope(found: Sequence[Ninety]) -> Interval:
    """Return the slope of ln N_90 in d, by least squares with the weights of the intervals."""
    depths = np.array([each.layers for each in found], dtype=float)
    logs = np.log([each.voters.value for each in found])
    errors = np.log([each.voters.high / each.voters.low for each in found]) / (2 * 1.96)
    columns = np.stack([np.ones_like(depths), depths - depths.mean()], 1) / errors[:, None]
    covariance = np.linalg.inv(columns.T @ columns)
    value = float((covariance @ columns.T @ (logs / errors))[1])
    half = 1.96 * float(np.sqrt(covariance[1, 1]))
    return Interval(value, value - half, value + half)


@dataclass(frozen=True, slots=True)
class Lookups:
    """The mirror at equal queries: one walk of 2N queries, and N walks of two, each with a verifier."""

    walks: int
    alone: Estimate
    together: Estimate


def lookups(size: Size, seed: int) -> tuple[Lookups, ...]:
    """Measure the mirror on 2, 4, 8 and 16 walks."""
    rng = np.random.default_rng([seed, 3])
    found = []
    for walks in (2, 4, 8, 16):
        drawn = list(star(ARMS, TAIL, size.lookups, seed))
        alone = [float(walk(world, 1, 2 * walks, rng, holds)[0] >= 0) for world, holds in drawn]
        together = [float((walk(world, walks, 2, rng, holds) >= 0).any()) for world, holds in drawn]
        found.append(Lookups(walks, mean_interval(alone), mean_interval(together)))
    return tuple(found)
