"""How fast laws are fitted: batched fits, the cluster bootstrap, and the same task with other libraries."""

from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from evals.bench.measure import LEAST, Measure, seconds
from scaling.laws import FORMS, AxisLaw
from scaling.likelihood import bootstrap, maximise
from scaling.results import Array

_AXES = ("depth", "width", "tokens")
_QUESTIONS, _SETS, _RESAMPLES = 300, 600, 1000
_FEW = 100  # resamples where every one is a call of a library


def grid(axes: int = 3) -> Array:
    """Return the base cell and every axis alone at extra spends 1 … 64, [1 + 7 · axes, axes]."""
    x = np.zeros((1 + 7 * axes, axes))
    for axis in range(axes):
        x[1 + 7 * axis : 8 + 7 * axis, axis] = 2.0 ** np.arange(7)
    return x


def drawn(x: Array, questions: int, seed: int) -> Array:
    """Return right and wrong of questions with a hit rate of their own, [questions, C]."""
    random = np.random.default_rng(seed)
    rate = random.gamma(0.8, 1 / 6.0, (questions, 1)) * random.gamma(4.0, 0.25, (questions, x.shape[1]))
    chance = 0.15 + 0.6 * -np.expm1(-(rate @ x.T))
    return (random.random(chance.shape) < chance).astype(float)


def measure(_work: Path, quick: bool) -> list[Measure]:
    """Return fits a second, the seconds of a bootstrap of two laws, and other libraries' time over ours."""
    x, times = grid(), LEAST
    hits = drawn(x, _QUESTIONS, 0)
    tries = np.ones_like(hits)
    shared, free = AxisLaw(FORMS["lomax"], _AXES), AxisLaw(FORMS["lomax"], _AXES, False, False)
    sets = np.stack([drawn(x, _QUESTIONS, seed).sum(0) for seed in range(_SETS // (6 if quick else 1))])
    every = np.full(sets.shape, float(_QUESTIONS))
    fits = [len(sets) / seconds(lambda: maximise(shared, x, sets, every)) for _ in range(times)]
    resamples = _FEW if quick else _RESAMPLES

    def twice() -> None:
        for law in (shared, free):
            start = maximise(law, x, hits.sum(0)[None], tries.sum(0)[None]).theta[0]
            bootstrap(law, x, hits, tries, replicates=resamples, seed=0, start=start)

    booted = [seconds(twice) for _ in range(times)]
    return [
        Measure("law fits a second, batched", median(fits), "fits/s", 300, "above", {"each": [round(f) for f in fits]}),
        Measure(
            f"bootstrap of two laws, {resamples} samples each",
            median(booted),
            "s",
            10,
            "below",
            {"seconds": [round(one, 2) for one in booted]},
        ),
        *_beside(10 if quick else _FEW),
    ]


def _beside(resamples: int) -> list[Measure]:
    """Return how much longer other libraries take for a cluster bootstrap of one axis."""
    x = grid(1)
    hits = drawn(x, _QUESTIONS, 1)
    tries = np.ones_like(hits)
    law = AxisLaw(FORMS["lomax"], ("depth",))
    start = maximise(law, x, hits.sum(0)[None], tries.sum(0)[None]).theta[0]
    weights = np.random.default_rng(0).multinomial(_QUESTIONS, [1 / _QUESTIONS] * _QUESTIONS, resamples)
    shares = weights @ hits / _QUESTIONS

    def ours() -> None:
        bootstrap(law, x, hits, tries, replicates=resamples, seed=0, start=start)

    rivals = {"scipy.optimize.curve_fit": _scipy(x[:, 0], shares), "lmfit": _lmfit(x[:, 0], shares)}
    measures = []
    for name, call in rivals.items():
        pairs = [(seconds(call), seconds(ours)) for _ in range(LEAST)]
        detail = {"resamples": resamples, "seconds_theirs_ours": [(round(a, 3), round(b, 3)) for a, b in pairs]}
        measures.append(
            Measure(f"{name}, bootstrap over ours", median(a / b for a, b in pairs), "×", None, "above", detail)
        )
    return measures


def _curve(x: Array, floor: float, ceiling: float, half: float, alpha: float) -> Array:
    value: Array = floor + (ceiling - floor) * (1 - (1 + (2 ** (1 / alpha) - 1) * x / half) ** -alpha)
    return value


def _scipy(x: Array, shares: Array) -> Any:
    """Return a call that fits every resample by least squares."""
    from scipy.optimize import curve_fit

    def call() -> None:
        for share in shares:
            curve_fit(
                _curve, x, share, (0.2, 0.7, 4.0, 1.0), bounds=((0, 0, 1e-3, 0.05), (1, 1, 1e4, 50)), max_nfev=2000
            )

    return call


def _lmfit(x: Array, shares: Array) -> Any:
    """Return a call that fits every resample with lmfit's model interface."""
    from lmfit import Model

    model = Model(_curve)
    start = model.make_params(
        floor={"value": 0.2, "min": 0, "max": 1},
        ceiling={"value": 0.7, "min": 0, "max": 1},
        half={"value": 4.0, "min": 1e-3, "max": 1e4},
        alpha={"value": 1.0, "min": 0.05, "max": 50},
    )

    def call() -> None:
        for share in shares:
            model.fit(share, start, x=x)

    return call
