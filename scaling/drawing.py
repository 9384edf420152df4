"""Figures as values: a picture is a list of marks, drawn by one function and kept as JSON beside what it drew."""

import io
import json
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from scaling.numerals import number
from scaling.plain import decode, encode, write

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which people with any colour vision tell apart; their yellow is too faint for a line.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
BLACK, GREY = "#000000", "#8C8C8C"
KINDS = ("svg", "png", "json")  # of the files of a picture
_WIDTH, _HEIGHT, _LINE = 3.6, 2.9, 36  # inches of a panel, and characters that fit along it


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing drawn.

    Attributes:
        kind: points (with bars where `low` and `high` are given), line, band (from `low` to `high`), level (horizontal
            line at y), upright (vertical line at x) or contours (of z over the grid x × y, a row for each y).
        label: in the legend; nothing for none. Marks with the same label share an entry.
        across: bars lie along x.
        hollow: points with an empty inside.
        dash: of lines: "-", "--", ":" or "-.".
        levels: of contours.
    """

    kind: Literal["points", "line", "band", "level", "upright", "contours"]
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    z: tuple[tuple[float, ...], ...] = ()
    levels: tuple[float, ...] = ()
    label: str = ""
    colour: str = BLACK
    marker: str = "o"
    dash: Literal["-", "--", ":", "-."] = "-"
    hollow: bool = False
    across: bool = False


@dataclass(frozen=True, slots=True)
class Ruler:
    """One side of a panel.

    Attributes:
        label: what it measures, with its unit.
        log: equal distances are equal ratios.
        zero: on a log scale that has to show 0: below this number the scale is linear.
        limits: ends; None for what the marks need.
        ticks: places and what is written there; none for the usual ones.
    """

    label: str
    log: bool = False
    zero: float | None = None
    limits: tuple[float, float] | None = None
    ticks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """One frame of a picture."""

    title: str
    x: Ruler
    y: Ruler
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """One figure.

    Attributes:
        name: of its files.
        title: what is seen.
        caption: how to read it, on how much data it stands, and what the intervals are.
        panels: in reading order, at most three side by side.
    """

    name: str
    title: str
    caption: str
    panels: tuple[Panel, ...]


def look(place: int) -> tuple[str, str]:
    """Return colour and marker of the axis at a place; the pair comes again after 42 only."""
    return COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]


def files(picture: Picture) -> dict[str, bytes]:
    """Return a picture as the files NAME.svg, NAME.png and NAME.json; equal pictures make equal bytes."""
    figure = render(picture)
    found = {}
    for kind, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        raw = io.BytesIO()
        with _settings():
            figure.savefig(raw, format=kind, dpi=150, metadata=metadata)
            figure.set_layout_engine("none")  # the second file has the layout of the first
        found[f"{picture.name}.{kind}"] = raw.getvalue()
    spec = json.dumps(encode(picture), ensure_ascii=False, allow_nan=False)
    return {**found, f"{picture.name}.json": f"{spec}\n".encode()}


def save(picture: Picture, folder: Path) -> tuple[Path, ...]:
    """Write the files of a picture, each of them whole or not there.

    Raises:
        OSError: the folder cannot be written.
    """
    paths = []
    for name, content in files(picture).items():
        write(folder / name, content)
        paths.append(folder / name)
    return tuple(paths)


@contextmanager
def _settings() -> Iterator[None]:
    """Set what matplotlib only takes from its settings: names are no mathematics, and SVG files are reproducible."""
    import matplotlib

    with matplotlib.rc_context({"text.parse_math": False, "svg.hashsalt": "scaling"}), warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes; the report has it in full.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        yield


def load(path: Path) -> Picture:
    """Return the picture whose JSON a file holds, to draw it again.

    Raises:
        ValueError: the file is no picture.
    """
    return decode(Picture, json.loads(path.read_text(encoding="utf-8")))


def render(picture: Picture) -> "Figure":
    """Draw a picture with matplotlib; no window is opened, and no setting outlives the call."""
    with _settings():
        return _render(picture)


def _render(picture: Picture) -> "Figure":
    """Lay out the panels, the legend and the caption."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    columns = 2 if len(picture.panels) == 4 else min(3, len(picture.panels))
    rows = ceil(len(picture.panels) / columns)
    width = max(5.2, _WIDTH * columns)
    caption = textwrap.fill(picture.caption.replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}"), int(width * 17))
    names = dict.fromkeys(mark.label for panel in picture.panels for mark in panel.marks if mark.label)
    across = max(1, min(len(names), int(13 * width / (max(map(len, names), default=0) + 7))))
    height = _HEIGHT * rows + 0.7 + 0.14 * caption.count("\n") + 0.2 * ceil(len(names) / across)
    whole = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06))
    FigureCanvasAgg(whole)
    whole.supxlabel(caption, fontsize=7.5, color="#404040")
    # A figure within the figure, so that the legend stands above the caption and not on it.
    figure = whole.add_subfigure(whole.add_gridspec(1, 1)[0])
    frames = figure.subplots(rows, columns, squeeze=False).flatten()
    named: dict[str, Artist] = {}
    for frame, panel in zip(frames, picture.panels, strict=False):
        _panel(frame, panel, named)
    for frame in frames[len(picture.panels) :]:
        frame.set_axis_off()
    figure.suptitle(picture.title, fontsize=11, fontweight="bold")
    if named:
        figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=across, fontsize=8, frameon=False)
    return whole


