"""A fit made by hand, three axes of which one has no known asymptote; and trials of two axes with known costs."""

import numpy as np
from simulate import outcomes

from scaling.intervals import Estimate, wilson
from scaling.results import AxisFit, Curve, ExchangeRate, FormScore, Interval, LawScore, ScalingFit, Verdict

QUESTIONS = 300


def success(extra, kappa, alpha=0.8, floor=0.15, ceiling=0.75):
    return floor + (ceiling - floor) * (1 - (1 + extra * (2 ** (1 / alpha) - 1) / kappa) ** -alpha)


def axis(name, base, spend, kappa, *, identified=True, noise=0):
    random = np.random.default_rng(noise)
    spend = np.array(spend, float)
    fitted = success(spend - base, kappa)
    counts = random.binomial(QUESTIONS, fitted)
    observed = tuple(
        Estimate(count / QUESTIONS, *wilson(count, QUESTIONS), QUESTIONS, QUESTIONS) for count in counts.tolist()
    )
    residuals = (counts / QUESTIONS - fitted) / np.sqrt(fitted * (1 - fitted) / QUESTIONS)
    curve = curve_over(np.geomspace(max(base, spend[1] / 4), spend[-1], 60), base, kappa, spend[-1], 0.03)
    beyond = curve_over(np.geomspace(spend[-1], 4 * spend[-1], 20), base, kappa, spend[-1], 0.03, grow=0.08)
    top = float(fitted[-1])
    return AxisFit(
        name=name,
        base=float(base),
        spend=tuple(map(float, spend)),
        observed=observed,
        elasticity=Interval(0.43, 0.37, 0.49),
        elasticity_range=(float(spend[spend > 0][0]), float(spend[-1])),
        half_budget=Interval(kappa, kappa / 1.5, kappa * (1.5 if identified else np.inf)),
        ceiling=Interval(0.75, 0.69, 0.83) if identified else None,
        tail_exponent=Interval(0.8, 0.55, 1.4) if identified else None,
        ceiling_at_least=0.61,
        tail_range=(0.3, 2.1) if identified else (0.12, np.inf),
        gate="identified" if identified else "asymptote not identified: the profile of the ceiling is open upward",
        top=Interval(top, top - 0.04, top + 0.04),
        last_doubling=Interval(0.05, 0.03, 0.07),
        curve=curve,
        extrapolation=beyond,
        fitted=tuple(map(float, fitted)),
        residuals=tuple(map(float, residuals)),
        drop=Interval(-0.02, -0.06, 0.02),
        drop_p=0.8,
        detectable_drop=0.06,
    )


def curve_over(spend, base, kappa, measured_to, half, grow=0.0):
    value = success(spend - base, kappa)
    width = half + grow * np.linspace(0, 1, len(spend))
    return Curve(spend, value, value - width, np.minimum(value + width, 1.0), float(measured_to))


def made():
    doublings = [2.0**k for k in range(7)]
    axes = (
        axis("depth", 1, [1, *(1 + one for one in doublings)], 4.0, noise=1),
        axis("width", 1, [1, *(1 + one for one in doublings)], 8.0, noise=2),
        axis("thinking tokens", 500, [500, *(500 + 500 * one for one in doublings)], 8000.0, identified=False, noise=3),
    )
    names = [each.name for each in axes]
    return ScalingFit(
        form="lomax",
        axes=axes,
        floor=Interval(0.15, 0.12, 0.19),
        verdict=Verdict(
            decision="SAME",
            p=0.41,
            pairs={(names[0], names[1]): 0.9, (names[0], names[2]): 0.7, (names[1], names[2]): 1.0},
            gap=0.014,
            gap_upper=0.034,
            margin=0.05,
            forms={"lomax": "SAME", "frechet": "SAME", "hill": "SAME", "weibull": "SAME", "exp": "INCONCLUSIVE"},
            agreeing=4,
        ),
        exchange_rates=(
            ExchangeRate("depth", "width", Interval(2.0, 1.5, 2.7), True),
            ExchangeRate("depth", "thinking tokens", Interval(400.0, 290.0, 560.0), True),
        ),
        joint=(
            LawScore("ces-lomax", 0.612, 0.0, {"floor": 0.15, "ceiling": 0.75, "rho": 0.9}),
            LawScore("cobb-douglas", 0.631, 0.008, {"intercept": -1.5}),
        ),
        forms=(
            FormScore("lomax", 14.2, 17, 812.3, 0.601, 0.0),
            FormScore("exp", 30.1, 18, 829.0, 0.622, 0.006),
            FormScore("hill", 15.9, 17, 814.1, None, None),
        ),
        questions=QUESTIONS,
        clusters=QUESTIONS,
        trials=6600,
        seeds=1,
        notes=("The asymptote of thinking tokens is not identified; measure its ceiling.",),
    )


HALF, ALPHA, ASKED = (3.0, 6.0), 0.8, 120


def rows(extra):
    """Trials of CES-Lomax questions on depth (from 1) and width (from 1); tokens are 100 · d · (2 + w)."""
    random = np.random.default_rng(0)
    scale = np.array(HALF) / (2 ** (1 / ALPHA) - 1)
    share = 0.15 + 0.6 * (1 - (1 + (extra / scale).sum(1)) ** -ALPHA)
    right = outcomes(random, extra, share, questions=ASKED)
    return [
        {
            "question": question,
            "seed": 0,
            "outcome": right[question, cell],
            "depth": 1 + d,
            "width": 1 + w,
            "cost_tokens": 100 * (1 + d) * (3 + w),
            "cost_calls": (1 + d) * (1 + w),
        }
        for question in range(ASKED)
        for cell, (d, w) in enumerate(extra)
    ]


SINGLE = [[0, 0], *([2.0**k, 0] for k in range(6)), *([0, 2.0**k] for k in range(6))]
CORNERS = [[a, b] for a in (2, 8, 32) for b in (2, 8, 32)]
