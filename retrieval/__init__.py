"""Find text: a query and k in, ranked hits out. Knows no budget and no model."""

from retrieval.base import Closable, Document, Fetcher, Hit, Passage, Retriever, RetrieverInfo
from retrieval.errors import RetrievalError

__all__ = ["Closable", "Document", "Fetcher", "Hit", "Passage", "RetrievalError", "Retriever", "RetrieverInfo"]
