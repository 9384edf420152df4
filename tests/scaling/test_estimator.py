"""Laws as scikit-learn estimators."""

import numpy as np
import pandas as pd
import pytest
from simulate import design, outcomes, truth
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GroupKFold, cross_val_score

from scaling.errors import FitError, TrialsError
from scaling.estimator import LawRegressor


def trials(axes=1, questions=200):
    x = design(axes)
    share = truth(x)
    hits = outcomes(np.random.default_rng(0), x, share, questions=questions)
    names = [f"budget{axis}" for axis in range(axes)]
    budgets = pd.DataFrame(np.tile(1 + x, (questions, 1)), columns=names)
    return budgets, hits.ravel(), np.repeat(np.arange(questions), len(x)), share


def test_one_budget_is_fitted_and_foretold():
    budgets, outcome, question, share = trials()
    model = LawRegressor().fit(budgets, outcome, groups=question)
    assert model.predict(budgets.head(len(share))) == pytest.approx(share, abs=0.06)
    low, high = model.interval(budgets.head(len(share)))
    assert ((low < share) & (share < high)).mean() > 0.8
    assert list(model.feature_names_in_) == ["budget0"]


def test_several_budgets_and_arrays_are_taken():
    budgets, outcome, question, share = trials(axes=2)
    for name in (None, "bliss-lomax"):
        model = clone(LawRegressor(name)).fit(budgets.to_numpy(), outcome, question)
        assert model.predict(budgets.head(len(share))) == pytest.approx(share, abs=0.08)


def test_it_is_chosen_among_by_cross_validation():
    budgets, outcome, question, _ = trials()
    scores = {
        name: cross_val_score(
            LawRegressor(name), budgets, outcome, groups=question, cv=GroupKFold(3), scoring="neg_mean_squared_error"
        ).mean()
        for name in ("lomax", "exp")
    }
    assert scores["lomax"] > scores["exp"]


def test_weights_are_attempts():
    budgets, outcome, question, _ = trials()
    once = LawRegressor().fit(budgets, outcome, question)
    often = LawRegressor().fit(budgets, outcome, question, sample_weight=np.full(len(outcome), 7.0))
    assert often.predict(budgets.head(8)) == pytest.approx(once.predict(budgets.head(8)), abs=1e-6)


def test_what_is_refused():
    budgets, outcome, question, _ = trials()
    with pytest.raises(NotFittedError):
        LawRegressor().predict(budgets)
    with pytest.raises(TrialsError, match="outcome"):
        LawRegressor().fit(budgets, outcome + 1, question)
    with pytest.raises(ValueError, match="no form"):
        LawRegressor("cubic").fit(budgets, outcome, question)
    with pytest.raises(FitError, match="4 times"):
        LawRegressor().fit(budgets, outcome, question).predict([[1000.0]])
