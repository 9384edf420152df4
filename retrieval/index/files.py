"""Keep an index in step with files and folders: what has not changed is not read again."""

import contextlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from retrieval.documents.read import OnSkip, Skipped, Source, find_sources, nothing_in, read_source
from retrieval.errors import BadInputError, IndexMismatchError
from retrieval.index.encoder import Encoder, encoder_for
from retrieval.index.layout import STORE, current
from retrieval.index.local import LocalIndex
from retrieval.index.opened import Dense
from retrieval.index.store import Store
from retrieval.index.writer import Progress, Writer, changing, embed, record

HOME = "RESEARCH_AGENT_HOME"


def build_files(
    directory: Path | str,
    paths: Sequence[Path | str],
    *,
    encoder: Encoder | None = None,
    dense: Dense = "lazy",
    progress: Progress | None = None,
    on_skip: OnSkip | None = None,
    wait: float = 0.0,
) -> LocalIndex:
    """Build an index of files and folders from nothing, and open it.

    Args:
        directory: where the index is to be; one that is there serves until this one is whole.
        paths: files and folders.
        encoder: by default the one whose weights come as a package.
        dense: `none`, `lazy` (candidates are embedded when a query needs them) or `all`.
        progress: told how far it is.
        on_skip: told of each file or line that is left out; the index keeps the list too.
        wait: seconds to wait for another writer.

    Raises:
        BadInputError: a path is missing or cannot be read, the folder cannot be written, or the disk is full.
        EmptyCorpusError: nothing readable was found.
        MissingDependencyError: `all` was asked for and no encoder is installed.
        IndexBusyError: another process is writing.
    """
    folder, chosen = Path(directory), encoder_for(dense, encoder)
    scan = _Scan(paths, on_skip)
    with changing(folder, fresh=True, wait=wait, progress=progress) as changes:
        record(changes.store, chosen, dense)
        scan.apply(changes)
    if dense == "all" and chosen is not None:
        embed(folder, chosen, progress=progress, wait=wait)
    return LocalIndex.open(folder, encoder=chosen)


def add_files(
    directory: Path | str,
    paths: Sequence[Path | str],
    *,
    progress: Progress | None = None,
    on_skip: OnSkip | None = None,
    wait: float = 0.0,
) -> int:
    """Add files and folders to an index, or read those again that have changed; return how many documents differ.

    Raises:
        BadInputError: a path is missing or cannot be read, there is no index, or the disk is full.
        IndexBusyError: another process is writing.
    """
    folder, scan = Path(directory), _Scan(paths, on_skip)
    with changing(folder, wait=wait, progress=progress) as changes:
        scan.apply(changes)
    LocalIndex.open(folder).embed_rest(progress)
    return changes.changed


def open_or_build(
    paths: Sequence[Path | str],
    *,
    home: Path | str | None = None,
    encoder: Encoder | None = None,
    dense: Dense = "lazy",
    progress: Progress | None = None,
    on_skip: OnSkip | None = None,
    wait: float = 30.0,
) -> LocalIndex:
    """Return an index of these files and folders as they are now, from a cache that is brought up to date.

    Args:
        paths: files and folders.
        home: the cache; by default $RESEARCH_AGENT_HOME, or the user's cache folder. Where it cannot be written, a
            temporary folder is used and removed with the index.
        encoder: by default the one whose weights come as a package.
        dense: `none`, `lazy` (candidates are embedded when a query needs them) or `all`.
        progress: told how far it is.
        on_skip: told of each file or line that is left out now; `describe().skipped` lists all.
        wait: seconds to wait for another process that builds the same index.

    Raises:
        BadInputError: a path is missing or cannot be read, or the disk is full.
        EmptyCorpusError: nothing readable was found.
        MissingDependencyError: `all` was asked for and no encoder is installed.
        IndexBusyError: another process is still writing.
    """
    chosen = encoder_for("all" if dense == "all" else "lazy", encoder)
    scan = _Scan(paths, on_skip)
    directory, temporary = _place(scan.roots, chosen, Path(home) if home is not None else default_home())
    try:
        _bring_up_to_date(directory, scan, chosen, progress, wait)
        if dense == "all" and chosen is not None:
            embed(directory, chosen, progress=progress, wait=wait)
        opened = LocalIndex.open(directory, encoder=chosen, dense="none" if dense == "none" else None)
    except BaseException:
        if temporary:
            shutil.rmtree(directory, ignore_errors=True)
        raise
    if temporary:
        weakref.finalize(opened, shutil.rmtree, directory, ignore_errors=True)
    return opened


