"""The report of a fit: Markdown, and the same as one HTML file with the figures inside and no script."""

import base64
import math
from collections.abc import Iterator, Mapping, Sequence

from scaling import wording
from scaling.drawing import Picture
from scaling.numerals import number
from scaling.plots import Absent
from scaling.results import AxisFit, Interval, ScalingFit
from scaling.wording import chance, escaped, percent, within

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid #d0d0d0; padding: .3rem .7rem; text-align: left; font-variant-numeric: tabular-nums; }
img { max-width: 100%; height: auto; }
@media (prefers-color-scheme: dark) { img { background: white; } }
"""
_WORDS = (
    ("accuracy", "share of questions answered rightly; the mean outcome where outcomes are scores between 0 and 1."),
    (
        "95 % CI",
        "confidence interval: the range of values that the data is compatible with. No upper bound: any value.",
    ),
    (
        "elasticity ε",
        "how steeply the log-odds of success rise with the logarithm of the budget, over the range stated.",
    ),
    ("half-budget κ", "extra budget that brings accuracy half of the way from floor to ceiling."),
    ("floor f, ceiling A", "accuracy with nothing extra, and with ever more of an axis."),
    ("tail exponent", "how slowly the ceiling is neared: the smaller, the longer more budget helps."),
    ("not identified", "many values fit the data equally well, so none is reported."),
)


def markdown(fit: ScalingFit, figures: Sequence[Picture | Absent], advice: Sequence[str] = ()) -> str:
    """Return the report as Markdown.

    Args:
        fit: what is reported.
        figures: pictures that lie beside the report as NAME.svg, and those that could not be drawn.
        advice: sentences that recommend budgets; the section is left out where there are none.
    """
    return "\n\n".join(_blocks(fit, figures, advice)) + "\n"


def _blocks(fit: ScalingFit, figures: Sequence[Picture | Absent], advice: Sequence[str]) -> Iterator[str]:
    """Yield the blocks of the report in reading order."""
    drawn = {figure.name: figure for figure in figures if isinstance(figure, Picture)}

    def shown(*names: str) -> Iterator[str]:
        for name in names:
            if name in drawn:
                yield f"![{escaped(drawn[name].title)}]({name}.svg)\n\n*{escaped(drawn[name].caption)}*"

    yield "# How success grows with budget"
    yield wording.measured(fit)
    yield "## In short"
    yield _bullets([wording.verdict(fit.verdict), *map(wording.axis, fit.axes), *advice[:1]])
    yield from shown("accuracy")
    yield "## What was measured"
    yield _table(
        ("axis", "budgets", "accuracy at the smallest", "at the largest"), [_measured(axis) for axis in fit.axes]
    )
    yield from shown("pareto")
    yield "## What each axis does"
    yield _table(
        ("axis", "elasticity ε", "half-budget κ", "tail exponent", "ceiling A"), [_row(axis) for axis in fit.axes]
    )
    yield from shown("forest", "residuals", "extrapolation")
    yield "## Do the axes follow one law?"
    yield wording.verdict(fit.verdict)
    yield from _verdict(fit)
    yield from shown("collapse")
    if fit.exchange_rates:
        yield "## What one is worth in the other"
        yield _bullets([wording.exchange(rate) for rate in fit.exchange_rates])
    yield "## Did too much do harm?"
    yield _bullets([wording.decline(axis) for axis in fit.axes])
    yield from _plan(advice, list(shown("contours", "gain", "regret")))
    yield from _laws(fit)
    yield from _limits(fit, figures)
    yield "## Words"
    yield _bullets([f"**{word}**: {meaning}" for word, meaning in _WORDS])


def _bullets(lines: Sequence[str]) -> str:
    """Return a list."""
    return "\n".join(f"- {line}" for line in lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; the cells are Markdown already."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _measured(axis: AxisFit) -> tuple[str, ...]:
    """Return what was measured along one axis."""
    ends = (axis.observed[0], axis.observed[-1])
    shares = [within(Interval(end.value, end.low, end.high), percent) for end in ends]
    return escaped(axis.name), ", ".join(map(number, axis.spend)), *shares


def _row(axis: AxisFit) -> tuple[str, ...]:
    """Return the figures of one axis; what is not identified is said as a range."""
    low, high = map(number, axis.elasticity_range)
    slope = f"{within(axis.elasticity)} from {low} to {high}" if axis.elasticity else "needs two budgets above 0"
    if axis.tail_exponent is not None:
        tail = within(axis.tail_exponent)
    elif axis.tail_range is None:
        tail = "the form has none"
    else:
        ends = [number(end) if math.isfinite(end) else "no bound" for end in axis.tail_range]
        tail = f"not identified: {ends[0]} to {ends[1]}"
    top = within(axis.ceiling, percent) if axis.ceiling else f"not identified: ≥ {percent(axis.ceiling_at_least)}"
    return escaped(axis.name), slope, within(axis.half_budget), tail, top


def _verdict(fit: ScalingFit) -> Iterator[str]:
    """Yield the tables behind the verdict."""
    if fit.verdict is None:
        return
    yield wording.grounds(fit.verdict)
    yield _table(("family of curves", "verdict"), [(name, decision) for name, decision in fit.verdict.forms.items()])
    if len(fit.verdict.pairs) > 1:
        rows = [(f"{escaped(one)} and {escaped(other)}", chance(p)) for (one, other), p in fit.verdict.pairs.items()]
        yield _table(("pair of axes", "one law? (adjusted for the number of pairs)"), rows)


def _plan(advice: Sequence[str], figures: Sequence[str]) -> Iterator[str]:
    """Yield the recommendation and the figures of costs, where there are any."""
    if advice or figures:
        yield "## How to spend a budget"
    if advice:
        yield _bullets(advice)
    yield from figures


def _laws(fit: ScalingFit) -> Iterator[str]:
    """Yield how the families of curves, and the laws of several axes at once, did on data they had not seen."""
    yield "## Which curve?"
    yield (
        "Families of curves, the best first: by how well they foretold the largest budgets from the smaller ones "
        f"(lower is better). The figures above are from the {escaped(fit.form)} family."
    )
    yield _table(
        ("family", "loss on unseen budgets", "± to the best", "misfit (freedom)", "AICc, for information"),
        [
            (
                each.form,
                _loss(each.loss),
                _loss(each.loss_se),
                f"{each.deviance:.1f} ({each.freedom})",
                f"{each.aicc:.1f}",
            )
            for each in fit.forms
        ],
    )
    if fit.joint:
        yield "Laws of all axes at once, the best first: by how well they foretold expensive cells they had not seen."
        yield _table(
            ("law", "loss on the expensive cells", "± to the best", "parameters"),
            [(escaped(each.law), _loss(each.loss), _loss(each.loss_se), _parameters(each.theta)) for each in fit.joint],
        )


def _loss(value: float | None) -> str:
    """Return a loss, which takes more digits than other numbers to tell two laws apart."""
    return "too few budgets" if value is None else f"{value:.4f}"


def _parameters(theta: Mapping[str, float]) -> str:
    """Return named parameters on one line."""
    return ", ".join(f"{escaped(name)} {number(value)}" for name, value in theta.items())


def _limits(fit: ScalingFit, figures: Sequence[Picture | Absent]) -> Iterator[str]:
    """Yield what the data cannot say."""
    yield "## What the data cannot say"
    said = [wording.unknown(axis) for axis in fit.axes if axis.ceiling is None]
    said += [escaped(note) for note in fit.notes]
    whys: dict[str, list[str]] = {}
    for figure in figures:
        if isinstance(figure, Absent):
            whys.setdefault(figure.why, []).append(f"“{figure.name}”")
    said += [f"Not drawn: the figure {' and '.join(names)}. {escaped(why)}" for why, names in whys.items()]
    yield _bullets(said) if said else "Every figure above is identified, and nothing was left out."


def html(text: str, images: Mapping[str, bytes]) -> str:
    """Return a report as one HTML file.

    Args:
        text: Markdown; HTML in it is shown as text.
        images: the SVG files that it shows, by the address it has for them.
    """
    from markdown_it import MarkdownIt

    markdown_it = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown_it.parse(text)
    for token in tokens:
        for inner in token.children or ():
            if inner.type == "image" and (address := str(inner.attrs["src"])) in images:
                inner.attrs["src"] = f"data:image/svg+xml;base64,{base64.b64encode(images[address]).decode()}"
    body = markdown_it.renderer.render(tokens, markdown_it.options, {})
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>How success grows with budget</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}</body>\n</html>\n"
    )
