"""Published data give the answers that are known of them, within the tolerances of SCALING.md part 6."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from known import BATS, BROWSECOMP, ITERDRAG, ITERDRAG_BEST, S1, answers

from scaling.compare import decide
from scaling.coverage import pass_at
from scaling.elasticity import elasticity
from scaling.joint import LAWS
from scaling.laws import FORMS, AxisLaw
from scaling.likelihood import maximise, sandwich
from scaling.nested import gap, score_test
from scaling.pinned import Pinned
from scaling.published import PublishedCurve, equal_exponents, equal_slopes, fit_loss, misfits


def slope(curve):
    """Return ε and its standard error."""
    found = elasticity(curve.spend, curve.successes[None], curve.attempts[None], paired=False)
    return found.value, (found.high - found.low) / 2 / 1.959964


@pytest.fixture(scope="module")
def chinchilla():
    """Epoch's 245 points of Hoffmann et al. 2022, figure 4, less the five of the largest loss, as Epoch drops them."""
    table = pd.read_csv(answers("epoch_chinchilla_svg_extracted.csv"))
    table["tokens"] = table["Training FLOP"] / 6 / table["Model Size"]
    kept = table.sort_values("loss")[:-5]
    # The same five have the fewest tokens a parameter, so that it does not matter which of the two is the rule.
    assert set(kept.index) == set((table["tokens"] / table["Model Size"]).sort_values().index[5:])
    return fit_loss(*(kept[name].to_numpy() for name in ("Model Size", "tokens", "loss")), replicates=500)


def test_chinchilla_is_refitted_as_by_epoch(chinchilla):
    assert chinchilla.objective <= 1.01828e-3
    irreducible, a, b, alpha, beta = chinchilla.value
    # Epoch's: E 1.817, α .3478, β .3659, A 482, B 2085.
    assert irreducible == pytest.approx(1.817, abs=0.002)
    assert alpha == pytest.approx(0.3478, abs=0.002)
    assert beta == pytest.approx(0.3659, abs=0.003)
    assert a == pytest.approx(482, rel=0.02)
    assert b == pytest.approx(2085, rel=0.04)
    assert chinchilla.error[3:] == pytest.approx([0.015, 0.020], rel=0.15)
    assert chinchilla.agreeing == 1.0


def test_whether_chinchillas_exponents_are_equal_is_inconclusive(chinchilla):
    found = equal_exponents(chinchilla, margin=0.05)
    assert found.decision == "INCONCLUSIVE"
    assert found.difference.value == pytest.approx(-0.020, abs=0.001)
    assert (found.difference.low, found.difference.high) == pytest.approx((-0.078, 0.026), abs=0.01)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    # Of AIME24, .995 ± .253 is what is found without its smallest budget, where none of 30 was right.
    [("AIME24", 1.224, 0.224), ("GPQA", 0.374, 0.081), ("MATH500", 1.003, 0.078)],
)
def test_s1_budget_forcing_has_its_elasticities(name, value, error):
    assert slope(S1[name]) == pytest.approx((value, error), abs=0.005)


def test_s1_aime_without_its_zero_has_the_elasticity_of_the_prototype():
    aime = S1["AIME24"]
    found = slope(PublishedCurve(aime.spend[1:], aime.successes[1:], aime.attempts[1:]))
    assert found == pytest.approx((0.995, 0.253), abs=0.005)


@pytest.mark.parametrize("name", list(S1))
def test_lomax_fits_s1(name):
    _, lomax = misfits(S1[name])
    assert lomax.deviance <= 2.8
    assert lomax.freedom == len(S1[name].spend) - 4


def test_search_effort_has_not_the_same_elasticity_for_all_models_and_retrievers():
    found = equal_slopes(list(BROWSECOMP.values()))
    values = sorted(each.value for each in found.each)
    assert (values[0], values[-1]) == pytest.approx((0.39, 0.68), abs=0.005)
    assert found.common.value == pytest.approx(0.513, abs=0.005)
    assert (found.common.high - found.common.low) / 2 / 1.96 == pytest.approx(0.027, abs=0.005)
    assert found.statistic == pytest.approx(14.55, abs=0.05)
    assert found.freedom == 3
    assert found.p == pytest.approx(0.0022, rel=0.1)


@pytest.mark.parametrize(("name", "straight", "lomax"), [("2Wiki", 107.9, 0.1), ("MuSiQue", 33.6, 1.4)])
def test_iterdrag_bends_away_from_straight_log_odds(name, straight, lomax):
    found = misfits(ITERDRAG[name])
    assert [each.freedom for each in found] == [3, 1]
    assert found[0].deviance == pytest.approx(straight, abs=0.1)
    assert found[1].deviance == pytest.approx(lomax, abs=0.1)


