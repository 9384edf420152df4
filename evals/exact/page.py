"""What an exact task came to, as values, and as a folder: README.md, tables of trials, figures with their JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scaling.drawing import Mark, Picture, Ruler, files, look
from scaling.intervals import Estimate, wilson
from scaling.numerals import spread
from scaling.plain import write
from scaling.results import Interval
from scaling.tables import save

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to come out.

    Attributes:
        claim: what is foretold, fixed before anything was run.
        seen: what was measured.
    """

    claim: str
    seen: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Section:
    """A table and the text above it; no table where it has no head."""

    title: str
    text: str
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """The results of one task.

    Attributes:
        name: of its folder.
        text: what was run.
        seed: everything was drawn from it.
        trials: tables of outcomes by file name, a row a trial or, with a column `n`, a mean over trials.
    """

    name: str
    title: str
    text: str
    seed: int
    checks: Sequence[Check]
    sections: Sequence[Section]
    pictures: Sequence[Picture]
    trials: Mapping[str, "pd.DataFrame"]

    @property
    def holds(self) -> bool:
        """Everything came out."""
        return all(check.holds for check in self.checks)


def publish(page: Page, out: Path) -> Path:
    """Write a page into its folder under `out`, each file whole or not at all, the text last; return its path.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = out / page.name
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in page.trials.items():
        save(table, folder / f"{name}.parquet")
    for picture in page.pictures:
        for name, content in files(picture).items():
            if not name.endswith(".svg"):
                write(folder / name, content)
    write(folder / "README.md", markdown(page).encode())
    return folder / "README.md"


def markdown(page: Page) -> str:
    """Return a page as Markdown."""
    seed = f" --seed {page.seed}" if page.seed else ""
    lines = [f"# {page.title}", "", page.text, "", "Made again by", ""]
    lines += [f"    research-agent exact {page.name} --out FOLDER{seed}", "", "## What has to come out", ""]
    lines += _table(
        ("foretold", "measured", "holds"),
        [(check.claim, check.seen, "yes" if check.holds else "**no**") for check in page.checks],
    )
    for section in page.sections:
        lines += ["", f"## {section.title}", *(["", section.text] if section.text else [])]
        lines += ["", *_table(section.head, section.rows)] if section.head else []
    for picture in page.pictures:
        lines += ["", f"![{picture.title}]({picture.name}.png)", "", picture.caption]
    lines += ["", f"Intervals are of 95 %. Trials: {', '.join(f'`{name}.parquet`' for name in page.trials)}."]
    return "\n".join(lines) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table as lines."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def shown(value: Estimate | Interval) -> str:
    """Return a share with its interval."""
    return f"{value.value:.3f} ({value.low:.3f} – {value.high:.3f})"


def share(hits: int, n: int, confidence: float = 0.95) -> Estimate:
    """Return a share of independent trials with its binomial (Wilson) interval."""
    return Estimate(hits / n, *wilson(hits, n, confidence=confidence), n, n)


def inside(value: float, measured: Estimate | Interval) -> bool:
    """Tell whether a foretold value lies in a measured interval."""
    return measured.low <= value <= measured.high


@dataclass(frozen=True, slots=True)
class Lawful:
    """How measured shares agree with foretold ones.

    Attributes:
        alone: how many of the foretold values lie in the 95 % interval of their own.
        of: how many there are.
        holds: all lie in intervals that hold together with 95 % (Bonferroni).
    """

    alone: int
    of: int
    holds: bool

    @property
    def seen(self) -> str:
        """What to say of it."""
        return f"{self.alone} of {self.of} alone; {'all' if self.holds else 'not all'} with 95 % together"


def lawful(pairs: Sequence[tuple[float, Estimate]]) -> Lawful:
    """Hold foretold shares against measured ones, each of independent trials."""
    sure = 1 - 0.05 / len(pairs)
    alone = sum(inside(value, each) for value, each in pairs)
    both = [inside(value, share(round(each.value * each.n), each.n, sure)) for value, each in pairs]
    return Lawful(alone, len(pairs), all(both))


def points(values: Sequence[Estimate | Interval], x: Sequence[float], place: int, label: str) -> Mark:
    """Return measured points with their bars."""
    colour, marker = look(place)
    return Mark(
        "points",
        tuple(x),
        tuple(each.value for each in values),
        tuple(each.low for each in values),
        tuple(each.high for each in values),
        label=label,
        colour=colour,
        marker=marker,
    )


def ruler(label: str, values: Sequence[float]) -> Ruler:
    """Return a logarithmic ruler with ticks at values themselves, as many as fit."""
    return Ruler(label, log=True, ticks=spread(values))


def line(values: Sequence[float], x: Sequence[float], place: int, label: str = "") -> Mark:
    """Return a line through foretold values."""
    return Mark("line", tuple(x), tuple(values), label=label, colour=look(place)[0])
