"""The closed world: the agent's knees stand where they were planted, and the law finds the best cell (SYSTEMS S11)."""

import json
from itertools import product

import pytest

from evals.exact.closed_world import Shape, build, rounds, solvable
from evals.exact.closed_world_picks import budgets, fitted_cells, picks
from evals.exact.closed_world_run import Point, first_right, measure, share

SHAPE = Shape(range(1, 5), range(1, 5), 1)
WIDTHS = (1, 2, 3, 4)


@pytest.fixture(scope="module")
def found():
    return measure(SHAPE, [1], WIDTHS)


def test_every_knee_is_at_h_and_v(found):
    assert first_right(found) == {(one.question, one.width): rounds(one.hops, one.facets, one.width) for one in found}


def test_success_rises_and_saturates_on_each_axis(found):
    for hops in SHAPE.hops:
        assert share(found, hops=hops, depth=hops, width=4).value == 0
        assert share(found, hops=hops, depth=1 + hops, width=4).value == 1
    for facets, width in product(SHAPE.facets, WIDTHS):
        at_least_depth = [one for one in found if one.depth == 1 + one.hops]
        assert share(at_least_depth, facets=facets, width=width).value == (width >= facets)


def test_every_cell_has_the_planted_share(found):
    for depth, width in product(range(1, SHAPE.deepest + 1), WIDTHS):
        assert share(found, depth=depth, width=width).value == pytest.approx(solvable(SHAPE, depth, width))


def test_the_law_fitted_to_the_agents_trials_finds_the_best_cell(found):
    chosen = picks(found, budgets(fitted_cells(found)))
    assert len(chosen) == 3
    assert all(pick.close for pick in chosen)
    assert chosen[-1].success > chosen[0].success


def test_the_law_finds_the_best_cell_of_six_hops_by_six_facets():
    shape = Shape(each=1)
    planted = [
        Point(0, f"{hops}-{facets}", hops, facets, depth, width, rounds(hops, facets, width) <= depth, 0)
        for hops, facets, depth, width in product(shape.hops, shape.facets, range(1, 38), range(1, 7))
    ]
    chosen = picks(planted, budgets(fitted_cells(planted)))
    assert [pick.close for pick in chosen] == [True] * 3
    assert 0 < chosen[0].best < chosen[1].best < chosen[2].best


def test_a_replayed_depth_is_a_fresh_run_of_that_depth(found):
    fresh = measure(SHAPE, [1], [2], depth=3)
    replayed = {one.question: (one.right, one.searches) for one in found if (one.depth, one.width) == (3, 2)}
    assert {one.question: (one.right, one.searches) for one in fresh} == replayed
    assert len(replayed) == 16
    assert 0 < sum(right for right, _ in replayed.values()) < 16


def test_where_texts_stand_under_wrong_titles_all_is_flat():
    shuffled = measure(Shape((1, 2), (1, 2), 1), [1], [2], shuffled=True)
    assert {one.depth for one in shuffled} == set(range(1, 6))
    assert not any(one.right for one in shuffled)


def test_width_decides_flat_questions_and_depth_decides_chains(found):
    flat, chains = {"hops": 1, "depth": 2}, {"facets": 1}
    assert share(found, width=1, **flat).value < share(found, width=4, **flat).value == 1
    assert share(found, width=1, depth=2, **chains).value == share(found, width=4, depth=2, **chains).value < 1
    assert share(found, width=1, depth=5, **chains).value == 1


def test_a_world_is_drawn_from_its_seed_and_keeps_the_truth_out_of_the_corpus(tmp_path):
    first, again, other = (build(tmp_path / name, SHAPE, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first.samples == again.samples
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert not {sample.question for sample in first.samples} & {sample.question for sample in other.samples}
    rows = [json.loads(line) for line in first.corpus.read_text().splitlines()]
    assert {*rows[0]} == {"_id", "title", "text"}
    assert not any("list the" in row["text"].lower() for row in rows)
    keepers = {key for sample in first.samples for item in sample.items for key in item.keys}
    assert len(keepers) == sum(facets for _ in SHAPE.hops for facets in SHAPE.facets)
    assert all(sum(f"Keeper: {keeper}" in row["text"] for row in rows) == 1 for keeper in keepers)
