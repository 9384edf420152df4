import numpy as np
import pytest

from evals.costs import cost_per_correct


def test_all_that_was_spent_over_the_right_answers():
    found = cost_per_correct([10.0, 30.0, 20.0, 20.0], [True, False, True, False], range(4))
    assert found.value == 40.0
    assert found.low < 40.0 < found.high
    assert cost_per_correct([10.0], [False], ["q"]) is None


def test_where_every_answer_was_right_accuracy_is_still_not_known():
    found = cost_per_correct([10.0] * 4, [True] * 4, range(4))
    assert found.value == found.low == pytest.approx(10.0)
    assert found.high == pytest.approx(10.0 / 0.5101, rel=1e-3)  # Wilson's lower limit of 4 of 4


def test_questions_of_one_cluster_widen_the_interval():
    cost, right = [10.0, 10.0, 40.0, 40.0] * 10, [True, True, False, False] * 10
    alone = cost_per_correct(cost, right, range(40))
    together = cost_per_correct(cost, right, [n // 2 for n in range(40)])
    assert together.clusters == 20
    assert together.high - together.low > 1.2 * (alone.high - alone.low)


@pytest.mark.parametrize("accuracy", [0.2, 0.8])
def test_the_interval_covers(accuracy):
    rng = np.random.default_rng(7)
    hits, sets, n = 0, 400, 40
    for _ in range(sets):
        right = rng.random(n) < accuracy
        cost = rng.gamma(3.0, 10.0, n) * np.where(right, 0.7, 1.3)  # right answers come early
        found = cost_per_correct(list(cost), [bool(one) for one in right], range(n))
        truth = 30.0 * (0.7 * accuracy + 1.3 * (1 - accuracy)) / accuracy
        hits += found is None or found.low <= truth <= found.high
    assert hits / sets >= 0.92


@pytest.mark.parametrize("costs", [[-1.0], [float("nan")], [1.0, 2.0]])
def test_what_is_refused(costs):
    with pytest.raises(ValueError, match="cost"):
        cost_per_correct(costs, [True], ["q"])
