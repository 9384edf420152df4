"""`research-agent fit`, `plan` and `power`: what trials say, how to spend a budget, and how many questions it takes."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from scaling.errors import ScalingError

_Form = Annotated[Literal["md", "json"], typer.Option("--format", help="Form of what is printed.")]


class WrongUseError(typer.TyperException):
    """Something that the user can put right: one sentence, exit status 2."""

    exit_code = 2


def register(app: typer.Typer) -> None:
    """Add the commands of this package to the command line."""
    app.command("fit")(fit)
    app.command("plan")(plan)
    app.command("power")(power)


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn what is wrong with arguments or data into exit status 2."""
    try:
        yield
    except (ScalingError, ValueError) as error:
        raise WrongUseError(str(error)) from error


def _say(text: str) -> None:
    """Say how far it is, on stderr."""
    sys.stderr.write(f"{text}\n")


def _names(text: str | None) -> tuple[str, ...]:
    """Return names that commas part."""
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else ()


def _numbers(option: str, text: str | None) -> tuple[float, ...]:
    """Return numbers that commas part."""
    try:
        return tuple(float(number) for number in _names(text))
    except ValueError as error:
        raise ValueError(f"{option} takes numbers with commas between them, such as 1,2,4; it was {text!r}.") from error


def _pairs(option: str, given: Sequence[str] | None) -> dict[str, tuple[float, ...]]:
    """Return NAME=NUMBER,NUMBER… options by name."""
    found = {}
    for each in given or ():
        name, _, numbers = each.rpartition("=")
        if not (name.strip() and numbers.strip()):
            raise ValueError(f"{option} takes NAME=NUMBER; it was {each!r}.")
        found[name.strip()] = _numbers(option, numbers)
    return found


def _prices(given: Sequence[str] | None) -> dict[str, float]:
    """Return prices by kind of cost."""
    pairs = _pairs("--price", given)
    for kind, numbers in pairs.items():
        if len(numbers) > 1:
            raise ValueError(f"--price takes one number for {kind}; there were {len(numbers)}.")
    return {kind: numbers[0] for kind, numbers in pairs.items()}


def fit(
    trials: Annotated[Path, typer.Argument(help="Table (.parquet, .csv, .jsonl[.gz]): question, outcome, axes…")],
    out: Annotated[Path, typer.Option(help="Folder for fit.json, the figures and the report; made where missing.")],
    form: Annotated[str, typer.Option(help="Family of curves: lomax, frechet, hill, weibull or exp.")] = "lomax",
    margin: Annotated[float, typer.Option(help="Difference of accuracy that does not matter, fixed before.")] = 0.05,
    axes: Annotated[str | None, typer.Option(help="Columns with budgets, by comma; default: all others.")] = None,
    cost: Annotated[str | None, typer.Option(help="Kind of cost to count in; default: the first.")] = None,
    price: Annotated[list[str] | None, typer.Option(help="KIND=PRICE of a unit, to count in money.")] = None,
    worth: Annotated[float | None, typer.Option(help="What a right answer is worth, counted likewise.")] = None,
    replicates: Annotated[int, typer.Option(help="Samples of the bootstrap over questions.")] = 1000,
    attempts: Annotated[str | None, typer.Option(help="Axis of independent attempts, one right being enough.")] = None,
    seed: Annotated[int, typer.Option(help="Fixes the bootstrap.")] = 0,
    output: _Form = "md",
) -> None:
    """Fit how success grows with each budget, and tell whether the axes follow one law.

    The table has a row a trial: question, outcome (0 to 1), a column an axis with the budget that was assigned (inf: a
    measured ceiling), and where wanted seed, n, group and cost_*.
    """
    from scaling.publish import Request, publish, summary

    with _sentences():
        done = publish(
            Request(
                trials, out, _names(axes) or None, form, margin, replicates, seed, cost, _prices(price), worth, attempts
            ),
            _say,
        )
    typer.echo(summary(done, out) if output == "md" else (out / "fit.json").read_text(encoding="utf-8"), nl=False)


