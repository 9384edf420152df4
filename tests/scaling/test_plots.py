import dataclasses
import json
import math
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_fit import made

from scaling.drawing import COLOURS, GREY, Mark, Panel, Picture, Ruler, files, load, look, render, save
from scaling.forest import forest
from scaling.numerals import decades, digits, number, powers, spread, steps
from scaling.plots import Absent, accuracy, collapse, extrapolation, residuals
from scaling.results import Interval

ALL = (accuracy, collapse, forest, residuals)


def marks(picture, kind):
    return [mark for panel in picture.panels for mark in panel.marks if mark.kind == kind]


def earlier(fit, kept):
    """As if only the first budgets had been measured."""
    axes = [
        dataclasses.replace(
            axis,
            spend=axis.spend[:kept],
            observed=axis.observed[:kept],
            extrapolation=dataclasses.replace(
                axis.extrapolation, spend=np.geomspace(axis.spend[kept - 1], 4 * axis.spend[kept - 1], 20)
            ),
        )
        for axis in fit.axes
    ]
    return {axis.name: axis for axis in axes}


@pytest.mark.parametrize("figure", ALL)
def test_a_picture_says_on_what_it_stands(figure):
    picture = figure(made())
    assert "n = 300 questions, 1 seed in a cell at most, 6,600 trials; " in picture.caption
    assert "95 %" in picture.caption
    assert all(panel.x.label for panel in picture.panels)


def test_accuracy_shows_all_that_was_measured():
    fit = made()
    picture = accuracy(fit)
    assert [panel.title for panel in picture.panels] == ["depth", "width", "thinking tokens"]
    for axis, points in zip(fit.axes, marks(picture, "points"), strict=True):
        assert points.x == axis.spend
        assert points.y == tuple(each.value for each in axis.observed)
        assert points.low == tuple(each.low for each in axis.observed)
    solid, dashed = ([m for m in marks(picture, "line") if m.dash == dash] for dash in ("-", "--"))
    assert [line.x[-1] for line in solid] == [65, 65, 32500]
    assert [line.x[0] for line in dashed] == [65, 65, 32500]
    levels = [(mark.y[0], mark.colour) for mark in marks(picture, "level")]
    assert levels.count((0.15, "#000000")) == 3
    assert levels.count((0.75, "#000000")) == 2
    assert levels.count((0.61, GREY)) == 1


def test_ticks_are_budgets_and_never_crowd():
    for panel in accuracy(made()).panels:
        ticks = [at for at, _ in panel.x.ticks]
        assert {1, 65} <= set(ticks) or {500, 32500} <= set(ticks)
        assert 3 <= len(ticks) <= 8
    assert accuracy(made()).panels[2].x.ticks[-1] == (130000, "130,000")


def test_a_budget_of_0_has_its_place():
    fit = made()
    axis = dataclasses.replace(fit.axes[0], base=0.0, spend=(0.0, *fit.axes[0].spend[:-1]))
    ruler = accuracy(dataclasses.replace(fit, axes=(axis,))).panels[0].x
    assert ruler.zero == 1.0
    assert ruler.ticks[0] == (0.0, "0")


def test_collapse_is_on_half_budgets():
    picture = collapse(made())
    depth, width, tokens = marks(picture, "points")
    assert depth.x == (0, 0.25, 0.5, 1, 2, 4, 8, 16)
    assert width.x[-1] == 8
    assert tokens.x[-1] == 4
    # Made under one law: so are the curves, laid over one another.
    one, other, _ = marks(picture, "line")
    assert np.interp(1.0, one.x, one.y) == pytest.approx(np.interp(1.0, other.x, other.y), abs=1e-3)


def test_nothing_to_collapse():
    fit = made()
    alone = dataclasses.replace(fit, axes=fit.axes[:1])
    assert collapse(alone) == Absent(
        "collapse", "Only the axis depth was measured, so there is nothing to lay over it."
    )


def test_the_forest_is_grey_where_the_gate_refuses():
    epsilon, kappa, tail = forest(made()).panels
    assert [text for _, text in epsilon.y.ticks] == ["depth", "width", "thinking tokens"]
    assert [mark.x for mark in epsilon.marks if mark.kind == "points"] == [(0.43,)] * 3
    assert [mark.x[0] for mark in epsilon.marks if mark.kind == "upright"] == [pytest.approx(0.43)]
    assert not [mark for mark in kappa.marks if mark.kind == "upright"]
    # The half-budget of the third axis is open upward: an arrow within the frame.
    (arrow,) = [mark for mark in kappa.marks if mark.marker == ">" and mark.y == (0.0,)]
    assert 8000 < arrow.x[0] < kappa.x.limits[1]
    grey = [mark for mark in tail.marks if mark.colour == GREY]
    assert [mark.kind for mark in grey] == ["line", "points"]
    assert grey[0].x[0] == 0.12
    assert {mark.colour for mark in tail.marks if mark.kind == "points"} == {*COLOURS[:2], GREY}


def test_a_form_without_a_shape_has_no_column_for_it():
    fit = made()
    axes = tuple(dataclasses.replace(axis, tail_exponent=None, tail_range=None) for axis in fit.axes)
    assert [panel.title for panel in forest(dataclasses.replace(fit, axes=axes)).panels] == [
        "elasticity ε",
        "half-budget κ",
    ]


