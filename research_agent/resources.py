"""What a run works with: a model, retrievers and a reader, made from options or given by the caller."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from research_agent.budget.money import read_price_file
from research_agent.errors import UsageError
from research_agent.graph.state import Node
from research_agent.models.base import ChatModel
from research_agent.options import AskOptions
from retrieval.base import Closable, Retriever, RetrieverInfo
from retrieval.errors import IndexMismatchError

if TYPE_CHECKING:
    from research_agent.config import Settings
    from research_agent.graph.build import NodeFunction
    from research_agent.graph.chain import Emit
    from research_agent.reading.base import Reader

LOCAL: Final = RetrieverInfo(name="local", public=False, search_usd=0.0)
_SHOWN: Final = 10
_NOTHING: Final = "There is nothing to search: name documents, an index or a backend."


@dataclass(frozen=True, slots=True)
class Resources:
    """What a run works with.

    Attributes:
        retrievers: every query goes to each of them; at least one.
        reader: answers closed questions about text.
        model: what the reader asks; None means that no language model is used.
        spec: names the same model again, for a resumed run; None where the caller gave the model.
        nodes: other nodes than the research nodes, by name.
    """

    retrievers: Sequence[Retriever]
    reader: "Reader"
    model: ChatModel | None = None
    spec: str | None = None
    nodes: "Mapping[Node, NodeFunction] | None" = None

    def __post_init__(self) -> None:
        if not self.retrievers:
            raise UsageError(_NOTHING)
        names = [retriever.info.name for retriever in self.retrievers]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise UsageError(f"The backend {twice[0]!r} is there more than once: name each backend once.")

    def model_name(self) -> dict[str, str] | None:
        """Return name and provider of the model, as the run record keeps them."""
        return None if self.model is None else {"name": self.model.info.name, "provider": self.model.info.provider}


def check_paths(options: AskOptions) -> None:
    """Refuse options that name nothing to search, or paths that are not there.

    Raises:
        UsageError: that is so.
    """
    if not (options.docs or options.index or options.backends):
        raise UsageError(_NOTHING)
    for what, path in [*(("document", path) for path in options.docs), ("index", options.index)]:
        if path is not None:
            _check_there(what, path)
    if options.docs and options.index:
        raise UsageError(
            "Documents and an index were both named: name one of them, "
            "or add the documents to the index with: research-agent index add"
        )
    if "local" in options.backends:
        raise UsageError("The backend 'local' is an index of your own: name its folder with --index, or use --docs.")
    if options.price_file:
        read_price_file(options.price_file)


def _check_there(what: str, path: Path) -> None:
    """Refuse a path that is not there.

    Raises:
        UsageError: that is so, or nobody may look.
    """
    try:
        path.stat()
    except FileNotFoundError as error:
        raise UsageError(f"The {what} path {path} does not exist: check its spelling.") from error
    except OSError as error:
        why = error.strerror
        raise UsageError(f"The {what} path {path} cannot be opened ({why}): check it and its rights.") from error


@asynccontextmanager
async def open_resources(
    options: AskOptions,
    settings: "Settings",
    emit: "Emit",
    check: Callable[[ChatModel | None, Sequence[Retriever], Sequence[RetrieverInfo]], object] | None = None,
) -> AsyncIterator[Resources]:
    """Choose the model, open the index and the backends, and let go of them at the end.

    Args:
        options: name what is to be opened.
        settings: where files are kept, which keys there are.
        emit: told what was chosen and of work that takes long.
        check: may refuse, by an error, what was opened so far; called with the model, the retrievers, and what is
            promised beside them before documents are indexed, which may take long and leaves files.

    Raises:
        UsageError: a name or path cannot be used.
        ModelFileError: the model's weights are missing or wrong.
        RetrievalError: the documents, index or a backend cannot be opened.
    """
    from research_agent.models.choose import choose

    async with AsyncExitStack() as stack:

        async def opened(opening: Callable[[], Retriever]) -> Retriever:
            # Opening may read gigabytes, which must not hold up the event loop.
            retriever = await asyncio.to_thread(opening)
            if isinstance(retriever, Closable):
                stack.push_async_callback(retriever.aclose)
            return retriever

        chosen = await asyncio.to_thread(choose, options.model, settings)
        emit({"type": "model", "why": chosen.why})
        if isinstance(chosen.model, Closable):
            stack.push_async_callback(chosen.model.aclose)
        tell = _from_any_thread(emit)
        retrievers = [await opened(opening) for opening in _openings(options, tell)]
        if check:
            check(chosen.model, retrievers, (LOCAL,) if options.docs else ())
        if options.docs:
            retrievers.insert(0, await opened(lambda: index_documents(options.docs, settings.home, tell)))
        yield Resources(tuple(retrievers), reader_for(chosen.model), chosen.model, chosen.spec)


def reader_for(model: ChatModel | None) -> "Reader":
    """Return the reader that goes with a model, or the one that needs none."""
    if model is None:
        from research_agent.reading.extractive import ExtractiveReader
        from retrieval.index.encoder import default_encoder

        return ExtractiveReader(default_encoder())
    from research_agent.reading.model_reader import ModelReader

    return ModelReader()


def _openings(options: AskOptions, emit: "Emit") -> Iterator[Callable[[], Retriever]]:
    """Yield a way to open each retriever that is there already, in the options' order."""
    if options.index is not None:
        yield partial(open_index, options.index, emit)
    for name in options.backends:
        yield partial(_load_backend, name)


