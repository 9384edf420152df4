"""Coverage: unbiased estimates against enumeration, the Beta law against simulation, and published numbers."""

from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from known import answers
from scipy.optimize import minimize
from scipy.stats import betabinom

from scaling.beta import beta_coverage, fit_beta
from scaling.coverage import coverage, fit_power, pass_all, pass_at, power_law, slope
from scaling.errors import FitError

COUNTS = st.integers(1, 60).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n)),
)


@given(COUNTS)
def test_both_estimates_are_the_exact_fractions(counts):
    n, c, k = counts
    some, every = 1 - Fraction(comb(n - c, k), comb(n, k)), Fraction(comb(c, k), comb(n, k))
    assert pass_at(k, [c], n)[0, 0] == pytest.approx(float(some), rel=1e-12, abs=0)
    assert pass_all(k, [c], n)[0, 0] == pytest.approx(float(every), rel=1e-12, abs=0)


def test_both_estimates_are_means_over_all_subsets():
    runs = np.array([1, 0, 0, 1, 0, 1, 0])
    for k in range(1, 8):
        drawn = [runs[list(subset)] for subset in combinations(range(7), k)]
        assert pass_at(k, [3], [7])[0, 0] == pytest.approx(np.mean([each.max() for each in drawn]))
        assert pass_all(k, [3], [7])[0, 0] == pytest.approx(np.mean([each.min() for each in drawn]))


def test_a_chance_of_one_in_a_million_keeps_its_digits():
    assert pass_at([1, 2], [1], 10**6)[:, 0] == pytest.approx([1e-6, 2e-6], rel=1e-13)


@given(st.lists(st.tuples(st.integers(2, 30), st.floats(0, 1)), min_size=2, max_size=6))
def test_coverage_rises_with_k_and_pass_all_falls(questions):
    n = np.array([each[0] for each in questions])
    c = np.floor(n * np.array([each[1] for each in questions]))
    ks = np.arange(1, n.min() + 1)
    assert (np.diff(pass_at(ks, c, n), axis=0) >= -1e-15).all()
    assert (np.diff(pass_all(ks, c, n), axis=0) <= 1e-15).all()
    assert pass_at(1, c, n) == pytest.approx(pass_all(1, c, n))


def test_clusters_widen_the_interval_and_leave_the_mean():
    hits = np.repeat([0, 3, 8, 9, 1, 10], 5)
    alone = coverage([1, 4], hits, 10)
    together = coverage([1, 4], hits, 10, clusters=np.repeat(list("abcdef"), 5))
    for one, other in zip(alone, together, strict=True):
        assert one.value == pytest.approx(other.value)
        assert (one.clusters, other.clusters) == (30, 6)
        assert other.low < one.low < one.value < one.high < other.high


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (1, 1), (2, 3), (0.3, 3)])
def test_agents_of_known_rates_are_recovered(a, b):
    """S1 (a), 200 questions × 64 attempts. One set's shapes have standard errors of 9 to 15 %: 40 are pooled."""
    random = np.random.default_rng(7)
    ks = [1, 8, 32]
    true, shapes, inside, held = beta_coverage(ks, a, b), [], [], []
    for _ in range(40):
        hits = random.binomial(64, random.beta(a, b, 200))
        fit = fit_beta(hits, 64)
        shapes.append((fit.a.value, fit.b.value))
        held.append([fit.a.low < a < fit.a.high, fit.b.low < b < fit.b.high])
        inside.append([each.low < goal < each.high for each, goal in zip(coverage(ks, hits, 64), true, strict=True)])
        curve = fit.coverage(ks)
        inside.append((curve.low < true) & (true < curve.high))
    assert np.median(shapes, axis=0) == pytest.approx([a, b], rel=0.1)
    assert np.mean(held) > 0.87
    assert np.mean(inside) > 0.87


def test_one_set_of_agents_of_known_rates():
    random = np.random.default_rng(7)
    hits = random.binomial(64, random.beta(1, 1, 200))
    fit = fit_beta(hits, 64)
    assert (fit.a.value, fit.b.value) == pytest.approx((1, 1), rel=0.1)
    assert fit.errors == pytest.approx((0.1, 0.1), rel=0.3)
    assert (fit.questions, fit.clusters, fit.attempts) == (200, 200, 64)


