"""Retrieval backends by name.

Built-in ones are listed here; installed packages add theirs under the entry-point group `retrieval.backends`. A name
may be added, never replaced. Anything else is named as `module:Class`.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import cast

from retrieval.base import Retriever
from retrieval.errors import BadInputError, MissingDependencyError, UnknownBackendError

GROUP = "retrieval.backends"

BUILT_IN: Mapping[str, str] = MappingProxyType({"local": "retrieval.index:LocalIndex.open"})
"""Names of our own backends and where the callable stands that makes one."""

_SUMMARIES = {"local": "an index of your own documents: research-agent index build"}


@dataclass(frozen=True, slots=True)
class Backend:
    """One row of `backends list`.

    Attributes:
        name: what to call it.
        target: where its class stands, as `module:Class`.
        origin: `built in`, or the package that adds it.
        note: what it is, or why it is not used.
    """

    name: str
    target: str
    origin: str
    note: str = ""


def backends() -> list[Backend]:
    """Return every known backend, ours first; nothing is imported."""
    rows = [Backend(name, target, "built in", _SUMMARIES.get(name, "")) for name, target in BUILT_IN.items()]
    taken = set(BUILT_IN)
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        if BUILT_IN.get(point.name) == point.value:
            continue
        note = "not used: the name was taken already" if point.name in taken else ""
        rows.append(Backend(point.name, point.value, _origin(point), note))
        taken.add(point.name)
    return rows


def load_retriever(name: str, **options: object) -> Retriever:
    """Make a retriever.

    Args:
        name: the name of a backend, or a class as `module:Class`.
        options: what its class takes, such as `directory=` for `local`.

    Raises:
        UnknownBackendError: no backend has this name.
        MissingDependencyError: a package it needs is not installed.
        BadInputError: the class cannot be found, does not take these options, or is no retriever.
    """
    known = {row.name: row.target for row in backends() if not row.note.startswith("not used")}
    target = known.get(name, name if ":" in name else "")
    if not target:
        raise UnknownBackendError(name, list(known))
    make = _imported(name, target)
    try:
        made = make(**options)
    except TypeError as error:
        raise BadInputError(f"The backend {name!r} could not be made with these options: {error}.") from error
    if not isinstance(made, Retriever):
        raise BadInputError(f"The backend {name!r} is no retriever: it lacks `info` or `search` (see retrieval.base).")
    return made


def _imported(name: str, target: str) -> Callable[..., object]:
    module_name, _, path = target.partition(":")
    try:
        found: object = importlib.import_module(module_name)
        for part in path.split("."):
            found = getattr(found, part)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        if missing == module_name or module_name.startswith(f"{missing}."):
            message = f"The backend {name!r} names the module {module_name!r}, which cannot be found; check the name."
            raise BadInputError(message) from error
        raise MissingDependencyError(name, missing, f"pip install {missing.split('.')[0]}") from error
    except (AttributeError, ValueError) as error:
        message = f"The backend {name!r} names {path!r}, which is not in the module {module_name!r}; check the name."
        raise BadInputError(message) from error
    if not callable(found):
        raise BadInputError(f"The backend {name!r} names {target!r}, which is no class; name one as module:Class.")
    return cast("Callable[..., object]", found)


def _origin(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an installed package"