def _load_backend(name: str) -> Retriever:
    from retrieval.registry import load_retriever

    return load_retriever(name)


def open_index(directory: Path, emit: "Emit") -> Retriever:
    """Return an index that was built before.

    Raises:
        IndexMismatchError: it was built with another embedding model than the one installed here.
        RetrievalError: there is no index, or it is damaged.
    """
    from retrieval.index import LocalIndex
    from retrieval.index.encoder import default_encoder

    index = LocalIndex.open(directory)
    described = index.describe()
    mine = default_encoder()
    if described.note and described.encoder and mine is not None:
        raise IndexMismatchError(
            f"The index at {directory} was built with the embedding model {described.encoder!r}, and {mine.name!r} is "
            "the one here: build it again with: research-agent index build"
        )
    if described.note:
        emit({"type": "note", "text": described.note})
    return index


def index_documents(paths: Sequence[Path], home: Path, emit: "Emit") -> Retriever:
    """Return an index of these files and folders as they are now, kept under `home`.

    Raises:
        RetrievalError: nothing readable was found, or the index cannot be built.
    """
    from retrieval.documents import Skipped
    from retrieval.index import Step, open_or_build

    def told(step: Step) -> None:
        emit({"type": "index_progress", "stage": step.stage, "done": step.done, "total": step.total, "eta": step.eta})

    def left_out(what: Skipped) -> None:
        said.add(what.path)
        emit({"type": "skipped", "text": f"Left out: {what.path}: {what.reason}.", "path": what.path})

    said: set[str] = set()
    index = open_or_build(paths, home=home, progress=told, on_skip=left_out)
    # What an earlier run could not read is not read again, and is left out all the same.
    before = [Skipped(path, reason) for path, reason in index.describe().skipped if path not in said]
    for what in before[:_SHOWN]:
        left_out(what)
    if len(before) > _SHOWN:
        emit({"type": "skipped", "text": f"Left out, as before: {len(before) - _SHOWN:,} more.", "path": ""})
    return index


def _from_any_thread(emit: "Emit") -> "Emit":
    """Return a way to tell `emit`, in the running event loop's thread, from any other thread."""
    loop = asyncio.get_running_loop()

    def tell(event: Mapping[str, object]) -> None:
        loop.call_soon_threadsafe(emit, event)

    return tell
