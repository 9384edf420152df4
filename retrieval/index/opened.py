"""One generation of an index, open for reading."""

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from retrieval.errors import BadInputError, IndexMismatchError
from retrieval.index.encoder import INSTALL, Encoder, SentenceEncoder, default_encoder
from retrieval.index.layout import LEXICAL, POINTER, STORE, VECTORS, current
from retrieval.index.lexical import Lexical
from retrieval.index.store import Store
from retrieval.index.vectors import DenseFile, VectorStore

Dense = Literal["none", "lazy", "all"]
# How a search uses them: as above, or them alone, without words and names.
Use = Literal["none", "lazy", "all", "only"]

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Opened:
    """What a search needs. A newer state of the index makes a new one of these; searches under way keep theirs.

    Attributes:
        directory: the index.
        stamp: identity of the pointer file it was opened by.
        version: of the store, as this connection sees it.
        store: documents, passages and names.
        lexical: BM25.
        override: how vectors are to be used, where that differs from how the index was built.
        encoder: what its vectors are made with; None for none.
        vectors: vectors by text.
        dense: the faiss file; None before every passage is embedded.
    """

    directory: Path
    stamp: tuple[int, int]
    version: int
    store: Store
    lexical: Lexical
    override: Use | None = None
    encoder: Encoder | None = None
    vectors: VectorStore | None = None
    dense: DenseFile | None = None

    @classmethod
    def at(cls, directory: Path, *, encoder: Encoder | None = None, override: Use | None = None) -> "Opened":
        """Open the current generation.

        Raises:
            BadInputError: there is no index, or it is damaged.
            IndexMismatchError: it was built with another encoder.
        """
        for attempt in range(_ATTEMPTS):
            folder = current(directory)
            if folder is None:
                message = f"There is no index at {directory}; build one first with: research-agent index build"
                raise BadInputError(message)
            try:
                return cls._in(directory, folder, encoder, override)
            except (OSError, ValueError, RuntimeError, sqlite3.Error) as error:
                # A writer that ended this moment has removed what was just named: look again.
                if attempt == _ATTEMPTS - 1:
                    message = f"The index at {directory} is damaged ({error}); build it again."
                    raise BadInputError(message) from error
        raise AssertionError

    @classmethod
    def _in(cls, directory: Path, folder: Path, encoder: Encoder | None, override: Use | None) -> "Opened":
        stamp = _stamp(directory)
        store = Store(folder / STORE)
        chosen = None if override == "none" else _encoder_for(directory, store.get("encoder"), encoder)
        opened = cls(
            directory,
            stamp,
            store.version(),
            store,
            Lexical(folder / LEXICAL),
            override,
            chosen,
            VectorStore(directory / VECTORS, chosen) if chosen else None,
        )
        return opened._with_dense()

    def _with_dense(self) -> "Opened":
        name = self.store.get("faiss")
        path = self.store.path.parent / name
        if not name or self.encoder is None:
            return replace(self, dense=None)
        return self if self.dense and self.dense.path == path else replace(self, dense=DenseFile(path))

    def refreshed(self) -> "Opened":
        """Return the index as it is now: this object, where nothing has changed."""
        if _stamp(self.directory) != self.stamp:
            return Opened.at(self.directory, encoder=self.encoder, override=self.override)
        version = self.store.version()
        if version == self.version:
            return self
        self.lexical.reload()
        if self.encoder is None and self.override != "none" and self.store.get("encoder"):
            return Opened.at(self.directory, override=self.override)
        try:
            return replace(self, version=version)._with_dense()
        except RuntimeError:
            return Opened.at(self.directory, encoder=self.encoder, override=self.override)

    @property
    def mode(self) -> Use:
        """How vectors are used now."""
        if self.encoder is None:
            return "none"
        if self.override == "only":
            return "only"
        return "all" if self.dense and self.override != "lazy" else "lazy"

    @property
    def note(self) -> str:
        """A sentence about vectors that were wanted and cannot be had; empty where nothing is missing."""
        name = self.store.get("encoder")
        if name and self.encoder is None and self.override != "none":
            return f"The encoder {name} is not installed, so the search is lexical; {INSTALL} adds it."
        if not name and self.store.get("dense") != "none":
            return "No encoder was installed when this was built, so the search is lexical."
        return ""


def _stamp(directory: Path) -> tuple[int, int]:
    try:
        found = (directory / POINTER).stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


def _encoder_for(directory: Path, name: str, given: Encoder | None) -> Encoder | None:
    if not name:
        return None
    if given is not None:
        if given.name != name:
            message = (
                f"The index at {directory} was built with the encoder {name!r}, and {given.name!r} was asked for; "
                f"open it with {name!r}, or build it again."
            )
            raise IndexMismatchError(message)
        return given
    default = default_encoder()
    if default is not None and default.name == name:
        return default
    return SentenceEncoder(name) if "/" in name or Path(name).exists() else None
