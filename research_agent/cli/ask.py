"""`research-agent ask`: one question, one budget, one report."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from research_agent.answer import Answer
from research_agent.cli.interrupts import Interrupts
from research_agent.cli.output import FormatOption, OutOption, QuietOption, a_path, choose_format, deliver
from research_agent.cli.story import Gauge
from research_agent.cli.view import View, open_view
from research_agent.errors import UsageError

if TYPE_CHECKING:
    from research_agent.config import Settings
    from research_agent.options import AskOptions

# Whatever else is given with --resume would be ignored: the run keeps what it began with.
_WITH_RESUME: Final = {"resume", "form", "out", "quiet"}
_LONGEST_INPUT: Final = 100_000

_MODELS: Final = (
    "extractive, embedded, embedded:small, gguf:PATH, openai:MODEL[@URL], anthropic:MODEL, gemini:MODEL, ollama:MODEL "
    "or langchain:PROVIDER:MODEL.  [default: the best there is]"
)

Question = Annotated[str | None, typer.Argument(metavar="QUESTION", help="In plain words; - reads it from stdin.")]
Docs = Annotated[
    list[Path] | None,
    typer.Option("--docs", metavar="PATH", parser=a_path, help="File or folder to answer from; repeat."),
]
Index = Annotated[Path | None, typer.Option("--index", metavar="DIR", help="Index made by `index build`.")]
Backends = Annotated[
    list[str] | None, typer.Option("--backend", metavar="NAME", help="Backend by name or module:Class; repeat.")
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="SPEC",
        help=_MODELS,
    ),
]
Units = Annotated[float, typer.Option("--budget", metavar="UNITS", help="Most units to spend.")]
MaxUsd = Annotated[float | None, typer.Option("--max-usd", metavar="X", help="Most US dollars to spend.")]
MaxSearches = Annotated[int | None, typer.Option("--max-searches", metavar="N", help="Most searches.")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", metavar="N", help="Most tokens, prompts and output.")]
MaxSeconds = Annotated[float | None, typer.Option("--max-seconds", metavar="S", help="Most seconds.")]
Prices = Annotated[Path | None, typer.Option("--prices", metavar="FILE", help="US dollars by model and backend.")]
StrategyName = Annotated[str, typer.Option("--strategy", metavar="NAME", help="How candidates are made.")]
SelectorName = Annotated[str, typer.Option("--selector", metavar="NAME", help="How one of them is chosen.")]
Depth = Annotated[int, typer.Option("--depth", metavar="D", help="Search rounds, each using what was read before.")]
Width = Annotated[int, typer.Option("--width", metavar="W", help="Queries a round.")]
Think = Annotated[int, typer.Option("--think", metavar="T", help="Reasoning tokens a model step may use.")]
Samples = Annotated[int, typer.Option("--samples", metavar="N", help="Candidates that the strategy makes.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Makes choices repeatable.")]
RunDir = Annotated[Path | None, typer.Option("--run-dir", metavar="DIR", help="Keep the run here.")]
Resume = Annotated[str | None, typer.Option("--resume", metavar="RUN", help="Go on with a run, by id or folder.")]


def ask(
    ctx: typer.Context,
    question: Question = None,
    docs: Docs = None,
    index: Index = None,
    backend: Backends = None,
    model: Model = None,
    budget: Units = 20_000,
    max_usd: MaxUsd = None,
    max_searches: MaxSearches = None,
    max_tokens: MaxTokens = None,
    max_seconds: MaxSeconds = None,
    prices: Prices = None,
    strategy: StrategyName = "single",
    selector: SelectorName = "vote",
    depth: Depth = 4,
    width: Width = 2,
    think: Think = 0,
    samples: Samples = 1,
    seed: Seed = 0,
    run_dir: RunDir = None,
    resume: Resume = None,
    form: FormatOption = None,
    out: OutOption = None,
    quiet: QuietOption = False,
) -> int:
    """Answer a question within a budget, with checked quotes.

    Without a question, a default one about the sample corpus is answered.
    """
    if resume is not None:
        _alone(ctx)
        return go_on(resume, form, out, quiet=quiet)
    from research_agent.budget import Budget
    from research_agent.graph.state import Dials
    from research_agent.options import AskOptions

    report = choose_format(form, out)
    asked, paths, note = _subject(question, tuple(docs or ()), named=bool(index or backend))
    options = AskOptions(
        docs=paths,
        index=index,
        backends=tuple(backend or ()),
        model=model,
        budget=Budget(budget, max_searches, max_tokens, max_usd, max_seconds),
        strategy=strategy,
        selector=selector,
        dials=Dials(depth, width, think),
        samples=samples,
        seed=seed,
        run_dir=run_dir,
        price_file=prices,
    )
    view = open_view(Gauge(budget, depth, max_seconds), quiet=quiet)
    if note:
        view.say(note)
    answer = watched(view, lambda stop: _begin(asked, options, view, stop))
    return deliver(answer, report, out)


def go_on(run: str, form: str | None, out: Path | None, *, quiet: bool) -> int:
    """Go on with a run and return the exit status."""
    from research_agent.agent import aresume
    from research_agent.config import load_settings
    from research_agent.options import AskOptions
    from research_agent.runs import load_run

    report = choose_format(form, out)
    settings = load_settings()
    found = load_run(run, settings.home)
    options = AskOptions.from_json(found.record.options)
    gauge = Gauge(options.budget.units, options.dials.depth, options.budget.max_seconds)
    view = open_view(gauge, quiet=quiet)
    answer = watched(view, lambda stop: aresume(found.path, settings=settings, emit=view.emit, stop=stop))
    return deliver(answer, report, out)


def watched(view: View, work: Callable[[asyncio.Event], Awaitable[Answer]]) -> Answer:
    """Carry out a run under a live view, with Ctrl-C in hand."""

    async def run(interrupts: Interrupts) -> Answer:
        return await work(interrupts.event())

    with view, Interrupts(lambda: view.gauge.run, view.say, view.close) as interrupts:
        return asyncio.run(run(interrupts))


async def _begin(question: str, options: "AskOptions", view: View, stop: asyncio.Event) -> Answer:
    from research_agent.agent import aask
    from research_agent.config import load_settings

    settings: Settings = load_settings()
    return await aask(question, options, settings=settings, emit=view.emit, stop=stop)


def _alone(ctx: typer.Context) -> None:
    """Refuse options beside --resume that could not be followed.

    Raises:
        UsageError: there are some.
    """
    given = [
        parameter.opts[-1] if parameter.opts[-1].startswith("-") else "a question"
        for parameter in ctx.command.params
        if parameter.name not in _WITH_RESUME
        and getattr(ctx.get_parameter_source(parameter.name or ""), "name", "DEFAULT") == "COMMANDLINE"
    ]
    if given:
        raise UsageError(f"--resume goes on with what the run began with, so leave out {', '.join(given)}.")


def _from_stdin() -> str:
    """Return the question on stdin.

    Raises:
        UsageError: it is no text, or far too long to be read whole.
    """
    try:
        question = sys.stdin.read(_LONGEST_INPUT + 1)
    except UnicodeDecodeError as error:
        raise UsageError(f"The question on stdin is no text ({error}): give it in UTF-8.") from error
    if len(question) > _LONGEST_INPUT:
        raise UsageError(
            f"The question has more than {_LONGEST_INPUT:,} characters: put long material into a document and name it "
            "with --docs."
        )
    return question


def _subject(question: str | None, docs: tuple[Path, ...], *, named: bool) -> tuple[str, tuple[Path, ...], str]:
    """Return the question, the documents, and what is to be said about them.

    Raises:
        UsageError: there is no question for the user's own documents.
    """
    from research_agent.options import check_question

    if question is None and (docs or named):
        raise UsageError('There is no question: give it after the options, for example: ask "Who …?" --docs PATH')
    note = ""
    if question is None or not (docs or named):
        from research_agent import sample

        if question is None:
            question = sample.DEFAULT_QUESTION
            note = f"No question was given; the default one is asked: {question}\n"
        docs = (sample.documents(),)
        note += "No documents were named; answering from the sample corpus (--docs PATH names your own)."
    if question == "-":
        question = _from_stdin()
    return check_question(question), docs, note
