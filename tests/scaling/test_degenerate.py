"""Tables that hold little or nothing: each gets a fit that is gated, or a sentence that says what to add."""

import math

import numpy as np
import pandas as pd
import pytest

from scaling.errors import FitError, TrialsError
from scaling.fit import fit
from scaling.results import Interval
from scaling.trials import Trials

BUDGETS = (1.0, 2.0, 4.0, 8.0, 16.0)


def table(questions=40, budgets=BUDGETS, seed=0, chance=lambda d: 0.2 + 0.5 * d / (d + 2), seeds=1, **columns):
    """One axis, depth; `chance` is P at a budget; other columns are functions of (question, depth) or constants."""
    random = np.random.default_rng(seed)
    rows = []
    for question in range(questions):
        for depth in budgets:
            for again in range(seeds):
                row = {"question": f"q{question}", "depth": depth, "seed": again}
                row["outcome"] = float(random.random() < chance(depth))
                row |= {name: made(question, depth) if callable(made) else made for name, made in columns.items()}
                rows.append(row)
    return pd.DataFrame(rows)


def edited(frame, column, place, value):
    frame = frame.copy()
    frame[column] = frame[column].astype(object)
    frame.loc[place, column] = value
    return frame


def always(value):
    return lambda _question, _depth: value


def two_axes(**kept):
    first = table(**kept).assign(width=1.0)
    second = table(**kept, seed=1).rename(columns={"depth": "width"}).assign(depth=1.0)
    return pd.concat([first, second[second.width > 1]], ignore_index=True)


REFUSED = {
    "no rows": table().iloc[:0],
    "no outcome column": table().drop(columns="outcome"),
    "no question column": table().drop(columns="question"),
    "no axis": table().drop(columns="depth"),
    "one budget": table(budgets=(4.0,)),
    "two budgets": table(budgets=(1.0, 8.0)),
    "one question": table(questions=1),
    "two questions": table(questions=2),
    "nine questions": table(questions=9),
    "all wrong": table(outcome=0.0),
    "all right": table(outcome=1.0),
    "all one half": table(outcome=0.5),
    "outcome NaN": edited(table(), "outcome", 3, math.nan),
    "outcome above 1": edited(table(), "outcome", 3, 1.2),
    "outcome below 0": edited(table(), "outcome", 3, -0.1),
    "outcome infinite": edited(table(), "outcome", 3, math.inf),
    "outcome a word": edited(table(), "outcome", 3, "yes"),
    "budget NaN": edited(table(), "depth", 3, math.nan),
    "budget negative": edited(table(), "depth", 3, -1.0),
    "budget a word": edited(table(), "depth", 3, "deep"),
    "only ceilings": table(budgets=(math.inf,)),
    "trials twice": pd.concat([table(), table().iloc[:1]], ignore_index=True),
    "no attempts": table(n=0),
    "attempts negative": edited(table(n=1), "n", 3, -1),
    "cost negative": edited(table(cost_tokens=5.0), "cost_tokens", 3, -1.0),
    "question missing": edited(table(), "question", 3, None),
    "group within a question": edited(table(group="g"), "group", 3, "h"),
    "one group": table(group="all"),
    "three groups": table(group=lambda question, _: f"g{question % 3}"),
    "a column of words": table(model="small"),
    "each question in one cell": table(questions=5),
    "a budget of its own for every trial": table(questions=3, depth=lambda q, d: d + q / 7),
    "budgets by rows that move everything": table(width=lambda _, depth: depth),
}

FITTED = {
    "right and wrong apart": table(chance=lambda d: float(d > 4)),
    "ten questions": table(questions=10),
    "flat": table(chance=lambda _: 0.4),
    "falling": table(chance=lambda d: 0.7 - 0.1 * math.log2(d)),
    "one right answer": edited(table(outcome=0.0), "outcome", 13, 1.0),
    "one wrong answer": edited(table(outcome=1.0), "outcome", 13, 0.0),
    "all wrong at the base": table(chance=lambda d: 0.0 if d == 1 else 0.5),
    "all right at the top": table(chance=lambda d: 1.0 if d == 16 else 0.3),
    "noise that jumps": table(chance=lambda d: 0.2 if math.log2(d) % 2 else 0.7),
    "fractions": table(outcome=lambda q, d: (q % 7) / 7 * (1 - 0.5 / d)),
    "budgets from nothing": table(budgets=(0.0, 1.0, 2.0, 4.0)),
    "huge budgets": table(budgets=(1e12, 2e12, 4e12, 8e12)),
    "tiny budgets": table(budgets=(1e-9, 2e-9, 4e-9)),
    "close budgets": table(budgets=(1.0, 1.001, 1.002)),
    "wide budgets": table(budgets=(1.0, 1e3, 1e6, 1e9)),
    "three budgets": table(budgets=(1.0, 4.0, 16.0)),
    "a measured ceiling": table(budgets=(*BUDGETS, math.inf), chance=lambda d: 0.2 + 0.5 * (1 - 1 / d)),
    "cells missing": table(questions=60).drop(index=range(7, 200, 3)),
    "many seeds": table(questions=12, seeds=20),
    "attempts": table(n=25),
    "groups": table(questions=60, group=lambda question, _: f"g{question % 15}"),
    "two axes alike": two_axes(),
    "two axes, one flat": pd.concat([two_axes()], ignore_index=True).assign(
        outcome=lambda frame: frame.outcome.where(frame.width == 1, (frame.index % 5 == 0).astype(float))
    ),
    "questions all alike": table(outcome=lambda _question, depth: float(depth > 2)).assign(
        outcome=lambda frame: frame.outcome.where(frame.question != "q0", 1 - frame.outcome)
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_answer_is_refused_in_a_sentence(name):
    with pytest.raises((FitError, TrialsError)) as refused:
        fit(Trials.from_frame(REFUSED[name]), replicates=100)
    sentence = str(refused.value)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert len(sentence) > 30


@pytest.mark.parametrize("name", FITTED)
def test_what_says_little_is_fitted_and_gated(name):
    found = fit(Trials.from_frame(FITTED[name]), replicates=100)
    for axis in found.axes:
        assert axis.gate == "identified" or axis.gate.startswith("asymptote not identified: ")
        assert (axis.ceiling is None) == (axis.gate != "identified")
        for interval in (axis.half_budget, axis.top, axis.last_doubling, axis.elasticity, axis.drop, found.floor):
            assert interval is None or ordered(interval)
        assert all(map(math.isfinite, (*axis.fitted, *axis.residuals, axis.drop_p, axis.detectable_drop)))
        for part in (axis.curve, axis.extrapolation):
            assert ((part.low <= part.value + 1e-9) & (part.value <= part.high + 1e-9)).all()
            assert ((part.low >= 0) & (part.high <= 1)).all()
    assert found.verdict is None or found.verdict.decision in ("SAME", "DIFFERENT", "BOTH", "INCONCLUSIVE")


def ordered(interval: Interval) -> bool:
    return math.isfinite(interval.value) and interval.low <= interval.value <= interval.high


def test_there_are_fifty_of_them():
    assert len(REFUSED) + len(FITTED) >= 50
