"""The commands of this package: how often the agent is right, what that cost, and how it grows with budgets."""

from pathlib import Path
from typing import Annotated, Literal

import typer

_TASK = typer.Argument(help="Folder with queries.jsonl[.gz] and corpus.jsonl[.gz] (BEIR form, with answers).")


def register(app: typer.Typer) -> None:
    """Add the commands of this package to the command line."""
    app.command("eval")(evaluate)
    app.command("eval-retrieval")(evaluate_retrieval)
    app.command("eval-judge")(evaluate_judge)
    app.command("exact")(exact)
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
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Where questions are answered: this process, or a Ray cluster.")
    ] = "local",
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
        engine=engine,
    )
    raise typer.Exit(carry_out(plan, output, out))


def evaluate_retrieval(
    tasks: Annotated[list[Path], typer.Argument(help="Folders with queries, corpus and qrels.tsv (BEIR form).")],
    mode: Annotated[
        list[str] | None,
        typer.Option(
            metavar="lexical|dense|hybrid|lazy|bm25s|encoder",
            help="How to search (may be given again); the last two are baselines.  [default: the first three]",
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Queries at most: a random sample fixed by the seed.")] = None,
    seed: Annotated[int, typer.Option(help="Fixes the order of queries.")] = 0,
    index: Annotated[Path | None, typer.Option(help="Index of this corpus with all its vectors, built before.")] = None,
    output: Annotated[Literal["json", "md"], typer.Option("--format", help="A table, or an object a line.")] = "md",
    out: Annotated[Path | None, typer.Option(help="Write the report to this file instead of stdout.")] = None,
) -> int:
    """Search for every query and say how good the order of documents is: nDCG@10 and recall@100, with intervals."""
    from evals.report import check_out, deliver
    from evals.retrieving import OURS, Ranking, measure, modes_of, to_json, to_markdown
    from research_agent.config import load_settings

    check_out(out)
    modes = modes_of(mode or OURS)
    rows = measure(Ranking(tuple(tasks), modes, limit, seed, index, load_settings().home))
    deliver(to_json(rows) if output == "json" else to_markdown(rows), out)
    return 0


def evaluate_judge(
    report: Annotated[Path, typer.Argument(help="Report of an evaluation: eval … --format json --out FILE.")],
    cases: Annotated[Path, typer.Option(help="Labelled answers, JSON lines: question, answers, answer, right.")],
    model: Annotated[str | None, typer.Option(help="The judge: embedded, openai:NAME…")] = None,
    budget: Annotated[float, typer.Option(help="Units for all calls; refused where it could not pay for them.")] = 1e6,
    seed: Annotated[int, typer.Option(help="Of the calls.")] = 0,
    output: Annotated[Literal["json", "md"], typer.Option("--format", help="Form of the report.")] = "md",
    out: Annotated[Path | None, typer.Option(help="Write the report to this file instead of stdout.")] = None,
) -> int:
    """Let a language model judge the answers of an evaluation; accuracy is corrected by how well it judges cases."""
    import asyncio

    from evals.judging import carry_out, opened_judge, to_json, to_markdown
    from evals.report import check_out, deliver
    from research_agent.budget.budget import Budget
    from research_agent.config import load_settings

    check_out(out)
    settings = load_settings()
    found = asyncio.run(
        carry_out(report, cases, opened_judge(model, settings), Budget(budget), settings.home, seed=seed)
    )
    deliver(to_json(found) if output == "json" else to_markdown(found), out)
    return 0


def exact(
    name: Annotated[str | None, typer.Argument(help="connectivity, chain-steps, mixture or closed-world.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the pages; made where missing.")] = Path("evals/results/exact"),
    seed: Annotated[int, typer.Option(help="All tasks are drawn from it.")] = 0,
) -> None:
    """Measure tasks whose right figures are known beforehand, all of them or one, and write a page of each."""
    from evals.exact.command import carry_out

    raise typer.Exit(carry_out(name, out, seed))


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
