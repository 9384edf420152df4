"""One axis: the law fitted along it, what the gate lets be said of its ends, and whether success declined."""

import math
from dataclasses import dataclass

import numpy as np

from scaling.decline import decline
from scaling.elasticity import elasticity
from scaling.errors import FitError
from scaling.families import FARTHEST, extrapolate
from scaling.identifiability import gate
from scaling.intervals import estimates
from scaling.laws import AxisLaw, ceiling_of
from scaling.laws import form as family_of
from scaling.likelihood import maximise, predict, quantile, sandwich
from scaling.results import Array, AxisFit, Curve, Interval
from scaling.trials import Cells

_POINTS = 60


@dataclass(frozen=True, slots=True)
class Options:
    """How an axis is fitted.

    Attributes:
        form: family of the curve.
        replicates: samples of the cluster bootstrap, which `seed` fixes.
    """

    form: str
    replicates: int
    seed: int


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A law of one axis with its parameters and their covariance."""

    law: AxisLaw
    theta: Array
    covariance: Array
    freedom: int
    base: float

    def at(self, spend: Array) -> tuple[Array, Array, Array]:
        """Return success and its limits at budgets [n]."""
        x = np.maximum(spend - self.base, 0.0)[:, None]
        return predict(self.law, self.theta, self.covariance, x, freedom=self.freedom)

    def gain(self, start: float, end: float) -> Interval:
        """Return what success gains between two budgets (delta method)."""
        x = np.maximum(np.array([[start], [end]]) - self.base, 0.0)
        share, slope = self.law.probability(self.theta[None], x)
        gradient = slope[0, 1] - slope[0, 0]
        value = float(share[0, 1] - share[0, 0])
        half = quantile(self.freedom) * math.sqrt(float(gradient @ self.covariance @ gradient))
        return Interval(value, value - half, value + half)


def fit_axis(cells: Cells, axis: str, options: Options, notes: list[str]) -> AxisFit:
    """Fit the law along one axis and judge it.

    Args:
        cells: all of them; those along the axis are taken.
        axis: its name.
        options: of the fit.
        notes: takes sentences on what is doubtful.
    """
    along, column = cells.along(axis), cells.axes.index(axis)
    x, spend = along.x[:, [column]], along.spend[:, column]
    order = np.argsort(spend, kind="stable")
    x, spend, data = x[order], spend[order], (along.successes[:, order], along.attempts[:, order])
    finite = np.isfinite(spend)
    law = AxisLaw(family_of(options.form), (axis,))
    weighed = data[0] / cells.repeats, data[1] / cells.repeats
    mode = maximise(law, x, weighed[0].sum(0)[None], weighed[1].sum(0)[None])
    if not mode.converged[0]:
        notes.append(f"{axis}: the fit did not settle; its figures are doubtful.")
    covariance = sandwich(law, mode.theta[0], x, *weighed)
    fitted = _Fitted(law, mode.theta[0], covariance, len(along.clusters) - 1, float(cells.base[column]))
    judged = gate(law, fitted.theta, covariance, x, *weighed)
    ceiling, half, shape = law.places(0)
    measured = data[0][:, finite], data[1][:, finite]
    seen = estimates(*measured)
    value, _, _ = fitted.at(spend[finite])
    falls = decline(*measured, replicates=options.replicates, seed=options.seed)
    top = float(spend[finite][-1])
    points = np.array([top])
    tail = judged.profile.shape
    return AxisFit(
        name=axis,
        base=fitted.base,
        spend=tuple(map(float, spend[finite])),
        observed=seen,
        elasticity=_elasticity(axis, spend, *data, notes),
        elasticity_range=(float(spend[spend > 0].min()), top),
        half_budget=_within(math.exp(fitted.theta[half]), judged.profile.half),
        ceiling=None if judged.refused else _within(float(ceiling_of(fitted.theta, ceiling)), judged.profile.ceiling),
        tail_exponent=None
        if judged.refused or shape is None or tail is None
        else _within(math.exp(fitted.theta[shape]), tail),
        ceiling_at_least=max(judged.profile.ceiling[0], 0.0),
        tail_range=tail,
        gate=judged.text,
        top=Interval(*(float(part[0]) for part in fitted.at(points))),
        last_doubling=fitted.gain(top / 2, top),
        curve=_curve(fitted, spend[finite]),
        extrapolation=_beyond(axis, options.form, fitted.base, x, *weighed),
        fitted=tuple(map(float, value)),
        residuals=_residuals(value, *measured),
        drop=falls.drop,
        drop_p=falls.p,
        detectable_drop=falls.detectable,
    )


def _within(value: float, ends: tuple[float, float]) -> Interval:
    """Return a mode with the ends of its profile, which has no prior and may leave the mode out: it is let in."""
    return Interval(value, min(ends[0], value), max(ends[1], value))


def _elasticity(axis: str, spend: Array, successes: Array, attempts: Array, notes: list[str]) -> Interval | None:
    """Return ε over the budgets above 0; None, with a note, where log-odds have no slope."""
    counted = np.isfinite(spend) & (spend > 0)
    try:
        return elasticity(spend[counted], successes[:, counted], attempts[:, counted])
    except FitError as error:
        notes.append(f"{axis}: no elasticity. {error}")
        return None


def _curve(fitted: _Fitted, spend: Array) -> Curve:
    """Return the fitted curve from the base to the largest budget."""
    extra = spend - fitted.base
    moved = extra[extra > 0]
    points = fitted.base + np.append(0.0, np.geomspace(moved[0] / 4, moved[-1], _POINTS))
    return Curve(points, *fitted.at(points), float(spend[-1]))


def _beyond(axis: str, form: str, base: float, x: Array, successes: Array, attempts: Array) -> Curve:
    """Return the curve from the largest budget to as far as it is trusted."""
    top = float(x[np.isfinite(x)].max())
    points = np.geomspace(top, FARTHEST * top, _POINTS // 3)
    return Curve(base + points, *extrapolate(axis, x, successes, attempts, points, form=form), base + top)


def _residuals(value: Array, successes: Array, attempts: Array) -> tuple[float, ...]:
    """Return (observed - fitted) in clustered standard errors of what was observed."""
    total = attempts.sum(0)
    moved = successes - attempts * (successes.sum(0) / total)
    clusters = len(successes)
    error = np.sqrt(clusters / (clusters - 1) * (moved**2).sum(0)) / total
    # Where all questions did alike the error is that of the law's own binomial.
    error = np.where(error > 0, error, np.sqrt(np.maximum(value * (1 - value), 1e-12) / total))
    return tuple(map(float, (successes.sum(0) / total - value) / error))
