import pytest

from evals.errors import GridError
from evals.sweep.grid import Cell, cells_of, probes_of, read_axes, runs_of


def test_levels_are_numbers_and_doubling_ranges():
    levels = read_axes(["depth=1..8", "think=0, 128..512", "width = 1,3"])
    assert levels == {"depth": (1, 2, 4, 8), "width": (1, 3), "think": (0, 128, 256, 512), "samples": (1,)}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["height=1..8"], "There is no axis 'height'; the axes are depth, width, think, samples."),
        (["depth"], "--axes 'depth': an axis is given as NAME=LEVELS"),
        (["depth=1..6"], "1 does not double to 6: name the levels with commas instead"),
        (["think=0..8"], "0 does not double to 8"),
        (["depth=4,2"], "levels must rise, each standing once; they were 4, 2"),
        (["depth=1,1"], "levels must rise"),
        (["depth=deep"], "'deep' is no level"),
        (["depth=-1"], "'-1' is no level"),
        (["depth=0,1"], "The axis depth must be a whole number from 1 to 1000, not 0."),
        (["samples=1,2000"], "The axis samples must be a whole number from 1 to 1000, not 2000."),
        (["depth=1,2", "depth=4"], "The axis depth is given twice"),
        (["depth=4", "width=1"], "Nothing varies"),
        ([], "Nothing varies"),
    ],
)
def test_an_impossible_grid_is_one_sentence(given, message):
    with pytest.raises(GridError) as error:
        read_axes(given)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_grid_that_is_too_large_is_refused():
    levels = read_axes(["depth=1..512", "width=1..64", "think=0,1..1024"])
    assert len(cells_of(levels, "A+B")) == 1 + 9 + 6 + 11 + 4 + 1
    with pytest.raises(GridError, match=r"840 cells|1,000"):
        cells_of({**levels, "samples": (1, 2)}, "grid")


def test_designs_hold_the_cells_they_are_named_for():
    levels = read_axes(["depth=1..8", "width=1,2,4"])
    a = {Cell(depth, 1, 0, 1) for depth in (1, 2, 4, 8)} | {Cell(1, width, 0, 1) for width in (1, 2, 4)}
    b = {Cell(depth, width, 0, 1) for depth in (1, 8) for width in (1, 4)} | {Cell(4, 2, 0, 1)}
    assert set(cells_of(levels, "A")) == a
    assert set(cells_of(levels, "B")) == b
    assert set(cells_of(levels, "A+B")) == a | b
    assert len(cells_of(levels, "grid")) == 12


def test_few_runs_hold_all_cells():
    levels = read_axes(["depth=1..8", "width=1,2,4", "samples=1..4"])
    cells = cells_of(levels, "A+B")
    runs = runs_of(cells)
    assert set(runs) == set(cells)
    assert set(runs.values()) == {Cell(8, 1, 0, 4), Cell(4, 2, 0, 2), Cell(8, 4, 0, 4)}
    for cell, run in runs.items():
        assert (run.width, run.think) == (cell.width, cell.think)
        assert run.depth >= cell.depth
        assert run.samples >= cell.samples


def test_what_is_replayed_is_asked_afresh_and_what_is_not_is_not():
    levels = read_axes(["depth=1..8", "samples=1..4"])
    assert probes_of(levels, runs_of(cells_of(levels, "A"))) == (Cell(1, 2, 0, 1), Cell(2, 2, 0, 1), Cell(1, 2, 0, 2))
    widths = read_axes(["width=1..8"])
    assert probes_of(widths, runs_of(cells_of(widths, "A"))) == ()
