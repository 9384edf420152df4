"""Trials: the long table that anyone's experiment is read from, one row a trial.

Columns: `question`, `outcome` in [0, 1], one numeric column an axis (the budget that was assigned), and where wanted
`seed`, `n` (attempts that the outcome is the mean of), `group` (cluster of whole questions) and `cost_*` (what an
attempt really spent). Budgets are assigned ones, for hard questions spend more and so a slope over what was really
spent is biased, even in sign (SCALING.md part 7).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scaling import columns
from scaling.cells import Cells, base_of, locate, mean_cost, totals
from scaling.errors import TrialsError
from scaling.results import Array, Integers
from scaling.tables import columns_of, load, save

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cells", "Trials"]


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """Trials of an experiment, n of them; made by `from_rows`, `from_frame` or `read`, which check them.

    Attributes:
        question: place of each trial's question in `questions`, [n].
        questions: their names, sorted.
        seed: tells trials of one question in one cell apart, [n].
        outcome: in [0, 1], the mean over `attempts`, [n].
        attempts: above 0, [n]; 1 where the table does not say.
        axes: names of the J axes; a column that never varies is none.
        spend: assigned budgets, [n, J], in each axis' own unit; inf at a measured ceiling.
        costs: what an attempt spent, [n] for each kind; NaN where it was not measured.
        group: place of each trial's cluster in `groups`, [n]; the question's own where the table does not say.
        groups: names of the clusters, sorted.
    """

    question: Integers
    questions: tuple[str, ...]
    seed: Integers
    outcome: Array
    attempts: Array
    axes: tuple[str, ...]
    spend: Array
    costs: Mapping[str, Array]
    group: Integers
    groups: tuple[str, ...]

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]], axes: Sequence[str] | None = None) -> "Trials":
        """Return the trials of rows that map column names to values.

        Raises:
            TrialsError: as `from_frame`; or a row is no mapping.
        """
        import pandas as pd

        return cls.from_frame(pd.DataFrame(columns_of(rows)), axes)

    @classmethod
    def from_frame(cls, frame: "pd.DataFrame", axes: Sequence[str] | None = None) -> "Trials":
        """Return the trials of a data frame, whose index is not looked at.

        Args:
            frame: a row a trial.
            axes: the columns that hold budgets, what is no other column of a trial being ignored; None for all that
                are no other column, which must be numbers then.

        Raises:
            TrialsError: the table is malformed. The message names the row (1 is the first row of data), its question
                and value, and what to do.
        """
        frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
        columns.check(frame, axes)
        question, questions = columns.questions(frame)
        names, spend = columns.budgets(frame, axes)
        group, groups = columns.groups(frame, question) if "group" in frame else (question, questions)
        return cls(
            question,
            questions,
            columns.seeds(frame, question, locate(spend)[0]),
            columns.outcomes(frame),
            columns.attempts(frame),
            names,
            spend,
            columns.costs(frame),
            group,
            groups,
        )

    @classmethod
    def read(cls, path: str | PathLike[str], axes: Sequence[str] | None = None) -> "Trials":
        """Return the trials of a file: .parquet, .csv, .jsonl or .jsonl.gz.

        Args:
            path: the file; in JSON, which has no infinity, a measured ceiling is "inf".
            axes: as `from_frame`.

        Raises:
            TrialsError: as `from_frame`; or the file cannot be read. The message begins with the file's name.
        """
        try:
            return cls.from_frame(load(Path(path)), axes)
        except TrialsError as error:
            raise TrialsError(f"{Path(path).name}: {error}") from error

    def write(self, path: str | PathLike[str]) -> None:
        """Write the table to a .parquet, .csv, .jsonl or .jsonl.gz file, whole or not at all.

        Raises:
            TrialsError: another suffix.
            OSError: the folder cannot be written.
        """
        save(self.to_frame(), Path(path))

    def to_frame(self) -> "pd.DataFrame":
        """Return the table as a data frame that `from_frame` makes the same trials of."""
        import pandas as pd

        table: dict[str, Any] = {
            "question": np.array(self.questions, dtype=object)[self.question],
            "seed": self.seed,
            "outcome": self.outcome,
            "n": self.attempts,
            "group": np.array(self.groups, dtype=object)[self.group],
        }
        table |= dict(zip(self.axes, self.spend.T, strict=True))
        table |= {columns.COST + name: cost for name, cost in self.costs.items()}
        return pd.DataFrame(table)

    def select(self, mask: NDArray[np.bool_]) -> "Trials":
        """Return the trials where `mask`, [n], is true; the axes stay, questions without trials go.

        Raises:
            TrialsError: no trial is left.
            ValueError: `mask` is not one boolean a trial.
        """
        mask = np.asarray(mask)
        if mask.dtype != bool or mask.shape != self.question.shape:
            raise ValueError(
                f"A mask holds one boolean for each of {len(self.question)} trials; this one is {mask.dtype} of shape "
                f"{mask.shape}."
            )
        if not mask.any():
            raise TrialsError(f"None of the {len(mask)} trials is selected; select some.")
        question, questions = _kept(self.question[mask], self.questions)
        group, groups = _kept(self.group[mask], self.groups)
        return replace(
            self,
            question=question,
            questions=questions,
            seed=self.seed[mask],
            outcome=self.outcome[mask],
            attempts=self.attempts[mask],
            spend=self.spend[mask],
            costs={name: cost[mask] for name, cost in self.costs.items()},
            group=group,
            groups=groups,
        )

    def cells(self, base: Mapping[str, float] | None = None) -> Cells:
        """Return the sums by cluster and cell.

        Args:
            base: budgets of the base cell by axis; the smallest finite one for an axis that is not named.

        Raises:
            TrialsError: a trial spent less than the base, an axis was measured at its ceiling only, or there are too
                many cells for budgets that were assigned.
            ValueError: `base` names no axis, or a budget that is none.
        """
        cell, spend = locate(self.spend)
        shape = (len(self.groups), len(spend))
        codes = (self.group, cell)
        _, pair = np.unique(self.question * shape[1] + cell, return_inverse=True)
        tried = np.bincount(pair, self.attempts)
        return Cells(
            self.axes,
            spend,
            base_of(self.axes, spend, base or {}),
            totals(codes, shape, self.outcome * self.attempts),
            totals(codes, shape, self.attempts),
            {name: mean_cost(cell, shape[1], cost, self.attempts) for name, cost in self.costs.items()},
            self.groups,
            len(self.questions),
            len(self.question),
            math.ceil(tried.max()),  # attempts may be fractions
            float(tried.mean()),
        )


def _kept(codes: Integers, names: tuple[str, ...]) -> tuple[Integers, tuple[str, ...]]:
    """Return codes and names without the names that no code stands for."""
    present, places = np.unique(codes, return_inverse=True)
    return places.astype(np.int64), tuple(names[place] for place in present)