def plan(
    path: Annotated[Path, typer.Option("--fit", help="A fit.json, with the trials.parquet written beside it.")],
    budget: Annotated[float, typer.Option(help="What an attempt may cost.")],
    grid: Annotated[list[str] | None, typer.Option(help="AXIS=1,2,4…: budgets to choose from.")] = None,
    cost: Annotated[str | None, typer.Option(help="Kind of cost to count in; default: the only one.")] = None,
    price: Annotated[list[str] | None, typer.Option(help="KIND=PRICE of a unit: the budget is money.")] = None,
    seed: Annotated[int, typer.Option(help="Fixes the bootstrap.")] = 0,
    output: _Form = "md",
) -> None:
    """Recommend how to spend a budget over the axes, how sure that is, and what laws that do as well would do."""
    from scaling.plain import encode
    from scaling.publish import recommendation
    from scaling.purse import advice

    with _sentences():
        found, unit = recommendation(
            path, budget, levels=_pairs("--grid", grid), cost=cost, prices=_prices(price), seed=seed
        )
    if output == "json":
        typer.echo(json.dumps({"unit": unit, **encode(found)}, ensure_ascii=False, indent=1, allow_nan=False))
    else:
        typer.echo("\n".join(f"- {line}" for line in advice(found, unit)))


def power(
    pilot: Annotated[Path | None, typer.Option(help="Trials to take everything from that is not given.")] = None,
    axes: Annotated[str | None, typer.Option(help="Names of the axes, by comma.")] = None,
    budgets: Annotated[list[str] | None, typer.Option(help="Above the base, by comma; once, or for each axis.")] = None,
    base: Annotated[str | None, typer.Option(help="Budget in the base cell, one or one each; default 0.")] = None,
    floor: Annotated[float | None, typer.Option(help="Accuracy in the base cell; default 0.15.")] = None,
    ceiling: Annotated[float | None, typer.Option(help="Accuracy with ever more budget; default 0.75.")] = None,
    half_budget: Annotated[str | None, typer.Option(help="κ of each axis, by comma, in extra budget.")] = None,
    tail: Annotated[float | None, typer.Option(help="Tail exponent α of the axes; default 0.8.")] = None,
    other: Annotated[float, typer.Option(help="α of the last axis, were the law not one for all.")] = 3.0,
    common: Annotated[float | None, typer.Option(help="Correlation of two trials of a question; default 0.5.")] = None,
    own: Annotated[float | None, typer.Option(help="What it is more on one axis; default 0.2.")] = None,
    anchor: Annotated[bool, typer.Option(help="A cell with the evidence given is run too.")] = False,
    questions: Annotated[int, typer.Option(help="Questions of the planned experiment.")] = 300,
    seeds: Annotated[int, typer.Option(help="Trials of each question in each cell.")] = 1,
    output: _Form = "md",
) -> None:
    """Say how precise a planned experiment would be and how many questions it takes, before any run is bought."""
    from scaling.foresight import Wish, foresee
    from scaling.plain import encode

    given = {"floor": floor, "ceiling": ceiling, "tail": tail, "common": common, "own": own}
    with _sentences():
        wish = Wish(
            pilot=pilot,
            axes=_names(axes),
            budgets=tuple(_numbers("--budgets", row) for row in budgets or ()),
            base=_numbers("--base", base),
            half_budget=_numbers("--half-budget", half_budget),
            truth={name: value for name, value in given.items() if value is not None},
            anchor=anchor,
            questions=questions,
            seeds=seeds,
            other=other,
        )
        table = foresee(wish)
    if output == "json":
        typer.echo(json.dumps(encode(table), ensure_ascii=False, indent=1, allow_nan=False))
    else:
        typer.echo(table.markdown(), nl=False)
