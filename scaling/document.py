"""`fit.json`: a fit as a document that other programs read, and back, exactly."""

import json
from pathlib import Path
from typing import Any

from scaling.plain import decode, encode, write
from scaling.results import ScalingFit

KIND, VERSION = "scaling fit", 1


def to_json(fit: ScalingFit) -> dict[str, Any]:
    """Return a fit as JSON values.

    The fields are those of the result types, with two changes that make it read well: `axes` is an object by name, and
    the decision of the verdict is called `same_law`. An interval is {"value", "low", "high"}; an end that the data does
    not bound is null, and so is what the gate refuses.

    Raises:
        ValueError: the fit holds a number that is not one.
    """
    values = encode(fit)
    axes = {axis.pop("name"): axis for axis in values.pop("axes")}
    verdict = values.pop("verdict")
    if verdict is not None:
        verdict = {"same_law": verdict.pop("decision"), **verdict}
    return {"kind": KIND, "version": VERSION, "axes": axes, "verdict": verdict, **values}


def from_json(values: object) -> ScalingFit:
    """Return the fit that `to_json` made these values of.

    Raises:
        ValueError: they are no fit, or one of another version; the message names the field.
    """
    if not isinstance(values, dict) or values.get("kind") != KIND:
        raise ValueError(f'The document is no fit: its "kind" is not "{KIND}".')
    if values.get("version") != VERSION:
        raise ValueError(f"The fit has version {values.get('version')!r}; this program reads version {VERSION}.")
    axes, verdict = values.get("axes"), values.get("verdict")
    if not isinstance(axes, dict) or not all(isinstance(axis, dict) for axis in axes.values()):
        raise ValueError('The document is no fit: "axes" is not an object with one object an axis.')
    if isinstance(verdict, dict):
        verdict = {"decision": verdict.get("same_law"), **verdict}
    named = [{"name": name, **axis} for name, axis in axes.items()]
    return decode(ScalingFit, {**values, "axes": named, "verdict": verdict})


def read(path: Path) -> ScalingFit:
    """Return the fit in a file.

    Raises:
        ValueError: there is no such file, or it holds no fit; the message names it.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}. Name a fit.json that `research-agent fit` wrote.") from error
    try:
        return from_json(values)
    except ValueError as error:
        raise ValueError(f"{path} cannot be used: {error}") from error


def dumps(fit: ScalingFit) -> str:
    """Return a fit as the text of a file.

    Raises:
        ValueError: the fit holds a number that is not one.
    """
    return json.dumps(to_json(fit), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def save(fit: ScalingFit, path: Path) -> None:
    """Write a fit to a file, whole or not at all.

    Raises:
        ValueError: the fit holds a number that is not one.
        OSError: the folder cannot be written.
    """
    write(path, dumps(fit))