def test_beta_coverage_in_closed_form_and_beyond_the_attempts_made():
    k = np.array([1, 2, 10, 1e6])
    assert beta_coverage(k, 1, 1) == pytest.approx(k / (k + 1))
    assert beta_coverage(k, 1, 7) == pytest.approx(k / (k + 7))
    assert beta_coverage(1, 0.2, 30) == pytest.approx(0.2 / 30.2)
    hits = np.random.default_rng(1).binomial(50, np.random.default_rng(1).beta(0.4, 4, 300))
    curve = fit_beta(hits, 50).coverage([50, 1e4, 1e12])
    assert curve.measured_to == 50
    assert ((curve.low < curve.value) & (curve.value < curve.high) & (curve.high <= 1)).all()
    assert (curve.high - curve.low)[1] > (curve.high - curve.low)[2] > 0


def test_the_beta_fit_takes_clusters_and_uneven_attempts():
    random = np.random.default_rng(3)
    tries = random.integers(5, 60, 150)
    hits = random.binomial(tries, random.beta(1, 2, 150))
    fit = fit_beta(hits, tries)
    twice = fit_beta(np.tile(hits, 2), np.tile(tries, 2), clusters=list(range(150)) * 2)
    assert twice.a.value == pytest.approx(fit.a.value, rel=1e-6)
    assert twice.errors == pytest.approx(fit.errors, rel=1e-6)
    assert fit.attempts == tries.min()


@pytest.mark.parametrize(
    ("hits", "tries", "say"),
    [
        ([5, 5, 5, 5], 10, "differ no more than chance"),
        ([0, 0, 0], 9, "0 of 3 questions lie between"),
        ([0, 9, 9], 9, "0 of 3 questions lie between"),
        ([0, 1, 1], 1, "add attempts"),
        ([4], 9, "1 of 1 questions"),
    ],
)
def test_counts_that_determine_no_beta_law_are_refused(hits, tries, say):
    with pytest.raises(FitError, match=say):
        fit_beta(hits, tries)


def test_a_power_law_is_fitted_and_refused():
    ks = 2 ** np.arange(11)
    random = np.random.default_rng(0)
    hits = random.binomial(4096, random.beta(0.35, 12, 150))
    fit = fit_power(ks, hits, 4096, replicates=40)
    curve = power_law(ks, fit.ceiling.value, fit.scale.value, fit.exponent.value)
    assert np.abs(curve - pass_at(ks, hits, 4096).mean(1)).max() < 3 * fit.error < 0.05
    for each in (fit.ceiling, fit.scale, fit.exponent):
        assert each.low < each.value <= each.high
    assert fit.ceiling.high <= 1
    assert fit == fit_power(ks[::-1], hits, 4096, replicates=40)
    with pytest.raises(FitError, match="at least 4 values of k; there were 3"):
        fit_power([1, 2, 4], hits, 4096)
    with pytest.raises(FitError, match="rises from above 0"):
        fit_power(ks, np.zeros(9), 4096)
    with pytest.raises(FitError, match="at least two"):
        fit_power(ks, hits, 4096, clusters=["a"] * 150)
    with pytest.raises(FitError, match="leave the ends out"):
        slope([1, 64], [3, 10], 64)


def test_the_slopes_interval_covers():
    """The slope of the mean curve, with questions as the independent units."""
    random = np.random.default_rng(5)
    ks = 2 ** np.arange(8)
    goal = np.polyfit(np.log(ks), np.log(-np.log(beta_coverage(ks, 0.4, 8))), 1)[0]
    found = [slope(ks, random.binomial(256, random.beta(0.4, 8, 150)), 256) for _ in range(100)]
    assert np.mean([each.low < goal < each.high for each in found]) > 0.88