def test_a_forest_without_any_bound_still_draws(tmp_path):
    fit = made()
    axes = tuple(
        dataclasses.replace(
            axis,
            elasticity=None,
            half_budget=Interval(4.0, 0.0, math.inf),
            tail_exponent=None,
            tail_range=(0.0, math.inf),
        )
        for axis in fit.axes
    )
    save(forest(dataclasses.replace(fit, axes=axes)), tmp_path)


def test_residuals_always_show_two_standard_errors():
    fit = made()
    picture = residuals(fit)
    assert [mark.y for mark in marks(picture, "points")] == [axis.residuals for axis in fit.axes]
    assert picture.panels[0].y.limits[0] < -2 < 2 < picture.panels[0].y.limits[1]
    far = dataclasses.replace(fit.axes[0], residuals=(*fit.axes[0].residuals[:-1], -9.0))
    assert residuals(dataclasses.replace(fit, axes=(far,))).panels[0].y.limits[0] < -9


def test_what_was_held_back_is_open():
    fit = made()
    picture = extrapolation(fit, earlier(fit, 6))
    filled, hollow = marks(picture, "points")[:2]
    assert (filled.hollow, hollow.hollow) == (False, True)
    assert filled.x == fit.axes[0].spend[:6]
    assert hollow.x == fit.axes[0].spend[6:]


def test_nothing_was_held_back():
    fit = made()
    for same in ({}, {axis.name: axis for axis in fit.axes}):
        assert extrapolation(fit, same) == Absent(
            "extrapolation", "No axis has budgets enough to hold the largest ones back and fit the others."
        )


def test_files_are_whole_the_same_each_time_and_drawn_again(tmp_path):
    picture = accuracy(made())
    for folder in (tmp_path / "one", tmp_path / "other"):
        folder.mkdir()
    paths = save(picture, tmp_path / "one")
    assert [path.name for path in paths] == ["accuracy.svg", "accuracy.png", "accuracy.json"]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted(path.name for path in paths)
    ET.fromstring(paths[0].read_bytes())
    assert paths[1].read_bytes().startswith(b"\x89PNG")
    again = load(paths[2])
    assert again == picture
    for path, other in zip(paths, save(again, tmp_path / "other"), strict=True):
        assert path.read_bytes() == other.read_bytes()


def test_drawing_leaves_no_trace():
    before = dict(matplotlib.rcParams)
    render(residuals(made()))
    assert dict(matplotlib.rcParams) == before
    import sys

    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_names_in_any_script_and_of_any_length_are_drawn():
    fit = made()
    names = ("検索 🔎", "a " * 60, "$\\frac{1}{")
    axes = tuple(dataclasses.replace(axis, name=name) for axis, name in zip(fit.axes, names, strict=True))
    assert files(collapse(dataclasses.replace(fit, axes=axes)))


def test_every_kind_of_mark_is_drawn():
    z = tuple(tuple(x * y for x in (1.0, 2.0, 4.0)) for y in (1.0, 2.0))
    ruler = Ruler("$x_$ & _ <unit>", log=True)
    picture = Picture(
        "all",
        "All of them",
        "caption",
        (
            Panel(
                "",
                ruler,
                ruler,
                (
                    Mark("contours", (1.0, 2.0, 4.0), (1.0, 2.0), z=z, levels=(2.0, 4.0), label="contour"),
                    Mark("upright", (2.0,), label="upright"),
                    Mark("level", y=(1.5,), label="level"),
                ),
            ),
        ),
    )
    (legend,) = [each for sub in render(picture).subfigs for each in sub.legends]
    assert [text.get_text() for text in legend.get_texts()] == ["contour", "upright", "level"]


@pytest.mark.parametrize(
    ("value", "text", "exact"),
    [
        (0, "0", "0"),
        (1, "1", "1.00"),
        (1.4, "1.4", "1.40"),
        (0.0625, "0.0625", "0.0625"),
        (32500, "32,500", "32,500"),
        (100, "100", "100"),
        (0.000012, "1.2e-05", "1.20e-05"),
        (-2.5, "-2.5", "-2.50"),
    ],
)
def test_numbers(value, text, exact):
    assert number(value) == text
    assert digits(value) == exact


@given(st.lists(st.floats(1e-3, 1e9), min_size=1, max_size=40))
def test_ticks_are_few_and_apart(budgets):
    ticks = [at for at, _ in spread(budgets)]
    assert budgets[0] in ticks
    assert set(ticks) <= set(budgets)
    assert len(ticks) <= 9


@given(st.floats(1e-6, 1e6), st.floats(1.01, 1e12))
def test_powers_lie_between(low, ratio):
    ticks = [at for at, _ in powers(low, low * ratio)]
    assert all(low * 0.999 <= at <= low * ratio * 1.001 for at in ticks)
    assert len(ticks) <= 8


@given(st.floats(1e-9, 1e9), st.floats(1.0, 1e12))
def test_round_ticks_lie_between(low, ratio):
    ticks = [at for at, _ in decades(low, low * ratio)]
    assert all(low <= at <= low * ratio for at in ticks)
    assert len(ticks) <= 6


@given(st.floats(0, 1), st.floats(0, 1))
def test_round_shares_lie_strictly_between(low, high):
    assert all(low < at < high for at in steps(low, high))
    assert len(steps(low, high)) <= 10


def test_42_axes_look_different():
    assert len({look(place) for place in range(42)}) == 42


def test_the_spec_is_plain_json(tmp_path):
    path = save(forest(made()), tmp_path)[2]

    def refuse(literal):
        raise AssertionError(literal)

    json.loads(path.read_text(), parse_constant=refuse)
