"""The agent as a solver: one index, one model and one reader, shared by all questions."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from evals.harness import Identity
from evals.runstore import code_version
from evals.task import Sample
from research_agent.agent import aask_with
from research_agent.answer import Answer
from research_agent.config import Settings
from research_agent.graph.chain import Emit
from research_agent.options import AskOptions
from research_agent.resources import Resources, open_resources

# What the key of a trial holds elsewhere, or what cannot change an answer.
_APART = ("docs", "index", "run_dir", "price_file", "model", "seed")


class AgentSolver:
    """Answers each question with a run of its own; the run's folder is dropped, the run store keeps what matters."""

    def __init__(self, options: AskOptions, resources: Resources, corpus: str, scratch: Path) -> None:
        """Keep what all questions share.

        Args:
            options: of every run.
            resources: opened for these options; the caller closes them.
            corpus: fingerprint of what is searched.
            scratch: folder for run folders.
        """
        self._options = options
        self._resources = resources
        self._scratch = scratch
        named = resources.model_name()
        model = f"{named['provider']}:{named['name']}" if named else "extractive"
        cell = {name: value for name, value in options.to_json().items() if name not in _APART}
        self._identity = Identity(cell, code_version(), model, corpus)

    @property
    def identity(self) -> Identity:
        """What determines its answers."""
        return self._identity

    async def solve(self, sample: Sample, *, seed: int) -> Answer:
        """Answer one question.

        Raises:
            BudgetTooSmallError: the budget could not pay for any answer.
            UsageError: the question cannot be used.
            ModelError, RetrievalError: the infrastructure failed.
        """
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="run-") as folder:
            options = replace(self._options, seed=seed, run_dir=Path(folder) / "run")
            return await aask_with(sample.question, options, self._resources, home=self._scratch)


@asynccontextmanager
async def open_solver(options: AskOptions, settings: Settings, corpus: str, emit: Emit) -> AsyncIterator[AgentSolver]:
    """Open the index and the model once, and give a solver that shares them.

    Args:
        options: of every run; `docs` or `index` says what is searched.
        settings: where files are kept, which keys there are.
        corpus: fingerprint of what is searched.
        emit: told of the set-up (index being built, model chosen).

    Raises:
        UsageError: an option cannot be used.
        RetrievalError: the documents cannot be opened.
        ModelError: the model cannot be loaded.
    """
    with tempfile.TemporaryDirectory(prefix="eval-", ignore_cleanup_errors=True) as scratch:
        async with open_resources(options, settings, emit) as resources:
            yield AgentSolver(options, resources, corpus, Path(scratch))
