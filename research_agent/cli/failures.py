"""Which exit status an error means."""

from typing import Final

import typer

from research_agent.answer import EXIT_STATUS
from research_agent.errors import BudgetTooSmallError, ResearchError, UsageError
from retrieval.errors import (
    BadInputError,
    BadQueryError,
    IndexBusyError,
    IndexMismatchError,
    MissingDependencyError,
    RetrievalError,
    UnknownBackendError,
)

WRONG_USE: Final = 2
INTERRUPTED: Final = EXIT_STATUS["interrupted"]

_USERS = (
    UsageError,
    BadInputError,
    BadQueryError,
    IndexBusyError,
    IndexMismatchError,
    MissingDependencyError,
    UnknownBackendError,
)


def sentence_of(error: Exception) -> str:
    """Return what is to be said of an error with an exit status, on one line."""
    said = error.format_message() if isinstance(error, typer.TyperException) else str(error)
    if isinstance(error, OSError):
        said = f"{error.filename} cannot be used ({error.strerror}): check it, its rights and the room on its disk."
    said = " ".join(said.split())
    context = getattr(error, "ctx", None)
    return said if context is None else f"{said.rstrip('.')}. See: {context.command_path} --help"


def status_of(error: Exception) -> int | None:
    """Return the exit status an error stands for, or None for one that is a fault of this program."""
    if isinstance(error, typer.TyperException):
        return error.exit_code
    if isinstance(error, _USERS):
        return WRONG_USE
    if isinstance(error, BudgetTooSmallError):
        return EXIT_STATUS["budget_too_small"]
    if isinstance(error, OSError) and error.filename is not None:
        return WRONG_USE
    if isinstance(error, (ResearchError, RetrievalError)):
        return EXIT_STATUS["failed"]
    return None
