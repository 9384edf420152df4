"""The folder of a sweep: which sweep it belongs to, and what is written into it, whole or not at all."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.errors import SweepError
from scaling.plain import write
from scaling.tables import save

RECORD, TABLE, PAGE = "sweep.json", "trials.parquet", "README.md"
_FORM = 1


def check_folder(out: Path, identity: Mapping[str, object]) -> None:
    """Refuse a folder that belongs to something else; nothing is written.

    Args:
        out: the folder; it may be missing.
        identity: of the sweep, as far as it is known; what is not known yet is left out.

    Raises:
        SweepError: it is a file or cannot be made, holds files of other origin, or another sweep.
    """
    if out.exists() and not out.is_dir():
        raise SweepError(f"{out} is a file; name a folder for the sweep.")
    if not out.exists() and not out.parent.is_dir():
        raise SweepError(f"The folder {out} cannot be made: there is no folder {out.parent}.")
    record = out / RECORD
    if not record.exists():
        if taken := [name for name in (TABLE, PAGE) if (out / name).exists()]:
            raise SweepError(f"{out} holds a {taken[0]} that no sweep wrote; name another folder.")
        return
    try:
        began = json.loads(record.read_text(encoding="utf-8"))
        known = {**began["identity"]} if began["form"] == _FORM else {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SweepError(f"{record} is no record of a sweep ({error}); remove it or name another folder.") from error
    for name, value in json.loads(json.dumps(identity)).items():
        if known.get(name) != value:
            raise SweepError(
                f"{out} holds a sweep whose {name.replace('_', ' ')} is {_short(known.get(name))}, and this one's is "
                f"{_short(value)}: they are not mixed; name another folder."
            )


def _short(value: object) -> str:
    """Return a value as a few words."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}…"


def begin(out: Path, identity: Mapping[str, object]) -> None:
    """Mark a folder as that of a sweep."""
    out.mkdir(exist_ok=True)
    if not (out / RECORD).exists():
        _record(out, identity, {})


def finish(out: Path, identity: Mapping[str, object], results: Mapping[str, Any], rows: Sequence[Mapping[str, Any]],
           page: str) -> None:  # fmt: skip
    """Write the table, the page and the record."""
    import pandas as pd

    frame = pd.DataFrame(rows)
    for name in frame.columns:
        if name.startswith("cost_"):
            frame[name] = frame[name].astype(float)
    save(frame, out / TABLE)
    write(out / PAGE, page.encode())
    _record(out, identity, results)


def _record(out: Path, identity: Mapping[str, object], results: Mapping[str, Any]) -> None:
    """Write the record."""
    content = {"form": _FORM, "identity": identity, **results}
    write(out / RECORD, (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())
