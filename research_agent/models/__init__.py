"""Language models behind one protocol: a request in, texts and measured usage out."""

from research_agent.models.base import (
    ChatModel,
    Choice,
    Completion,
    Constraint,
    JsonShape,
    Message,
    ModelInfo,
    Request,
    Span,
    Usage,
)
from research_agent.models.choose import KNOWN_FORMS, Chosen, choose

__all__ = [
    "KNOWN_FORMS",
    "ChatModel",
    "Choice",
    "Chosen",
    "Completion",
    "Constraint",
    "JsonShape",
    "Message",
    "ModelInfo",
    "Request",
    "Span",
    "Usage",
    "choose",
]