def _panel(frame: "Axes", panel: Panel, named: "dict[str, Artist]") -> None:
    """Draw one frame; artists with a label are added to `named`, once a label."""
    # Scales come first: where a contour's label fits depends on them.
    for side, ruler in (("x", panel.x), ("y", panel.y)):
        _scale(frame, side, ruler)
    for mark in panel.marks:
        artist = _DRAW[mark.kind](frame, mark)
        if mark.label:
            named.setdefault(mark.label, artist)
    frame.set_title(textwrap.fill(panel.title, _LINE), fontsize=9)
    frame.grid(visible=True, color="#E6E6E6", linewidth=0.6)
    frame.set_axisbelow(True)
    frame.spines[["top", "right"]].set_visible(False)
    frame.tick_params(labelsize=8)
    for side, ruler in (("x", panel.x), ("y", panel.y)):
        _rule(frame, side, ruler)


def _scale(frame: "Axes", side: str, ruler: Ruler) -> None:
    """Set the scale and the ends of one side."""
    if ruler.zero is not None:
        getattr(frame, f"set_{side}scale")("symlog", base=2, linthresh=ruler.zero, linscale=0.7)
    elif ruler.log:
        getattr(frame, f"set_{side}scale")("log", base=2)
    if ruler.limits is not None:
        frame.set(**{f"{side}lim": ruler.limits})


def _rule(frame: "Axes", side: str, ruler: Ruler) -> None:
    """Set ticks and label of one side."""
    if ruler.ticks:
        low, high = sorted(getattr(frame, f"get_{side}lim")())
        shown = [(at, text) for at, text in ruler.ticks if low <= at <= high]
        axis = getattr(frame, f"{side}axis")
        axis.set_ticks([at for at, _ in shown], [textwrap.fill(text, _LINE // 2) for _, text in shown])
        axis.set_ticks([], minor=True)
    frame.set(**{f"{side}label": textwrap.fill(ruler.label, _LINE)})
    getattr(frame, f"{side}axis").label.set_size(8.5)


def _points(frame: "Axes", mark: Mark) -> "Artist":
    """Draw points and their bars."""
    if mark.low:
        at = mark.x if mark.across else mark.y
        below = [max(0.0, value - low) for value, low in zip(at, mark.low, strict=True)]
        above = [max(0.0, high - value) for value, high in zip(at, mark.high, strict=True)]
        frame.errorbar(
            mark.x,
            mark.y,
            xerr=(below, above) if mark.across else None,
            yerr=None if mark.across else (below, above),
            fmt="none",
            ecolor=mark.colour,
            elinewidth=1.2,
            capsize=2,
        )
    inside = "white" if mark.hollow else mark.colour
    return frame.scatter(
        mark.x, mark.y, s=26, marker=mark.marker, facecolors=inside, edgecolors=mark.colour, linewidths=1.2, zorder=3
    )


def _line(frame: "Axes", mark: Mark) -> "Artist":
    return frame.plot(mark.x, mark.y, color=mark.colour, linestyle=mark.dash, linewidth=1.6)[0]


def _band(frame: "Axes", mark: Mark) -> "Artist":
    return frame.fill_between(mark.x, mark.low, mark.high, color=mark.colour, alpha=0.18, linewidth=0)


def _level(frame: "Axes", mark: Mark) -> "Artist":
    return frame.axhline(mark.y[0], color=mark.colour, linestyle=mark.dash, linewidth=1.1)


def _upright(frame: "Axes", mark: Mark) -> "Artist":
    return frame.axvline(mark.x[0], color=mark.colour, linestyle=mark.dash, linewidth=1.1)


def _contours(frame: "Axes", mark: Mark) -> "Artist":
    from matplotlib.lines import Line2D

    drawn = frame.contour(
        mark.x, mark.y, mark.z, levels=mark.levels, colors=mark.colour, linestyles=mark.dash, linewidths=1.1
    )
    frame.clabel(drawn, fontsize=7, fmt=number)
    return Line2D([], [], color=mark.colour, linestyle=mark.dash, linewidth=1.1)


_DRAW = {
    "points": _points,
    "line": _line,
    "band": _band,
    "level": _level,
    "upright": _upright,
    "contours": _contours,
}
