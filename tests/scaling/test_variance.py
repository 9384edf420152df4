"""Variance over configurations: planted shares are recovered, and what a design cannot tell is said."""

from itertools import permutations

import numpy as np
import pytest
import statsmodels.api as sm

from scaling.errors import FitError
from scaling.variance import decompose

NAMES = ("log tokens", "log calls", "model", "strategy")
PLANTED = (0.8, 0.1, 0.05, 0.05)


def planted(seed=0, *, configurations=200, tasks=50, seeds=1, noise=0.1, together=0.0):
    """Return outcomes [S, T, C] and factors whose shares are `PLANTED`; `together` correlates the first two."""
    random = np.random.default_rng(seed)
    z = np.linalg.qr(np.hstack([np.ones((configurations, 1)), random.standard_normal((configurations, 4))]))[0][:, 1:]
    z *= np.sqrt(configurations)
    z[:, 1] = together * z[:, 0] + np.sqrt(1 - together**2) * z[:, 1]
    mean = 0.5 + 0.08 * z @ np.sqrt(PLANTED) + random.normal(0, 0.05, (tasks, 1))
    outcomes = mean + noise * random.standard_normal((seeds, tasks, configurations))
    return np.clip(outcomes, 0, 1), dict(zip(NAMES, z.T, strict=True))


def test_planted_shares_are_recovered():
    found = decompose(*planted(), replicates=200)
    for share, true in zip(found.shares, PLANTED, strict=True):
        # Factors at right angles explain the same in any order.
        for each in (share.lmg, share.sequential, share.any_order):
            assert each.value == pytest.approx(true, abs=0.03)
            assert each.low < each.value < each.high < each.low + 0.06
    assert sum(share.lmg.value for share in found.shares) == pytest.approx(found.total.value)
    assert found.total.low < found.total.value < found.total.high < 1
    assert (found.configurations, found.tasks, found.seeds) == (200, 50, 1)
    assert found.greater["log tokens", "strategy"] < 0.05 < found.greater["strategy", "log tokens"]
    assert found.noise_ceiling is found.left_out is None


def test_permuted_tokens_explain_nothing():
    outcomes, factors = planted()
    factors["log tokens"] = np.random.default_rng(1).permutation(factors["log tokens"])
    found = decompose(outcomes, factors, replicates=100).shares[0]
    assert found.lmg.value <= 0.02
    assert found.partial.value <= 0.02


def test_collinear_factors_are_not_told_apart():
    found = decompose(*planted(together=0.97), replicates=100)
    tokens, calls, *others = found.shares
    for share in (tokens, calls):
        assert share.any_order.low < 0.05
        assert share.any_order.high > 0.85
    for share in others:
        assert share.any_order.high - share.any_order.low < 0.05
    assert tokens.sequential.value > 0.85 > 0.05 > calls.sequential.value
    assert tokens.lmg.value + calls.lmg.value == pytest.approx(0.94, abs=0.03)


def test_shares_are_those_of_ordinary_regressions():
    """Against statsmodels, order by order, with names of three levels and two columns in one factor."""
    random = np.random.default_rng(3)
    outcomes = random.random((30, 40))
    spend = random.standard_normal((40, 2))
    factors = {"spend": spend, "model": np.array(list("abca") * 10), "calls": spend[:, 0] + random.standard_normal(40)}
    dummies = np.array(factors["model"])[:, None] == np.array(["b", "c"])
    columns = {"spend": spend, "model": dummies.astype(float), "calls": factors["calls"][:, None]}
    y = outcomes.mean(0)

    def explained(*names):
        return (
            sm.OLS(y, sm.add_constant(np.hstack([np.ones((40, 0)), *(columns[each] for each in names)]))).fit().rsquared
        )

    gains = {name: [] for name in columns}
    for order in permutations(columns):
        before = [explained(*order[:place]) if place else 0.0 for place in range(4)]
        for place, name in enumerate(order):
            gains[name].append(before[place + 1] - before[place])
    found = decompose(outcomes, factors, replicates=20)
    total = explained(*columns)
    assert found.total.value == pytest.approx(total)
    for share in found.shares:
        assert share.lmg.value == pytest.approx(np.mean(gains[share.factor]))
        assert share.any_order.low < min(gains[share.factor]) <= max(gains[share.factor]) < share.any_order.high
        without = explained(*(name for name in columns if name != share.factor))
        assert share.partial.value == pytest.approx((total - without) / (1 - without))
    assert [share.sequential.value for share in found.shares] == pytest.approx(
        np.diff([0.0, explained("spend"), explained("spend", "model"), total])
    )


def test_intervals_cover_what_a_study_of_this_size_measures():
    """Right or wrong outcomes, 60 configurations × 40 tasks, so that noise is a third of the variance."""
    _, factors = planted(configurations=60)
    mean = 0.5 + 0.1 * np.stack(list(factors.values()), -1) @ np.sqrt(PLANTED)
    random = np.random.default_rng(5)
    values, held = [], []
    for seed in range(80):
        outcomes = (random.random((40, 60)) < mean + random.normal(0, 0.1, (40, 1))).astype(float)
        found = decompose(outcomes, factors, replicates=100, seed=seed)
        values.append([share.lmg.value for share in found.shares])
        held.append([(share.lmg.low, share.lmg.high) for share in found.shares])
    goal, held = np.mean(values, axis=0), np.array(held)
    assert ((held[..., 0] < goal) & (goal < held[..., 1])).mean() > 0.9


