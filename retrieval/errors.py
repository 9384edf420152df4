"""What can go wrong while finding text.

RetrievalError
├── BadQueryError            the backend cannot search for this
├── BadInputError            a path, file or corpus that cannot be used
│   └── EmptyCorpusError     nothing readable in it
├── DocumentNotFoundError    no document with this id
├── UnknownBackendError      no backend has this name
├── MissingDependencyError   a package has to be installed first
├── IndexMismatchError       an index built with other settings, or by another version
├── IndexBusyError           another process is writing this index
├── RateLimitedError         too many requests; carries `retry_after`
├── UnauthorisedError        the key is missing or refused
├── BlockedError             an address or page that policy forbids
└── UnavailableError         the backend did not answer, or answered with a fault of its own
"""

from collections.abc import Sequence


class RetrievalError(Exception):
    """Base of everything this package raises on purpose."""


class BadQueryError(RetrievalError):
    """The backend cannot search for this query."""


class BadInputError(RetrievalError):
    """A path, file or corpus cannot be used; the message says which and what to do."""


class EmptyCorpusError(BadInputError):
    """Nothing readable was found where documents were expected."""


class DocumentNotFoundError(RetrievalError):
    """The backend holds no document with this id."""

    def __init__(self, document_id: str, backend: str) -> None:
        self.document_id = document_id
        self.backend = backend
        super().__init__(f"The backend {backend!r} holds no document with the id {document_id!r}.")


class UnknownBackendError(RetrievalError):
    """No backend has this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(
            f"There is no retrieval backend called {name!r}; known are {', '.join(known)}, "
            "or name a class as module:Class."
        )


class MissingDependencyError(RetrievalError):
    """A package this backend needs is not installed."""

    def __init__(self, backend: str, module: str, install: str) -> None:
        self.backend = backend
        self.module = module
        super().__init__(f"The backend {backend!r} needs the module {module!r}; install it with: {install}")


class IndexMismatchError(RetrievalError):
    """The index on disk was built with other settings than the ones asked for."""


class IndexBusyError(RetrievalError):
    """Another process is writing this index."""


class RateLimitedError(RetrievalError):
    """The backend asked to slow down.

    Attributes:
        retry_after: seconds to wait, or None where the backend did not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class UnauthorisedError(RetrievalError):
    """The key is missing or was refused."""


class BlockedError(RetrievalError):
    """Policy forbids this address or page."""


class UnavailableError(RetrievalError):
    """The backend did not answer, or answered with a fault of its own."""
