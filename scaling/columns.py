"""Columns of a table of trials, each checked: an error names the row, its question and value, and what to do."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from numpy.typing import NDArray

from scaling.errors import TrialsError
from scaling.results import Array, Integers

if TYPE_CHECKING:
    import pandas as pd

_Flags = NDArray[np.bool_]

COST = "cost_"
_KNOWN = ("question", "seed", "outcome", "n", "group")
_WHOLE = 2.0**53  # from here on a float cannot tell whole numbers apart

_OUTCOME = "an outcome is a number from 0 to 1: divide scores by their maximum, and score or leave out what has none"
_ATTEMPTS = "the number of attempts behind an outcome is above 0 and finite: correct it, or leave the row out"
_BUDGET = (
    "a budget is a number of at least 0, or inf for a measured ceiling: correct it, or say which columns are axes "
    "(axes=[…]) if this one is none"
)
_SEED = "a seed is a whole number below 2⁵³: count the trials of a question in a cell from 0 up"
_SPENT = "a cost is a finite number of at least 0: correct it, or leave it blank where it was not measured"


def check(frame: "pd.DataFrame", axes: Sequence[str] | None) -> None:
    """Check that a table has rows, the columns that are needed, and no two of one name.

    Raises:
        TrialsError: it does not.
    """
    if not len(frame):
        raise TrialsError("The table has no rows; add a row for each trial.")
    for name in frame.columns[frame.columns.duplicated()]:
        raise TrialsError(f"There are two columns {name!r}; leave one out, or give it a name of its own.")
    for name in ("question", "outcome", *(axes or ())):
        if name not in frame:
            raise TrialsError(
                f"There is no column {name!r} among {list(frame.columns)}; add it, or give its name to the column that "
                "holds it."
            )
    for name in axes or ():
        if not _other(name):
            raise TrialsError(f"Column {name!r} cannot be an axis, for its name has another meaning; rename it.")


def outcomes(frame: "pd.DataFrame") -> Array:
    """Return outcomes in [0, 1], [n].

    Raises:
        TrialsError: one is missing or none.
    """
    return _numbers(frame, "outcome", lambda value: (value >= 0) & (value <= 1), _OUTCOME)


def attempts(frame: "pd.DataFrame") -> Array:
    """Return the attempts that each outcome is the mean of, above 0, [n]; 1 where there is no column `n`.

    Raises:
        TrialsError: a number is missing or none.
    """
    if "n" not in frame:
        return np.ones(len(frame))
    return _numbers(frame, "n", lambda value: (value > 0) & (value < np.inf), _ATTEMPTS)


def costs(frame: "pd.DataFrame") -> dict[str, Array]:
    """Return the columns `cost_*`, [n] each, by their names without the prefix; NaN where nothing was measured.

    Raises:
        TrialsError: a cost is negative, infinite or no number.
    """

    def good(value: Array) -> _Flags:
        kept: _Flags = np.isnan(value) | ((value >= 0) & (value < np.inf))
        return kept

    columns = [name for name in frame.columns if name.startswith(COST)]
    return {name.removeprefix(COST): _numbers(frame, name, good, _SPENT) for name in columns}


def budgets(frame: "pd.DataFrame", axes: Sequence[str] | None) -> tuple[tuple[str, ...], Array]:
    """Return the names of the axes that vary, and the budgets, [n, J].

    Args:
        frame: the table.
        axes: the columns that are axes; None for all that have no other meaning.

    Raises:
        TrialsError: a budget is missing, negative or no number, or nothing varies.
    """
    names = [name for name in frame.columns if _other(name)] if axes is None else axes
    columns = {name: _numbers(frame, name, lambda value: value >= 0, _BUDGET) for name in names}
    varying = {name: spend + 0.0 for name, spend in columns.items() if spend.min() < spend.max()}  # -0 becomes 0
    if not varying:
        same = f" (the same in every row: {', '.join(columns)})" if columns else ""
        raise TrialsError(
            f"All {len(frame)} trials have one budget, and one budget can show no curve; add trials at others, with a "
            f"numeric column for each axis{same}."
        )
    return tuple(varying), np.stack(list(varying.values()), 1)


def seeds(frame: "pd.DataFrame", question: Integers, cell: Integers) -> Integers:
    """Return seeds, [n], counted from 0 within a question's cell where there is no column `seed`.

    Args:
        frame: the table.
        question: code of each trial's question, [n].
        cell: code of its cell, [n].

    Raises:
        TrialsError: a seed is no whole number, or two trials of a question in a cell share one.
    """
    import pandas as pd

    key = question * (int(cell.max()) + 1) + cell
    if "seed" not in frame:
        counted: Integers = pd.Series(key).groupby(key).cumcount().to_numpy(np.int64)
        return counted
    values = _numbers(frame, "seed", lambda value: (np.abs(value) < _WHOLE) & (value == np.floor(value)), _SEED)
    seed = values.astype(np.int64)
    double = pd.DataFrame({"key": key, "seed": seed}).duplicated().to_numpy()
    if double.any():
        at = int(double.argmax())
        first = int(((key == key[at]) & (seed == seed[at])).argmax())
        _refuse(
            frame,
            at,
            f"the trial repeats row {first + 1}, with the same budgets and seed {seed[at]}; give each trial a seed of "
            "its own, or leave doubles out",
        )
    return seed


def questions(frame: "pd.DataFrame") -> tuple[Integers, tuple[str, ...]]:
    """Return each trial's place, [n], among the sorted names of questions, which are text or whole numbers.

    Raises:
        TrialsError: a name is missing or blank.
    """
    return _names(frame, "question", "question is missing; name the question of every trial")


def groups(frame: "pd.DataFrame", question: Integers) -> tuple[Integers, tuple[str, ...]]:
    """Return each trial's place, [n], among the sorted names of groups.

    Args:
        frame: the table, with a column `group`.
        question: code of each trial's question, [n].

    Raises:
        TrialsError: a name is missing or blank, or a question is in two groups.
    """
    group, names = _names(frame, "group", "group is missing; give every trial one, or leave the column out")
    first = np.zeros(int(question.max()) + 1, dtype=np.int64)
    first[question[::-1]] = group[::-1]
    split = first[question] != group
    if split.any():
        at = int(split.argmax())
        _refuse(
            frame,
            at,
            f"group is {names[group[at]]!r}, and was {names[first[question[at]]]!r} for this question before; a group "
            "is made of whole questions, so give all trials of a question the same one",
        )
    return group, names


def _other(name: str) -> bool:
    """Tell whether the name of a column is left for an axis."""
    return name not in _KNOWN and not name.startswith(COST)


def _refuse(frame: "pd.DataFrame", at: int, what: str) -> NoReturn:
    """Refuse a row by its number and its question, if that is not what is missing."""
    question = frame["question"].iloc[[at]]
    named = "" if question.isna().any() else f" (question {str(question.iloc[0])!r})"
    raise TrialsError(f"Row {at + 1}{named}: {what}.")


def _numbers(frame: "pd.DataFrame", name: str, good: Callable[[Array], _Flags], rule: str) -> Array:
    """Return a column of numbers, all of them good; text is read as numbers."""
    import pandas as pd

    column = frame[name]
    numbers = pd.to_numeric(column.astype(object), errors="coerce") if column.dtype.kind == "O" else column
    values = np.full(len(column), np.nan)
    if numbers.dtype.kind in "biuf":  # and not dates or complex numbers
        values = numbers.to_numpy(float, na_value=np.nan)
    missing = column.isna().to_numpy()
    bad = ~good(values) | (np.isnan(values) & ~missing)
    if bad.any():
        at = int(bad.argmax())
        value = "missing" if missing[at] else str(column.iloc[at])[:60]
        _refuse(frame, at, f"{name} is {value}; {rule}")
    return values


def _names(frame: "pd.DataFrame", name: str, rule: str) -> tuple[Integers, tuple[str, ...]]:
    """Return places among the sorted names of a column; 1 and "1" are one name."""
    import pandas as pd

    try:
        codes, found = pd.factorize(frame[name])
    except TypeError as error:
        raise TrialsError(f"Column {name!r} holds lists or mappings ({error}); give text or whole numbers.") from error
    labels = np.array([str(value) for value in found], dtype=object)
    blank = np.array([not label.strip() for label in labels] + [True])[codes]  # the last is code -1, of a missing one
    if blank.any():
        _refuse(frame, int(blank.argmax()), rule)
    # Sorted, so that the order of the rows changes nothing.
    places, names = pd.factorize(labels, sort=True)
    return places[codes], tuple(names)
