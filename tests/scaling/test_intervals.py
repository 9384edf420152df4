import numpy as np
import pytest
from scipy.stats import binomtest

from scaling.intervals import mean_interval, wilson


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (1, 10), (8, 10), (10, 10), (53, 100), (299, 300)])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_wilson_agrees_with_scipy(successes, n, confidence):
    other = binomtest(successes, n).proportion_ci(confidence, method="wilson")
    assert wilson(successes, n, confidence=confidence) == pytest.approx((other.low, other.high), abs=1e-12)


def test_independent_outcomes_get_wilsons_interval():
    estimate = mean_interval([1, 0, 1, 1])
    assert (estimate.low, estimate.high) == pytest.approx(wilson(3, 4))
    assert (estimate.n, estimate.clusters) == (4, 4)


def test_duplicating_each_question_as_a_new_seed_leaves_the_interval_about_the_same():
    rng = np.random.default_rng(0)
    outcomes = rng.integers(0, 2, 200).tolist()
    names = list(range(200))
    once = mean_interval(outcomes)
    twice = mean_interval(outcomes * 2, names * 2)
    assert twice.high - twice.low == pytest.approx(once.high - once.low, rel=0.02)
    careless = mean_interval(outcomes * 2)
    assert careless.high - careless.low < 0.75 * (twice.high - twice.low)


def test_the_order_of_clusters_does_not_matter():
    values, names = [1, 0, 1, 1, 0, 0], ["a", "a", "b", "b", "c", "c"]
    order = [5, 3, 1, 0, 2, 4]
    shuffled = mean_interval([values[i] for i in order], [names[i] for i in order])
    assert shuffled == mean_interval(values, names)


def test_coverage_of_clustered_questions():
    """60 clusters of 5 with shared luck: the clustered interval covers, the careless one does not."""
    rng = np.random.default_rng(3)
    covered, careless, runs = 0, 0, 400
    names = np.repeat(np.arange(60), 5).tolist()
    for _ in range(runs):
        outcomes = (rng.random((60, 5)) < rng.beta(1.2, 0.8, (60, 1))).astype(int).ravel().tolist()
        clustered, plain = mean_interval(outcomes, names), mean_interval(outcomes)
        covered += clustered.low <= 0.6 <= clustered.high
        careless += plain.low <= 0.6 <= plain.high
    assert 0.92 <= covered / runs <= 0.985
    assert careless / runs < 0.9


def test_coverage_of_fractional_scores():
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(400):
        estimate = mean_interval(rng.beta(2, 1, 40).tolist())
        covered += estimate.low <= 2 / 3 <= estimate.high
    assert 0.92 <= covered / 400 <= 0.985


def test_nothing_wrong_is_not_certainty():
    estimate = mean_interval([1, 1, 1, 1], ["a", "a", "b", "b"])
    assert estimate.value == 1.0
    assert estimate.high == 1.0
    assert estimate.low < 0.5


@pytest.mark.parametrize(
    "call",
    [
        lambda: wilson(0, 0),
        lambda: wilson(3, 2),
        lambda: wilson(1, 2, confidence=1.0),
        lambda: mean_interval([]),
        lambda: mean_interval([1.5]),
        lambda: mean_interval([float("nan")]),
        lambda: mean_interval([1, 0], ["a"]),
    ],
)
def test_impossible_input_is_refused(call):
    with pytest.raises(ValueError, match=r"must lie between|at least one|one cluster"):
        call()
