"""From a table of trials to everything it says: `fit`."""

import numpy as np

from scaling.along import Options, fit_axis
from scaling.axes import RANKED, rank
from scaling.compare import exchange_rates, verdict
from scaling.errors import FitError
from scaling.families import compare_forms
from scaling.joint import COUNTED, joint_law
from scaling.laws import AxisLaw
from scaling.laws import form as family_of
from scaling.likelihood import maximise, predict, sandwich
from scaling.results import Array, Integers, Interval, LawScore, ScalingFit
from scaling.trials import Cells, Trials

FEWEST_CLUSTERS, FEWEST_BUDGETS = 10, 3


def fit(
    trials: Trials | Cells,
    *,
    form: str = "lomax",
    margin: float = 0.05,
    replicates: int = 1000,
    seed: int = 0,
    attempts: str | None = None,
) -> ScalingFit:
    """Fit the law along every axis, compare the axes, and say what the data cannot tell.

    Args:
        trials: the table, or its cells. Along an axis count the cells whose other axes stand at their base, and
            measured ceilings; cells that move several axes at once inform the joint laws.
        form: family of the curves; every verdict is counted over all of them.
        margin: of equivalence between axes, in success; to be fixed before the data is seen.
        replicates: samples of the cluster bootstrap.
        seed: of the bootstrap.
        attempts: the axis, if any, that counts independent attempts of which one right is enough: the law of such
            attempts is ranked among the joint ones.

    Raises:
        FitError: the data cannot answer: too few questions, outcomes that are all equal, or no axis with three budgets.
        ValueError: an unknown form, a margin outside (0, 1), fewer than 100 replicates, or an axis that counts nothing.
    """
    family = family_of(form)
    if not 0 < margin < 1:
        raise ValueError(f"The margin of equivalence is a difference of success between 0 and 1; it was {margin}.")
    if replicates < 100:
        raise ValueError(f"A bootstrap of {replicates} samples says little; ask for at least 100.")
    cells = trials.cells() if isinstance(trials, Trials) else trials
    laws = list(RANKED)
    if attempts is not None:
        laws.append(f"{COUNTED}:{attempts}")
        joint_law(laws[-1], cells)  # refuses an axis that counts nothing
    _refuse(cells)
    options = Options(form, replicates, seed)
    notes: list[str] = []
    kept = [axis for axis in cells.axes if _enough(cells, axis, notes)]
    if not kept:
        raise FitError("No axis can be fitted. " + " ".join(notes))
    axes = tuple(fit_axis(cells, axis, options, notes) for axis in kept)
    single, columns = _one_at_a_time(cells, kept)
    counted, x = single.by_question(), single.x[:, columns]
    data = x, counted.successes, counted.attempts
    judged = verdict(form, kept, *data, margin=margin, replicates=replicates, seed=seed) if len(kept) > 1 else None
    same = judged is not None and judged.decision == "SAME"
    return ScalingFit(
        form,
        axes,
        _floor(AxisLaw(family, tuple(kept), False, False), *data),
        judged,
        exchange_rates(family, kept, *data, halves=None if same else [axis.half_budget for axis in axes])
        if judged
        else (),
        _joint(cells, laws, notes),
        compare_forms(kept, x, single.successes, single.attempts),
        cells.questions,
        len(cells.clusters),
        cells.trials,
        cells.seeds,
        tuple(notes),
    )


def _refuse(cells: Cells) -> None:
    """Refuse data that no fit can be made of."""
    clusters, total, hits = len(cells.clusters), float(cells.attempts.sum()), float(cells.successes.sum())
    if clusters < FEWEST_CLUSTERS:
        raise FitError(
            f"There are {clusters} independent questions (or groups); intervals need at least {FEWEST_CLUSTERS}, and "
            "an elasticity within ±.05 some 400. Add questions."
        )
    measured = cells.attempts > 0
    if np.ptp(cells.successes[measured] / cells.attempts[measured]) == 0:
        raise FitError(
            f"All {total:g} outcomes are {hits / total:g}, so no curve can be told from another. Add questions that "
            f"are {'easier' if not hits else 'harder'}, or larger and smaller budgets."
        )


def _enough(cells: Cells, axis: str, notes: list[str]) -> bool:
    """Tell whether an axis has budgets enough, and note where it has not."""
    along = cells.along(axis)
    column = cells.axes.index(axis)
    finite = np.isfinite(along.x[:, column])
    budgets = len(np.unique(along.x[finite, column]))
    if budgets < FEWEST_BUDGETS:
        notes.append(
            f"{axis}: {budgets} budget{'s' * (budgets != 1)} with the other axes at their base; a curve needs at least "
            f"{FEWEST_BUDGETS}, better 7 over a range of 64."
        )
        return False
    hits, total = float(along.successes[:, finite].sum()), float(along.attempts[:, finite].sum())
    if hits in (0.0, total):
        notes.append(f"{axis}: all {total:g} outcomes along it are {hits / total:g}.")
        return False
    return True


def _one_at_a_time(cells: Cells, axes: list[str]) -> tuple[Cells, Integers]:
    """Return the cells that move one of these axes alone, measured ceilings too, and the axes' columns."""
    columns = np.array([cells.axes.index(axis) for axis in axes])
    others = np.setdiff1d(np.arange(len(cells.axes)), columns)
    moved = ((cells.x > 0) & np.isfinite(cells.x)).sum(1)
    ends = np.isinf(cells.x[:, columns]).any(1)
    alone = ~(cells.x[:, others] > 0).any(1) & ((moved <= 1) & ~ends | (moved == 0))
    return cells.where(alone), columns


def _floor(law: AxisLaw, x: Array, successes: Array, attempts: Array) -> Interval:
    """Return success in the base cell."""
    theta = maximise(law, x, successes.sum(0)[None], attempts.sum(0)[None]).theta[0]
    covariance = sandwich(law, theta, x, successes, attempts)
    value, low, high = predict(law, theta, covariance, np.zeros((1, x.shape[1])), freedom=len(successes) - 1)
    return Interval(float(value[0]), float(low[0]), float(high[0]))


def _joint(cells: Cells, laws: list[str], notes: list[str]) -> tuple[LawScore, ...]:
    """Rank the joint laws where some cell moves two axes."""
    if not (((cells.x > 0) & np.isfinite(cells.x)).sum(1) > 1).any():
        notes.append("No cell moves two axes at once: how they combine was not measured.")
        return ()
    try:
        return rank(cells.by_question(), laws)
    except FitError as error:
        notes.append(str(error))
        return ()
