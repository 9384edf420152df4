"""The mixture, measured: attempts where they are worth most, against the same number for every question."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.exact.mixture import (
    EQUAL,
    MISLED,
    MIXED,
    Mixture,
    Questions,
    adaptive,
    follow,
    oracle,
    round_robin,
    uniform,
    water_filling,
)
from evals.exact.page import Check, Page, Section, lawful, line, points, ruler, share, shown
from scaling.drawing import Panel, Picture, Ruler
from scaling.intervals import Estimate

NAME = "mixture"
_FEWER, _GAIN, _REGRET = 2.0, 0.01, 0.15
_AT = 4  # attempts a question at which units are compared
_MOST = 64  # attempts at one question


@dataclass(frozen=True, slots=True)
class Size:
    """How much is run."""

    questions: int = 20_000
    rounds: Sequence[int] = (1, 2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Compared:
    """Policies at the attempts that `rounds` rounds of round robin take, which stops at success as all of them do.

    Attributes:
        foretold: accuracy of round robin by its law.
        expected: attempts a question that it takes by its law.
        units: attempts a question that it took.
        even: accuracy of round robin.
        adaptive: of attempts by what hints and failures say.
        oracle: of attempts by the true rates.
        filled: of the best allotment beforehand by the true rates.
        fewer: how many times fewer attempts the adaptive policy needs than `rounds` for every question, stop or not.
        fewer_stopped: likewise, against round robin that stops at success.
    """

    rounds: int
    foretold: float
    expected: float
    units: float
    even: Estimate
    adaptive: Estimate
    oracle: Estimate
    filled: float
    fewer: float
    fewer_stopped: float


@dataclass(frozen=True, slots=True)
class Result:
    """One mixture: the comparison, and the share of attempts that went to unsolvable questions at `_AT` rounds."""

    compared: tuple[Compared, ...]
    lost_even: float
    lost_adaptive: float


def measure(mixture: Mixture, believed: Mixture, size: Size, seed: int) -> Result:
    """Let all policies solve the same questions.

    Args:
        mixture: where the questions come from.
        believed: what the adaptive policy takes for true of it.
        size: how many.
        seed: of the questions; the policies draw nothing.
    """
    questions = Questions.draw(mixture, size.questions, seed)
    count, budget = size.questions, size.questions * max(size.rounds)
    ranks = uniform(questions, _MOST), adaptive(questions, believed, _MOST), oracle(questions, mixture, _MOST)
    even, wise, known = (follow(questions, rank, budget) for rank in ranks)
    compared = []
    for rounds in size.rounds:
        at = int(np.minimum(questions.needed, rounds).sum())
        reached = even.accuracy(questions)[at]
        needed = int(np.argmax(wise.accuracy(questions) >= reached))
        foretold, expected = round_robin(mixture, rounds)
        compared.append(
            Compared(
                rounds,
                foretold,
                expected,
                at / count,
                share(int(even.hit[:at].sum()), count),
                share(int(wise.hit[:at].sum()), count),
                share(int(known.hit[:at].sum()), count),
                water_filling(mixture, at / count),
                rounds * count / needed if needed else 0.0,  # 0: it never gets there
                at / needed if needed else 0.0,
            )
        )
    spent = int(np.minimum(questions.needed, _AT).sum())
    lost_even, lost_wise = (
        float((mixture.rates[questions.kind[course.question[:spent]]] == 0).mean()) for course in (even, wise)
    )
    return Result(tuple(compared), lost_even, lost_wise)


def page(seed: int = 0, size: Size | None = None) -> Page:
    """Run everything and return what came out."""
    import pandas as pd

    size = size or Size()
    mixed = measure(MIXED, MIXED, size, seed)
    equal = measure(EQUAL, EQUAL, size, seed)
    misled = measure(MISLED, MIXED, size, seed)
    sets = {"mixture": mixed, "control": equal, "mirror": misled}
    return Page(
        NAME,
        "Easy, medium, hard and unsolvable questions",
        f"{size.questions:,} questions, a quarter each with success rates {', '.join(map(str, MIXED.rates))} an "
        "attempt. A verifier tells success, and a solved question gets no more attempts. A hint (4 tries of a cheaper "
        "model) comes with each question; what class it is of is held apart. Round robin gives every question a first "
        "attempt, then a second. The adaptive policy goes where the chance of success, given hint and failures, is "
        "largest; the oracle where the true rate is.",
        seed,
        _checks(mixed, equal, misled),
        [_section(name, result) for name, result in sets.items()],
        (_picture(sets),),
        {
            "policies": pd.DataFrame(
                [
                    {"set": name, "rounds": each.rounds, "units": each.units, "policy": policy, "outcome": value.value,
                     "n": value.n}
                    for name, result in sets.items()
                    for each in result.compared
                    for policy, value in (("even", each.even), ("adaptive", each.adaptive), ("oracle", each.oracle))
                ]
            )
        },
    )  # fmt: skip


def _checks(mixed: Result, equal: Result, misled: Result) -> tuple[Check, ...]:
    """Hold what was measured against what was foretold."""
    here = next(each for each in mixed.compared if each.rounds == _AT)
    regret = [1 - each.adaptive.value / each.filled for each in mixed.compared]
    behind = [1 - each.adaptive.value / each.oracle.value for each in mixed.compared]
    gains = [each.adaptive.value - each.even.value for each in equal.compared]
    losses = [each.adaptive.value - each.even.value for each in misled.compared]
    even = lawful([(each.foretold, each.even) for result in (mixed, equal) for each in result.compared])
    return (
        Check("round robin is as accurate as its law says, Σ share·(1 - (1 - p)^k)", even.seen, even.holds),
        Check(
            f"the adaptive policy reaches the accuracy of {_AT} attempts a question with {_FEWER:g} times fewer",
            f"{here.fewer:.2f} times; {here.fewer_stopped:.2f} times against round robin that stops at success",
            here.fewer >= _FEWER,
        ),
        Check(
            "it spends less on unsolvable questions",
            f"{mixed.lost_adaptive:.3f} of its attempts, round robin {mixed.lost_even:.3f}",
            mixed.lost_adaptive < mixed.lost_even,
        ),
        Check(
            f"its regret is at most {_REGRET:.0%} of the water-filling optimum, and of the oracle that stops",
            f"at most {max(regret):.1%} and {max(behind):.1%}",
            max(regret) <= _REGRET and max(behind) <= _REGRET,
        ),
        Check(
            f"control: where all questions are equally hard its gain is 0 ± {_GAIN:.0%}",
            ", ".join(f"{gain:+.4f}" for gain in gains),
            all(abs(gain) <= _GAIN for gain in gains),
        ),
        Check(
            "mirror: where hints say the opposite it loses to round robin",
            ", ".join(f"{loss:+.3f}" for loss in losses),
            all(loss < 0 for loss in losses),
        ),
    )  # fmt: skip


def _section(name: str, result: Result) -> Section:
    """Return the table of one mixture."""
    return Section(
        name.capitalize(),
        "Accuracy at equal attempts; the last columns say how many times fewer attempts the adaptive policy needs for "
        "the accuracy of round robin (0: it does not get there).",
        (
            "rounds",
            "attempts a question, foretold",
            "made",
            "round robin, foretold",
            "round robin",
            "adaptive",
            "oracle",
            "water-filling",
            "fewer than k each",
            "fewer than round robin",
        ),
        [
            (
                str(each.rounds),
                f"{each.expected:.2f}",
                f"{each.units:.2f}",
                f"{each.foretold:.3f}",
                shown(each.even),
                shown(each.adaptive),
                shown(each.oracle),
                f"{each.filled:.3f}",
                f"{each.fewer:.2f}",
                f"{each.fewer_stopped:.2f}",
            )
            for each in result.compared
        ],
    )


def _picture(sets: dict[str, Result]) -> Picture:
    """Draw accuracy against attempts for the mixture, its control and its mirror."""
    panels = []
    for name, result in sets.items():
        x = [each.units for each in result.compared]
        marks = (
            line([each.foretold for each in result.compared], x, 0, "round robin, foretold"),
            points([each.even for each in result.compared], x, 0, "round robin"),
            points([each.adaptive for each in result.compared], x, 1, "adaptive"),
            points([each.oracle for each in result.compared], x, 2, "oracle"),
        )
        panels.append(
            Panel(
                name,
                ruler("attempts a question", [round(each, 2) for each in x]),
                Ruler("accuracy", limits=(0, 1.02)),
                marks,
            )
        )
    return Picture(
        "accuracy",
        "Attempts where they are worth most",
        f"Accuracy on {result.compared[0].even.n:,} questions at equal attempts; bars are 95 % intervals. Control: all "
        "questions are equally hard. Mirror: hints say the opposite of what is so.",
        tuple(panels),
    )
