"""What a design can be expected to say, against the published table, simulated fits and the engine's own sandwich."""

from dataclasses import replace

import numpy as np
import pytest
from simulate import BUDGETS, outcomes
from simulate import design as cells
from simulate import truth as success

from scaling.compare import laws
from scaling.decline import decline
from scaling.design import Design, Truth
from scaling.elasticity import elasticity
from scaling.errors import FitError
from scaling.laws import FORMS
from scaling.likelihood import maximise, sandwich
from scaling.nested import score_test
from scaling.power import WANTED, power
from scaling.precision import Planned, parameters

AXES = ("d", "w", "t")
DESIGN = Design(AXES, (BUDGETS,) * 3)
TRUTH = Truth(0.15, 0.75, (4.0, 8.0, 16.0), 0.8)
# The half-budgets behind SCALING.md's tables are not on record. These scales s, κ = s (2^(1/α) - 1), come of a search.
SCALES = np.array([3.5, 4.0, 8.0])


def tabled(budgets, tail=0.8, scales=SCALES, **kept):
    """Return a row of the table of SCALING.md part 4: every axis has a tail of its own, and the first is looked at."""
    design = Design(AXES, (tuple(2.0**k for k in range(budgets)),) * 3, **kept)
    table = power(design, Truth(0.15, 0.75, tuple(scales * (2 ** (1 / tail) - 1)), (tail,) * 3))
    alpha = table.row("α", "d")
    return alpha.needed, alpha.half, table.row("ε", "d").needed, table.row("Δε", "d - w").needed


@pytest.mark.parametrize(
    ("row", "known"),
    [
        ({"budgets": 5}, (749_000, 2.5, 950, 1740)),
        ({"budgets": 7}, (64_500, 0.73, 414, 724)),
        ({"budgets": 7, "ceiling": True}, (14_900, 0.35, 420, 731)),
        ({"budgets": 10}, (16_700, 0.37, 178, 292)),
        ({"budgets": 10, "ceiling": True, "seeds": 4}, (4_400, 0.19, 100, 138)),
        ({"budgets": 7, "seeds": 4}, (20_800, 0.42, 203, 298)),
        ({"budgets": 7, "tail": 0.3, "ceiling": True}, (1_535, 0.11, 386, 704)),
    ],
)
def test_the_published_table(row, known):
    assert tabled(**row) == pytest.approx(known, rel=0.07)


def test_the_row_of_the_published_table_that_has_other_scales():
    """A heavy tail without a ceiling is matched at scales 2, 4, 8 and not at the others' (99,000 in place of 63,000).

    No scales serve all rows: at 2, 4, 8 the same tail with a ceiling needs 1,106 questions, and not the table's 1,535,
    and five budgets need 388,000, and not 749,000.
    """
    row = tabled(7, tail=0.3, scales=np.array([2.0, 4.0, 8.0]))
    assert row == pytest.approx((63_000, 0.73, 375, 687), rel=0.07)


@pytest.mark.parametrize(
    ("planned", "correlated", "known"),
    [
        ({"questions": 100}, {}, (0.102, 0.138)),
        ({"questions": 300}, {}, (0.058, 0.079)),
        ({"questions": 800}, {}, (0.035, 0.048)),
        ({"seeds": 4}, {}, (0.040, 0.050)),
        ({}, {"common": 0.0, "own": 0.0}, (0.068, 0.097)),
        ({}, {"common": 0.75, "own": 0.15}, (0.062, 0.074)),
    ],
)
def test_published_half_widths_of_elasticities(planned, correlated, known):
    table = power(replace(DESIGN, **planned), replace(TRUTH, **correlated))
    assert (table.row("ε", "d").half, table.row("Δε", "d - w").half) == pytest.approx(known, rel=0.06)


@pytest.mark.parametrize(("questions", "factor"), [(300, 1.40), (800, 1.23)])
def test_published_half_widths_of_exchange_rates(questions, factor):
    table = power(replace(DESIGN, questions=questions), TRUTH)
    assert [line.factor for line in table.expected if line.quantity == "κ ratio"] == pytest.approx(
        [factor] * 3, abs=0.01
    )


@pytest.mark.parametrize(
    ("questions", "other", "known"),
    [
        (300, {"tail": (0.8, 0.8, 3.0)}, 0.83),
        (800, {"tail": (0.8, 0.8, 3.0)}, 1.0),
        (800, {"tail": (0.8, 0.8, 0.3)}, 1.0),
        (800, {"ceiling": (0.75, 0.75, 0.6)}, 1.0),
        (800, {"ceiling": (0.75, 0.75, 0.5)}, 1.0),
    ],
)
def test_the_published_power_of_the_score_test(questions, other, known):
    half = tuple(SCALES * (2 ** (1 / 0.8) - 1))
    table = power(
        replace(DESIGN, questions=questions), TRUTH, alternatives={"x": replace(TRUTH, half_budget=half, **other)}
    )
    assert table.tests[0].power == pytest.approx(known, abs=0.04)
    assert table.tests[0].freedom == 4


