"""The local index: documents on this machine, found by name, word and meaning."""

from retrieval.index.encoder import Encoder, SentenceEncoder, default_encoder
from retrieval.index.files import add_files, build_files, default_home, open_or_build
from retrieval.index.local import IndexDescription, LocalIndex
from retrieval.index.opened import Dense
from retrieval.index.writer import Progress, Step

__all__ = [
    "Dense",
    "Encoder",
    "IndexDescription",
    "LocalIndex",
    "Progress",
    "SentenceEncoder",
    "Step",
    "add_files",
    "build_files",
    "default_encoder",
    "default_home",
    "open_or_build",
]
