"""The curve families: their ends, their halves, their derivatives, and what they are closed under."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling.laws import FORMS, AxisLaw, broken_power_law, ceiling_of, decline_factor, form, loglinear

NAMES = list(FORMS)
SHAPES = st.floats(-1.5, 1.5)


def at(name, z, log_shape=0.3):
    return FORMS[name].curve(np.log(np.asarray(z, dtype=float)), np.array(log_shape))[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_family_starts_at_none_is_half_way_at_its_half_budget_and_ends_at_all(name):
    assert at(name, [1e-60, 1.0, 1e60]) == pytest.approx([0, 0.5, 1], abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
@given(log_z=st.floats(-8, 8), log_shape=SHAPES)
def test_a_family_rises_and_its_derivatives_are_those_of_its_values(name, log_z, log_shape):
    family, step = FORMS[name], 1e-5
    point, shape = np.array(log_z), np.array(log_shape)
    value, by_z, by_shape = family.curve(point, shape)
    assert 0 <= value <= 1
    assert by_z >= 0
    numeric = (family.curve(point + step, shape)[0] - family.curve(point - step, shape)[0]) / (2 * step)
    assert by_z == pytest.approx(numeric, abs=1e-8)
    numeric = (family.curve(point, shape + step)[0] - family.curve(point, shape - step)[0]) / (2 * step)
    assert by_shape == pytest.approx(numeric, abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_far_out_values_stay_finite(name):
    for log_z, log_shape in ((-800, 4), (800, 4), (800, -9), (-800, -9), (800, 40)):
        assert np.isfinite(FORMS[name].curve(np.array(float(log_z)), np.array(float(log_shape)))).all()


def test_lomax_is_its_closed_form_and_ends_in_the_exponential():
    alpha, z = 0.8, np.array([0.5, 2.0, 30.0])
    assert at("lomax", z, np.log(alpha)) == pytest.approx(1 - (1 + (2 ** (1 / alpha) - 1) * z) ** -alpha)
    assert at("lomax", z, 9.0) == pytest.approx(at("exp", z), abs=1e-3)


def test_lomax_of_a_shifted_origin_is_lomax_with_the_same_tail():
    alpha, s, c = 0.7, 3.0, 5.0
    x = np.array([1.0, 4.0, 50.0])
    failure = (1 + (x + c) / s) ** -alpha
    assert failure == pytest.approx((1 + c / s) ** -alpha * (1 + x / (s + c)) ** -alpha)


def test_frechet_is_the_coverage_law_of_repeated_sampling():
    k, a, b = np.array([1.0, 8.0, 64.0]), 3.0, 0.4
    half = (a / np.log(2)) ** (1 / b)
    assert at("frechet", k / half, np.log(b)) == pytest.approx(np.exp(-a * k**-b))


@pytest.mark.parametrize("shared", [(True, True), (False, False), (True, False)])
@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_of_an_axis_law_is_that_of_its_values(name, shared):
    law = AxisLaw(FORMS[name], ("a", "b"), *shared)
    x = np.array([[0, 0], [2, 0], [30, 0], [0, 5], [np.inf, np.inf], [np.inf, 0]])
    theta = np.random.default_rng(0).normal(0, 0.7, (3, len(law.names)))
    share, slope = law.probability(theta, x)
    for place in range(len(law.names)):
        step = np.zeros(len(law.names))
        step[place] = 1e-6
        numeric = (law.probability(theta + step, x)[0] - law.probability(theta - step, x)[0]) / 2e-6
        assert slope[:, :, place] == pytest.approx(numeric, abs=1e-8)
    assert (share[:, 1:] >= share[:, [0]]).all()


def test_a_measured_ceiling_is_that_of_its_axes():
    law = AxisLaw(form("exp"), ("a", "b"), shared_ceiling=False)
    theta = np.array([[-1.0, 0.5, 1.5, 0.0, 0.0]])
    share, _ = law.probability(theta, np.array([[np.inf, 0], [0, np.inf], [np.inf, np.inf]]))
    ends = [ceiling_of(theta[0], law.places(axis)[0]) for axis in (0, 1)]
    assert share[0] == pytest.approx([*ends, sum(ends) / 2])


def test_names_and_places_agree():
    law = AxisLaw(form("hill"), ("a", "b"), shared_ceiling=False, shared_shape=False)
    ceiling, half, shape = law.places(1)
    assert [law.names[place] for place in (ceiling, half, shape)] == ["logit A b", "ln κ b", "ln shape b"]
    assert AxisLaw(form("exp"), ("a",)).places(0) == (1, 2, None)


def test_an_unknown_form_names_the_known_ones():
    with pytest.raises(ValueError, match="lomax, frechet, hill, weibull, exp"):
        form("cubic")


def test_diagnostics():
    value, gradient = loglinear(np.array([1.0, np.e]), 0.2, 0.1)
    assert value == pytest.approx([0.2, 0.3])
    assert gradient == pytest.approx(np.array([[1, 0], [1, 1]]))
    bend = broken_power_law(np.array([1e-6, 1e6]), 0.1, 1.0, 0.0, 0.5, 1.0, 1.0)
    assert bend == pytest.approx([1.1, 0.1 + 1e-3], rel=1e-3)
    assert decline_factor(np.array([0.0, 2.0]), 0.5) == pytest.approx([1, np.exp(-1)])
    with pytest.raises(ValueError, match="at least 0"):
        decline_factor(np.array([1.0]), -0.1)
