"""The page of connectivity: one long walk against a vote of short ones, and the mirror on which short ones win."""

from collections.abc import Sequence
from math import ceil, log

from evals.exact.connectivity import Bridge, lookups_alone, lookups_together
from evals.exact.connectivity_run import (
    ARMS,
    TAIL,
    Lookups,
    Ninety,
    Size,
    binomial,
    lookups,
    ninety,
    single,
    slope,
    votes,
)
from evals.exact.page import Check, Page, Section, lawful, line, points, ruler, shown
from scaling.drawing import Panel, Picture, Ruler
from scaling.intervals import mean_interval
from scaling.results import Interval

NAME = "connectivity"
_AMPLE, _WANTED = 2.6, 0.99  # one walk of so many times the shortest way is right so often
_SLOPE, _MARGIN = log(16), 0.3  # of ln N_90 in d


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
        [(lookups_together(ARMS, each.walks), each.together) for each in mirror]
        + [(lookups_alone(ARMS, TAIL, 2 * each.walks), each.alone) for each in mirror]
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
                "N_90 voters are right in 90 %: foretold (z/P)², measured by a probit line on √N, which is rough for "
                "few voters. Last: their queries over those of one long walk.",
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
                f"{ARMS} arms of {TAIL} vertices; the first of each holds the answer or does not, a coin for each.",
                ("queries", "one walk, foretold", "measured", "walks of 2 queries", "foretold", "measured"),
                [
                    (
                        str(2 * each.walks),
                        f"{lookups_alone(ARMS, TAIL, 2 * each.walks):.3f}",
                        shown(each.alone),
                        str(each.walks),
                        f"{lookups_together(ARMS, each.walks):.3f}",
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
                ruler("voters for 90 %", [round(each.foretold) for each in enough]),
                (
                    line([each.foretold for each in enough], depths, 0, "foretold"),
                    points([each.voters for each in enough], depths, 0, "measured"),
                ),
            ),
            Panel(
                "flat look-ups",
                ruler("queries", queries),
                Ruler("accuracy"),
                (
                    points([each.alone for each in mirror], queries, 1, "one walk"),
                    points([each.together for each in mirror], queries, 2, "walks of two queries"),
                ),
            ),
        ),
    )
