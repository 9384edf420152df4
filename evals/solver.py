"""The agent as a solver: one index, one model and one reader, shared by all questions."""

import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from evals.harness import Identity
from evals.runstore import code_version
from evals.task import Sample
from research_agent.agent import aask_with
from research_agent.answer import Answer
from research_agent.config import Settings
from research_agent.graph.chain import Emit
from research_agent.models.base import ChatModel
from research_agent.options import AskOptions
from research_agent.resources import Resources, open_resources
from retrieval.base import Retriever, RetrieverInfo

Evidence = Callable[[Sample], AbstractAsyncContextManager[Retriever]]
Check = Callable[[ChatModel | None, Sequence[Retriever], Sequence[RetrieverInfo]], object]

# What the key of a trial holds elsewhere, or what cannot change an answer.
_APART = ("docs", "index", "run_dir", "price_file", "model", "seed")


class AgentSolver:
    """Answers each question with a run of its own; the run's folder is dropped, the run store keeps what matters."""

    def __init__(
        self,
        options: AskOptions,
        resources: Resources,
        corpus: str,
        scratch: Path,
        evidence: Evidence | None = None,
    ) -> None:
        """Keep what all questions share.

        Args:
            options: of every run.
            resources: opened for these options; the caller closes them.
            corpus: fingerprint of what is searched.
            scratch: folder for run folders.
            evidence: opens what is searched for one question, in place of the retrievers of `resources`.
        """
        self.options = options
        self._resources = resources
        self._corpus = corpus
        self._scratch = scratch
        self._evidence = evidence
        named = resources.model_name()
        model = f"{named['provider']}:{named['name']}" if named else "extractive"
        cell = {name: value for name, value in options.to_json().items() if name not in _APART}
        self._identity = Identity(cell, code_version(), model, corpus)

    @property
    def identity(self) -> Identity:
        """What determines its answers."""
        return self._identity

    @property
    def model(self) -> ChatModel | None:
        """What reads; None for the extractive reader."""
        return self._resources.model

    def at(self, **changes: Any) -> "AgentSolver":
        """Return a solver over the same resources with some options changed."""
        return AgentSolver(
            replace(self.options, **changes), self._resources, self._corpus, self._scratch, self._evidence
        )

    def over(self, evidence: Evidence, corpus: str) -> "AgentSolver":
        """Return the same solver searching something of each question's own, `corpus` being its fingerprint."""
        return AgentSolver(self.options, self._resources, corpus, self._scratch, evidence)

    async def solve(self, sample: Sample, *, seed: int) -> Answer:
        """Answer one question.

        Raises:
            BudgetTooSmallError: the budget could not pay for any answer.
            UsageError: the question cannot be used.
            ModelError, RetrievalError: the infrastructure failed.
        """
        async with AsyncExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(dir=self._scratch, prefix="run-"))
            resources = self._resources
            if self._evidence is not None:
                found = await stack.enter_async_context(self._evidence(sample))
                resources = replace(resources, retrievers=(found,))
            options = replace(self.options, seed=seed, run_dir=Path(folder) / "run")
            return await aask_with(sample.question, options, resources, home=self._scratch)


@asynccontextmanager
async def open_solver(
    options: AskOptions, settings: Settings, corpus: str, emit: Emit, check: Check | None = None
) -> AsyncIterator[AgentSolver]:
    """Open the index and the model once, and give a solver that shares them.

    Args:
        options: of every run; `docs` or `index` says what is searched.
        settings: where files are kept, which keys there are.
        corpus: fingerprint of what is searched.
        emit: told of the set-up (index being built, model chosen).
        check: as `open_resources`: may refuse the model before documents are indexed.

    Raises:
        UsageError: an option cannot be used.
        RetrievalError: the documents cannot be opened.
        ModelError: the model cannot be loaded.
    """
    with tempfile.TemporaryDirectory(prefix="eval-", ignore_cleanup_errors=True) as scratch:
        async with open_resources(options, settings, emit, check) as resources:
            yield AgentSolver(options, resources, corpus, Path(scratch))
