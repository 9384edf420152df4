import dataclasses

import numpy as np
import pytest
from made_fit import CORNERS, SINGLE, rows

from scaling import drawing
from scaling.allocate import recommend
from scaling.along import Options
from scaling.drawing import GREY, Picture
from scaling.errors import FitError
from scaling.fit import fit
from scaling.gallery import earlier, figures
from scaling.planes import contours, regret
from scaling.plots import Absent
from scaling.purse import Currency, advice, currency, purse
from scaling.returns import marginal
from scaling.spending import pareto
from scaling.trials import Trials

OPTIONS = Options("lomax", 100, 0)


@pytest.fixture(scope="module")
def cells():
    return Trials.from_rows(rows(np.array([*SINGLE, *CORNERS], float))).cells()


@pytest.fixture(scope="module")
def fitted(cells):
    return fit(cells, replicates=100)


@pytest.fixture(scope="module")
def tokens(cells):
    return currency(cells, "tokens", {})


def marks(picture, kind, label=None):
    return [m for p in picture.panels for m in p.marks if m.kind == kind and label in (None, m.label)]


def test_the_frontier_is_of_cells_that_none_beats(fitted, cells):
    picture = pareto(fitted, cells)
    assert [panel.title for panel in picture.panels] == ["tokens", "calls"]
    panel = picture.panels[0]
    (line,) = [mark for mark in panel.marks if mark.kind == "line"]
    points = [(x, y) for mark in panel.marks if mark.kind == "points" for x, y in zip(mark.x, mark.y, strict=True)]
    assert len(points) == len(cells.spend)
    for x, y in points:
        reached = max(b for a, b in zip(line.x, line.y, strict=True) if a <= x)
        assert y <= reached
    assert list(line.x) == sorted(line.x)
    assert list(line.y) == sorted(line.y)
    labels = {mark.label: len(mark.x) for mark in panel.marks if mark.kind == "points"}
    assert labels == {"base": 1, "several axes": 9, "depth": 6, "width": 6}
    assert marks(picture, "points", "several axes")[0].colour == GREY


def test_a_measured_ceiling_is_no_choice(fitted):
    table = rows(np.array(SINGLE, float))
    top = [{**row, "depth": np.inf, "width": np.inf, "cost_tokens": 50} for row in table if row["depth"] == 33]
    picture = pareto(fitted, Trials.from_rows([*table, *top]).cells())
    assert marks(picture, "points", "base")[0].x == (300,)
    assert min(x for mark in picture.panels[0].marks for x in mark.x) == 300


def test_no_cost_no_frontier(fitted, cells):
    free = dataclasses.replace(cells, costs={})
    assert pareto(fitted, free).why.startswith("The table has no column cost_*")
    unknown = dataclasses.replace(cells, costs={"tokens": np.full(len(cells.spend), np.nan)})
    assert pareto(fitted, unknown) == Absent("pareto", "No two cells have a cost above 0 (tokens).")


def test_gains_fall_and_the_stop_line_is_one_over_the_worth(fitted, cells, tokens):
    picture = marginal(fitted, cells, tokens, worth=50_000.0)
    depth, _ = marks(picture, "line")
    assert list(depth.y) == sorted(depth.y, reverse=True)
    assert depth.x == tuple(100 * 3 * d for d in (2, 3, 5, 9, 17, 33))
    band = marks(picture, "band")[0]
    assert all(low < high for low, high in zip(band.low, band.high, strict=True))
    (line,) = marks(picture, "level")
    assert line.y == (1 / 50_000,)
    assert picture.panels[0].y.limits[0] < line.y[0]
    # The first step of depth: what the fit says it gains, over what it costs more.
    assert depth.y[0] == pytest.approx((fitted.axes[0].fitted[1] - fitted.axes[0].fitted[0]) / 300, rel=0.05)
    nobody = marginal(fitted, cells, tokens, None)
    assert not marks(nobody, "level")
    assert "nobody said what a right answer is worth" in nobody.caption


def test_steps_that_cost_nothing_are_not_drawn(fitted, cells):
    flat = dataclasses.replace(cells, costs={"calls": np.ones(len(cells.spend))})
    assert isinstance(marginal(fitted, flat, Currency("calls", {"calls": 1.0}), None), Absent)


def test_contours_show_the_law_the_cost_and_the_way_up(fitted, cells, tokens):
    bought = purse(fitted, cells, tokens)
    picture = contours(fitted, bought)
    (panel,) = picture.panels
    assert (panel.x.label, panel.y.label) == ("depth (budget assigned)", "width (budget assigned)")
    cost, share = marks(picture, "contours")
    assert (cost.label, share.label) == ("tokens", "accuracy")
    z = np.array(share.z)
    assert z.shape == (len(share.y), len(share.x))
    assert np.all(np.diff(z, axis=0) > 0)
    assert np.all(np.diff(z, axis=1) > 0)
    assert z[0, 0] == pytest.approx(bought.fitted.success(np.array([[1.0, 1.0]]))[0])
    assert np.array(cost.z)[0, -1] == pytest.approx(100 * 33 * 3, rel=1e-3)
    way = marks(picture, "points", "best for its cost")[0]
    # Each is the best of all cells that cost no more.
    spends = np.array([way.x, way.y]).T
    reached = bought.fitted.success(spends)
    for spend, success in zip(spends, reached, strict=True):
        budget = bought.money(spend[None])[0]
        every = np.array([[d, w] for d in range(1, 34) for w in range(1, 34)], float)
        assert bought.fitted.success(every[bought.money(every) <= budget]).max() == pytest.approx(success)
    low, high = panel.x.limits
    assert low < 1 < 33 < high


