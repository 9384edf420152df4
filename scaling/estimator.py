"""The laws as a scikit-learn estimator, for pipelines and model selection that expect `fit` and `predict`."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from scaling.axes import fit_law
from scaling.laws import AxisLaw, form
from scaling.results import Array
from scaling.trials import Trials


class LawRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Success as a law of assigned budgets.

    Args:
        law: of several budgets, the name of a joint law; of one, of a family of curves. None for CES-Lomax and Lomax.

    Attributes:
        fitted_: the law with its parameters, their clustered covariance and the cells, after `fit`.
        feature_names_in_: names of the budgets: a frame's columns, else x0, x1, …
    """

    def __init__(self, law: str | None = None) -> None:
        self.law = law

    def fit(
        self, X: ArrayLike, y: ArrayLike, groups: Sequence[Any] | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Fit the law to trials.

        Args:
            X: assigned budgets, [n, J]; inf is a measured ceiling.
            y: outcomes in [0, 1], [n].
            groups: question of each trial, [n]; None where each is a question of its own.
            sample_weight: attempts that an outcome is the mean of, [n].

        Raises:
            TrialsError: a budget or an outcome is out of range, or no budget varies.
            FitError: the data cannot answer.
            ValueError: an unknown law.
        """
        import pandas as pd

        columns = [str(name) for name in getattr(X, "columns", ())]
        budgets = np.asarray(X, dtype=float)
        names = columns or [f"x{place}" for place in range(budgets.shape[1])]
        frame = pd.DataFrame(budgets, columns=names)
        frame["outcome"] = np.asarray(y, dtype=float)
        frame["question"] = np.arange(len(frame)) if groups is None else list(groups)
        if sample_weight is not None:
            frame["n"] = np.asarray(sample_weight, dtype=float)
        cells = Trials.from_frame(frame, axes=names).cells().by_question()
        if len(cells.axes) == 1:
            self.fitted_ = fit_law(cells, AxisLaw(form(self.law or "lomax"), cells.axes))
        else:
            self.fitted_ = fit_law(cells, self.law or "ces-lomax")
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_ = len(names)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return success at budgets [n, J], [n].

        Raises:
            FitError: a budget lies beyond four times the measured range.
            ValueError: one lies below the base.
        """
        check_is_fitted(self)
        return self.fitted_.success(self._spend(X))

    def interval(self, X: ArrayLike, confidence: float = 0.95) -> tuple[Array, Array]:
        """Return the limits of success at budgets [n, J], each [n].

        Raises:
            FitError: a budget lies beyond four times the measured range.
            ValueError: one lies below the base.
        """
        check_is_fitted(self)
        _, low, high = self.fitted_.interval(self._spend(X), confidence=confidence)
        return low, high

    def _spend(self, X: ArrayLike) -> Array:
        """Return the columns that vary, as the law has them."""
        names = list(self.feature_names_in_)
        spend: Array = np.asarray(X, dtype=float)[:, [names.index(axis) for axis in self.fitted_.cells.axes]]
        return spend
