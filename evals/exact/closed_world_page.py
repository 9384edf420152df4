"""The page of the closed world, measured with the agent itself: knees where they were planted, and the best cells."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from evals.exact.closed_world import Shape, rounds, solvable
from evals.exact.closed_world_picks import FITTED, ROUND, TOLERANCE, Pick, budgets, fitted_cells, picks
from evals.exact.closed_world_run import Point, first_right, measure, share
from evals.exact.page import Check, Page, Section, inside, line, points, ruler, shown
from scaling.drawing import Mark, Panel, Picture, Ruler

NAME = "closed-world"
_SHAPE = Shape(each=1)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is run.

    Attributes:
        shape: of the worlds.
        worlds: their seeds.
        widths: queries a round.
        fresh: depth and width of runs that are set against replayed ones.
    """

    shape: Shape = _SHAPE
    worlds: Sequence[int] = (1, 2, 3)
    widths: Sequence[int] = (1, 2, 3, 4, 5, 6)
    fresh: tuple[int, int] = (4, 2)


def page(seed: int = 0, size: Size | None = None) -> Page:
    """Run everything and return what came out."""
    import pandas as pd

    size = size or Size()
    worlds = [seed + world for world in size.worlds]
    found = measure(size.shape, worlds, size.widths)
    depth, width = size.fresh
    fresh = measure(size.shape, worlds[:1], [width], depth=depth)
    shuffled = measure(size.shape, worlds[:1], [size.widths[0], size.widths[-1]], shuffled=True)
    chosen = picks(found, budgets(fitted_cells(found)))
    every = picks(found, [float(budget) for budget in range(10, 125, 5)])
    return Page(
        NAME,
        "A closed world: facets × hops",
        f"The agent itself, with the extractive reader, on documents of made-up stations: {len(worlds)} worlds with "
        f"{len(size.shape.hops) * len(size.shape.facets) * size.shape.each} questions each, h hops × v facets, every "
        "pair alike often. A question takes one round for a list of v stations, then h·⌈v/w⌉ rounds of w queries. "
        "Other documents speak of a station by its number, its name or both, and decoys share words of names. Each "
        "width is run once, blind to its budget, as deep as the hardest question needs; smaller depths are the "
        "trace of that run. The reader takes no tokens, so the third axis, thinking, is not measured here.",
        seed,
        _checks(size, found, fresh, shuffled, chosen),
        _sections(size, found, chosen, every),
        (_picture(size, found, shuffled),),
        {"trials": pd.DataFrame([asdict(one) for one in found])},
    )


def _checks(
    size: Size, found: Sequence[Point], fresh: Sequence[Point], shuffled: Sequence[Point], chosen: Sequence[Pick]
) -> tuple[Check, ...]:
    """Hold what was measured against what was planted."""
    least = first_right(found)
    planted = {(one.question, one.width): rounds(one.hops, one.facets, one.width) for one in found}
    exact = sum(least[key] == planted[key] for key in planted)
    replayed = {(one.question, one.depth, one.width): one.right for one in found}
    same = sum(replayed[one.question, one.depth, one.width] == one.right for one in fresh)
    cells = [(solvable(size.shape, d, w), share(found, depth=d, width=w)) for d, w in _corners(size)]
    wide, deep = _elastic(found, size, hops=1), _elastic(found, size, facets=1)
    return (
        Check(
            "every question is right from depth 1 + h·⌈v/w⌉ on and never before: the knees are at d - 1 = h and w = v",
            f"{exact:,} of {len(planted):,} pairs of question and width",
            exact >= 0.98 * len(planted),
        ),
        Check(
            "accuracy in every cell is the planted share, within its interval",
            f"largest difference {max(abs(value - each.value) for value, each in cells):.3f}",
            all(inside(value, each) for value, each in cells),
        ),
        Check(
            f"the recommended (d, w) is within {TOLERANCE:.0%} of the best of the grid at three budgets not fitted to",
            "; ".join(
                f"{pick.budget:.0f}: ({pick.depth}, {pick.width}) {pick.success:.3f} of {pick.best:.3f}"
                for pick in chosen
            ),
            all(pick.close for pick in chosen),
        ),
        Check(
            "a run replayed to a smaller depth is the run of that depth",
            f"{same} of {len(fresh)} questions at depth {fresh[0].depth}, width {fresh[0].width}",
            same == len(fresh),
        ),
        Check(
            "control: where texts stand under wrong titles accuracy is 0 at every depth and width",
            f"{sum(one.right for one in shuffled)} of {len(shuffled):,} answers right",
            not any(one.right for one in shuffled),
        ),
        Check(
            "mirror: at a depth of 2 width decides flat questions (h = 1), and does nothing for chains (v = 1), "
            "which depth decides at width 1",
            f"flat: {wide[0]:.2f} → {wide[1]:.2f} by width; chains: {deep[0]:.2f} → {deep[1]:.2f} by width, "
            f"{deep[0]:.2f} → {deep[2]:.2f} by depth",
            wide[1] == 1 and wide[0] < 0.5 and deep[0] == deep[1] < 0.5 and deep[2] == 1,
        ),
    )


