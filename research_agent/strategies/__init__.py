"""How candidates are made out of chains: one file each, found by name."""

from typing import Final, cast

from research_agent import plugins
from research_agent.strategies.base import Candidate, Chains, Job, Strategy, Taxonomy

__all__ = ["Candidate", "Chains", "Job", "Strategy", "Taxonomy", "known_strategies", "load_strategy"]

GROUP: Final = "research_agent.strategies"
BUILTIN: Final = {
    "single": "research_agent.strategies.single:Single",
    "parallel": "research_agent.strategies.parallel:Parallel",
}


def known_strategies() -> list[str]:
    """Return the names of all strategies."""
    return sorted(plugins.targets(BUILTIN, GROUP))


def load_strategy(name: str) -> Strategy:
    """Return the strategy called `name`.

    Raises:
        UnknownNameError: there is none.
        UsageError: it is a plug-in that cannot be loaded.
    """
    return cast(Strategy, plugins.load("strategy", name, BUILTIN, GROUP))
