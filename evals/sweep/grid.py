"""The grid of a sweep: levels of each axis, the cells that are wanted, and the runs that have to be bought for them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise, product
from typing import Literal, get_args

from evals.errors import GridError
from research_agent.errors import UsageError
from research_agent.graph.state import Dials
from research_agent.options import AskOptions

Design = Literal["A", "B", "A+B", "grid"]
Levels = Mapping[str, tuple[int, ...]]
_MOST_CELLS = 1000
_FORM = "an axis is given as NAME=LEVELS, such as depth=1..8 (doubling), width=1,2,4 or think=0,128..1024"


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Budgets that are assigned to a run, one an axis.

    Attributes:
        depth: dependent search rounds.
        width: queries a round.
        think: reasoning tokens a step.
        samples: candidates that a vote chooses among.
    """

    depth: int
    width: int
    think: int
    samples: int

    def __str__(self) -> str:
        return ", ".join(f"{name} {getattr(self, name)}" for name in AXES)


AXES: tuple[str, ...] = tuple(each.name for each in fields(Cell))


def read_axes(given: Sequence[str]) -> Levels:
    """Return the levels of every axis, rising; an axis that is not given stands at the agent's default.

    Args:
        given: "NAME=LEVELS"; levels are numbers and doubling ranges ("1..8" is 1, 2, 4, 8), with commas between them.

    Raises:
        GridError: an unknown axis, levels that are none, or nothing that varies.
    """
    dials = Dials()
    levels: dict[str, tuple[int, ...]] = {
        "depth": (dials.depth,),
        "width": (dials.width,),
        "think": (dials.think,),
        "samples": (1,),
    }
    named = set()
    for text in given:
        name, equals, values = (part.strip() for part in text.partition("="))
        if not equals or not values:
            raise GridError(f"--axes {text!r}: {_FORM}.")
        if name not in AXES:
            raise GridError(f"There is no axis {name!r}; the axes are {', '.join(AXES)}.")
        if name in named:
            raise GridError(f"The axis {name} is given twice; give all its levels at once, as in {name}=1,2,4.")
        named.add(name)
        levels[name] = _levels(text, values)
        _check(name, levels[name])
    if all(len(each) < 2 for each in levels.values()):
        raise GridError(
            "Nothing varies: give at least one axis two levels or more, such as --axes depth=1..8; a curve needs three."
        )
    return levels


def _levels(text: str, values: str) -> tuple[int, ...]:
    """Return the numbers and doubling ranges that commas part."""
    found: list[int] = []
    for part in values.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})\s*(?:\.\.\s*(\d{1,9})\s*)?", part)
        if match is None:
            raise GridError(f"--axes {text!r}: {part.strip()!r} is no level; {_FORM}.")
        found += _doubling(text, int(match[1]), int(match[2])) if match[2] else [int(match[1])]
    if any(later <= earlier for earlier, later in pairwise(found)):
        raise GridError(
            f"--axes {text!r}: levels must rise, each standing once; they were {', '.join(map(str, found))}."
        )
    return tuple(found)


def _doubling(text: str, first: int, last: int) -> list[int]:
    """Return first, 2 first, 4 first … last."""
    found = [first]
    while 0 < found[-1] < last:
        found.append(2 * found[-1])
    if found[-1] != last or len(found) < 2:
        raise GridError(
            f"--axes {text!r}: a range doubles from its first level to the last, and {first} does not double to "
            f"{last}: name the levels with commas instead."
        )
    return found


def _check(name: str, levels: tuple[int, ...]) -> None:
    """Refuse levels that the agent would refuse."""
    for level in (levels[0], levels[-1]):
        try:
            AskOptions(samples=level) if name == "samples" else AskOptions(dials=Dials(**{name: level}))
        except UsageError as error:
            raise GridError(f"The axis {error}") from error


def cells_of(levels: Levels, design: Design) -> tuple[Cell, ...]:
    """Return the cells of a design, sorted.

    A moves one axis at a time from the base, the smallest level of each; B holds the corners and the centre of the
    grid; "grid" is every combination (SCALING.md part 7).

    Raises:
        GridError: there are too many.
    """
    base = {name: each[0] for name, each in levels.items()}
    wanted: set[Cell] = {Cell(**base)}
    if "A" in design:
        wanted |= {Cell(**{**base, name: level}) for name, each in levels.items() for level in each}
    if "B" in design:
        wanted |= _products({name: (each[0], each[-1]) for name, each in levels.items()})
        wanted.add(Cell(**{name: each[len(each) // 2] for name, each in levels.items()}))
    if design == "grid":
        count = 1
        for each in levels.values():
            count *= len(each)
        if count > _MOST_CELLS:
            raise GridError(
                f"The full grid has {count:,} cells, and at most {_MOST_CELLS:,} are taken; try --design A+B."
            )
        wanted |= _products(levels)
    return tuple(sorted(wanted))


def _products(levels: Mapping[str, Iterable[int]]) -> set[Cell]:
    """Return every combination of levels."""
    return {Cell(**dict(zip(levels, chosen, strict=True))) for chosen in product(*levels.values())}


def runs_of(cells: Iterable[Cell]) -> dict[Cell, Cell]:
    """Return for each cell the run that it is replayed from: the deepest with the most samples at its width and cap.

    A run to depth D that is blind to its budget has an answer after every round, and n independent candidates hold all
    smaller sets of them. Width and thinking change what a run does, so that each of their levels is bought.
    """
    largest: dict[tuple[int, int], Cell] = {}
    for cell in cells:
        known = largest.get((cell.width, cell.think), cell)
        depth, samples = max(known.depth, cell.depth), max(known.samples, cell.samples)
        largest[cell.width, cell.think] = Cell(depth, cell.width, cell.think, samples)
    return {cell: largest[cell.width, cell.think] for cell in cells}


def probes_of(levels: Levels, runs: Mapping[Cell, Cell]) -> tuple[Cell, ...]:
    """Return the replayed cells that are bought afresh as well, to test that replay gives the same.

    Along depth and along samples these are the smallest and the middle level below the largest, elsewhere at the base.
    """
    base = {name: each[0] for name, each in levels.items()}
    found = []
    for name in ("depth", "samples"):
        below = [level for level in levels[name][:-1] if name == "depth" or level > 1]
        for level in dict.fromkeys(below[:: max(1, len(below) // 2)][:2]):
            cell = Cell(**{**base, name: level})
            if runs.get(cell, cell) != cell:
                found.append(cell)
    return tuple(dict.fromkeys(found))


def designs() -> tuple[str, ...]:
    """Return the names of the designs."""
    return get_args(Design)