def test_simulated_fits_spread_as_predicted():
    design = replace(DESIGN, ceiling=True)
    x, random = cells(ceiling=True), np.random.default_rng(1)
    share = success(x)
    hits = np.array([outcomes(random, x, share).sum(0) for _ in range(300)])
    law, _ = TRUTH.law(AXES)
    found = maximise(law, x, hits, np.full_like(hits, 300.0)).theta.std(0, ddof=1)
    table = power(design, TRUTH)
    wide = 1.968  # t's quantile
    logs = [np.log(table.row("κ", axis).factor) for axis in AXES] + [np.log(table.row("α").factor)]
    assert np.array(logs) / wide == pytest.approx(found[2:], rel=0.1)


def test_simulated_elasticities_spread_as_predicted():
    random, x = np.random.default_rng(2), cells(axes=1)[1:]
    samples = [outcomes(random, x, success(x)) for _ in range(300)]
    ones = np.ones_like(samples[0])
    found = [elasticity(x[:, 0], hits.sum(0)[None], ones.sum(0)[None], paired=False).value for hits in samples]
    line = power(Design(("d",), (BUDGETS,)), replace(TRUTH, half_budget=(4.0,))).row("ε", "d")
    assert np.mean(found) == pytest.approx(line.value, abs=0.005)
    assert np.std(found) * 1.968 == pytest.approx(line.half, rel=0.1)
    clustered = [elasticity(x[:, 0], hits, ones) for hits in samples[:5]]
    assert np.mean([each.high - each.low for each in clustered]) / 2 == pytest.approx(line.half, rel=0.03)


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_engines_sandwich_tends_to_the_predicted_one(seeds):
    planned = Planned.of(replace(DESIGN, seeds=seeds), TRUTH)
    hits = outcomes(np.random.default_rng(3), planned.x, planned.share, questions=40_000, seeds=seeds)
    found = sandwich(planned.law, planned.theta, planned.x, hits, np.full_like(hits, seeds))
    rows = planned.influence(planned.law, planned.theta)
    assert 40_000 * np.diag(found) == pytest.approx(np.diag(rows @ planned.totals @ rows.T), rel=0.04)


def test_a_drop_is_as_detectable_as_decline_says():
    x = cells(axes=1)
    expected = power(Design(("d",), (BUDGETS,)), replace(TRUTH, half_budget=(4.0,))).drops["d"]
    share = success(x)
    share[-1] = share[-2] - expected
    random = np.random.default_rng(5)
    found = [
        decline(hits, np.ones_like(hits), replicates=200) for hits in (outcomes(random, x, share) for _ in range(40))
    ]
    assert np.mean([each.detectable for each in found]) == pytest.approx(expected, rel=0.1)
    assert np.mean([each.p < 0.05 for each in found]) > 0.75


def test_the_score_test_rejects_as_often_as_predicted():
    x, random = cells(), np.random.default_rng(6)
    share = success(x, ceiling=(0.75, 0.75, 0.6))
    tests = [score_test(*laws(FORMS["lomax"], AXES), x, hits, np.ones_like(hits)).p for hits in
             (outcomes(random, x, share, questions=600) for _ in range(40))]  # fmt: skip
    lower = replace(TRUTH, ceiling=(0.75, 0.75, 0.6))
    found = power(replace(DESIGN, questions=600), TRUTH, alternatives={"lower": lower}).tests[0]
    assert found.power == pytest.approx(np.mean(np.array(tests) < 0.05), abs=0.2)
    needed = power(replace(DESIGN, questions=found.needed), TRUTH, alternatives={"lower": lower}).tests[0]
    assert needed.power == pytest.approx(0.8, abs=0.002)


def test_axes_of_one_law_are_rejected_at_the_level():
    test = power(DESIGN, TRUTH, alternatives={"same": replace(TRUTH, tail=(0.8, 0.8, 0.8))}).tests[0]
    assert test.power == pytest.approx(0.05, abs=1e-4)
    assert test.needed is None


def test_the_questions_needed_are_the_fewest():
    wanted = {"ε": 0.03, "κ": 1.4}
    table = power(DESIGN, TRUTH, wanted=wanted)
    line, half = table.row("ε", "w"), table.row("κ", "w")
    assert power(replace(DESIGN, questions=line.needed), TRUTH).row("ε", "w").half <= 0.03
    assert power(replace(DESIGN, questions=line.needed - 1), TRUTH).row("ε", "w").half > 0.03
    assert power(replace(DESIGN, questions=half.needed), TRUTH).row("κ", "w").factor <= 1.4
    assert table.row("A").wanted == WANTED["A"]


