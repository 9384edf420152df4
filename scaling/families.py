"""All families of curves on the same cells: how each fits, predicts what it did not see, and extrapolates.

The published curves do not settle the form. Every verdict is therefore counted over forms, the criterion is loss on
budgets that a fit did not see, and an extrapolation is the union of the intervals of all forms that fit about as well,
to no more than four times the measured range (SCALING.md part 5).
"""

from collections.abc import Sequence

import numpy as np

from scaling.errors import FitError
from scaling.laws import FORMS, AxisLaw
from scaling.likelihood import loss, maximise, predict, sandwich
from scaling.results import Array, FormScore

FARTHEST = 4.0  # times the measured range
_CLOSE = 10.0  # of ΔAIC: forms that are not ruled out
_LEFT = 4  # budgets a fit without the largest one needs, its base included


def compare_forms(axes: Sequence[str], x: Array, successes: Array, attempts: Array) -> tuple[FormScore, ...]:
    """Return every form's fit to all axes at once, ceilings and shapes free, the best on left-out budgets first.

    Args:
        axes: names.
        x: [C, J]; cells move one axis at a time.
        successes: [G, C].
        attempts: [G, C].
    """
    totals = successes.sum(0), attempts.sum(0)
    out = left_out(x)
    losses: dict[str, Array] = {}
    rows = []
    for name, family in FORMS.items():
        law = AxisLaw(family, tuple(axes), False, False)
        fitted = maximise(law, x, totals[0][None], totals[1][None])
        count, cells = len(law.names), int((totals[1] > 0).sum())
        # Over trials, as for right/wrong outcomes; the correction is void where there are no more trials than that.
        spare = max(float(totals[1].sum()) - count - 1, 1.0)
        aicc = 2 * float(fitted.loss[0]) + 2 * count + 2 * count * (count + 1) / spare
        rows.append((name, 2 * (float(fitted.loss[0]) - _saturated(*totals)), max(cells - count, 0), aicc))
        if out.any():
            kept = maximise(law, x[~out], totals[0][None, ~out], totals[1][None, ~out])
            losses[name] = loss(law, kept.theta[0], x[out], successes[:, out], attempts[:, out])
    trials = float(totals[1][out].sum())
    best = min(losses, key=lambda name: float(losses[name].sum())) if losses else ""
    found = [
        FormScore(
            name,
            deviance,
            freedom,
            aicc,
            float(losses[name].sum()) / trials if losses else None,
            _paired(losses[name] - losses[best], trials) if losses else None,
        )
        for name, deviance, freedom, aicc in rows
    ]
    return tuple(sorted(found, key=lambda row: row.aicc if row.loss is None else row.loss))


def left_out(x: Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mark the cell of the largest finite budget of every axis that has enough others."""
    out = np.zeros(len(x), dtype=bool)
    for axis in range(x.shape[1]):
        moved = np.flatnonzero(np.isfinite(x[:, axis]) & (x[:, axis] > 0))
        if len(moved) + 1 > _LEFT:
            out[moved[np.argmax(x[moved, axis])]] = True
    return out


def _saturated(successes: Array, attempts: Array) -> float:
    """Return the -log likelihood of a law that fits every cell."""
    from scipy.special import xlogy

    return -float((xlogy(successes, successes) + xlogy(attempts - successes, attempts - successes)).sum()) + float(
        xlogy(attempts, attempts).sum()
    )


def _paired(each: Array, trials: float) -> float:
    """Return the standard error of a mean loss difference per trial, from its sum in each cluster."""
    if len(each) < 2:
        raise FitError("One question says nothing of how questions differ; a standard error needs at least two.")
    return float(np.sqrt(len(each) / (len(each) - 1) * ((each - each.mean()) ** 2).sum())) / trials


def extrapolate(
    axis: str, x: Array, successes: Array, attempts: Array, to: Array, *, form: str
) -> tuple[Array, Array, Array]:
    """Return success at extra spends beyond the measured range with the union of the intervals of the forms, each [n].

    The true form's own interval covers too seldom out there, a wrong form's hardly ever. Forms that saturate are
    pessimistic where the tail is heavy.

    Args:
        axis: its name.
        x: its cells, [C, 1].
        successes: [G, C].
        attempts: [G, C].
        to: extra spends, [n].
        form: whose values are returned.

    Raises:
        FitError: an extra spend lies beyond four times the largest one measured.
    """
    top = float(x[np.isfinite(x)].max())
    if float(to.max()) > FARTHEST * top * (1 + 1e-9):
        raise FitError(
            f"{axis} was measured up to an extra spend of {top:g}; {float(to.max()):g} is more than {FARTHEST:g} times "
            "that, and no law is trusted so far. Measure larger budgets."
        )
    totals = successes.sum(0)[None], attempts.sum(0)[None]
    fits = {}
    for name, family in FORMS.items():
        law = AxisLaw(family, (axis,))
        fitted = maximise(law, x, *totals)
        fits[name] = law, fitted.theta[0], 2 * (float(fitted.loss[0]) + len(law.names))
    least = min(aic for _, _, aic in fits.values())
    low, high = np.full(len(to), np.inf), np.full(len(to), -np.inf)
    for name, (law, theta, aic) in fits.items():
        if aic - least < _CLOSE or name == form:
            covariance = sandwich(law, theta, x, successes, attempts)
            _, below, above = predict(law, theta, covariance, to[:, None], freedom=len(successes) - 1)
            low, high = np.minimum(low, below), np.maximum(high, above)
    law, theta, _ = fits[form]
    return law.probability(theta[None], to[:, None])[0][0], low, high
