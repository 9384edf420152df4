"""Tables of trials as files: parquet, CSV, and JSON lines, plain or compressed, read and written exactly."""

import csv
import gzip
import json
import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scaling.errors import TrialsError
from scaling.plain import write

if TYPE_CHECKING:
    import pandas as pd

IDS = ("question", "group")  # columns of names: kept as they are written, so that 007 is not 7
_MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None"]


class _Format(NamedTuple):
    """How a kind of file is read and made."""

    read: Callable[[Path], "pd.DataFrame"]
    make: Callable[["pd.DataFrame"], bytes]


def load(path: Path) -> "pd.DataFrame":
    """Return the table of a file.

    Raises:
        TrialsError: there is no such file, its name has another suffix, or it is damaged.
    """
    chosen = _format(path)
    try:
        return chosen.read(path)
    except TrialsError:
        raise
    except FileNotFoundError as error:
        raise TrialsError("There is no such file; check the path.") from error
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise TrialsError(
            f"The file cannot be read as its name says: {str(error).strip().rstrip('.')}. Write it again, or give it "
            "the suffix that it is."
        ) from error


def save(frame: "pd.DataFrame", path: Path) -> None:
    """Write a table whole or not at all.

    Raises:
        TrialsError: the name has another suffix.
        OSError: the folder cannot be written.
    """
    write(path, _format(path).make(frame))


def columns_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return rows as columns; what a row does not have is None.

    Raises:
        TrialsError: a row is no mapping.
    """
    columns: dict[str, list[Any]] = {}
    at = -1
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise TrialsError(f"Row {at + 1} is {row!r:.80}; a row maps column names to values.")
        for name, value in row.items():
            column = columns.setdefault(name, [])
            column.extend([None] * (at - len(column)))
            column.append(value)
    for column in columns.values():
        column.extend([None] * (at + 1 - len(column)))
    return columns


def _format(path: Path) -> _Format:
    """Return the format of a file name."""
    for suffix, chosen in _FORMATS.items():
        if path.name.lower().endswith(suffix):
            return chosen
    raise TrialsError(f"The suffix of {path.name!r} is none of {', '.join(_FORMATS)}; name the file by what it holds.")


def _read_parquet(path: Path) -> "pd.DataFrame":
    """Read parquet; what its library raises beside OSError and ValueError is made a ValueError."""
    from pyarrow import ArrowException
    from pyarrow.parquet import read_table

    try:
        table = read_table(path)
        table.validate(full=True)  # or text that is none would be found later, in the middle of a check
        return table.to_pandas()
    except (ArrowException, LookupError, TypeError) as error:
        raise ValueError(str(error)) from error


def _make_parquet(frame: "pd.DataFrame") -> bytes:
    content: bytes = frame.to_parquet(index=False)
    return content


def _read_csv(path: Path) -> "pd.DataFrame":
    """Read CSV. The header is read first: pandas would rename its doubles, and guess a name for one without."""
    import pandas as pd

    encoding = "utf-8-sig"  # spreadsheets begin a file with a byte order mark
    header = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False, encoding=encoding)
    names = [str(name) for name in header.iloc[0]]
    if "" in names:
        raise TrialsError(f"Column {names.index('') + 1} has no name; name it, or leave out an index of the rows.")
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise TrialsError(f"There are two columns {double!r}; leave one out, or give it a name of its own.")
    frame = pd.read_csv(
        path,
        dtype=dict.fromkeys(IDS, str),
        keep_default_na=False,
        na_values={name: _MISSING for name in names if name not in IDS},
        low_memory=False,
        encoding=encoding,
    )
    if not isinstance(frame.index, pd.RangeIndex):  # pandas takes what stands in excess for an index
        raise TrialsError(f"Row 1 has more values than the {len(names)} columns of the header; name every column.")
    return frame


def _make_csv(frame: "pd.DataFrame") -> bytes:
    # All text is quoted, or a name that holds a carriage return would end its row.
    content: str = frame.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return content.encode()


def _read_jsonl(path: Path) -> "pd.DataFrame":
    import pandas as pd

    opened = gzip.open if path.name.lower().endswith(".gz") else open
    with opened(path, "rb") as file:
        return pd.DataFrame(columns_of(_parsed(file)))


def _parsed(lines: Iterable[bytes]) -> Iterable[Any]:
    """Yield the value of each line that is not blank."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise TrialsError(f"Line {number} is no JSON ({error}); correct it or leave it out.") from error


def _make_jsonl(frame: "pd.DataFrame") -> bytes:
    """Return a line a row, put together from columns, for an encoder called for every row takes three times as long."""
    line = "{" + ", ".join(json.dumps(name).replace("%", "%%") + ": %s" for name in frame.columns) + "}\n"
    texts = (map(_number if frame[name].dtype.kind == "f" else json.dumps, frame[name].tolist()) for name in frame)
    return "".join(line % row for row in zip(*texts, strict=True)).encode()


def _number(value: float) -> str:
    """Return a number as JSON, which has no infinity (here "inf") and no NaN (here null)."""
    return repr(value) if math.isfinite(value) else '"inf"' if value > 0 else "null"


def _make_jsonl_gz(frame: "pd.DataFrame") -> bytes:
    return gzip.compress(_make_jsonl(frame), mtime=0)  # without the time, the same trials make the same file


_FORMATS: Mapping[str, _Format] = {
    ".parquet": _Format(_read_parquet, _make_parquet),
    ".csv": _Format(_read_csv, _make_csv),
    ".jsonl": _Format(_read_jsonl, _make_jsonl),
    ".jsonl.gz": _Format(_read_jsonl, _make_jsonl_gz),
}
