import base64
import dataclasses
import math
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_fit import made
from markdown_it import MarkdownIt

from scaling.plots import Absent, accuracy, collapse
from scaling.report import html, markdown
from scaling.results import Interval
from scaling.wording import (
    axis,
    chance,
    decline,
    digits,
    escaped,
    exchange,
    measured,
    percent,
    unknown,
    verdict,
    within,
)


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.sources, self.handlers, self.text = [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data):
        self.text += data


def judged(decision, **changed):
    return dataclasses.replace(made().verdict, decision=decision, **changed)


def test_the_report_says_all_of_it():
    fit = made()
    text = markdown(fit, [accuracy(fit), collapse(fit), Absent("pareto", "No trial has a cost.")])
    for said in (
        "300 questions, each tried once at every budget: 6,600 trials along 3 axes.",
        "Without anything extra, accuracy is 15.0 % (95 % CI 12.0 % to 19.0 %).",
        "**SAME**: the axes follow one law.",
        "The margin, fixed beforehand, is 5.0 points of accuracy; the largest difference found is 1.4 points, and with "
        "95 % confidence it is at most 3.4 points.",
        "Of 5 families of curves tried, 4 give this verdict.",
        "| exp | INCONCLUSIVE |",
        "| depth and width | p = 0.900 |",
        "0.430 (95 % CI 0.370 to 0.490) from 1 to 65",
        "8,000 (95 % CI 5,333 to no upper bound)",
        "not identified: 0.12 to no bound",
        "not identified: ≥ 61.0 %",
        "1 extra depth is worth 400 (95 % CI 290 to 560) extra thinking tokens, along the whole curve.",
        "a drop of 6.0 points or more would have been seen 4 times in 5.",
        "| exp | 0.6220 | 0.0060 | 30.1 (18) | 829.0 |",
        "| hill | too few budgets |",
        "| ces-lomax | 0.6120 | 0.0000 | floor 0.15, ceiling 0.75, rho 0.9 |",
        "The asymptote of thinking tokens is not identified; measure its ceiling.",
        "Not drawn: the figure “pareto”. No trial has a cost.",
        "![Accuracy against budget](accuracy.svg)",
    ):
        assert said in text
    assert "How to spend a budget" not in text
    assert "(forest.svg)" not in text


def test_a_recommendation_is_first_in_short_and_then_whole():
    text = markdown(made(), [], advice=["Spend 10 on depth 3.", "Other laws say the same."])
    short, _, rest = text.partition("## What was measured")
    assert "- Spend 10 on depth 3." in short
    assert "Other laws" not in short
    assert "## How to spend a budget\n\n- Spend 10 on depth 3.\n- Other laws say the same." in rest


@pytest.mark.parametrize(
    ("decision", "meaning"),
    [
        ("SAME", "the axes follow one law"),
        ("DIFFERENT", "the axes do not follow one law"),
        ("BOTH", "the axes differ, but by less than the margin"),
        ("INCONCLUSIVE", "This is no evidence that they are the same"),
    ],
)
def test_every_verdict_has_a_meaning(decision, meaning):
    assert meaning in verdict(judged(decision))
    assert f"**{decision}**" in markdown(dataclasses.replace(made(), verdict=judged(decision)), [])


def test_one_axis_has_no_verdict():
    fit = dataclasses.replace(made(), axes=made().axes[:1], verdict=None, exchange_rates=(), joint=(), notes=())
    text = markdown(fit, [])
    assert "Whether axes follow one law was not asked" in text
    assert "What one is worth in the other" not in text
    assert "Every figure above is identified, and nothing was left out." in text
    assert "trials along 1 axis." in text


def test_axes_in_words():
    one = made().axes[0]
    assert "each doubling multiplied the odds of a right answer by 1.35 (95 % CI 1.29 to 1.40)" in axis(one)
    assert "accuracy would end at 75.0 % (95 % CI 69.0 % to 83.0 %)" in axis(one)
    gated = axis(made().axes[2])
    assert "cannot be told from this data: at 61.0 % or above" in gated
    assert "not identified (the profile of the ceiling is open upward)" in unknown(made().axes[2])
    assert "doubling multiplied" not in axis(dataclasses.replace(one, elasticity=None))


def test_harm_is_said_loudly():
    harmed = dataclasses.replace(made().axes[0], drop=Interval(0.08, 0.03, 0.13), drop_p=0.0004)
    assert decline(harmed) == (
        "**depth: too much did harm.** Accuracy at 65 is lower than at an earlier budget by "
        "8.0 points (95 % CI 3.0 points to 13.0 points) (p < 0.001)."
    )


def test_a_rate_that_is_not_constant_says_so():
    rate = dataclasses.replace(made().exchange_rates[0], constant=False)
    assert exchange(rate).endswith("at the half-budgets only, for the axes were not shown to follow one law.")


def test_groups_and_seeds_are_told():
    fit = dataclasses.replace(made(), clusters=60, seeds=4)
    assert measured(fit).startswith("300 questions in 60 independent groups, each tried up to 4 times at every budget")


def test_open_ends():
    assert within(Interval(2.0, -math.inf, math.inf)) == "2.00 (95 % CI no lower bound to no upper bound)"
    assert within(Interval(0.5, 0.25, 1.0), percent) == "50.0 % (95 % CI 25.0 % to 100.0 %)"
    assert (chance(0.05), chance(0.0009), digits(0.0)) == ("p = 0.050", "p < 0.001", "0")


NASTY = "<script>alert('x')</script> | **bold** [x](javascript:alert(1)) ![y](http://example.org/y.png) `c` & $m$"


def nasty():
    fit = made()
    axes = tuple(dataclasses.replace(one, name=f"{NASTY} {n}") for n, one in enumerate(fit.axes))
    rates = tuple(dataclasses.replace(one, of=NASTY, to=NASTY) for one in fit.exchange_rates)
    pairs = {(NASTY, "b"): 0.1, ("b", NASTY): 0.2}
    changed = dataclasses.replace(fit.verdict, pairs=pairs)
    joint = tuple(dataclasses.replace(one, theta={NASTY: 1.0}) for one in fit.joint)
    return dataclasses.replace(
        fit, axes=axes, exchange_rates=rates, verdict=changed, joint=joint, notes=(NASTY, f"a\n\n# {NASTY}")
    )


def test_names_are_only_names():
    fit = nasty()
    page = Page(html(markdown(fit, [accuracy(fit), Absent("gain", NASTY)]), {}))
    assert set(page.tags) <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ul", "li", "strong", "em", "img"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert page.sources == ["accuracy.svg"]
    assert page.handlers == []
    assert page.text.count(NASTY) > 20
    # No name breaks out of its cell.
    rows = re.findall(r"<tr>.*?</tr>", html(markdown(fit, []), {}), re.S)
    assert {row.count("<t") - row.count("<tr") for row in rows} <= {2, 4, 5}


def test_html_is_one_file_with_its_figures():
    fit = made()
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    page = html(markdown(fit, [accuracy(fit), collapse(fit)]), {"accuracy.svg": svg, "collapse.svg": svg})
    inside = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
    assert Page(page).sources == [inside, inside]
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert page.startswith("<!DOCTYPE html>")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1).filter(lambda text: text.strip()))
def test_escaped_text_is_what_it_was(text):
    shown = MarkdownIt("commonmark", {"html": False}).enable("table").render(f"Of {escaped(text)}.")
    assert Page(shown).text == f"Of {' '.join(text.split())}.\n"
    assert Page(shown).tags == ["p"]
