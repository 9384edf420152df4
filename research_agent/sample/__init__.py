"""A small corpus of real documents that name each other, and a question that needs two of them.

It is there so that a first try has something to answer from; no other part of the product knows it.
"""

from importlib.resources import files
from pathlib import Path

DEFAULT_QUESTION = 'Who is the author of the PEP that superseded PEP 431, "Time zone support improvements"?'


def documents() -> Path:
    """Return the folder of the sample documents: plain text and Markdown files."""
    return Path(str(files(__name__).joinpath("documents")))
