"""Carry out one sweep: try a few questions, say what it will cost, buy, replay, write."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import asdict

from evals import evaluate
from evals.errors import SweepError
from evals.progress import Bar
from evals.runstore import RunStore, opened
from evals.solver import AgentSolver, open_solver
from evals.sweep import folder
from evals.sweep.buying import BLOCK, Buyer
from evals.sweep.collect import Found, collect, trials_of
from evals.sweep.estimate import PILOT, Estimate, estimate, to_markdown
from evals.sweep.evidence import gold_documents
from evals.sweep.orders import AgentMachine
from evals.sweep.page import page, summary
from evals.sweep.plan import Ready, SweepPlan, command_of, make_ready
from research_agent.answer import EXIT_STATUS
from research_agent.cli.failures import INTERRUPTED, status_of
from research_agent.config import Settings, load_settings
from research_agent.errors import ResearchError
from retrieval.base import Document
from retrieval.errors import RetrievalError

_FAILED = EXIT_STATUS["failed"]


def carry_out(plan: SweepPlan) -> int:
    """Sweep, write the folder, and return the exit status; what goes wrong is one sentence on stderr."""
    try:
        said, complete = sweep(plan)
    except (ResearchError, RetrievalError) as error:
        return evaluate.say(f"Error: {error}", status_of(error) or _FAILED)
    except KeyboardInterrupt:
        return evaluate.say(
            "Stopped; every finished trial is kept, and the same command goes on from there.", INTERRUPTED
        )
    sys.stdout.write(said)
    return 0 if complete else _FAILED


def sweep(plan: SweepPlan, settings: Settings | None = None) -> tuple[str, bool]:
    """Carry out a plan; return what to print, and whether every question has all its trials.

    Args:
        plan: what is to be swept.
        settings: None reads them from the environment.

    Raises:
        EvalError: the task, the grid, the folder or the store cannot be used, or the estimate is over the cap.
        UsageError: an option cannot be used.
        BudgetError: the budget is too small for any answer.
        ModelError, RetrievalError: the model or the documents cannot be opened.
    """
    settings = settings or load_settings()
    ready = make_ready(plan)
    folder.check_folder(plan.out, ready.identity)
    with opened(plan.store or settings.home / evaluate.STORE) as store:
        return asyncio.run(_sweep(plan, ready, settings, store))


async def _sweep(plan: SweepPlan, ready: Ready, settings: Settings, store: RunStore) -> tuple[str, bool]:
    """Open the agent and buy what is missing."""
    moved = [name for name in ("think", "samples") if ready.asked.levels[name][-1] > (name == "samples")]

    def check(model: object, *_: object) -> None:
        if model is None and moved:
            raise SweepError(
                f"The axis {moved[0]} moves nothing with the extractive reader, which neither thinks nor draws: leave "
                "it out, or name a language model with --model."
            )

    with Bar(ready.task.name) as bar:

        def tell(event: Mapping[str, object]) -> None:
            if "why" in event:
                bar.note(f"{event['type']}: {event['why']}")

        async with open_solver(ready.options, settings, ready.corpus, tell, check) as agent:
            identity = {**ready.identity, "model": agent.identity.model, "code": agent.identity.code}
            folder.check_folder(plan.out, identity)
            gold = gold_documents(ready.task.corpus, ready.samples) if ready.task.corpus else {}
            buyer = _buyer(plan, ready, store, agent, gold, bar)
            found = await _bought(plan, ready, buyer, identity, bar)
    if isinstance(found, str):
        return found, True
    if not found.questions:
        raise ResearchError(
            f"None of {len(ready.samples)} questions has all its trials, for the model or a backend failed: put it "
            "right and give the same command again; what is finished is kept."
        )
    command = command_of(plan)
    results = {"questions": found.questions, "left_out": found.left_out, "command": command, **_figures(found)}
    folder.finish(plan.out, identity, results, found.rows, page(identity, found, command))
    return summary(found, plan.out), not found.left_out


def _buyer(
    plan: SweepPlan, ready: Ready, store: RunStore, agent: AgentSolver, gold: Mapping[str, Document], bar: Bar
) -> Buyer:
    """Return what buys the orders of a plan."""
    return Buyer(
        ready.task,
        store,
        AgentMachine(agent, gold),
        ready.orders,
        lambda order, sample: order.applies(sample, gold),
        ready.asked.seeds,
        plan.concurrency,
        bar,
    )


async def _bought(plan: SweepPlan, ready: Ready, buyer: Buyer, identity: Mapping[str, object], bar: Bar) -> Found | str:
    """Buy the pilot, say what the rest costs, and buy it unless that is all that was asked; return what was found."""
    samples, cap = ready.samples, plan.max_units
    buyer.open(samples)
    for place, sample in enumerate(samples[:PILOT]):
        await buyer.buy([sample], place)
        if cap is not None and buyer.units > cap:
            raise SweepError(
                f"The pilot's first {place + 1} questions alone spent {buyer.units:,.0f} units, over the cap of "
                f"{cap:,.0f} (--max-units): ask fewer cells, or raise the cap; what was bought is kept."
            )
    cost = _estimated(ready, buyer)
    said = to_markdown(cost, plan.concurrency)
    if plan.dry_run:
        return said
    if cap is not None and buyer.units + cost.units.value > cap:
        raise SweepError(
            f"The sweep would spend about {cost.units.value:,.0f} units more (95 %: {cost.units.low:,.0f} to "
            f"{cost.units.high:,.0f}), over the cap of {cap:,.0f} (--max-units); but for the pilot of {cost.pilot} "
            f"questions ({buyer.units:,.0f} units now, kept) nothing was spent: ask fewer questions, or raise the cap."
        )
    bar.note(said)
    folder.begin(plan.out, identity)
    for place in range(min(PILOT, len(samples)), len(samples), size := max(BLOCK, plan.concurrency)):
        block = samples[place : place + size]
        each = cost.units.value / max(1, len(samples) - cost.pilot)
        if cap is not None and buyer.units + each * len(block) > cap and any(buyer.missing(block).values()):
            bar.note(f"The cap is reached after {place} of {len(samples)} questions; these are a sweep of their own.")
            samples = samples[:place]
            break
        await buyer.buy(block, place)
    return collect(ready.asked, buyer, samples)


def _estimated(ready: Ready, buyer: Buyer) -> Estimate:
    """Return what the rest costs, from the first questions."""
    trials = {
        order: [
            [trial for seed in ready.asked.seeds for trial in trials_of(buyer, order, sample, seed)]
            for sample in ready.samples[: min(PILOT, first)]
        ]
        for order, first in ready.orders
    }
    missing = buyer.missing(ready.samples)
    totals = {order: len(buyer.keys(order, first, ready.samples)) for order, first in ready.orders}
    counts = {order: (totals[order] - missing[order], missing[order]) for order in totals}
    return estimate(trials, counts, len(ready.samples) - PILOT)


def _figures(found: Found) -> dict[str, object]:
    """Return what was found as JSON values."""
    return {
        "cells": [asdict(one) for one in found.cells],
        "replay": [asdict(one) for one in found.probes],
        "floor": found.floor and asdict(found.floor),
        "ceiling": found.ceiling and asdict(found.ceiling),
        "failures": found.failures,
        "exhausted": found.exhausted,
    }
