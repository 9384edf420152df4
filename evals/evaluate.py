"""Carry out one evaluation: choose questions, run them, report."""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from evals.citations import check_citations
from evals.engines.base import EngineName, engine_of
from evals.errors import SelectionError, TaskError
from evals.harness import Outcome, run
from evals.progress import Bar
from evals.report import Json, report, to_markdown
from evals.runstore import RunStore, opened
from evals.solver import open_solver
from evals.task import Sample, Task, read_task, select
from research_agent.answer import EXIT_STATUS
from research_agent.budget.budget import Budget
from research_agent.cli.failures import INTERRUPTED, status_of
from research_agent.config import Settings, load_settings
from research_agent.errors import ResearchError
from research_agent.graph.state import Dials
from research_agent.options import AskOptions
from research_agent.resources import check_paths
from retrieval.errors import RetrievalError

STORE = "evals.sqlite"
_FAILED = EXIT_STATUS["failed"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be evaluated, as the command line says it.

    Attributes:
        task: folder in BEIR form.
        limit: questions at most.
        per_group: questions at most of each group.
        by: metadata field that makes the groups.
        kinds: keep only these kinds; empty keeps all.
        depth: search rounds of the one deep run.
        width: queries a round; None for the agent's default.
        think: reasoning tokens a step; None for the agent's default.
        budget: units a question.
        index: an index of the corpus; None makes one from the corpus file.
        store: the run store; None for the one in the data folder.
        concurrency: questions at once.
        engine: where they are answered.
    """

    task: Path
    limit: int | None = None
    per_group: int | None = None
    by: str | None = None
    kinds: frozenset[str] = frozenset()
    depth: int = 6
    width: int | None = None
    think: int | None = None
    model: str | None = None
    budget: float = 1_000_000
    index: Path | None = None
    store: Path | None = None
    seed: int = 0
    concurrency: int = 1
    engine: EngineName = "local"


def carry_out(plan: Plan, output: str, out: Path | None) -> int:
    """Evaluate, write the report, and return the exit status; what goes wrong is one sentence on stderr."""
    try:
        result = evaluate(plan, out)
    except (ResearchError, RetrievalError) as error:
        return say(f"Error: {error}", status_of(error) or _FAILED)
    except KeyboardInterrupt:
        return say("Stopped; every finished trial is kept, and the same command goes on from there.", INTERRUPTED)
    text = json.dumps(result, indent=2, ensure_ascii=False) + "\n" if output == "json" else to_markdown(result)
    if out is None:
        sys.stdout.write(text)
    else:
        part = out.with_name(f"{out.name}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(out)
    return _FAILED if result["unanswered"] else 0


def say(what: str, status: int) -> int:
    """Write a sentence to stderr and return the exit status."""
    sys.stderr.write(f"{what}\n")
    return status


def evaluate(plan: Plan, out: Path | None = None, settings: Settings | None = None) -> Json:
    """Run a plan and return the report.

    Args:
        plan: what is to be evaluated.
        out: where the report will be written; refused before anything is spent where it cannot be.
        settings: None reads them from the environment.

    Raises:
        EvalError: the task, the selection or the store cannot be used.
        UsageError: an option cannot be used.
        BudgetError: the budget is too small for any answer.
        ModelError, RetrievalError: the model or the documents cannot be opened.
    """
    settings = settings or load_settings()
    task = read_task(plan.task)
    samples = select(task, seed=plan.seed, limit=plan.limit, kinds=plan.kinds, by=plan.by, per_group=plan.per_group)
    options, corpus = options_of(plan, task)
    check_paths(options)
    if plan.concurrency < 1:
        raise SelectionError(f"--concurrency must be at least 1; it was {plan.concurrency}.")
    if out is not None and not out.parent.is_dir():
        raise TaskError(f"The report cannot be written to {out}: there is no folder {out.parent}.")
    with opened(plan.store or settings.home / STORE) as store:
        outcome, solver = asyncio.run(_run(plan, options, settings, task, corpus, samples, store))
    citations = check_citations((trial for _, trial in outcome.pairs), task.corpus) if task.corpus else None
    return report(task.name, outcome, by=plan.by, depth=plan.depth, solver=solver, citations=citations)


def options_of(plan: Plan, task: Task) -> tuple[AskOptions, str]:
    """Return the options of every run and the fingerprint of what is searched."""
    if plan.index is None and task.corpus is None:
        raise TaskError(f"The folder {plan.task} holds no corpus.jsonl or corpus.jsonl.gz; name an index with --index.")
    dials = Dials()
    width = dials.width if plan.width is None else plan.width
    think = dials.think if plan.think is None else plan.think
    searched: tuple[Path, ...] = (task.corpus,) if task.corpus and plan.index is None else ()
    options = AskOptions(
        docs=searched,
        index=plan.index,
        model=plan.model,
        budget=Budget(plan.budget),
        dials=Dials(plan.depth, width, think),
        seed=plan.seed,
        blind=True,
    )
    return options, task.fingerprint if plan.index is None else f"index:{plan.index.resolve()}"


async def _run(
    plan: Plan,
    options: AskOptions,
    settings: Settings,
    task: Task,
    corpus: str,
    samples: tuple[Sample, ...],
    store: RunStore,
) -> tuple[Outcome, Json]:
    """Run the samples and return what came out and what was measured."""
    with Bar(task.name) as bar:

        def tell(event: Mapping[str, object]) -> None:
            if "why" in event:
                bar.note(f"{event['type']}: {event['why']}")

        opener = partial(open_solver, options, settings, corpus)
        async with engine_of(plan.engine)(opener, plan.concurrency, tell) as solver:
            outcome = await run(
                task, samples, solver, store, seed=plan.seed, concurrency=plan.concurrency, progress=bar
            )
            identity = solver.identity
    named = {"model": identity.model, "code": identity.code, "corpus": identity.corpus, "seed": plan.seed}
    return outcome, {**named, "store": str(store.path), **identity.cell}