def _elastic(found: Sequence[Point], size: Size, **where: int) -> tuple[float, float, float]:
    """Return accuracy at depth 2 with the least and the greatest width, and at width 1 with 1 + max h rounds."""
    low, high = min(size.widths), max(size.widths)
    deep = 1 + max(size.shape.hops)
    cells = ({"depth": 2, "width": low}, {"depth": 2, "width": high}, {"depth": deep, "width": low})
    first, second, third = (share(found, **where, **cell).value for cell in cells)
    return first, second, third


def _corners(size: Size) -> list[tuple[int, int]]:
    """Return the cells that are looked at one by one."""
    return [(d, w) for d in FITTED[0] if d <= size.shape.deepest for w in size.widths]


def _sections(size: Size, found: Sequence[Point], chosen: Sequence[Pick], every: Sequence[Pick]) -> tuple[Section, ...]:
    """Return the tables."""
    widths = tuple(f"w = {w}" for w in size.widths)
    depths = [d for d in (*FITTED[0], size.shape.deepest) if d <= size.shape.deepest]
    lost = [pick.best - pick.success for pick in every]
    return (
        Section(
            "Accuracy",
            "Planted share, then the measured one with its interval.",
            ("d", *widths),
            [
                (
                    str(d),
                    *(
                        f"{solvable(size.shape, d, w):.3f}; {shown(share(found, depth=d, width=w))}"
                        for w in size.widths
                    ),
                )
                for d in depths
            ],
        ),
        Section(
            "What to spend a budget on",
            f"A cell costs d·(w + {ROUND:g}) searches: a round is priced at {ROUND:g} searches for what is "
            f"thought in it. The laws of `scaling.joint` are fitted to depths {FITTED[0]} and widths {FITTED[1]}, "
            "the best of them is asked, and success is what was measured in its cell. The first three budgets are "
            f"those that `research-agent fit` advises on. Over the {len(every)} others the choice is within "
            f"{TOLERANCE:.0%} of the best at {sum(pick.close for pick in every)}; the mean loss of accuracy is "
            f"{np.mean(lost):.3f}, the largest {max(lost):.3f}.",
            ("budget", "law", "recommended (d, w)", "success", "best of the grid", "success"),
            [
                (
                    f"{pick.budget:.1f}",
                    pick.law,
                    f"({pick.depth}, {pick.width})",
                    f"{pick.success:.3f}",
                    f"({pick.best_depth}, {pick.best_width})",
                    f"{pick.best:.3f}",
                )
                for pick in (*chosen, *every)
            ],
        ),
    )


def _picture(size: Size, found: Sequence[Point], shuffled: Sequence[Point]) -> Picture:
    """Draw accuracy along depth and along width for single shapes, with the knees where they were planted."""
    low, high = min(size.widths), max(size.widths)
    top_h, top_v = max(size.shape.hops), max(size.shape.facets)
    some_h, some_v = sorted({1, (1 + top_h) // 2, top_h}), sorted({1, (1 + top_v) // 2, top_v})
    by_depth, by_width = [], []
    for place, hops in enumerate(some_h):
        x = list(range(1, top_h + 4))
        by_depth.append(points([share(found, hops=hops, depth=d, width=high) for d in x], x, place, f"h or v = {hops}"))
        by_depth.append(line([float(d >= 1 + hops) for d in x], x, place))
    for place, facets in enumerate(some_v):
        w = list(size.widths)
        found_here = [share([o for o in found if o.depth == 1 + o.hops], facets=facets, width=each) for each in w]
        by_width.append(points(found_here, w, place, f"h or v = {facets}"))
        by_width.append(line([float(each >= facets) for each in w], w, place))
    depths = [d for d in FITTED[0] if d <= size.shape.deepest]
    mixed: list[Mark] = []
    for place, width in enumerate((low, high)):
        mixed.append(points([share(found, depth=d, width=width) for d in depths], depths, 3 + place, f"w = {width}"))
        mixed.append(line([solvable(size.shape, d, width) for d in depths], depths, 3 + place))
    mixed.append(points([share(shuffled, depth=d, width=low) for d in depths], depths, 5, "texts shuffled"))
    accuracy = Ruler("accuracy", limits=(-0.02, 1.02))
    return Picture(
        "knees",
        "Depth pays until h, width until v",
        "Points are measured, lines are planted. Left: h hops, width enough. Middle: v facets at the least depth that "
        "h allows, 1 + h. Right: all questions together, and the control.",
        (
            Panel(f"width {high}", Ruler("depth d (rounds)"), accuracy, tuple(by_depth)),
            Panel("depth 1 + h", Ruler("width w (queries a round)"), accuracy, tuple(by_width)),
            Panel("all questions", ruler("depth d (rounds)", depths), accuracy, tuple(mixed)),
        ),
    )
