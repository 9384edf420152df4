"""How many questions are needed, before any run is bought: the precision of a design at an assumed truth.

    design = Design(("depth", "width"), ((1, 2, 4, 8, 16, 32, 64),) * 2, questions=300)
    truth = Truth(floor=0.15, ceiling=0.75, half_budget=(4, 8), tail=0.8)  # or pilot(axes, x, successes, attempts)
    table = power(design, truth, alternatives={"width saturates": replace(truth, tail=(0.8, 3))})
    print(table.markdown())

`Design`, `Truth` and `pilot` are in `scaling.design`. Nothing is simulated. Every estimate is, for many questions, its
truth plus a mean over questions of a linear function g of a question's cell totals, so that its variance is gᵀΣg / Q
with their covariance Σ: the cluster sandwich at the assumed truth (SCALING.md parts 3 and 4). The engine's weak priors
are left out: they narrow intervals only where the data says next to nothing. One ceiling or tail in the truth is fitted
as shared by all axes, a tuple of them as one each; a design of one axis says what is known of that axis fitted alone.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from scaling.compare import LEVEL
from scaling.design import Design, Truth
from scaling.laws import AxisLaw
from scaling.likelihood import maximise, quantile
from scaling.precision import Estimate, Planned, elasticities, parameters

# Half-widths wanted; of κ and κ ratio, the factor between an interval's end and the value.
WANTED: Mapping[str, float] = MappingProxyType(
    {"ε": 0.05, "Δε": 0.05, "κ": 1.25, "κ ratio": 1.25, "α": 0.05, "A": 0.05, "P": 0.05, "gain": 0.02}
)
_FACTORS = ("κ", "κ ratio")
_POWER = 0.8
_MANY = 1e9  # questions of a fit in which the prior does not count
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
_WEIGHTS /= _WEIGHTS.sum()


@dataclass(frozen=True, slots=True)
class Expected:
    """What is to be expected of one estimate.

    Attributes:
        quantity: a key of `WANTED`; P is success in the cell where it is known least, gain that of the last doubling.
        of: the axis, pair of axes or cell; "" for a parameter that all axes share.
        value: what the estimate tends to.
        half: half-width of its 95 % interval, on its own scale.
        factor: of an interval made on the logarithm, its upper end over the value.
        wanted: see `WANTED`.
        needed: questions that give it.
    """

    quantity: str
    of: str
    value: float
    half: float
    factor: float | None
    wanted: float
    needed: int


@dataclass(frozen=True, slots=True)
class Detection:
    """How likely the score test that all axes follow one law (`compare.score_test`, level .05) is to reject it.

    Attributes:
        alternative: the name of the truth.
        freedom: of the chi-square that the statistic tends to, and `noncentrality` its other parameter.
        needed: questions for power .8; None where the axes do follow one law.
    """

    alternative: str
    freedom: int
    noncentrality: float
    power: float
    needed: int | None


@dataclass(frozen=True, slots=True)
class PowerTable:
    """Everything that a design can be expected to say.

    Attributes:
        drops: of each axis, the drop at its largest budget that `decline` would show with power .8.
    """

    design: Design
    truth: Truth
    expected: tuple[Expected, ...]
    tests: tuple[Detection, ...]
    drops: Mapping[str, float]

    def row(self, quantity: str, of: str = "") -> Expected:
        """Return the line of a quantity, the first one where `of` is not given; KeyError where there is none."""
        for line in self.expected:
            if line.quantity == quantity and of in ("", line.of):
                return line
        raise KeyError((quantity, of))

    def markdown(self) -> str:
        """Return the tables as Markdown."""
        at = f"at Q = {self.design.questions:,}"
        lines = [f"| quantity | of | value | ± {at} | ×/÷ {at} | wanted | Q needed |", "|---|---|---|---|---|---|---|"]
        for line in self.expected:
            factor = "" if line.factor is None else f"{line.factor:.3g}"
            wanted = f"{'×/÷' if line.quantity.startswith('κ') else '±'} {line.wanted:g}"
            lines.append(
                f"| {line.quantity} | {line.of} | {line.value:.3g} | {line.half:.2g} | {factor} | {wanted} "
                f"| {line.needed:,} |"
            )
        if self.tests:
            lines += ["", f"| same law, if in truth | power {at} | Q for power {_POWER} |", "|---|---|---|"]
        for test in self.tests:
            needed = "it is the same" if test.needed is None else f"{test.needed:,}"
            lines.append(f"| {test.alternative} | {test.power:.2f} | {needed} |")
        lines += ["", f"| axis | drop at its end shown with power {_POWER} {at} |", "|---|---|"]
        lines += [f"| {axis} | {drop:.3f} |" for axis, drop in self.drops.items()]
        return "\n".join(lines) + "\n"


def power(
    design: Design,
    truth: Truth,
    *,
    wanted: Mapping[str, float] = WANTED,
    alternatives: Mapping[str, Truth] = MappingProxyType({}),
) -> PowerTable:
    """Return what a design would say if the truth were this.

    Args:
        design: what would be run.
        truth: assumed, or from `pilot`.
        wanted: half-widths in place of some of `WANTED`.
        alternatives: truths, by name, in which the axes differ, for the power of the test of one law.

    Raises:
        ValueError: a truth is not of the design's axes, a wanted half-width is none, or alternatives are given for a
            single axis.
        FitError: the budgets cannot tell the law's parameters apart, even with any number of questions.
    """
    goals = {**WANTED, **wanted}
    for name, goal in goals.items():
        if name not in WANTED or not goal > (1 if name in _FACTORS else 0):
            raise ValueError(
                f"What is wanted of {', '.join(WANTED)} must be above 0, and of {' and '.join(_FACTORS)}, being a "
                f"factor, above 1; {name} was {goal}."
            )
    planned = Planned.of(design, truth)
    return PowerTable(
        design,
        truth,
        tuple(
            _expected(planned, each, goals[each.quantity]) for each in (*elasticities(planned), *parameters(planned))
        ),
        tuple(_detection(Planned.of(design, other), name) for name, other in alternatives.items()),
        MappingProxyType({axis: _drop(planned, place) for place, axis in enumerate(design.axes)}),
    )


def _expected(planned: Planned, each: Estimate, wanted: float) -> Expected:
    """Return the half-width of an estimate, and the questions for the one wanted."""
    deviation, own = planned.deviation(each.row), each.value if each.logarithmic else 1.0

    def half(questions: int) -> float:
        return float(quantile(questions - 1) * deviation / np.sqrt(questions))

    goal = np.log(wanted) if each.quantity in _FACTORS else wanted / own
    # The normal quantile's answer is up to five questions short of t's.
    least = max(2, int((quantile(np.inf) * deviation / goal) ** 2))
    needed = least + bisect_left(range(least, least + 8), True, key=lambda questions: half(questions) <= goal)
    now = half(planned.design.questions)
    factor = float(np.exp(min(now, 700.0))) if each.logarithmic else None
    return Expected(each.quantity, each.of, each.value, own * now, factor, wanted, needed)


def _detection(planned: Planned, name: str) -> Detection:
    """Return the power of the score test where the axes are as planned.

    Its statistic tends to a noncentral chi-square: the contrasts of the free law's parameters, moved by the scores that
    are expected at the nearest shared law, over their clustered variance.
    """
    from scipy.linalg import null_space
    from scipy.optimize import brentq
    from scipy.stats import chi2, ncx2

    axes, family, seeds = planned.design.axes, planned.law.family, planned.design.seeds
    if len(axes) < 2:
        raise ValueError(f"Axes are compared with one another; there was only {axes[0]}.")
    shared, free = AxisLaw(family, axes), AxisLaw(family, axes, False, False)
    nearest = maximise(
        shared, planned.x, _MANY * seeds * planned.share[None], np.full((1, len(planned.x)), _MANY * seeds)
    ).theta[0]
    spread = np.zeros((len(free.names), len(shared.names)))  # the shared law's parameters as the free one's
    spread[0, 0] = 1.0
    for axis in range(len(axes)):
        for to, of in zip(free.places(axis), shared.places(axis), strict=True):
            spread[to, of] = 1.0
    at = spread @ nearest
    rows = null_space(spread.T).T @ planned.influence(free, at)
    moved = seeds * rows @ (planned.share - free.probability(at[None], planned.x)[0][0])
    each = float(moved @ np.linalg.solve(rows @ planned.totals @ rows.T, moved))
    freedom, questions = len(rows), planned.design.questions
    critical = chi2.isf(LEVEL, freedom)
    wanted = brentq(lambda size: ncx2.sf(critical, freedom, size) - _POWER, 1e-3, 1e3)
    return Detection(
        name,
        freedom,
        questions * each,
        float(ncx2.sf(critical, freedom, questions * each)),
        int(np.ceil(wanted / each)) if each > 1e-12 else None,
    )


def _drop(planned: Planned, axis: int) -> float:
    """Return the drop at the end of an axis that the largest paired z over earlier budgets shows with power .8.

    The z share the last cell and correlate nearly alike, so that their mean correlation r gives the quantile of their
    largest: P(max z < c) = ∫ φ(u) Φ((c - √r u) / √(1 - r))^k du over k of them. The true power is rather higher, for
    `decline` leaves out budgets whose success lies far below the top's.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    cells = planned.along(axis)
    unit = np.eye(len(planned.x))
    rows = (unit[cells[:-1]] - unit[cells[-1]]) / planned.design.seeds
    covariance = rows @ planned.totals @ rows.T / planned.design.questions
    error, earlier = np.sqrt(np.diag(covariance)), len(rows)
    alike = (covariance / np.outer(error, error)).sum() - earlier
    alike = max(alike, 0.0) / max(earlier * (earlier - 1), 1)

    def below(limit: float) -> float:
        return float(_WEIGHTS @ norm.cdf((limit - np.sqrt(alike) * _NODES) / np.sqrt(1 - alike)) ** earlier)

    critical = brentq(lambda limit: below(limit) - (1 - LEVEL), 0.0, 10.0)
    return float((critical + norm.ppf(_POWER)) * error[-1])
