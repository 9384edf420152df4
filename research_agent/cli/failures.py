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


def status_of(error: Exception) -> int | None:
    """Return the exit status an error stands for, or None for one that is a fault of this program."""
    if isinstance(error, typer.TyperException):
        return error.exit_code
    if isinstance(error, _USERS):
        return WRONG_USE
    if isinstance(error, BudgetTooSmallError):
        return EXIT_STATUS["budget_too_small"]
    if isinstance(error, (ResearchError, RetrievalError)):
        return EXIT_STATUS["failed"]
    return None
