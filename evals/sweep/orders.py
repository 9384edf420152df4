"""What a sweep buys: orders of runs, each for every question and seed, and the solver that carries one out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from evals.harness import Identity, Solver, key_of
from evals.solver import AgentSolver
from evals.sweep.evidence import gold_alone, gold_of, no_evidence
from evals.sweep.grid import Cell
from evals.task import Sample
from research_agent.budget.budget import Budget
from research_agent.graph.state import Dials
from research_agent.strategies.parallel import chain_seed
from retrieval.base import Document

Kind = Literal["run", "probe", "floor", "ceiling"]


@dataclass(frozen=True, slots=True)
class Order:
    """One budget that is bought of every question.

    Attributes:
        kind: "run" holds cells for replay; "probe" is a cell bought afresh to test replay; "floor" finds nothing and
            "ceiling" finds the gold documents alone.
        cell: what is assigned.
    """

    kind: Kind
    cell: Cell

    @property
    def chains(self) -> int:
        """How many trials of one question and seed make it.

        The candidates of a parallel run know nothing of each other, so each is bought as a trial of its own; a probe is
        the real thing, one run with all of them.
        """
        return 1 if self.kind == "probe" else self.cell.samples

    def seeds(self, seed: int) -> tuple[int, ...]:
        """Return the seeds of its trials: those of the chains of a parallel run."""
        return tuple(chain_seed(seed, number) for number in range(self.chains))

    def applies(self, sample: Sample, gold: Mapping[str, Document]) -> bool:
        """Tell whether a sample can be asked so: the ceiling needs all its gold documents."""
        return self.kind != "ceiling" or (bool(gold_of(sample)) and all(name in gold for name in gold_of(sample)))


class Machine(Protocol):
    """Gives the solver of an order."""

    def solver(self, order: Order) -> Solver:
        """Return what answers the questions of an order."""
        ...


class AgentMachine:
    """The agent, with one index and one model for all orders."""

    def __init__(self, agent: AgentSolver, gold: Mapping[str, Document]) -> None:
        """Keep the agent, whose budget is one chain's, and the gold documents by id."""
        self._agent = agent
        self._gold = gold

    def solver(self, order: Order) -> AgentSolver:
        """Return the agent at the order's budgets, searching what the order says."""
        cell = order.cell
        agent = self._agent.at(dials=Dials(cell.depth, cell.width, cell.think))
        if order.kind == "probe" and cell.samples > 1:
            units = cell.samples * agent.options.budget.units
            agent = agent.at(strategy="parallel", samples=cell.samples, budget=Budget(units))
        if order.kind == "floor":
            return agent.over(no_evidence, "nothing")
        corpus = agent.identity.corpus
        return agent.over(gold_alone(self._gold), f"gold alone of {corpus}") if order.kind == "ceiling" else agent


def keys_of(order: Order, identity: Identity, samples: Sequence[Sample], seeds: Sequence[int]) -> Iterator[str]:
    """Yield the keys of an order's trials of these samples."""
    for sample in samples:
        for seed in seeds:
            for own in order.seeds(seed):
                yield key_of(sample, identity, own)
