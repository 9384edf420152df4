"""What can go wrong while answering.

ResearchError
├── UsageError                  wrong use: bad question, option or path; exit status 2
│   ├── UnknownNameError        no model, strategy or selector has this name; carries the known ones
│   ├── UnknownPriceError       a money cap that cannot be enforced
│   └── RunBusyError            another process is writing this run
├── BudgetError
│   ├── BudgetTooSmallError     the run could not answer at all; carries the minimum; exit status 4
│   └── BudgetExceededError     a reservation does not fit; carries needed and remaining
├── ModelError                  a model failed for good; exit status 5
│   ├── ModelUnavailableError   no answer, or a fault of its own, after the charged retries
│   ├── ModelReplyError         an answer that cannot be used: malformed, cut off, empty
│   ├── ContextLengthError      the prompt is longer than the model takes
│   ├── ModelUnauthorisedError  the key is missing or refused
│   ├── ModelRateLimitedError   too many requests; carries `retry_after`
│   └── ModelFileError          weights that are missing or whose checksum is wrong
└── DeadlineError               a call was ended because the run's time is up
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, Context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from research_agent.models.base import Usage


class ResearchError(Exception):
    """Base of everything this package raises on purpose."""


class UsageError(ResearchError):
    """Wrong use: the message says what to change."""


class UnknownNameError(UsageError):
    """No model, strategy or selector has this name."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        self.kind = kind
        self.name = name
        self.known = tuple(known)
        super().__init__(f"There is no {kind} called {name!r}; known are {', '.join(known)}.")


class UnknownPriceError(UsageError):
    """A money cap was asked for, and the price of something the run would buy is unknown."""


class RunBusyError(UsageError):
    """Another process is writing this run."""


class BudgetError(ResearchError):
    """Base of what the budget refuses."""


class BudgetTooSmallError(BudgetError):
    """The budget could not pay for any answer; nothing was spent."""

    def __init__(self, limit: float, minimum: float, what: str = "units") -> None:
        self.limit = limit
        self.minimum = minimum
        super().__init__(
            f"A budget of {limit:g} {what} is too small for any answer: "
            f"the least that could work is {_upwards(minimum)} {what}."
        )


def _upwards(amount: float) -> str:
    """Return an amount in few digits, none of which makes it smaller: a limit of this much must do."""
    return f"{Context(prec=6, rounding=ROUND_CEILING).create_decimal(str(amount)).normalize():f}"


class BudgetExceededError(BudgetError):
    """A reservation does not fit into what is left."""

    def __init__(self, needed: float, remaining: float, what: str = "units") -> None:
        self.needed = needed
        self.remaining = remaining
        self.what = what
        super().__init__(f"This step needs {needed:g} {what}, and {remaining:g} are left.")


class ModelError(ResearchError):
    """A model failed for good.

    Attributes:
        usage: what the failed call cost, or None where that is unknown (then its worst case is charged).
    """

    def __init__(self, message: str, usage: "Usage | None" = None) -> None:
        self.usage = usage
        super().__init__(message)


class ModelUnavailableError(ModelError):
    """The model did not answer, or answered with a fault of its own."""


class ModelReplyError(ModelError):
    """The model's answer cannot be used."""


class ContextLengthError(ModelError):
    """The prompt is longer than the model takes."""


class ModelUnauthorisedError(ModelError):
    """The key is missing or was refused."""


class ModelRateLimitedError(ModelError):
    """The model asked to slow down.

    Attributes:
        retry_after: seconds to wait, or None where it did not say.
    """

    def __init__(self, message: str, retry_after: float | None = None, usage: "Usage | None" = None) -> None:
        self.retry_after = retry_after
        super().__init__(message, usage)


class ModelFileError(ModelError):
    """Weights are missing, or their checksum is wrong."""


class DeadlineError(ResearchError):
    """A call was ended because the run's time is up."""
