"""Answer one question under one budget: the front door for Python, and what every other door calls."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from research_agent.answer import Answer, Status
from research_agent.errors import UsageError
from research_agent.graph.chain import Emit
from research_agent.minimum import check_budget
from research_agent.options import AskOptions, check_question
from research_agent.resources import Resources, check_paths, open_resources
from research_agent.running import carry_out
from research_agent.runs import Run, RunRecord, check_folder, create_run, load_run, new_run_id
from research_agent.selectors import load_selector
from research_agent.strategies import load_strategy

if TYPE_CHECKING:
    from research_agent.config import Settings

FINISHED: Final[frozenset[Status]] = frozenset({"answered", "no_evidence"})


def _silent(_event: Mapping[str, object]) -> None:
    """Tell nobody."""


async def aask(
    question: str,
    options: AskOptions | None = None,
    *,
    settings: "Settings",
    emit: Emit = _silent,
    stop: asyncio.Event | None = None,
) -> Answer:
    """Answer a question from documents, never spending more than the budget.

    Args:
        question: in plain words.
        options: None takes the defaults.
        settings: where files are kept, which keys there are.
        emit: told of every step, for a live view; events are small dicts with a "type".
        stop: set it to have the run end after its current step with what it has (the answer's status is then
            "interrupted" and the run can be resumed). Cancelling the task ends calls in flight as well, and raises.

    Raises:
        UsageError: the question or an option cannot be used; nothing was spent or written.
        BudgetTooSmallError: the budget could not pay for any answer; nothing was spent or written.
        ModelError: the model cannot be loaded.
        RetrievalError: the documents or a backend cannot be opened.
    """
    options = options or AskOptions()
    check_question(question)
    check_names(options)
    check_paths(options)
    check_folder(_folder(options, settings.home, "new"))
    check = partial(check_budget, question, options)
    async with open_resources(options, settings, emit, check) as resources:
        return await aask_with(question, options, resources, home=settings.home, emit=emit, stop=stop)


async def aask_with(
    question: str,
    options: AskOptions,
    resources: Resources,
    *,
    home: Path,
    emit: Emit = _silent,
    stop: asyncio.Event | None = None,
) -> Answer:
    """Answer a question with a model, retrievers and a reader of your own; see `aask`.

    The options' `docs`, `index`, `backends` and `model` are only written down.

    Args:
        question: in plain words.
        options: budget, strategy, dials…
        resources: what the run works with; the caller closes them.
        home: run folders are made in `home/runs`, unless the options name one.
        emit: told of every step.
        stop: set it to have the run end after its current step.
    """
    question = check_question(question)
    check_names(options)
    run_id = new_run_id()
    path = _folder(options, home, run_id)
    check_folder(path)
    money = check_budget(question, options, resources.model, resources.retrievers)
    record = RunRecord(
        run_id,
        datetime.now(UTC).isoformat(timespec="milliseconds"),
        question,
        replace(options, model=resources.spec or options.model).to_json(),
        resources.model_name(),
        tuple(retriever.info.name for retriever in resources.retrievers),
        money.to_json(),
        code_version(),
    )
    return await carry_out(create_run(path, record), options, resources, emit, stop)


async def aresume(
    run: str | Path,
    *,
    settings: "Settings",
    emit: Emit = _silent,
    stop: asyncio.Event | None = None,
) -> Answer:
    """Go on with a run that was killed, stopped or failed; a finished one gives its stored answer again, for nothing.

    Args:
        run: its id, or its folder.
        settings: as for `aask`.
        emit: told of every step.
        stop: set it to have the run end after its current step.

    Raises:
        UsageError: there is no such run, or it cannot be gone on with as it was.
        RunBusyError: another process is writing it.
    """
    found = load_run(run, settings.home)
    if answer := finished(found):
        return answer
    options = AskOptions.from_json(found.record.options)
    check_paths(options)
    async with open_resources(options, settings, emit) as resources:
        return await aresume_with(found, resources, emit=emit, stop=stop)


async def aresume_with(
    run: Run, resources: Resources, *, emit: Emit = _silent, stop: asyncio.Event | None = None
) -> Answer:
    """Go on with a run, with the model, retrievers and reader it began with; see `aresume`."""
    if answer := finished(run):
        return answer
    record = run.record
    now = resources.model_name(), tuple(retriever.info.name for retriever in resources.retrievers)
    for what, began, mine in zip(("model", "backends"), (record.model, record.backends), now, strict=True):
        if began != mine:
            raise UsageError(
                f"The run {record.run_id!r} began with the {what} {began} and cannot go on with {mine}: "
                f"give it the {what} it began with, or start a new run."
            )
    return await carry_out(run, AskOptions.from_json(record.options), resources, emit, stop)


def ask(question: str, options: AskOptions | None = None, *, settings: "Settings", emit: Emit = _silent) -> Answer:
    """Answer a question; `aask` for code that is not async. Works inside a running event loop, too."""
    return _wait(lambda: aask(question, options, settings=settings, emit=emit))


def resume(run: str | Path, *, settings: "Settings", emit: Emit = _silent) -> Answer:
    """Go on with a run; `aresume` for code that is not async."""
    return _wait(lambda: aresume(run, settings=settings, emit=emit))


def finished(run: Run) -> Answer | None:
    """Return the stored answer of a run that came to its end; None where it was killed, stopped or failed."""
    answer = run.answer()
    return answer if answer is not None and answer.status in FINISHED else None


def check_names(options: AskOptions) -> None:
    """Refuse a strategy or selector that is not there, and samples the strategy cannot make.

    Raises:
        UnknownNameError: there is no strategy or selector of this name.
        UsageError: the strategy cannot make this many samples.
    """
    load_selector(options.selector)
    load_strategy(options.strategy).chains(options.samples)


def code_version() -> str:
    """Return the version of this program."""
    try:
        return version("search-as-compute")
    except PackageNotFoundError:
        return "unknown"


def _folder(options: AskOptions, home: Path, run_id: str) -> Path:
    """Return where the run's folder is to be."""
    return home / "runs" / run_id if options.run_dir is None else options.run_dir


def _wait(work: Callable[[], Coroutine[None, None, Answer]]) -> Answer:
    """Run a coroutine to its end, on a thread of its own where this one has a running event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    with ThreadPoolExecutor(1, "research-agent") as thread:
        return thread.submit(lambda: asyncio.run(work())).result()