def default_home() -> Path:
    """Return the folder for everything that is kept between runs."""
    if home := os.environ.get(HOME):
        return Path(home).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("search-as-compute", appauthor=False))


class _Scan:
    """Files as they are now, to be compared with what an index has read."""

    def __init__(self, paths: Sequence[Path | str], on_skip: OnSkip | None) -> None:
        self.roots = [Path(path) for path in paths]
        self._skipped: list[Skipped] = []
        self._on_skip = on_skip
        self._sources = {str(source.path): source for source in find_sources(self.roots, on_skip=self._skip)}

    def _skip(self, what: Skipped) -> None:
        self._skipped.append(what)
        if self._on_skip:
            self._on_skip(what)

    def is_in(self, store: Store) -> bool:
        """Tell whether the index has read just these files as they are."""
        return store.files() == {path: (source.size, source.mtime) for path, source in self._sources.items()}

    def apply(self, changes: Writer, *, prune: bool = False) -> None:
        """Read what is new or changed; with `prune`, drop what is gone."""
        store, known = changes.store, changes.store.files()
        walked, self._skipped = self._skipped, []
        broken = {path for path, _ in store.skipped()}
        for path, source in self._sources.items():
            if known.get(path) != (source.size, source.mtime) or (source.named and path in broken):
                self._read(changes, path, source)
        if prune:
            for path in {*known, *(where for where, _ in store.skipped())} - set(self._sources):
                if path in known or path.rpartition(":")[0] not in self._sources:
                    self._drop(changes, path)
        self._skipped = [*walked, *self._skipped]
        for item in self._skipped:
            store.put_skipped(item.path, item.reason)
        if not store.counts()[0]:
            raise nothing_in(self.roots, self._skipped)

    def _read(self, changes: Writer, path: str, source: Source) -> None:
        store = changes.store
        store.drop_file(path)
        before, seen = set(store.ids(source=path)), set[str]()
        for document in read_source(source, on_skip=self._skip):
            owner = store.source(document.id)
            if document.id in seen or (owner is not None and owner != path):
                self._skip(Skipped(path, f"another document already has the id {document.id!r}"))
                continue
            seen.add(document.id)
            changes.put(document, path)
        for name in before - seen:
            changes.remove(name)
        store.put_file(path, source.size, source.mtime)

    def _drop(self, changes: Writer, path: str) -> None:
        for name in changes.store.ids(source=path):
            changes.remove(name)
        changes.store.drop_file(path)


def _bring_up_to_date(
    directory: Path, scan: _Scan, encoder: Encoder | None, progress: Progress | None, wait: float
) -> None:
    try:
        folder = current(directory)
        fresh = folder is None or not (folder / STORE).exists()
        if folder is not None and not fresh:
            store = Store(folder / STORE)
            same = scan.is_in(store)
            store.close()
            if same:
                return
    except (IndexMismatchError, BadInputError):
        # Written by another version, or damaged: the files are still there, so it is simply made again.
        fresh = True
    with changing(directory, fresh=fresh, wait=wait, progress=progress) as changes:
        if fresh:
            record(changes.store, encoder, "lazy")
        scan.apply(changes, prune=True)


def _place(roots: Sequence[Path], encoder: Encoder | None, home: Path) -> tuple[Path, bool]:
    """Return the folder of the cached index of these paths, and whether it is a temporary one."""
    parts = [*sorted({str(root.resolve()) for root in roots}), encoder.name if encoder else ""]
    key = blake2b("\0".join(parts).encode(errors="surrogateescape"), digest_size=10).hexdigest()
    directory = home.resolve() / "indexes" / key
    with contextlib.suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True)
        if os.access(directory, os.W_OK):
            return directory, False
    return Path(tempfile.mkdtemp(prefix="search-as-compute-")), True
