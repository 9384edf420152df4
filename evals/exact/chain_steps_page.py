"""The page of chains of steps: how good the verifier is matters more than how one searches."""

from collections.abc import Sequence
from itertools import pairwise

from evals.exact.chain_steps import Problems, best_of_n_accuracy
from evals.exact.chain_steps_run import ORM, SOLVERS, Cell, Cup, Grid, Size, cup, run, variance
from evals.exact.page import Check, Page, Section, lawful, line, points, ruler, shown
from scaling.drawing import Mark, Panel, Picture, Ruler
from scaling.variance import Share

NAME = "chain-steps"
_CLOSE, _GAIN, _FEWER = 0.05, 0.30, 10.0
_MIRRORED = 1.0  # noise of a verifier that likes wrong chains
_BLIND = 1e9  # noise of a verifier that says nothing
_FIXED = 160  # steps at which variance is decomposed


def page(seed: int = 0, size: Size | None = None) -> Page:
    """Run everything and return what came out."""
    import pandas as pd

    size = size or Size()
    grid = {
        (name, noise, budget): run(name, budget, noise, size, seed)
        for name in SOLVERS
        for noise in (size.noises if name != "beam" else sorted({*size.noises, *size.step_noises}))
        for budget in size.budgets
    }
    blind = {(name, budget): run(name, budget, _BLIND, size, seed) for name in SOLVERS for budget in size.budgets}
    mirror = {budget: run("best of n", budget, _MIRRORED, size, seed + 7, sign=-1.0) for budget in size.budgets}
    cups = [cup(*each, size, seed) for each in size.rounds]
    at_fixed = [grid[name, noise, _FIXED] for name in SOLVERS for noise in size.noises]
    parts = {share.factor: share for share in variance(at_fixed, seed).shares}

    gaps = {
        (noise, budget): grid["best of n", noise, budget].right.mean() - grid["UCT", noise, budget].right.mean()
        for noise in size.noises
        for budget in size.budgets
        if budget >= 80
    }
    gains = {
        budget: [
            float(grid["beam", noise, budget].right.mean() - grid["best of n", ORM, budget].right.mean())
            for noise in size.step_noises
        ]
        for budget in size.budgets
    }
    return Page(
        NAME,
        "Chains of steps with a noisy verifier",
        f"Problems of 10 steps; a step goes right with probability 0.8 where all before it did ({size.problems:,} "
        "problems a cell). Best of n draws whole chains and UCT grows a tree; both are scored by a verifier of whole "
        "chains. The beam has a verifier of every step. A verifier says 1 or 0 plus normal noise of standard deviation "
        "σ. Every step is charged to the problem's budget.",
        seed,
        _checks(size, grid, blind, mirror, cups, gaps, gains, parts),
        _sections(size, grid, mirror, cups, gains),
        (_picture(size, grid, gains),),
        {
            "cells": pd.DataFrame(
                [
                    {"solver": cell.solver, "noise": cell.noise, "budget": cell.budget, "outcome": cell.right.mean(),
                     "n": len(cell.right), "set": part}
                    for part, cells in (("measured", grid), ("control", blind), ("mirror", mirror))
                    for cell in cells.values()
                ]
            )
        },
    )  # fmt: skip


def _checks(
    size: Size,
    grid: Grid,
    blind: dict[tuple[str, int], Cell],
    mirror: dict[int, Cell],
    cups: Sequence[Cup],
    gaps: dict[tuple[float, int], float],
    gains: dict[int, list[float]],
    parts: dict[str, Share],
) -> tuple[Check, ...]:
    """Hold what was measured against what was foretold; many intervals hold together with 95 %."""
    chain = 0.8**10
    best = lawful(
        [(_law(cell.budget, cell.noise), cell.accuracy) for cell in grid.values() if cell.solver == "best of n"]
    )
    silent = lawful([(chain, cell.accuracy) for cell in blind.values()])
    liked = lawful([(_law(budget, _MIRRORED, -1.0), cell.accuracy) for budget, cell in mirror.items()])
    fooled = [mirror[budget].right.mean() for budget in size.budgets]
    fewer = cups[0].failure.value / cups[-1].failure.value
    ends = {budget: (each[0], each[-1]) for budget, each in gains.items()}
    return (
        Check("best of n is right as often as its integral says", best.seen, best.holds),
        Check(
            f"(i) |best of n - UCT| is at most {_CLOSE:.2f} from 80 steps on, at every σ",
            f"at most {max(map(abs, gaps.values())):.3f}",
            max(map(abs, gaps.values())) <= _CLOSE,
        ),
        Check(
            f"(ii) at {_FIXED} steps σ explains more of the variance than the solver does",
            f"σ {shown(parts['noise'].lmg)}, solver {shown(parts['solver'].lmg)} (LMG shares)",
            parts["noise"].lmg.low > parts["solver"].lmg.high,
        ),
        Check(
            "(iii) what a beam gains on best of n grows as its σ falls, at every budget",
            "; ".join(f"{budget}: {', '.join(f'{gain:+.3f}' for gain in each)}" for budget, each in gains.items()),
            all(later > earlier for each in gains.values() for earlier, later in pairwise(each)),
        ),
        Check(
            f"(iii) it is {_GAIN:.2f} or more at σ = {size.step_noises[-1]:g} and at most 80 steps, "
            f"and below 0 at σ = {size.step_noises[0]:g}",
            "; ".join(f"{budget}: {worst:+.3f} … {best:+.3f}" for budget, (worst, best) in ends.items()),
            all(worst < 0 and (budget > 80 or best >= _GAIN) for budget, (worst, best) in ends.items()),
        ),
        Check(
            "(iv) a knockout fails no more often than its bound says",
            ", ".join(f"{each.failure.value:.4f} ≤ {each.bound.failure:.4f}" for each in cups),
            all(each.failure.value <= each.bound.failure for each in cups),
        ),
        Check(
            f"(iv) its failures fall {_FEWER:g} times or more from (N, K) = {size.rounds[0]} to {size.rounds[-1]}",
            f"{fewer:.1f} times",
            fewer >= _FEWER,
        ),
        Check(
            f"control: with a verifier that says nothing all solvers are right in 0.8¹⁰ = {chain:.3f} at every budget",
            silent.seen,
            silent.holds,
        ),
        Check(
            "mirror: with a verifier that likes wrong chains (σ = 1) more draws make it worse, as the integral says",
            ", ".join(f"{budget}: {value:.3f}" for budget, value in zip(size.budgets, fooled, strict=True)),
            liked.holds and all(later < earlier for earlier, later in pairwise([chain, *fooled])),
        ),
    )