def test_regret_is_none_where_nothing_can_be_chosen_and_never_negative(fitted, cells, tokens):
    picture = regret(fitted, purse(fitted, cells, tokens))
    lines = {mark.label: mark for mark in marks(picture, "points")}
    assert set(lines) == {"all axes alike", "best measured cell", "depth only", "width only"}
    for line in lines.values():
        assert line.y[0] == pytest.approx(0)
        assert min(line.y) > -1e-12


def test_all_nine_figures(fitted, cells, tokens):
    drawn = figures(fitted, cells, OPTIONS, tokens, 1e6)
    names = "accuracy collapse forest residuals extrapolation pareto contours gain regret".split()
    assert [each.name for each in drawn] == names
    assert all(isinstance(each, Picture) for each in drawn)
    for picture in drawn[4:]:
        drawing.render(picture).draw_without_rendering()


def test_figures_say_why_they_are_not_there(fitted, cells):
    whys = {each.name: each.why for each in figures(fitted, cells, OPTIONS) if isinstance(each, Absent)}
    assert set(whys) == {"contours", "gain", "regret"}
    assert "no column cost_*" in whys["gain"]
    alone = dataclasses.replace(fitted, joint=())
    whys = {
        e.name: e.why
        for e in figures(alone, cells, OPTIONS, Currency("calls", {"calls": 1.0}))
        if isinstance(e, Absent)
    }
    assert set(whys) == {"contours", "regret"}
    assert "Add cells that move two axes" in whys["regret"]


def test_the_largest_budgets_are_held_back(fitted, cells):
    before = earlier(fitted, cells, OPTIONS)
    assert before["depth"].spend == (1, 2, 3, 5, 9)
    assert before["depth"].extrapolation.spend[-1] == pytest.approx(33)
    few = dataclasses.replace(fitted.axes[0], spend=fitted.axes[0].spend[:4])
    assert earlier(dataclasses.replace(fitted, axes=(few,)), cells, OPTIONS) == {}


def test_currencies(cells):
    assert currency(cells, "calls", {}) == Currency("calls", {"calls": 1.0})
    money = currency(cells, None, {"calls": 0.01, "tokens": 1e-5})
    assert money.unit == "money"
    assert money.of_cells(cells)[0] == pytest.approx(0.01 + 300e-5)
    one = dataclasses.replace(cells, costs={"calls": cells.costs["calls"]})
    assert currency(one, None, {}).unit == "calls"


@pytest.mark.parametrize(
    ("kind", "prices", "message"),
    [
        (None, {}, "there are: tokens, calls"),
        ("seconds", {}, "no kind of cost 'seconds'; there are: tokens, calls"),
        ("calls", {"calls": 1.0}, "give one of them"),
        (None, {"seconds": 1.0}, "a price for 'seconds'"),
        (None, {"calls": -1.0}, "must be a number of at least 0"),
    ],
)
def test_currencies_that_are_none(cells, kind, prices, message):
    with pytest.raises(ValueError, match=message):
        currency(cells, kind, prices)


def test_a_purse_needs_a_joint_law(fitted, cells, tokens):
    with pytest.raises(FitError, match="Add cells that move two axes"):
        purse(dataclasses.replace(fitted, joint=()), cells, tokens)


def test_a_cost_of_nothing_is_refused(fitted, cells):
    free = dataclasses.replace(cells, costs={"calls": np.zeros(len(cells.spend))})
    with pytest.raises(FitError, match="No cell costs any calls"):
        purse(fitted, free, Currency("calls", {"calls": 1.0}))


def test_a_base_that_costs_nothing_is_drawn(fitted, cells):
    extra = dataclasses.replace(cells, costs={"calls": cells.costs["calls"] - 1})
    for picture in figures(fitted, extra, OPTIONS, Currency("calls", {"calls": 1.0}))[5:]:
        assert isinstance(picture, Picture)
        drawing.render(picture).draw_without_rendering()


def test_advice_in_words(fitted, cells, tokens):
    found = recommend(cells, purse(fitted, cells, tokens).money, 3000.0, replicates=40)
    said = advice(found, tokens.unit)
    dials = ", ".join(
        f"{axis} {dial.value:g} ({dial.low:g} to {dial.high:g})" for axis, dial in found.best.dials.items()
    )
    assert said[0].startswith(f"With a budget of 3,000 (tokens) an attempt: **{dials}**. Expected accuracy ")
    assert any("A budget 10 % larger would add about" in each for each in said)
    assert any("all axes alike" in each for each in said)
    agreed = dataclasses.replace(found, others=(found.best,), decider=None, regret={})
    assert "recommend the same" in advice(agreed, "tokens")[1]
    parted = dataclasses.replace(found, others=(found.best,), decider={"depth": 9.0, "width": 4.0})
    assert advice(parted, "tokens")[1].endswith("To decide, measure depth 9, width 4.")
    clear = dataclasses.replace(found, others=())
    assert "foretold unseen cells best, and clearly so" in advice(clear, "tokens")[1]
