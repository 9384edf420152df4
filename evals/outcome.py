"""What a run left in the store, read from there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from evals.runstore import Trial, read_trials
from evals.task import Sample

Pair = tuple[Sample, Trial]


class Pairs(Sequence[Pair]):
    """Samples with their trials, read from the store whenever they are asked for, so that no number of them is too big.

    It outlives the store's writer: the file is opened anew for each pass.
    """

    def __init__(self, path: Path, samples: Sequence[Sample], keys: Sequence[str]) -> None:
        """Keep which trial belongs to which sample.

        Args:
            path: the run store.
            samples: those that have a trial.
            keys: of their trials, in the same order.
        """
        self._path, self._samples, self._keys = path, samples, keys

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Pair]:
        if self._keys:
            yield from zip(self._samples, read_trials(self._path, self._keys), strict=True)

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Pair]: ...
    def __getitem__(self, index: int | slice) -> Pair | Sequence[Pair]:
        if isinstance(index, slice):
            return Pairs(self._path, self._samples[index], self._keys[index])
        (pair,) = Pairs(self._path, [self._samples[index]], [self._keys[index]])
        return pair


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left in the store.

    Attributes:
        pairs: every sample that has a trial, with it, in the order of the samples.
        bought: trials of this run; the others were there before.
        failures: attempts that the infrastructure spoiled, this run and earlier ones.
        unanswered: ids of samples that have no trial.
    """

    pairs: Sequence[Pair]
    bought: int
    failures: int
    unanswered: tuple[str, ...]
