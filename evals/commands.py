"""`research-agent eval` and `exact`: how often the agent is right on questions, and tasks of known truth."""

from pathlib import Path
from typing import Annotated, Literal

import typer

_TASK = typer.Argument(help="Folder with queries.jsonl[.gz] and corpus.jsonl[.gz] (BEIR form, with answers).")


def register(app: typer.Typer) -> None:
    """Add the commands of this package to the command line."""
    app.command("eval")(evaluate)
    app.command("exact")(exact)


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


def exact(
    name: Annotated[str | None, typer.Argument(help="connectivity, chain-steps, mixture or closed-world.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the pages; made where missing.")] = Path("evals/results/exact"),
    seed: Annotated[int, typer.Option(help="All tasks are drawn from it.")] = 0,
) -> None:
    """Measure tasks whose right figures are known beforehand, all of them or one, and write a page of each."""
    from evals.exact.command import carry_out

    raise typer.Exit(carry_out(name, out, seed))