def test_iterdrag_gains_little_and_nothing_after_a_million_tokens():
    values = [slope(each)[0] for each in (*ITERDRAG.values(), *ITERDRAG_BEST.values())]
    assert (min(values), max(values)) == pytest.approx((0.04, 0.25), abs=0.01)
    for name, each in ITERDRAG.items():
        doublings = np.diff(each.successes / each.attempts) / np.diff(np.log2(each.spend))
        assert doublings[-1] < 0.006, name
        assert doublings[-1] < doublings[:-1].max() / 2, name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("best of ReAct", 0.355),
        ("best of ReAct + tracker", 0.355),
        # SCALING.md gives .18 to .28 for majorities. bats_tables.csv and S14 hold one such curve, 12.5/16/16.7/17.8,
        # and it is that of .18; that of .28 is in neither (without its last point the one there is has .24).
        ("majority of ReAct", 0.18),
        ("tool budget, ReAct + tracker", 0.07),
        # SCALING.md's .07 is the curve above. S14's five points without the tracker have .09 ± .04.
        ("tool budget, ReAct", 0.09),
    ],
)
def test_runs_in_parallel_gain_more_than_a_longer_run(name, value):
    assert slope(BATS[name])[0] == pytest.approx(value, abs=0.02)


MODELS = {
    ("2.8B", "6.9B", "12B"): (0.094, 0.014, "SAME"),
    ("6.9B", "12B"): (0.10, 0.009, "SAME"),
    ("160M", "1B", "12B"): (1e-5, 0.068, "DIFFERENT"),
}


@pytest.mark.parametrize("models", list(MODELS))
def test_larger_pythias_follow_one_law_of_coverage_and_smaller_ones_another(models):
    """An axis is the number of samples of one model, on the same 128 problems of MATH; its outcomes are pass@k."""
    table = pd.read_csv(answers("llmonkeys_counts.csv"), comment="#")
    x, rates = [], []
    # The prototype's numbers of samples were not kept. From 32 to 44 of them, equal ratios apart, the first two p are
    # .091 to .098 and .102 to .105; with powers of two .086 and .098, and with seven to ten numbers .075 to .15.
    samples = np.unique(np.geomspace(1, 10_000, 40).round())
    for axis, model in enumerate(models):
        rows = table[(table.model == f"Pythia {model}") & (table.benchmark == "MATH")].sort_values("problem")
        x.append(np.outer(samples, np.eye(len(models))[axis]))
        rates.append(pass_at(samples, rows.c.to_numpy(), rows.n.to_numpy()))
    data = np.vstack(x), np.vstack(rates).T, np.ones((128, len(samples) * len(models)))
    ends = {"logit f": -40.0, "logit A": 40.0}  # no sample, no answer; in the end, one for all
    shared, free = (
        Pinned(AxisLaw(FORMS["lomax"], models, shared_shape=one_shape), ends) for one_shape in (True, False)
    )
    test = score_test(shared, free, *data)
    far = gap(shared, free, *data, replicates=100)
    p, distance, decision = MODELS[models]
    assert test.freedom == len(models) - 1
    assert test.p == pytest.approx(p, abs=0.005)
    assert far.each.max() == pytest.approx(distance, abs=0.005)
    assert decide(test.p, far.upper.max(), 0.05) == decision


def test_iterdrags_coefficients_are_recovered_from_data_of_its_model():
    """Table 8 in four tasks of 1200 questions, over a part of the paper's grid of documents, shots and iterations.

    Theirs is of normalised accuracy, σ(x) = 3.30 / (1 + exp(-1.81 (x + .46))) - 2.18, here of mean .45 and deviation
    .15: a floor, a ceiling, and log-odds of 1.81 (x + .46) between. Counts are shifted by one, so that ln 0 is not met.
    """
    # What one document, and one shot, gain: table 1's RAG and many-shot less zero-shot, 20 points to the deviation.
    gains = [(1.32, 0.28), (1.20, 0.05), (0.44, 0.10), (0.79, 0.18)]
    documents, shots, iterations = (0, 1, 10, 50, 100, 500, 1000), (0, *4 ** np.arange(5)), range(5)
    x = np.array([(*one, *gain, 0) for gain in gains for one in product(documents, shots, iterations)], dtype=float)
    names = ("k", "m", "n", "doc", "shot", "iteration")
    law = Pinned(LAWS["iterdrag"](names, (1.0,) * 6), {"b n": 0.0})
    floor, ceiling = 0.45 - 2.18 * 0.15, 0.45 + 1.12 * 0.15
    odds = floor / (1 - floor), (ceiling - floor) / (1 - ceiling)
    table = 1.81 * np.array([-0.730 + 0.46, 0.325, 0.101, 0.177, -0.067, -0.008])
    truth = np.array([*np.log(odds), *table])
    share = law.probability(truth[None], x)[0][0]
    within = []
    for seed in range(24):
        hits = np.random.default_rng(seed).binomial(20, share, (60, len(x))).astype(float)
        tries = np.full_like(hits, 20)
        theta = maximise(law, x, hits.sum(0)[None], tries.sum(0)[None]).theta[0]
        error = np.sqrt(np.diag(sandwich(law, theta, x, hits, tries)))
        within.append((np.abs(theta - truth) <= 2 * error)[2:])  # floor and ceiling are not of the table
    assert law.names[2:] == ("c", "a k", "a m", "a n", "b k", "b m")
    assert np.array(within[0]).all()
    assert np.mean(within, 0).min() >= 0.84  # .95 less 2.4 Monte-Carlo errors of 24 sets