def test_a_unit_moves_only_half_budgets_and_an_origin_only_slopes():
    plain = power(DESIGN, TRUTH)
    thousand = power(
        Design(AXES, (BUDGETS, BUDGETS, tuple(1000 * each for each in BUDGETS))),
        replace(TRUTH, half_budget=(4, 8, 16e3)),
    )
    moved = power(Design(AXES, (tuple(1 + each for each in BUDGETS),) * 3, base=1.0), TRUTH)
    for one, other, shifted in zip(plain.expected, thousand.expected, moved.expected, strict=True):
        if "κ" not in one.quantity:
            assert (other.value, other.half) == pytest.approx((one.value, one.half))
        assert other.factor == pytest.approx(one.factor)
        if "ε" not in one.quantity and one.quantity != "gain":
            assert (shifted.value, shifted.half) == pytest.approx((one.value, one.half))
    assert moved.row("ε", "d").value > plain.row("ε", "d").value
    assert plain.row("P").of == "w 8"
    assert moved.row("P").of == "w 9"


def test_a_measured_ceiling_says_most_of_the_ceiling_and_the_tail():
    without, measured = power(DESIGN, TRUTH), power(replace(DESIGN, ceiling=True), TRUTH)
    for quantity in ("A", "α"):
        assert measured.row(quantity).half < 0.5 * without.row(quantity).half
    assert measured.row("ε", "d").half == pytest.approx(without.row("ε", "d").half)


def test_what_axes_share_has_one_line_and_what_they_do_not_one_each():
    each = replace(TRUTH, tail=(0.8, 0.3, 3.0), ceiling=(0.75, 0.7, 0.6))
    found = [(line.quantity, line.of) for line in power(DESIGN, each).expected if line.quantity in ("α", "A")]
    assert found == [(quantity, axis) for quantity in ("α", "A") for axis in AXES]
    assert [line.value for line in power(DESIGN, each).expected if line.quantity == "A"] == pytest.approx(each.ceiling)
    with pytest.raises(KeyError):
        power(DESIGN, TRUTH).row("α", "d")


def test_the_gain_is_that_of_the_last_doubling():
    share = success(cells())
    planned = Planned.of(DESIGN, TRUTH)
    gains = [each.value for each in parameters(planned) if each.quantity == "gain"]
    assert gains == pytest.approx([share[7 * (axis + 1)] - share[7 * (axis + 1) - 1] for axis in range(3)])


def test_the_tables_as_markdown():
    text = power(DESIGN, TRUTH, alternatives={"same": TRUTH, "heavy": replace(TRUTH, tail=(0.8, 0.8, 0.3))}).markdown()
    assert "| quantity | of | value | ± at Q = 300 | ×/÷ at Q = 300 | wanted | Q needed |" in text
    assert "| ε | d | 0.45 | 0.058 |  | ± 0.05 | 403 |" in text
    assert "| α |  | 0.8 | 0.66 | 2.29 | ± 0.05 | 52,057 |" in text
    assert "| same | 0.05 | it is the same |" in text
    assert "| heavy | 0.96 | 179 |" in text
    assert all(line.startswith("|") and line.endswith("|") for line in text.splitlines() if line)
    assert "same law" not in power(DESIGN, TRUTH).markdown()


def test_budgets_that_cannot_answer_are_refused():
    one = replace(TRUTH, half_budget=(4.0,))
    with pytest.raises(FitError, match=r"3 cells .* cannot tell the parameters logit f, .*wider range"):
        power(Design(("d",), ((1, 2),)), one)
    with pytest.raises(FitError, match="two budgets above 0 on d"):
        power(Design(("d",), ((1,),)), one)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: power(DESIGN, replace(TRUTH, half_budget=(4.0, 8.0))), "2 half-budgets for 3 axes"),
        (lambda: power(DESIGN, replace(TRUTH, tail=(0.8, 0.8))), "2 tails for 3 axes"),
        (lambda: power(DESIGN, TRUTH, wanted={"ε": 0.0}), "ε was 0"),
        (lambda: power(DESIGN, TRUTH, wanted={"κ": 0.9}), "being a factor, above 1; κ was 0.9"),
        (lambda: power(DESIGN, TRUTH, wanted={"β": 1}), "β was 1"),
        (
            lambda: power(
                Design(("d",), (BUDGETS,)),
                replace(TRUTH, half_budget=(4,)),
                alternatives={"x": replace(TRUTH, half_budget=(5,))},
            ),
            "only d",
        ),
    ],
)
def test_what_cannot_be_asked(make, says):
    with pytest.raises(ValueError, match=says):
        make()
