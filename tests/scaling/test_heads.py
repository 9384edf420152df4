"""Harm of too much, and independent attempts as an axis: found where they are, refused where they are not."""

import numpy as np
import pytest
from factorial import cells, ends
from scipy.special import logit
from simulate import outcomes

from scaling.axes import RANKED, close, fit_law, rank
from scaling.beta import beta_coverage
from scaling.decay import decays, parameter
from scaling.fit import fit
from scaling.joint import joint_law

DEPTH, WIDTH = 2.0 ** np.arange(8), 2.0 ** np.arange(5)
GRID = np.array([(d, w) for d in DEPTH for w in WIDTH])
# More width helps; more depth helps up to where α B C^-α = δ D C^δ.
HARM = np.array([logit(0.9), *np.log([1.0, 0.5, 0.8, 0.5]), *np.log([0.004, 1e-9, 1.0, 1.0])])
BEST = (0.8 * 1.0 / (1.0 * 0.004)) ** (1 / 1.8)


def planned(name, theta, *, questions, seed, common=0.4):
    """Return trials of a joint law on the grid of depth and width."""
    blank = cells(GRID, np.zeros((2, len(GRID))), axes=("depth", "width"))
    share = joint_law(name, blank).probability(np.array([theta]), blank.x)[0][0]
    random = np.random.default_rng(seed)
    return cells(GRID, outcomes(random, blank.x, share, questions=questions, common=common, own=0.0), axes=blank.axes)


def test_harm_is_found_on_the_axis_that_does_it_with_the_budget_from_which_on_it_does():
    depth, width = decays(planned("additive-decay", HARM, questions=800, seed=0))
    assert (depth.refused, depth.p < 1e-4) == ("", True)
    assert depth.scale.low < 0.004 < depth.scale.high
    assert depth.power.low < 1 < depth.power.high
    assert depth.best.low < BEST < depth.best.high
    assert width.refused.startswith("no harm was found (p = ")
    assert (width.scale, width.power, width.best) == (None, None, None)


def test_harm_that_few_questions_show_is_said_and_not_measured():
    depth, _ = decays(planned("additive-decay", HARM, questions=60, seed=1))
    assert depth.refused
    assert depth.best is None


def test_harm_is_seldom_found_where_there_is_none():
    none = HARM.copy()
    none[5] = -40.0
    found = [decays(planned("additive-decay", none, questions=100, seed=seed)) for seed in range(12)]
    assert sum(each.p < 0.05 for axes in found for each in axes) <= 4  # of 24 tests at .05: chance .005


def test_without_harm_the_law_is_the_additive_one():
    like = cells(GRID, np.zeros((2, len(GRID))), axes=("depth", "width"))
    theta = np.array([logit(0.9), *np.log([1.0, 0.5, 0.8, 0.5])])
    plain, harmed = joint_law("additive", like), joint_law("additive-decay", like)
    x = np.vstack([like.x, [np.inf, 3]])
    share = harmed.probability(np.array([[*theta, -40, -40, 0, 0]]), x)[0]
    assert share == pytest.approx(plain.probability(theta[None], x)[0], rel=1e-9)


# Single attempts succeed at .9 exp(-2 C^-.7) on average, with rates that differ much.
COVERED = np.array([logit(0.9), np.log(2.0), np.log(0.7), np.log(1.5)])


def attempts(*, questions, seed):
    """Return coverage: w attempts at a question of Beta rates, of which one right is enough."""
    random, mean = np.random.default_rng(seed), 0.9 * np.exp(-2 * GRID[:, 0] ** -0.7)
    rank_of = random.random((questions, 1))  # a question is as hard at every depth
    from scipy.stats import beta

    rate = beta.ppf(rank_of, 1.5 * mean, 1.5 * (1 - mean))
    return cells(GRID, random.random(rate.shape) < 1 - (1 - rate) ** GRID[:, 1], axes=("depth", "width"))


def test_one_axis_of_attempts_is_beta_coverage():
    like = cells(WIDTH[:, None], np.zeros((2, 5)), axes=("width",))
    share = joint_law("beta-binomial:width", like).probability(np.array([[logit(0.2), np.log(5.0)]]), like.x)[0][0]
    assert share == pytest.approx(beta_coverage(WIDTH, 1.0, 4.0), rel=1e-9)


def test_the_law_of_attempts_is_found_again():
    inside = []
    for seed in range(8):
        fitted = fit_law(attempts(questions=300, seed=seed), "beta-binomial:width")
        error = np.sqrt(np.diag(fitted.covariance))
        inside.append(np.abs(fitted.theta - COVERED) < 2.6 * error)
    assert fitted.law.names == ("logit A", "ln B depth", "ln α depth", "ln M")
    assert np.mean(inside) >= 0.9
    alike = parameter(fitted, "ln M")
    assert alike.low < 1.5 < alike.high < 3 * alike.low


def test_the_law_of_attempts_foretells_coverage_best():
    data = attempts(questions=600, seed=1)
    names = ["beta-binomial:width", "additive", "cobb-douglas-ceiling", "ces-lomax"]
    assert rank(data, names)[0].law == "beta-binomial:width"
    sums = planned("additive", HARM[:5], questions=3000, seed=2)
    assert "beta-binomial:width" not in close(rank(sums, names))


def test_a_fit_ranks_the_law_of_attempts_where_an_axis_counts_them():
    data = attempts(questions=100, seed=3)
    found = fit(data, attempts="width", replicates=100)
    assert "beta-binomial:width" in {each.law for each in found.joint}
    assert len(found.joint) == len(RANKED) + 1


def test_what_cannot_count_attempts_is_refused():
    like = cells([[0, 1], [2, 1], [0, np.inf]], np.zeros((2, 3)), axes=("depth", "width"))
    for name, message in (
        ("beta-binomial", "needs the axis that counts independent attempts, as in beta-binomial:width; '' is none"),
        ("beta-binomial:depth", "counted from 1, .* depth runs from 0 to 2"),
        ("beta-binomial:width", "no measured ceiling; width runs from 1 to inf"),
    ):
        with pytest.raises(ValueError, match=message):
            joint_law(name, like)
    fitted = fit_law(planned("chinchilla", [*ends(0.1, 0.9), *HARM[1:5]], questions=50, seed=0), "chinchilla")
    with pytest.raises(ValueError, match="chinchilla has no parameter 'ln M'; it has logit f, logit A"):
        parameter(fitted, "ln M")
