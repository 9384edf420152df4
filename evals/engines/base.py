"""What an engine is."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

from evals.errors import EngineError
from evals.harness import Solver
from research_agent.graph.chain import Emit

EngineName = Literal["local", "ray"]
# Opens a solver, wherever it is called; told of the set-up. Ray sends it to other machines, so it must pickle.
Opener = Callable[[Emit], AbstractAsyncContextManager[Solver]]


class Engine(Protocol):
    """Opens a solver that answers somewhere, several questions at once."""

    def __call__(self, opener: Opener, concurrency: int, emit: Emit) -> AbstractAsyncContextManager[Solver]:
        """Open the solver.

        Args:
            opener: makes a solver in a process that answers.
            concurrency: questions under way at once, over all processes.
            emit: told of the set-up.

        Raises:
            EngineError: the engine cannot be used.
        """
        ...


def engine_of(name: str) -> Engine:
    """Return the engine of that name.

    Raises:
        EngineError: there is none, or what it needs is not installed.
    """
    if name == "local":
        from evals.engines.local import local

        return local
    if name == "ray":
        from evals.engines.ray import ray_engine

        return ray_engine
    raise EngineError(f"There is no engine {name!r}; the engines are local and ray.")
