"""A deep-research agent that treats search as compute.

Names are loaded on first use, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from research_agent.agent import aask, aask_with, aresume, aresume_with, ask, resume
    from research_agent.answer import Answer, Claim, Quote, Source, Spend
    from research_agent.budget import Budget, Prices
    from research_agent.config import Settings, load_settings
    from research_agent.errors import BudgetError, ModelError, ResearchError, UsageError
    from research_agent.graph.state import Dials
    from research_agent.options import AskOptions
    from research_agent.resources import Resources
    from research_agent.runs import list_runs, load_run

__all__ = [
    "Answer",
    "AskOptions",
    "Budget",
    "BudgetError",
    "Claim",
    "Dials",
    "ModelError",
    "Prices",
    "Quote",
    "ResearchError",
    "Resources",
    "Settings",
    "Source",
    "Spend",
    "UsageError",
    "aask",
    "aask_with",
    "aresume",
    "aresume_with",
    "ask",
    "list_runs",
    "load_run",
    "load_settings",
    "resume",
]

_HOME = {
    "agent": ("aask", "aask_with", "aresume", "aresume_with", "ask", "resume"),
    "answer": ("Answer", "Claim", "Quote", "Source", "Spend"),
    "budget": ("Budget", "Prices"),
    "config": ("Settings", "load_settings"),
    "errors": ("BudgetError", "ModelError", "ResearchError", "UsageError"),
    "graph.state": ("Dials",),
    "options": ("AskOptions",),
    "resources": ("Resources",),
    "runs": ("list_runs", "load_run"),
}


def __getattr__(name: str) -> object:
    """Load a name from the module it stands in."""
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"research_agent.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
