"""How ranked lists are put together."""

import pytest

from retrieval.index.rank import blend, fuse


def test_places_are_fused_by_reciprocal_rank():
    assert fuse([1, 2], [2, 3]) == pytest.approx({2: 1 / 62 + 1 / 61, 1: 1 / 61, 3: 1 / 62})
    assert list(fuse([1, 2], [2, 3])) == [2, 1, 3]


def test_scores_are_brought_to_one_scale():
    found = blend(2, [(1, 8.0), (2, 4.0)], [(2, 0.9), (3, 0.3), (4, 0.1)])
    assert found == pytest.approx({2: 0.5, 1: 0.5, 3: 0.125, 4: 0.0})
    # Nothing is left out of a list that is not full, so that its last is worth something.
    assert blend(9, [(1, 8.0), (2, 4.0)]) == {1: 1.0, 2: 0.5}


def test_a_clear_first_beats_a_close_second():
    words, meaning = [(1, 30.0), (2, 6.0)], [(2, 0.62), (1, 0.60)]
    assert fuse([2, 1], [1, 2]) == pytest.approx({2: 1 / 61 + 1 / 62, 1: 1 / 61 + 1 / 62})  # places cannot tell
    assert list(blend(9, words, meaning)) == [1, 2]


def test_lists_without_a_say():
    assert blend(9, [(1, 0.5), (2, -0.1)], []) == pytest.approx({1: 0.5, 2: 0.0})
    assert blend(9, [], []) == {}
    assert blend(2, [(1, 0.3), (2, 0.3)]) == {1: 1.0, 2: 1.0}
