"""What a fit says in plain words: sentences that a person who is no statistician can act on."""

import math
import re
from collections.abc import Callable
from typing import Final

from scaling.numerals import digits, number
from scaling.results import AxisFit, ExchangeRate, Interval, ScalingFit, Verdict

_LEVEL = 0.05
_MEANING: Final = {
    "SAME": "the axes follow one law. Curves forced to be one differ from the axes' own curves by less than the margin "
    "at every measured budget.",
    "DIFFERENT": "the axes do not follow one law. One shared curve is refuted, and the difference may be larger than "
    "the margin.",
    "BOTH": "the axes differ, but by less than the margin: the difference is real, and too small to matter at the "
    "measured budgets.",
    "INCONCLUSIVE": "the data can tell neither that the axes differ nor that they are the same. This is no evidence "
    "that they are the same; more questions would decide it.",
}


def escaped(text: str) -> str:
    """Return text on one line whose characters mean themselves in Markdown, in a table too."""
    line = " ".join(text.split())
    # An underscore within a word is plain already, and reads better without a stroke.
    return re.sub(r"[\\`*\[\]<>|&~]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", line)


def percent(share: float) -> str:
    """Return a share as a percentage."""
    return f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """Return a difference of two shares."""
    return f"{100 * difference:.1f} points"


def within(value: Interval, show: Callable[[float], str] = digits) -> str:
    """Return a value with its interval; an end that the data does not bound is said to be so."""
    low = show(value.low) if math.isfinite(value.low) else "no lower bound"
    high = show(value.high) if math.isfinite(value.high) else "no upper bound"
    return f"{show(value.value)} (95 % CI {low} to {high})"


def chance(p: float) -> str:
    """Return a p-value."""
    return f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"


def verdict(one: Verdict | None) -> str:
    """Return the verdict on "one law for all axes" and what it means."""
    if one is None:
        return "Whether axes follow one law was not asked: that takes two axes with a curve each."
    return f"**{one.decision}**: {_MEANING[one.decision]}"


def grounds(one: Verdict) -> str:
    """Return what a verdict stands on, and how firmly."""
    return (
        f"The margin, fixed beforehand, is {points(one.margin)} of accuracy; the largest difference found is "
        f"{points(one.gap)}, and with 95 % confidence it is at most {points(one.gap_upper)}. If there were one law, "
        f"differences as large as these would come up by chance with {chance(one.p)}. Of {len(one.forms)} families of "
        f"curves tried, {one.agreeing} give this verdict."
    )


def axis(one: AxisFit) -> str:
    """Return what one axis buys, and what of it is known."""
    first, last, top = number(one.spend[0]), number(one.spend[-1]), one.observed[-1]
    said = (
        f"**{escaped(one.name)}**: from {first} to {last}, accuracy went from {percent(one.observed[0].value)} to "
        f"{percent(top.value)} (95 % CI {percent(top.low)} to {percent(top.high)})."
    )
    if one.elasticity is not None:
        odds = Interval(*(2**end for end in (one.elasticity.value, one.elasticity.low, one.elasticity.high)))
        low, high = map(number, one.elasticity_range)
        said += f" Between {low} and {high}, each doubling multiplied the odds of a right answer by {within(odds)}."
    said += f" The last doubling gained {within(one.last_doubling, points)}. {_end(one)}"
    return said


def _end(one: AxisFit) -> str:
    """Return where an axis ends with ever more budget, in short."""
    if one.ceiling is not None:
        return f"With ever more of it, accuracy would end at {within(one.ceiling, percent)}."
    return (
        f"Where it would end with ever more cannot be told from this data: at {percent(one.ceiling_at_least)} or above."
    )


def unknown(one: AxisFit) -> str:
    """Return why nobody can tell from this data where an axis without a ceiling ends."""
    why = escaped(one.gate.partition(": ")[2] or one.gate).rstrip(".")
    return (
        f"{escaped(one.name)}: where accuracy would end with ever more of it is not identified ({why}). "
        "Nothing should be concluded about budgets far beyond those measured."
    )


def exchange(rate: ExchangeRate) -> str:
    """Return an exchange rate as a sentence."""
    along = (
        "along the whole curve"
        if rate.constant
        else "at the half-budgets only, for the axes were not shown to follow one law"
    )
    return f"1 extra {escaped(rate.of)} is worth {within(rate.rate)} extra {escaped(rate.to)}, {along}."


def decline(one: AxisFit) -> str:
    """Return whether too much of an axis did harm."""
    name, seen = escaped(one.name), f"a drop of {points(one.detectable_drop)} or more would have been seen 4 times in 5"
    if one.drop_p < _LEVEL:
        return (
            f"**{name}: too much did harm.** Accuracy at {number(one.spend[-1])} is lower than at an earlier budget by "
            f"{within(one.drop, points)} ({chance(one.drop_p)})."
        )
    return f"{name}: no harm from the largest budget was found ({chance(one.drop_p)}); {seen}."


def measured(fit: ScalingFit) -> str:
    """Return what was measured, as a sentence."""
    groups = "" if fit.clusters == fit.questions else f" in {fit.clusters:,} independent groups"
    seeds = "once" if fit.seeds == 1 else f"up to {fit.seeds} times"
    return (
        f"{fit.questions:,} questions{groups}, each tried {seeds} at every budget: {fit.trials:,} trials along "
        f"{len(fit.axes)} {'axis' if len(fit.axes) == 1 else 'axes'}. Without anything extra, accuracy is "
        f"{within(fit.floor, percent)}."
    )