def test_what_is_no_count_is_refused():
    for k, hits, tries, say in (
        (11, [3], 10, "smallest number of attempts, 10; one was 11"),
        (0, [3], 10, "smallest number"),
        (1.5, [3], 10, "smallest number"),
        (1, [11], 10, "whole numbers between 0"),
        (1, [0.5], 10, "whole numbers between 0"),
        (1, [float("nan")], 10, "whole numbers between 0"),
        (1, [3, 4], [10, 10, 10], "one number a question"),
    ):
        with pytest.raises(ValueError, match=say):
            pass_at(k, hits, tries)
    with pytest.raises(ValueError, match="one cluster a question, 2; there were 1"):
        coverage(1, [3, 4], 10, clusters=["a"])
    with pytest.raises(ValueError, match="above 0"):
        beta_coverage(0, 1, 1)


def test_tau_bench_airline():
    """gpt-4o, 50 tasks × 4 trials (sierra-research/tau-bench @59a200c, MIT); pass^k as in its README."""
    hits = np.repeat([0, 1, 2, 3, 4], [14, 12, 10, 4, 10])
    assert [round(each.value, 3) for each in coverage([1, 2, 3, 4], hits, 4, every=True)] == [0.42, 0.273, 0.22, 0.2]
    found = coverage(4, hits, 4)[0]
    assert (round(found.value, 3), found.n) == (0.72, 50)


@pytest.fixture(scope="module")
def pythia():
    """Successes of 10 000 samples at each of 128 problems of MATH (Large Language Monkeys)."""
    table = pd.read_csv(answers("llmonkeys_counts.csv"), comment="#")
    table = table[table.benchmark == "MATH"]
    return {name.removeprefix("Pythia "): rows.c.to_numpy() for name, rows in table.groupby("model")}


@pytest.mark.data
@pytest.mark.parametrize(
    ("model", "a"),
    [
        *(("12B", 0.2955), ("6.9B", 0.2698), ("2.8B", 0.246), ("1B", 0.2156)),
        *(("410M", 0.1804), ("160M", 0.1755), ("70M", 0.065)),
    ],
)
def test_pythias_success_rates(pythia, model, a):
    hits = pythia[model]
    fit = fit_beta(hits, 10_000)
    assert fit.a.value == pytest.approx(a, rel=0.01)
    best = minimize(
        lambda theta: -betabinom.logpmf(hits, 10_000, *np.exp(theta)).sum(),
        np.log([a, 20.0]),
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-9, "maxiter": 2000},
    )
    assert (fit.a.value, fit.b.value) == pytest.approx(np.exp(best.x), rel=1e-4)


@pytest.mark.data
@pytest.mark.parametrize(
    ("model", "table", "steep", "fitted"),
    [
        ("70M", (0.0006, 0.0049, 0.0269, 0.0895, 0.1241, 0.2044, 0.2656), -0.190, (0.956, 8.35, 0.204)),
        ("160M", (0.0027, 0.0203, 0.1197, 0.3435, 0.4102, 0.5161, 0.5703), -0.274, (0.704, 9.74, 0.417)),
        ("1B", (0.0083, 0.0556, 0.2211, 0.4743, 0.5462, 0.6638, 0.7422), -0.309, (0.956, 5.88, 0.339)),
        ("12B", (0.0232, 0.1346, 0.4140, 0.6673, 0.7233, 0.8212, 0.8750), -0.369, (0.979, 4.43, 0.393)),
    ],
)
def test_pythias_coverage(pythia, model, table, steep, fitted):
    """SYSTEMS.md S14; its slopes and fits are over 1, 2, 4, …, 8192 and 10 000 samples."""
    ks = [*(2**power for power in range(14)), 10_000]
    found = coverage([1, 8, 64, 500, 1000, 4000, 10_000], pythia[model], 10_000)
    assert [each.value for each in found] == pytest.approx(table, abs=6e-5)
    assert slope(ks, pythia[model], 10_000).value == pytest.approx(steep, abs=6e-4)
    fit = fit_power(ks, pythia[model], 10_000, replicates=10)
    assert (fit.ceiling.value, fit.scale.value, fit.exponent.value) == pytest.approx(fitted, rel=0.005)