def _law(budget: int, noise: float, sign: float = 1.0) -> float:
    """Return what is foretold of best of n."""
    return best_of_n_accuracy(Problems.draw(1, budget, 0), noise, sign=sign)


def _sections(
    size: Size, grid: Grid, mirror: dict[int, Cell], cups: Sequence[Cup], gains: dict[int, list[float]]
) -> tuple[Section, ...]:
    """Return the tables."""
    steps = tuple(f"{budget} steps" for budget in size.budgets)
    rows = []
    for noise in size.noises:
        law = [_law(budget, noise) for budget in size.budgets]
        rows.append((f"{noise:g}", "best of n, foretold", *(f"{value:.3f}" for value in law)))
        for name in SOLVERS:
            cells = [grid[name, noise, budget].accuracy for budget in size.budgets]
            rows.append((f"{noise:g}", name, *map(shown, cells)))
    fooled = [_law(budget, _MIRRORED, -1.0) for budget in size.budgets]
    rows.append((f"{_MIRRORED:g}", "mirror, foretold", *(f"{value:.3f}" for value in fooled)))
    rows.append((f"{_MIRRORED:g}", "mirror", *(shown(mirror[budget].accuracy) for budget in size.budgets)))
    return (
        Section("Accuracy", "", ("σ", "solver", *steps), rows),
        Section(
            f"A beam less best of n (σ = {ORM:g})",
            "The beam's verifier of steps has the σ of the row.",
            ("σ of steps", *steps),
            [
                (f"{noise:g}", *(f"{gains[budget][at]:+.3f}" for budget in size.budgets))
                for at, noise in enumerate(size.step_noises)
            ],
        ),
        Section(
            "Knockout",
            "Bound: (1 - p)^N + ⌈log2 N⌉ exp(-2K (q - ½)²), with p = 0.8¹⁰ and q from two noisy scores.",
            ("N", "K", "failure", "bound", "calls"),
            [
                (
                    str(each.candidates),
                    str(each.comparisons),
                    shown(each.failure),
                    f"{each.bound.failure:.3f}",
                    str(each.bound.calls),
                )
                for each in cups
            ],
        ),
    )


def _picture(size: Size, grid: Grid, gains: dict[int, list[float]]) -> Picture:
    """Draw accuracy against steps for two verifiers, and what the beam gains against its noise."""
    budgets = [float(budget) for budget in size.budgets]
    below = ruler("steps", budgets)
    frames = []
    for noise in (size.noises[1], size.noises[2]):
        law = [_law(budget, noise) for budget in size.budgets]
        marks = [line(law, budgets, 0, "best of n, foretold")]
        for place, name in enumerate(SOLVERS):
            marks.append(points([grid[name, noise, b].accuracy for b in size.budgets], budgets, place, name))
        frames.append(Panel(f"σ = {noise:g}", below, Ruler("accuracy", limits=(0, 1.02)), tuple(marks)))
    gained = tuple(
        line(gains[budget], size.step_noises, 3 + place, f"{budget} steps") for place, budget in enumerate(size.budgets)
    )
    zero = Mark("level", y=(0.0,), dash=":")
    frames.append(
        Panel("beam less best of n", ruler("σ of steps", size.step_noises), Ruler("gain in accuracy"), (zero, *gained))
    )
    return Picture(
        "accuracy",
        "The verifier matters more than the search",
        f"Accuracy on {size.problems:,} problems a cell, bars are 95 % intervals. Right: what checking every step "
        f"gains on best of n (σ = {ORM:g}), against the noise of that check.",
        tuple(frames),
    )
