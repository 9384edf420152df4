import numpy as np
import pytest

from evals.calibration import calibration


def test_known_values():
    found = calibration([0.9, 0.9, 0.3, 0.3], [True, False, False, False], range(4))
    assert found.ece == pytest.approx((abs(1 - 1.8) + abs(0 - 0.6)) / 4)
    assert found.brier.value == pytest.approx((0.01 + 0.81 + 0.09 + 0.09) / 4)
    assert found.brier.low < found.brier.value < found.brier.high


def test_who_means_what_he_says_has_no_error_and_who_boasts_has():
    rng = np.random.default_rng(3)
    chance = rng.random(20_000)
    right = [bool(one) for one in rng.random(20_000) < chance]
    assert calibration(list(chance), right, range(20_000)).ece < 0.02
    assert calibration([1.0] * 20_000, right, range(20_000)).ece == pytest.approx(1 - np.mean(right))


@pytest.mark.parametrize(("confidence", "right"), [([1.1], [True]), ([0.5], []), ([], [])])
def test_what_is_refused(confidence, right):
    with pytest.raises(ValueError, match=r"confidence|observation"):
        calibration(confidence, right, range(len(confidence)))
