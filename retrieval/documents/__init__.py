"""Files and folders to documents, and documents to passages."""

from retrieval.documents.passages import cut, pieces
from retrieval.documents.read import Skipped, read_documents

__all__ = ["Skipped", "cut", "pieces", "read_documents"]
