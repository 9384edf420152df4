"""This process answers."""

from contextlib import AbstractAsyncContextManager

from evals.engines.base import Opener
from evals.harness import Solver
from research_agent.graph.chain import Emit


def local(opener: Opener, concurrency: int, emit: Emit) -> AbstractAsyncContextManager[Solver]:
    """Open the solver here; the harness keeps to the concurrency."""
    return opener(emit)
