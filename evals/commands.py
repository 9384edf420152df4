"""`research-agent eval` and `sweep`: how often the agent is right, what that cost, and how it grows with budgets."""

from pathlib import Path
from typing import Annotated, Literal

import typer

_TASK = typer.Argument(help="Folder with queries.jsonl[.gz] and corpus.jsonl[.gz] (BEIR form, with answers).")


def register(app: typer.Typer) -> None:
    """Add the commands of this package to the command line."""
    app.command("eval")(evaluate)
    app.command("sweep")(sweep)


def evaluate(
    task: Annotated[Path, _TASK],
    limit: Annotated[int | None, typer.Option(help="Questions at most: a random sample fixed by the seed.")] = None,
    per_group: Annotated[int | None, typer.Option(help="Questions at most of each group of --by.")] = None,
    by: Annotated[str | None, typer.Option(help="Metadata field that makes groups, such as hops.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only questions of this kind (may be given again).")] = None,
    depth: Annotated[int, typer.Option(help="Search rounds of the one deep run; smaller depths come by replay.")] = 6,
    width: Annotated[int | None, typer.Option(help="Queries a round.")] = None,
    think: Annotated[int | None, typer.Option(help="Reasoning tokens a step.")] = None,
    model: Annotated[str | None, typer.Option(help="As for ask: extractive, embedded, openai:NAME…")] = None,
    budget: Annotated[float, typer.Option(help="Units a question may spend; the runs are blind to it.")] = 1_000_000,
    index: Annotated[Path | None, typer.Option(help="Index of this corpus, built before.")] = None,
    store: Annotated[Path | None, typer.Option(help="Run store; default evals.sqlite in the data folder.")] = None,
    seed: Annotated[int, typer.Option(help="Fixes the order of questions and the runs.")] = 0,
    concurrency: Annotated[int, typer.Option(help="Questions at once.")] = 1,
    output: Annotated[Literal["json", "md"], typer.Option("--format", help="Form of the report.")] = "md",
    out: Annotated[Path | None, typer.Option(help="Write the report to this file instead of stdout.")] = None,
) -> None:
    """Ask every question of a task once, deep and blind to the budget, and report accuracy at every depth.

    Trials are kept in the run store: a run that was stopped goes on where it stopped, and no trial is bought twice.
    """
    from evals.evaluate import Plan, carry_out

    plan = Plan(
        task=task,
        limit=limit,
        per_group=per_group,
        by=by,
        kinds=frozenset(kind or ()),
        depth=depth,
        width=width,
        think=think,
        model=model,
        budget=budget,
        index=index,
        store=store,
        seed=seed,
        concurrency=concurrency,
    )
    raise typer.Exit(carry_out(plan, output, out))


def sweep(
    task: Annotated[Path, _TASK],
    out: Annotated[Path, typer.Option(help="Folder for trials.parquet and the page; made where missing.")],
    axes: Annotated[list[str], typer.Option(help="NAME=LEVELS, such as depth=1..8 (doubling) or width=1,2,4; again.")],
    questions: Annotated[int | None, typer.Option(help="Questions at most: a random sample fixed by the seed.")] = None,
    design: Annotated[str, typer.Option(help="A: one axis at a time; B: corners and centre; A+B; grid: all.")] = "A+B",
    outcome: Annotated[str, typer.Option(help="right, evidence_recall or all_gold.")] = "right",
    model: Annotated[str | None, typer.Option(help="As for ask: extractive, embedded, openai:NAME…")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only questions of this kind (may be given again).")] = None,
    by: Annotated[str | None, typer.Option(help="Metadata field that makes groups on the page, such as hops.")] = None,
    seed: Annotated[int, typer.Option(help="Fixes the order of questions and the runs.")] = 0,
    seeds: Annotated[int, typer.Option(help="How often each question is asked in each cell.")] = 1,
    fresh: Annotated[int, typer.Option(help="Questions asked afresh in replayed cells; 0 tests no replay.")] = 200,
    budget: Annotated[float, typer.Option(help="Units a chain may spend; the runs are blind to it.")] = 1_000_000,
    max_units: Annotated[float | None, typer.Option(help="The most units that this command may spend.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try a few questions, say the cost, and stop.")] = False,
    index: Annotated[Path | None, typer.Option(help="Index of this corpus, built before.")] = None,
    store: Annotated[Path | None, typer.Option(help="Run store; default evals.sqlite in the data folder.")] = None,
    concurrency: Annotated[int, typer.Option(help="Questions at once.")] = 1,
) -> None:
    """Measure how success grows with depth, width, thinking and samples, on the same questions in every cell.

    Smaller depths and samples come by replay of few large runs, and some are asked afresh to test that. A pilot says
    first what it will cost. A sweep that was stopped goes on where it stopped, and no trial is bought twice.
    """
    from evals.sweep.carry import carry_out
    from evals.sweep.plan import SweepPlan

    plan = SweepPlan(
        task=task,
        out=out,
        axes=tuple(axes),
        questions=questions,
        design=design,  # type: ignore[arg-type]  # checked by the plan
        outcome=outcome,  # type: ignore[arg-type]
        model=model,
        kinds=frozenset(kind or ()),
        by=by,
        seed=seed,
        seeds=seeds,
        probes=fresh,
        budget=budget,
        index=index,
        store=store,
        concurrency=concurrency,
        max_units=max_units,
        dry_run=dry_run,
    )
    raise typer.Exit(carry_out(plan))
