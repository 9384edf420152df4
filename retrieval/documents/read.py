"""Files and folders to documents. What cannot be read is reported, never dropped silently."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR

from retrieval.base import Document
from retrieval.documents.formats import READERS, UnreadableError
from retrieval.documents.rows import is_rows, read_rows
from retrieval.documents.text import NotTextError
from retrieval.errors import BadInputError, EmptyCorpusError

LARGEST = 256 * 1024 * 1024
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was left out.

    Attributes:
        path: the file, with `:line` where one line of it is meant.
        reason: why, as a clause without a full stop.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read.

    Attributes:
        path: where it is, resolved.
        id: the id of the document it holds, where it holds one.
        named: the user named this very file, so a fault in it is an error and not a line in a list.
        size: bytes.
        mtime: time of its last change, in nanoseconds.
    """

    path: Path
    id: str
    named: bool
    size: int
    mtime: int


OnSkip = Callable[[Skipped], None]


def read_documents(paths: Iterable[Path | str], *, on_skip: OnSkip | None = None) -> Iterator[Document]:
    """Yield every document in these files and folders, folders with all that is in them.

    Args:
        paths: files and folders.
        on_skip: told of each file or line that is left out.

    Raises:
        BadInputError: a path is missing, or a file that was named itself cannot be read.
        EmptyCorpusError: nothing readable was found.
    """
    skipped: list[Skipped] = []

    def skip(what: Skipped) -> None:
        skipped.append(what)
        if on_skip:
            on_skip(what)

    roots = [Path(path) for path in paths]
    seen: set[str] = set()
    for source in find_sources(roots, on_skip=skip):
        for document in read_source(source, on_skip=skip):
            if document.id in seen:
                skip(Skipped(str(source.path), f"another document already has the id {document.id!r}"))
                continue
            seen.add(document.id)
            yield document
    if not seen:
        raise nothing_in(roots, skipped)


def find_sources(paths: Sequence[Path], *, on_skip: OnSkip) -> list[Source]:
    """Return the files to read, each once, in a fixed order.

    Hidden files and folders are left out; links are followed, and a folder is entered once.

    Raises:
        BadInputError: a path does not exist.
    """
    labels = _labels(paths)
    found: dict[Path, Source] = {}
    for path, label in zip(paths, labels, strict=True):
        if _is_folder(path):
            for file, name in _walk(path, label, on_skip):
                _put(found, file, name, named=False, on_skip=on_skip)
        else:
            _put(found, path, label, named=True, on_skip=on_skip)
    return list(found.values())


def read_source(source: Source, *, on_skip: OnSkip) -> Iterator[Document]:
    """Yield the documents of one file.

    Raises:
        BadInputError: the user named this very file, and it cannot be read.
    """
    try:
        if is_rows(source.path):
            yield from read_rows(source.path, lambda where, why: on_skip(Skipped(where, why)))
        else:
            yield _read_whole(source)
    except (UnreadableError, NotTextError, OSError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        if source.named:
            raise BadInputError(f"The file {str(source.path)!r} cannot be read: {reason}.") from error
        on_skip(Skipped(str(source.path), reason))


def nothing_in(paths: Sequence[Path], skipped: Sequence[Skipped]) -> EmptyCorpusError:
    """Return the error that says that there is nothing to read, and what was left out."""
    places = ", ".join(repr(str(path)) for path in paths[:_SHOWN]) or "an empty list of paths"
    why = "; ".join(f"{item.path}: {item.reason}" for item in skipped[:_SHOWN])
    detail = f" ({len(skipped)} left out, such as {why})" if skipped else ""
    return EmptyCorpusError(
        f"Nothing readable was found in {places}{detail}; name files or folders with text, HTML, PDF, Word or JSONL."
    )


def _read_whole(source: Source) -> Document:
    if source.size == 0:
        raise UnreadableError("it is empty")
    if source.size > LARGEST:
        raise UnreadableError(f"it has {source.size:,} bytes, and at most {LARGEST:,} are read")
    read = READERS.get(source.path.suffix.lower())
    if read is None:
        raise UnreadableError(f"files of the kind {source.path.suffix!r} are not read")
    data = source.path.read_bytes()
    try:
        content = read(data, source.path)
    except (UnreadableError, NotTextError):
        raise
    except Exception as error:
        # A parser may fail in any way on a damaged file; each is reported.
        raise UnreadableError(f"its parser failed ({type(error).__name__}: {error})") from error
    if not content.text.strip():
        raise UnreadableError("it holds no text")
    return Document(source.id, content.text, content.title, source.path.as_uri(), content.metadata)


def _walk(root: Path, label: str, on_skip: OnSkip) -> Iterator[tuple[Path, str]]:
    entered: set[Path] = set()

    def refuse(error: OSError) -> None:
        on_skip(Skipped(str(error.filename), error.strerror or "it cannot be opened"))

    for folder, folders, files in os.walk(root, followlinks=True, onerror=refuse):
        here = Path(folder)
        if here.resolve() in entered:
            folders.clear()
            continue
        entered.add(here.resolve())
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield here / name, (Path(label) / (here / name).relative_to(root)).as_posix()


def _is_folder(path: Path) -> bool:
    """Tell whether a path that the user named is a folder.

    Raises:
        BadInputError: it is not there, or nobody may look.
    """
    try:
        return S_ISDIR(path.stat().st_mode)
    except FileNotFoundError as error:
        raise BadInputError(f"There is no file or folder {str(path)!r}; check the path.") from error
    except OSError as error:
        raise BadInputError(f"{str(path)!r} cannot be opened ({error.strerror}); check it and its rights.") from error


def _put(found: dict[Path, Source], file: Path, name: str, *, named: bool, on_skip: OnSkip) -> None:
    try:
        path, status = file.resolve(strict=True), file.stat()
    except (OSError, RuntimeError) as error:
        on_skip(Skipped(str(file), f"it cannot be opened ({error})"))
        return
    if not path.is_file():
        on_skip(Skipped(str(file), "it is no ordinary file"))
    elif path not in found:
        found[path] = Source(path, name, named, status.st_size, status.st_mtime_ns)


def _labels(paths: Sequence[Path]) -> list[str]:
    """Return what ids begin with: the name of each path, or the whole path where two share a name."""
    names = [path.resolve().name for path in paths]
    return [
        name if names.count(name) == 1 else path.resolve().as_posix() for name, path in zip(names, paths, strict=True)
    ]
