"""Replies as JSON, so that a settled call can be answered from the journal."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

from research_agent.errors import ContextLengthError, ModelReplyError
from research_agent.models.base import Completion, Usage
from retrieval.base import Document, Hit
from retrieval.errors import BadQueryError, BlockedError, DocumentNotFoundError

_HIT = tuple(field.name for field in fields(Hit))
# Failures that belong to the step, so that asking again would buy the same; others may be gone at the next session.
_LASTING: Mapping[str, Callable[[Mapping[str, Any]], Exception]] = {
    "ModelReplyError": lambda data: ModelReplyError(data["message"]),
    "ContextLengthError": lambda data: ContextLengthError(data["message"]),
    "BadQueryError": lambda data: BadQueryError(data["message"]),
    "BlockedError": lambda data: BlockedError(data["message"]),
    "DocumentNotFoundError": lambda data: DocumentNotFoundError(data["document_id"], data["backend"]),
}


def write_completion(completion: Completion) -> dict[str, Any]:
    """Return a completion as JSON values."""
    return asdict(completion)


def read_completion(data: Mapping[str, Any]) -> Completion:
    """Return the completion that `write_completion` wrote."""
    texts, finish = tuple(data["texts"]), tuple(data["finish"])
    usage = Usage(**data["usage"])
    return Completion(texts, usage, finish, data["reasoning"], data["model"], data.get("sureness"))


def write_hits(hits: list[Hit]) -> dict[str, Any]:
    """Return hits as JSON values."""
    # `asdict` copies every value deeply, which was a third of the time of a wide fan-out.
    return {"hits": [{name: getattr(hit, name) for name in _HIT} for hit in hits]}


def read_hits(data: Mapping[str, Any]) -> list[Hit]:
    """Return the hits that `write_hits` wrote."""
    return [Hit(**hit) for hit in data["hits"]]


def write_document(document: Document) -> dict[str, Any]:
    """Return a document as JSON values."""
    return {
        "id": document.id,
        "text": document.text,
        "title": document.title,
        "uri": document.uri,
        "metadata": dict(document.metadata),
    }


def read_document(data: Mapping[str, Any]) -> Document:
    """Return the document that `write_document` wrote."""
    return Document(**data)


def write_error(error: Exception) -> dict[str, Any] | None:
    """Return a failure as JSON values, or None where the call may be tried again in a later session."""
    name = type(error).__name__
    if name not in _LASTING:
        return None
    own = {part: getattr(error, part) for part in ("document_id", "backend") if hasattr(error, part)}
    return {"error": name, "message": str(error), **own}


def read_error(data: Mapping[str, Any]) -> Exception | None:
    """Return the failure that `write_error` wrote, or None where the data is a reply."""
    return _LASTING[data["error"]](data) if "error" in data else None
