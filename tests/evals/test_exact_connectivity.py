"""Bridge graphs: the closed forms of a short walk and of votes, the long walk, the mirror and the control."""

from math import ceil

import numpy as np
import pytest

from evals.exact.connectivity import Bridge, bridges, lookups_alone, lookups_together, walk
from evals.exact.connectivity_run import Size, binomial, lookups, ninety, single, slope, votes
from evals.exact.errors import SpentError
from evals.exact.page import lawful

SIZE = Size(graphs=40, each=250, lookups=600)


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_a_graph_is_two_like_components_with_one_target_in_each(layers):
    form = Bridge(layers)
    world, truth = next(bridges(form, 1, 0))
    reached, fresh = {world.source}, [world.source]
    distance = {world.source: 1}
    while fresh:
        at = fresh.pop(0)
        for there in world.edges[at]:
            if there >= 0 and there not in reached:
                reached.add(int(there))
                distance[int(there)] = distance[at] + 1
                fresh.append(int(there))
    right, wrong = world.targets[truth], world.targets[1 - truth]
    assert len(reached) == len(world.edges) / 2 == 10 * layers + 1
    assert right in reached
    assert wrong not in reached
    assert distance[right] == form.shortest == 3 * layers + 1


def test_the_targets_do_not_betray_the_truth():
    truths = [truth for _, truth in bridges(Bridge(2), 400, 3)]
    assert 0.4 < np.mean(truths) < 0.6
    lower = [world.targets[truth] < world.targets[1 - truth] for world, truth in bridges(Bridge(2), 400, 3)]
    assert 0.4 < np.mean(lower) < 0.6


def test_a_walk_cannot_spend_more_than_its_budget():
    world, _ = next(bridges(Bridge(3), 1, 0))
    walk(world, 50, 7, np.random.default_rng(0))
    assert world.queries <= 50 * 7
    with pytest.raises(SpentError, match="may make 7 queries"):
        world.visit(np.array([0]), 7, 7)


def test_the_shortest_walk_is_right_as_often_as_its_closed_form_says():
    pairs = [(Bridge(d).accuracy, binomial(single(Bridge(d), Bridge(d).shortest, SIZE, 0), 250)) for d in (1, 2, 3, 4)]
    assert [round(value, 3) for value, _ in pairs] == [0.667, 0.542, 0.510, 0.503]
    assert lawful(pairs).alone == 4


@pytest.mark.parametrize("layers", range(1, 7))
def test_one_walk_of_2_6_times_the_shortest_is_right_in_99_of_100(layers):
    form = Bridge(layers)
    small = Size(graphs=20, each=200)
    assert binomial(single(form, ceil(2.6 * form.shortest), small, 0), 200).value >= 0.99


def test_votes_follow_the_binomial_law_and_ln_n90_rises_by_ln_16_a_layer():
    measured = [votes(layers, ballots, 0) for layers, ballots in ((1, 400), (2, 400), (3, 100))]
    assert lawful([(vote.foretold, vote.measured) for each in measured for vote in each]).holds
    risen = slope([ninety(each) for each in measured])
    assert abs(risen.value - 2.77) <= 0.3
    assert risen.low < 2.7726 < risen.high


def test_on_flat_lookups_the_order_is_reversed():
    found = lookups(SIZE, 0)
    pairs = [(lookups_together(16, each.walks), each.together) for each in found]
    pairs += [(lookups_alone(16, 6, 2 * each.walks), each.alone) for each in found]
    assert lawful(pairs).holds
    assert all(each.together.low > each.alone.high for each in found[:3])


def test_with_the_truth_of_other_graphs_no_walk_is_better_than_a_guess():
    form = Bridge(2)
    shares = single(form, ceil(2.6 * form.shortest), Size(graphs=400, each=5), 0, shuffled=True)
    assert abs(shares.mean() - 0.5) < 0.08
    assert single(form, ceil(2.6 * form.shortest), Size(graphs=400, each=5), 0).mean() > 0.99
