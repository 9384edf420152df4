"""How one candidate is chosen: one file each, found by name."""

from typing import Final, cast

from research_agent import plugins
from research_agent.selectors.base import Ballot, Selector

__all__ = ["Ballot", "Selector", "known_selectors", "load_selector"]

GROUP: Final = "research_agent.selectors"
BUILTIN: Final = {"vote": "research_agent.selectors.vote:Vote"}


def known_selectors() -> list[str]:
    """Return the names of all selectors."""
    return sorted(plugins.targets(BUILTIN, GROUP))


def load_selector(name: str) -> Selector:
    """Return the selector called `name`.

    Raises:
        UnknownNameError: there is none.
        UsageError: it is a plug-in that cannot be loaded.
    """
    return cast(Selector, plugins.load("selector", name, BUILTIN, GROUP))
