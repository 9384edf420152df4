"""Frozen dataclasses as JSON values and back, exactly, with null for an infinite end; and files written whole."""

import json
import math
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

import numpy as np

T = TypeVar("T")


def encode(value: object, name: str = "") -> Any:
    """Return a value as JSON values: dataclasses become objects, mappings with tuple keys rows, infinite ends null.

    Args:
        value: a dataclass, mapping, sequence, array, text or number.
        name: its dotted name; in a field called `low` the infinite end is -inf, elsewhere +inf.

    Raises:
        ValueError: a number that is not one (NaN), or is infinite on the wrong side.
    """
    if value is None or isinstance(value, str | bool | np.bool_):
        return bool(value) if isinstance(value, np.bool_) else value
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return _number(float(value), name)
    if is_dataclass(value):
        return {
            each.name: encode(getattr(value, each.name), f"{name}.{each.name}".strip(".")) for each in fields(value)
        }
    if isinstance(value, Mapping):
        if any(isinstance(key, tuple) for key in value):
            return [[*key, encode(one, name)] for key, one in value.items()]
        return {key: encode(one, f"{name}.{key}".strip(".")) for key, one in value.items()}
    return [encode(one, f"{name}[{at}]") for at, one in enumerate(cast("tuple[object, ...]", value))]


def _number(value: float, name: str) -> float | None:
    """Return a number, or None for an open end."""
    if math.isfinite(value):
        return value
    if value == _open(name):
        return None
    raise ValueError(f"{name or 'A number'} is {value}, which no JSON document can hold.")


def _open(name: str) -> float:
    """Return what null means in a field of this name."""
    return -math.inf if name.rpartition(".")[2].partition("[")[0] == "low" else math.inf


def decode(kind: type[T], value: object, name: str = "") -> T:
    """Return the value of a type that `encode` made these JSON values of.

    Args:
        kind: a dataclass, or any type that a field of one may have here.
        value: JSON values.
        name: dotted name of the value, for the error.

    Raises:
        ValueError: the values are not those of such a type; the message names the field.
    """
    return cast(T, _decode(kind, value, name))


def _decode(kind: Any, value: Any, name: str) -> Any:
    """Return a value of any of the types known here."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        # Null is None here; an Optional float has no open end.
        return None if value is None else _decode(inner[0], value, name)
    if kind is float and value is None:
        return _open(name)
    if origin is Literal:
        return _expect(value in inner, value, name)
    if is_dataclass(kind):
        return _dataclass(kind, value, name)
    if origin is tuple or origin is np.ndarray:
        return _sequence(origin, inner, value, name)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(inner[0], inner[1], value, name)
    if kind is float:
        finite = type(value) in (int, float) and abs(value) <= sys.float_info.max
        return float(_expect(finite, value, name))
    return _expect(type(value) is kind, value, name)


def _expect(right: bool, value: Any, name: str) -> Any:
    """Return the value if it is right."""
    if not right:
        raise ValueError(f"{name or 'The document'} cannot be {json.dumps(value)[:60]}.")
    return value


def _dataclass(kind: Any, value: Any, name: str) -> Any:
    """Return a dataclass from an object."""
    _expect(isinstance(value, dict), value, name)
    hints = get_type_hints(kind)
    for each in fields(kind):
        if each.name not in value:
            raise ValueError(f"{f'{name}.{each.name}'.strip('.')} is missing.")
    return kind(
        **{
            each.name: _decode(hints[each.name], value[each.name], f"{name}.{each.name}".strip("."))
            for each in fields(kind)
        }
    )


def _sequence(origin: Any, inner: tuple[Any, ...], value: Any, name: str) -> Any:
    """Return a tuple or an array from a list."""
    _expect(isinstance(value, list), value, name)
    if origin is np.ndarray:
        inner = (float, Ellipsis)
    if inner[-1] is Ellipsis:
        inner = inner[:1] * len(value)
    _expect(len(value) == len(inner), value, name)
    parts = [_decode(part, one, f"{name}[{at}]") for at, (part, one) in enumerate(zip(inner, value, strict=True))]
    return tuple(parts) if origin is tuple else np.array(parts, dtype=np.float64)


def _mapping(key: Any, kind: Any, value: Any, name: str) -> dict[Any, Any]:
    """Return a dictionary from an object, or from rows where its keys are tuples."""
    if get_origin(key) is not tuple:
        _expect(isinstance(value, dict), value, name)
        return {each: _decode(kind, one, f"{name}.{each}".strip(".")) for each, one in value.items()}
    width = len(get_args(key))
    _expect(
        isinstance(value, list) and all(isinstance(row, list) and len(row) == width + 1 for row in value), value, name
    )
    return {_decode(key, row[:-1], name): _decode(kind, row[-1], name) for row in value}


def write(path: Path, content: str | bytes) -> None:
    """Write a whole file or nothing: a reader never sees a part of it.

    Raises:
        OSError: the folder cannot be written.
    """
    raw = content.encode() if isinstance(content, str) else content
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
        # mkstemp makes a private file; this one is as any other that the user makes.
        mask = os.umask(0)
        os.umask(mask)
        Path(draft).chmod(0o666 & ~mask)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
