"""Connectivity, measured: one long walk against a vote of short ones, and the mirror on which short ones win."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log

import numpy as np

from evals.exact.connectivity import Bridge, answers, bridges, lookups_alone, lookups_together, star, walk
from evals.exact.page import Check, Page, Section, lawful, line, points, share, shown
from scaling.drawing import Panel, Picture, Ruler
from scaling.intervals import Estimate, mean_interval
from scaling.results import Array, Interval

NAME = "connectivity"
_AMPLE, _WANTED = 2.6, 0.99  # one walk of so many times the shortest way is right so often
_QUANTILE = 1.2815515655446004  # of the normal distribution at 90 %
_SLOPE, _MARGIN = log(16), 0.3  # of ln N_90 in d
_ARMS, _TAIL = 16, 6


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
        drawn = list(star(_ARMS, _TAIL, size.lookups, seed))
        alone = [float(walk(world, 1, 2 * walks, rng, holds)[0] >= 0) for world, holds in drawn]
        together = [float((walk(world, walks, 2, rng, holds) >= 0).any()) for world, holds in drawn]
        found.append(Lookups(walks, mean_interval(alone), mean_interval(together)))
    return tuple(found)


def page(seed: int = 0, size: Size | None = None) -> Page:
    """Run everything and return what came out."""
    import pandas as pd

    size = size or Size()
    forms = [Bridge(layers) for layers in size.layers]
    shares = {form.layers: single(form, form.shortest, size, seed) for form in forms}
    ample = {form.layers: single(form, ceil(_AMPLE * form.shortest), size, seed) for form in forms}
    control = {form.layers: single(form, ceil(_AMPLE * form.shortest), size, seed, shuffled=True) for form in forms}
    voted = [votes(layers, ballots, seed) for layers, ballots in enumerate(size.ballots, 1)]
    enough = [ninety(each) for each in voted]
    risen = slope(enough)
    mirror = lookups(size, seed)
    short = {layers: binomial(each, size.each) for layers, each in shares.items()}
    long = {layers: binomial(each, size.each) for layers, each in ample.items()}
    flat = {layers: mean_interval(each.tolist()) for layers, each in control.items()}
    walked = lawful([(Bridge(layers).accuracy, each) for layers, each in short.items()])
    counted = lawful([(vote.foretold, vote.measured) for each in voted for vote in each])
    looked = lawful(
        [(lookups_together(_ARMS, each.walks), each.together) for each in mirror]
        + [(lookups_alone(_ARMS, _TAIL, 2 * each.walks), each.alone) for each in mirror]
    )
    everywhere = mean_interval([float(value) for each in control.values() for value in each])
    return Page(
        NAME,
        "Graph connectivity: one long walk against many short ones",
        f"Bridge graphs of {size.layers[0]} to {size.layers[-1]} layers ({size.graphs} of each depth, "
        f"{size.each} walks of each graph), searched depth-first in random order. A query is a visit to a vertex. "
        "A walk that finds neither target guesses. Truths are drawn from the seed and held apart from the walks.",
        seed,
        (
            Check(
                "the shortest walk is right in ½ + ½·⅓·¼^(d-1), within its binomial interval, at every depth",
                walked.seen,
                walked.holds,
            ),
            Check(
                f"one walk of {_AMPLE} times the shortest way is right in {_WANTED} or more",
                f"least: {min(each.value for each in long.values()):.4f}",
                all(each.value >= _WANTED for each in long.values()),
            ),
            Check(
                "every vote is right as often as the binomial law says, within its interval",
                counted.seen,
                counted.holds,
            ),
            Check(
                f"ln N_90 rises by ln 16 = {_SLOPE:.2f} ± {_MARGIN} a layer",
                shown(risen),
                abs(risen.value - _SLOPE) <= _MARGIN,
            ),
            Check(
                "mirror: on flat look-ups, at equal queries, many short walks beat the long one and both fit their law",
                f"{mirror[1].walks} walks {shown(mirror[1].together)}, one {shown(mirror[1].alone)}; {looked.seen}",
                looked.holds and all(each.together.low > each.alone.high for each in mirror[:3]),
            ),
            Check(
                "control: with the truth of other graphs even the long walk is right in one half",
                f"{shown(everywhere)} over all depths",
                everywhere.low <= 0.5 <= everywhere.high,
            ),
        ),
        (
            Section(
                "One walk",
                "",
                ("layers d", "shortest", "foretold", "measured", f"{_AMPLE} × shortest", "control"),
                [
                    (
                        str(form.layers),
                        str(form.shortest),
                        f"{form.accuracy:.4f}",
                        shown(short[form.layers]),
                        shown(long[form.layers]),
                        shown(flat[form.layers]),
                    )
                    for form in forms
                ],
            ),
            Section(
                "A vote of shortest walks",
                "N_90 voters are right in 90 %; foretold is (z/P)². Last: their queries over those of one long walk.",
                ("layers d", "voters N", "foretold", "measured", "N_90 foretold", "N_90 measured", "times the queries"),
                [
                    (
                        str(vote.layers),
                        f"{vote.voters:,}",
                        f"{vote.foretold:.3f}",
                        shown(vote.measured),
                        f"{each.foretold:,.0f}",
                        f"{each.voters.value:,.0f} ({each.voters.low:,.0f} – {each.voters.high:,.0f})",
                        f"{each.voters.value / _AMPLE:,.0f}",
                    )
                    for pair, each in zip(voted, enough, strict=True)
                    for vote in pair
                ],
            ),
            Section(
                "The mirror: flat look-ups with a verifier",
                f"{_ARMS} arms of {_TAIL} vertices; the first of each holds the answer or does not, a coin for each.",
                ("queries", "one walk, foretold", "measured", "walks of 2 queries", "foretold", "measured"),
                [
                    (
                        str(2 * each.walks),
                        f"{lookups_alone(_ARMS, _TAIL, 2 * each.walks):.3f}",
                        shown(each.alone),
                        str(each.walks),
                        f"{lookups_together(_ARMS, each.walks):.3f}",
                        shown(each.together),
                    )
                    for each in mirror
                ],
            ),
        ),
        (_picture(enough, mirror, risen),),
        {
            "walks": pd.DataFrame(
                [
                    {"graph": f"{layers}-{at}", "layers": layers, "budget": budget, "outcome": value, "n": size.each}
                    for layers in shares
                    for budget, table in (("shortest", shares), ("ample", ample), ("control", control))
                    for at, value in enumerate(table[layers])
                ]
            ),
            "votes": pd.DataFrame(
                [
                    {"layers": vote.layers, "voters": vote.voters, "outcome": vote.measured.value, "n": vote.measured.n}
                    for pair in voted
                    for vote in pair
                ]
            ),
        },
    )


def _picture(enough: Sequence[Ninety], mirror: Sequence[Lookups], risen: Interval) -> Picture:
    """Draw the voters that are needed, and the mirror."""
    depths = tuple(float(each.layers) for each in enough)
    queries = [2.0 * each.walks for each in mirror]
    return Picture(
        "votes",
        "Depth cannot be bought with votes; flat look-ups can",
        f"Left: voters for 90 %, measured, and (z/P)²; the slope is {shown(risen)} a layer. Right: the mirror, at "
        "equal queries.",
        (
            Panel(
                "bridge graphs",
                Ruler("layers d", ticks=tuple((x, f"{x:g}") for x in depths)),
                Ruler("voters for 90 %", log=True),
                (
                    line([each.foretold for each in enough], depths, 0, "foretold"),
                    points([each.voters for each in enough], depths, 0, "measured"),
                ),
            ),
            Panel(
                "flat look-ups",
                Ruler("queries", log=True, ticks=tuple((x, f"{x:g}") for x in queries)),
                Ruler("accuracy"),
                (
                    points([each.alone for each in mirror], queries, 1, "one walk"),
                    points([each.together for each in mirror], queries, 2, "walks of two queries"),
                ),
            ),
        ),
    )
