"""From a name to a class: ours by table, anyone else's by entry point. A plug-in may add a name, never replace ours."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from research_agent.errors import UnknownNameError, UsageError


def targets(builtin: Mapping[str, str], group: str) -> dict[str, str]:
    """Return every known name with where its class is, as module:Class."""
    return {point.name: point.value for point in entry_points(group=group)} | dict(builtin)


def load(kind: str, name: str, builtin: Mapping[str, str], group: str) -> Any:
    """Return an instance of the class called `name`.

    Args:
        kind: what it is, for the message.
        name: as the user gave it.
        builtin: our names with module:Class.
        group: entry-point group of plug-ins.

    Raises:
        UnknownNameError: nothing has this name.
        UsageError: a plug-in has it and cannot be loaded.
    """
    if name in builtin:
        return _made(builtin[name])
    known = targets(builtin, group)
    if name not in known:
        raise UnknownNameError(kind, name, sorted(known))
    try:
        return _made(known[name])
    except (ImportError, AttributeError, TypeError) as error:
        raise UsageError(f"The {kind} {name!r} ({known[name]}) cannot be loaded: {error}.") from error


def _made(target: str) -> Any:
    """Return an instance of the class at module:Class."""
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)()
