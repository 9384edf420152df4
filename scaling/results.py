"""What a fit says: frozen values that the figures, the report and `fit.json` are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from scaling.intervals import Estimate

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Decision = Literal["SAME", "DIFFERENT", "BOTH", "INCONCLUSIVE"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its confidence interval; an end that the data does not bound is infinite."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A fitted curve.

    Attributes:
        spend: budgets, shape (n,), in the axis' own unit.
        value: success at each, shape (n,), with pointwise 95 % limits `low` and `high`.
        measured_to: the largest budget that was measured; beyond it the curve is extrapolated.
    """

    spend: Array
    value: Array
    low: Array
    high: Array
    measured_to: float


@dataclass(frozen=True, slots=True)
class AxisFit:
    """One axis: what was measured along it, with the other axes at their base, and the law fitted to it.

    Attributes:
        base: the axis' budget in the base cell.
        spend: budgets measured, ascending, the first of them the base; a measured ceiling is not among them.
        observed: success at each of them.
        elasticity: ε, slope of logit P on ln spend over `elasticity_range`; None where right and wrong outcomes do not
            overlap, as a note then says.
        half_budget: κ, extra spend above the base that closes half of the way from floor to ceiling.
        ceiling: A; None where the gate refuses it.
        tail_exponent: shape of the law (α of lomax); None where the gate refuses it or the form has none.
        ceiling_at_least: lower end of the profile interval of A, always stated.
        tail_range: profile interval of the tail exponent, always stated where the form has one.
        gate: "identified", or "asymptote not identified: " and why.
        top: fitted success at the largest budget.
        last_doubling: fitted gain from half of the largest budget to all of it.
        curve: over the measured range, under `form`.
        extrapolation: from the largest budget to four times it: the union of all forms within ΔAIC < 10.
        fitted: success under the law at each of `spend`; `residuals` are (observed - fitted) / standard error.
        drop: the largest drop from an earlier budget to the largest one (positive where success fell), `drop_p` the
            p-value of "no drop", and `detectable_drop` the drop that this data would have shown with power .8.
    """

    name: str
    base: float
    spend: tuple[float, ...]
    observed: tuple[Estimate, ...]
    elasticity: Interval | None
    elasticity_range: tuple[float, float]
    half_budget: Interval
    ceiling: Interval | None
    tail_exponent: Interval | None
    ceiling_at_least: float
    tail_range: tuple[float, float] | None
    gate: str
    top: Interval
    last_doubling: Interval
    curve: Curve
    extrapolation: Curve
    fitted: tuple[float, ...]
    residuals: tuple[float, ...]
    drop: Interval
    drop_p: float
    detectable_drop: float


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """How much of one axis buys what a unit of another does, at equal effective compute: κ_other / κ_one.

    Attributes:
        constant: the axes follow one law, so that the rate holds along the whole curve; otherwise it is the ratio of
            half-budgets and no more.
    """

    of: str
    to: str
    rate: Interval
    constant: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the axes follow one law.

    Attributes:
        p: of the cluster-robust score test that all axes share shape and ceiling.
        pairs: Holm-adjusted p-value of every pair of axes.
        gap: largest |P_free - P_shared| over measured cells.
        gap_upper: largest upper 95 % limit of the gap over the cells; SAME where it is below the margin.
        margin: fixed before looking.
        forms: the verdict under every form.
        agreeing: how many forms give this verdict.
    """

    decision: Decision
    p: float
    pairs: Mapping[tuple[str, str], float]
    gap: float
    gap_upper: float
    margin: float
    forms: Mapping[str, Decision]
    agreeing: int


@dataclass(frozen=True, slots=True)
class LawScore:
    """How one joint law did.

    Attributes:
        loss: mean log loss per trial on the expensive corner it was not fitted to.
        loss_se: standard error by question of its difference to the best law's.
        theta: parameters fitted to all cells, by name.
    """

    law: str
    loss: float
    loss_se: float
    theta: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class FormScore:
    """How one family of curves did on all axes at once.

    Attributes:
        deviance: of the fit to all cells, on `freedom` degrees of freedom; with clustered questions a measure of
            misfit and no chi-square.
        aicc: of the working likelihood; it decides nothing.
        loss: mean log loss per trial at the largest budgets, from a fit without them; None where too few budgets
            are left.
        loss_se: standard error by cluster of its difference to the best form's.
    """

    form: str
    deviance: float
    freedom: int
    aicc: float
    loss: float | None
    loss_se: float | None


@dataclass(frozen=True, slots=True)
class ScalingFit:
    """Everything a table of trials says.

    Attributes:
        form: the family of curves that `axes` were fitted with.
        floor: success in the base cell under the law, f.
        joint: joint laws ranked, best first; empty where no cell moves two axes at once.
        forms: every family of curves, best on the left-out budgets first.
        seeds: the most attempts of one question in one cell.
        notes: sentences on what the data cannot say.
    """

    form: str
    axes: tuple[AxisFit, ...]
    floor: Interval
    verdict: Verdict | None
    exchange_rates: tuple[ExchangeRate, ...]
    joint: tuple[LawScore, ...]
    forms: tuple[FormScore, ...]
    questions: int
    clusters: int
    trials: int
    seeds: int
    notes: tuple[str, ...] = ()
