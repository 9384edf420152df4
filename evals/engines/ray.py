"""Workers of a Ray cluster answer, on this machine or on many.

Each worker opens a solver of its own; the harness asks them through one solver that gives each question to the worker
with the fewest under way. The run store stays in this process, its only writer, so the trials are those of a local
run. A lost worker is a failure of the infrastructure: its questions are asked again, and Ray starts it anew.

Ray looks for a cluster by RAY_ADDRESS, then for one that `ray start` began on this machine, and starts one of its own
where there is neither. Every machine needs this program, of the same version, and the documents at the same paths.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evals.engines.base import Opener
from evals.errors import EngineError, WorkerError
from evals.harness import Identity, Solver
from evals.task import Sample
from research_agent.answer import Answer
from research_agent.graph.chain import Emit

if TYPE_CHECKING:
    from ray.actor import ActorHandle

# How long workers are given to let go of their files before they are ended.
_PARTING_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception on its way from a worker, as values: those made of more than a text cannot be pickled."""

    kind: type[Exception]
    args: tuple[object, ...]
    state: Mapping[str, object]

    @classmethod
    def of(cls, error: Exception) -> "Raised":
        """Return what an exception is made of."""
        return cls(type(error), error.args, dict(vars(error)))

    def error(self) -> Exception:
        """Return the exception."""
        error = self.kind.__new__(self.kind, *self.args)
        error.__dict__.update(self.state)
        return error


class Worker:
    """What runs in a process of the cluster: a solver, opened at the first call and kept."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._solver: Solver | None = None

    async def identity(self) -> "Identity | Raised":
        """Return what determines the answers given here."""
        try:
            return (await self._opened()).identity
        except Exception as error:  # noqa: BLE001 - raised again where the workers were started
            return Raised.of(error)

    async def solve(self, sample: Sample, seed: int, identity: Identity) -> "Answer | Raised":
        """Answer one question, as long as it would be that answer: a worker may come back on another machine."""
        try:
            solver = await self._opened()
            _check(identity, solver.identity)
            return await solver.solve(sample, seed=seed)
        except Exception as error:  # noqa: BLE001 - raised again where the question came from
            return Raised.of(error)

    async def close(self) -> None:
        """Let go of index and model."""
        await self._stack.aclose()

    async def _opened(self) -> Solver:
        async with self._opening:
            if self._solver is None:
                self._solver = await self._stack.enter_async_context(self._opener(_quiet))
            return self._solver


def _quiet(_event: Mapping[str, object]) -> None:
    """Tell nobody: a worker has no terminal."""


class RaySolver:
    """One solver made of many workers."""

    def __init__(self, workers: "list[ActorHandle[Any]]", identity: Identity) -> None:
        """Keep the workers, all of which have this identity."""
        self._under_way = dict.fromkeys(range(len(workers)), 0)
        self._workers = workers
        self._identity = identity

    @property
    def identity(self) -> Identity:
        """What determines the answers of every worker."""
        return self._identity

    async def solve(self, sample: Sample, *, seed: int) -> Answer:
        """Have the least busy worker answer.

        Raises:
            WorkerError: the worker was lost; the question is to be asked again.
            EngineError: the worker came back as another program.
            Exception: what its solver raised.
        """
        number = min(self._under_way, key=self._under_way.__getitem__)
        self._under_way[number] += 1
        try:
            answer: Answer = await _reply(self._workers[number].solve.remote(sample, seed, self._identity))
        finally:
            self._under_way[number] -= 1
        return answer


async def _reply(reply: Any) -> Any:
    """Wait for a worker's reply.

    Raises:
        WorkerError: the worker was lost.
        Exception: what was raised there.
    """
    from ray.exceptions import RayError, RayTaskError

    try:
        told = await reply
    except RayTaskError:
        raise  # a fault of this file, or a reply that cannot be sent
    except RayError as error:
        raise WorkerError(f"A worker was lost: {error}") from error
    if isinstance(told, Raised):
        raise told.error()
    return told


@asynccontextmanager
async def ray_engine(opener: Opener, concurrency: int, emit: Emit) -> AsyncIterator[Solver]:
    """Start workers in a cluster, one a CPU and no more than questions at once, and stop them at the end.

    Raises:
        EngineError: Ray is not installed, no cluster can be had, or its machines do not run the same program.
    """
    # Ray reports its use over the network unless it is told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise EngineError("Ray is not installed: pip install 'search-as-compute[ray]'.") from error
    mine = not ray.is_initialized()
    if mine:
        try:
            ray.init(include_dashboard=False, configure_logging=False, log_to_driver=False)
        except Exception as error:  # Ray raises no more than this where a machine does not start in time
            raise EngineError(f"No Ray cluster can be had ({error}); check RAY_ADDRESS or run: ray start") from error
    workers: list[ActorHandle[Any]] = []
    try:
        count = max(1, min(concurrency, int(ray.cluster_resources().get("CPU", 1))))
        emit({"type": "engine", "why": f"ray, {count} workers"})
        each = -(-concurrency // count)
        remote = ray.remote(num_cpus=1, max_restarts=-1, max_concurrency=each, scheduling_strategy="SPREAD")(Worker)
        workers += [remote.remote(opener) for _ in range(count)]
        yield RaySolver(workers, await _agreed(workers))
    finally:
        with suppress(TimeoutError):
            closing = asyncio.gather(*(worker.close.remote() for worker in workers), return_exceptions=True)
            await asyncio.wait_for(closing, _PARTING_SECONDS)
        for worker in workers:
            ray.kill(worker)
        if mine:
            ray.shutdown()


async def _agreed(workers: "list[ActorHandle[Any]]") -> Identity:
    """Return the identity that all workers have.

    Raises:
        EngineError: they differ, or one could not start.
        Exception: what was raised where a solver was opened.
    """
    try:
        # The first may build an index that the others then find.
        first: Identity = await _reply(workers[0].identity.remote())
        others = await asyncio.gather(*(_reply(worker.identity.remote()) for worker in workers[1:]))
    except WorkerError as error:
        raise EngineError(f"A worker of the Ray cluster could not start: {error}") from error
    for other in others:
        _check(first, other)
    return first


def _check(first: Identity, other: Identity) -> None:
    """Refuse a worker whose answers would be those of another trial.

    Raises:
        EngineError: it is one.
    """
    if other != first:
        raise EngineError(
            f"The machines of the cluster do not run the same program: {first} and {other}; "
            "install the same version on each of them, with the same documents."
        )
