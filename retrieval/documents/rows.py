"""JSON lines in the BEIR form, one document a line: `_id`, `title`, `text`, `metadata`; plain or gzipped."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

from retrieval.base import Document
from retrieval.documents.formats import UnreadableError
from retrieval.documents.text import clean
from retrieval.documents.titles import title_of

_LONGEST_LINE = 64 * 1024 * 1024
_SHOWN = 60


def is_rows(path: Path) -> bool:
    """Tell whether a file is read line by line, going by its name."""
    name = path.name.lower().removesuffix(".gz")
    return name.endswith((".jsonl", ".ndjson"))


def read_rows(path: Path, on_skip: Callable[[str, str], None]) -> Iterator[Document]:
    """Yield the document of each good line.

    Args:
        path: the file.
        on_skip: told (where, why) of each line that is left out, and of the rest where a gzip file breaks off.

    Raises:
        UnreadableError: the file is damaged before its first good line.
    """
    number = good = 0
    try:
        with _opened(path) as file:
            while line := file.readline(_LONGEST_LINE + 1):
                number += 1
                if len(line) > _LONGEST_LINE:
                    on_skip(f"{path}:{number}", f"the line is longer than {_LONGEST_LINE:,} bytes")
                    while not line.endswith(b"\n") and (line := file.readline(_LONGEST_LINE)):
                        pass
                    continue
                if not line.strip():
                    continue
                try:
                    yield _document(line, path)
                    good += 1
                except ValueError as error:
                    on_skip(f"{path}:{number}", str(error))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        message = f"the gzip data is damaged after line {number} ({error})"
        if not good:
            raise UnreadableError(message) from error
        on_skip(str(path), f"{message}; the {good:,} documents before are kept")


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix.lower() == ".gz" else path.open("rb")


def _document(line: bytes, path: Path) -> Document:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the line is no JSON ({error})") from error
    if not isinstance(row, dict):
        raise ValueError(f"the line holds {_kind(row)}, and a document is an object with `_id` and `text`")
    name, text = row.get("_id", row.get("id")), row.get("text")
    if not isinstance(name, str | int) or isinstance(name, bool) or not str(name).strip():
        raise ValueError("the line has no `_id`")
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"the document {str(name)[:_SHOWN]!r} has no `text`")
    title, metadata = row.get("title"), row.get("metadata")
    uri = metadata.get("url") if isinstance(metadata, dict) else None
    return Document(
        id=str(name),
        text=clean(text),
        title=clean(title).strip() if isinstance(title, str) and title.strip() else title_of(text, ""),
        uri=uri if isinstance(uri, str) else f"{path.absolute().as_uri()}#{name}",
        metadata=metadata if isinstance(metadata, dict) else {},
    )


def _kind(value: object) -> str:
    return {list: "a list", str: "a string", type(None): "null"}.get(type(value), f"a {type(value).__name__}")