def test_a_narrow_range_explains_little_and_the_design_says_so():
    """The same law, with tokens over their whole range and over the middle tenth of it."""
    outcomes, factors = planted(configurations=400)
    wide = decompose(outcomes, factors, replicates=20)
    chosen = np.abs(factors["log tokens"]) < 0.1
    narrow = decompose(outcomes[..., chosen], {name: each[chosen] for name, each in factors.items()}, replicates=20)
    assert wide.shares[0].lmg.value > 0.75
    assert narrow.shares[0].lmg.value < 0.2
    assert "log tokens varied from -0.0" in narrow.design[0]
    fixed = decompose(outcomes, factors | {"log tokens": np.ones(400), "model": ["x", "y"] * 200}, replicates=20)
    assert fixed.shares[0].lmg.value == fixed.shares[0].lmg.low == 0
    assert fixed.design[0] == "log tokens did not vary, so that its share is 0 by design."
    assert fixed.design[2] == "model varied over 2 levels: x, y."


@pytest.mark.parametrize("scale", ["accuracy", "logit"])
def test_seeds_give_the_ceiling_that_no_factor_exceeds(scale):
    """The truth itself, given as a factor, explains what the ceiling says; each configuration has 4 × 40 trials."""
    random = np.random.default_rng(2)
    truth = random.uniform(0.42, 0.58, 300)
    outcomes = (random.random((4, 40, 300)) < truth).astype(float)
    found = decompose(outcomes, {"truth": np.log(truth / (1 - truth))}, scale=scale, replicates=20)
    assert found.noise_ceiling == pytest.approx(0.58, abs=0.06)
    assert found.total.value == pytest.approx(found.noise_ceiling, abs=0.06)
    assert found.scale == scale


def test_families_left_out():
    outcomes, factors = planted(configurations=120)
    families = [f"family {place % 4}" for place in range(120)]
    found = decompose(outcomes, factors, families=families, replicates=50)
    assert 0.95 < found.left_out.low < found.left_out.value < found.left_out.high < 1
    noise = np.random.default_rng(0).standard_normal((120, 40))
    assert decompose(outcomes, {"noise": noise}, families=families, replicates=50).left_out.value < 0


def test_a_family_with_a_level_of_its_own_gets_the_average_of_the_others():
    outcomes, factors = planted(configurations=120)
    families = np.array([f"family {place % 4}" for place in range(120)])
    alone = decompose(outcomes, factors, families=families, replicates=5)
    named = decompose(outcomes, factors | {"family": families}, families=families, replicates=5)
    assert named.left_out.value == pytest.approx(alone.left_out.value, abs=0.01)


def test_benchmarks_of_their_own_tasks_are_drawn_apart():
    outcomes, factors = planted(configurations=60, tasks=40)
    outcomes[:, :20, :30] = outcomes[:, 20:, 30:] = np.nan
    found = decompose(outcomes, factors | {"benchmark": ["a"] * 30 + ["b"] * 30}, replicates=100)
    assert found.shares[0].lmg.value == pytest.approx(0.8, abs=0.1)
    outcomes[0, 25, 3] = np.nan  # a missing run is none of their business
    again = decompose(outcomes, factors, replicates=100)
    assert again.shares[0].lmg.low < 0.8 < again.shares[0].lmg.high + 0.1


def test_order_of_tasks_and_configurations_does_not_matter():
    outcomes, factors = planted(configurations=40)
    turned = np.random.default_rng(0).permutation(40)
    first = decompose(outcomes, factors, replicates=20)
    other = decompose(outcomes[:, ::-1, turned], {name: each[turned] for name, each in factors.items()}, replicates=20)
    assert [each.lmg.value for each in first.shares] == pytest.approx([each.lmg.value for each in other.shares])
    assert decompose(outcomes, factors, replicates=20) == first


RANDOM = np.random.default_rng(0)
GOOD, X = RANDOM.random((6, 5)), RANDOM.random(5)


@pytest.mark.parametrize(
    ("outcomes", "factors", "more", "error", "say"),
    [
        (np.full((6, 5), 0.4), {"x": X}, {}, FitError, "have the accuracy 0.4"),
        (GOOD, {"x": np.eye(5)}, {}, FitError, "5 configurations are too few for factors of 4 dimensions"),
        (GOOD[:1], {"x": X}, {}, FitError, "1 of 1 tasks"),
        (GOOD * 3, {"x": X}, {}, ValueError, "Outcomes lie in"),
        (GOOD[0], {"x": X}, {}, ValueError, r"their shape was \(5,\)"),
        (np.where(np.arange(5) == 2, np.nan, GOOD), {"x": X}, {}, ValueError, "needs an outcome"),
        (GOOD, {"x": X[:4]}, {}, ValueError, "a row for each of 5"),
        (GOOD, {"x": [["a", "b"]] * 5}, {}, ValueError, r"its shape was \(5, 2\)"),
        (GOOD, {"x": 3.0}, {}, ValueError, r"its shape was \(\)"),
        (GOOD, {"x": [0.0, 1.0, np.nan, 2.0, 3.0]}, {}, ValueError, "no finite number"),
        (GOOD, {}, {}, ValueError, "from 1 to 10 factors; there were 0"),
        (GOOD, {"x": X}, {"families": ["a"] * 5}, ValueError, "Two families"),
    ],
)
def test_what_is_refused(outcomes, factors, more, error, say):
    with pytest.raises(error, match=say):
        decompose(outcomes, factors, replicates=5, **more)
