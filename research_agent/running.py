"""Carry out what a run folder says: chains under a strategy, a choice among them, and the answer."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace

from research_agent.answer import Answer, Status
from research_agent.budget.doors import Doors
from research_agent.budget.journal import Journal
from research_agent.budget.ledger import Ledger
from research_agent.budget.money import Money
from research_agent.budget.replies import read_error
from research_agent.errors import ResearchError
from research_agent.evidence import EvidenceStore
from research_agent.graph.build import build_chain, open_checkpoints
from research_agent.graph.chain import ChainRunner, Emit
from research_agent.minimum import answer_charge
from research_agent.options import AskOptions
from research_agent.resources import Resources
from research_agent.runs import Run
from research_agent.selectors import Ballot, load_selector
from research_agent.selectors.vote import vote
from research_agent.strategies import Candidate, Job, load_strategy
from research_agent.verify import check_answer


async def carry_out(
    run: Run, options: AskOptions, resources: Resources, emit: Emit, stop: asyncio.Event | None
) -> Answer:
    """Begin a run, or go on with it, and store its answer in its folder.

    Raises:
        RunBusyError: another process is writing the run.
        UsageError: its journal does not belong to it.
        ResearchError: its files cannot be written.
    """
    record = run.record
    with ExitStack() as stack:
        journal = Journal(run.journal)
        stack.callback(journal.close)
        money = Money.from_json(record.money)
        ledger = Ledger(options.budget, prices=options.prices, money=money, journal=journal, run_id=record.run_id)
        stack.callback(ledger.close)
        evidence = EvidenceStore(run.evidence)
        stack.callback(evidence.close)

        def tell(event: Mapping[str, object]) -> None:
            emit({**event, "spent": asdict(ledger.remaining())})

        tell({"type": "run_started", "run_id": record.run_id, "run_dir": str(run.path), "question": record.question})
        try:
            candidates, chosen = await _candidates(run, options, resources, ledger, evidence, tell, stop)
        except sqlite3.Error as error:
            raise ResearchError(
                f"The checkpoints {run.checkpoints} cannot be used ({error}): free some space, or remove that file "
                "where it is damaged, then resume the run; what was paid for is kept."
            ) from error
        if not chosen.answer and not chosen.error and (useless := _useless(ledger)):
            chosen = replace(chosen, error=f"No reply of the model could be used; the last of them: {useless}")
        answer = check_answer(_answer(run, options, ledger, evidence, candidates, chosen), evidence)
        run.store(answer)
        tell({"type": "run_ended", "status": answer.status, "stop_reason": answer.stop_reason, "error": answer.error})
        return answer


async def _candidates(
    run: Run,
    options: AskOptions,
    resources: Resources,
    ledger: Ledger,
    evidence: EvidenceStore,
    emit: Emit,
    stop: asyncio.Event | None,
) -> tuple[Sequence[Candidate], Candidate]:
    """Let the strategy make candidates and the selector choose one."""
    selector = load_selector(options.selector)
    # Taken first, so that no chain can spend it.
    purse = ledger.slice("selector", share=selector.share) if selector.share else ledger
    async with open_checkpoints(run.checkpoints) as checkpoints:
        chains = ChainRunner(
            build_chain(resources.nodes, checkpoints),
            evidence,
            resources.retrievers,
            resources.reader,
            resources.model,
            emit,
            stop,
            options.blind,
            answer_charge(run.record.question, resources.model, ledger.tariff),
        )
        job = Job(run.record.question, options.dials, options.samples, options.seed, ledger, chains)
        candidates = await load_strategy(options.strategy).run(job)
    doors = Doors(purse, model=resources.model, chain="selector", seed=options.seed)
    try:
        ballot = Ballot(run.record.question, options.seed, doors, evidence)
        return candidates, await selector.choose(candidates, ballot)
    except ResearchError as error:
        emit({"type": "selector_failed", "selector": options.selector, "error": str(error)})
        return candidates, vote(candidates)


def _answer(
    run: Run,
    options: AskOptions,
    ledger: Ledger,
    evidence: EvidenceStore,
    candidates: Sequence[Candidate],
    chosen: Candidate,
) -> Answer:
    """Return the chosen candidate as the run's answer."""
    # A run with a chain that was cut short can be resumed, so it must not look finished.
    cut = any(candidate.stop_reason == "cancelled" for candidate in candidates)
    # Also one whose budget or time was up, and whose closing then failed: resumed, it can be closed again.
    failed = bool(chosen.error) and not cut
    return Answer(
        run.record.question,
        chosen.answer,
        _status(chosen, cut=cut, failed=failed),
        "cancelled" if cut else "error" if failed else chosen.stop_reason,
        chosen.claims,
        tuple(evidence.source(source) for source in dict.fromkeys(chosen.opened)),
        ledger.spend(),
        _config(run, options),
        run.record.run_id,
        ledger.sha256(),
        chosen.trace,
        chosen.error if failed else "",
    )


def _useless(ledger: Ledger) -> str:
    """Return why the model's last reply could not be used, where none could; else ""."""
    failures = [read_error(reply) for reply in ledger.replies("model")]
    return str(failures[-1]) if failures and all(failures) else ""


def _status(chosen: Candidate, *, cut: bool, failed: bool) -> Status:
    """Return how the run ended."""
    if cut:
        return "interrupted"
    if failed:
        return "failed"
    return "answered" if chosen.answer and chosen.supported else "no_evidence"


def _config(run: Run, options: AskOptions) -> dict[str, object]:
    """Return the settings that a report names."""
    return {
        "strategy": options.strategy,
        "selector": options.selector,
        **asdict(options.dials),
        "samples": options.samples,
        "seed": options.seed,
        "model": run.record.model["name"] if run.record.model else "extractive",
        "backends": list(run.record.backends),
        "prices": options.prices.to_json(),
    }
