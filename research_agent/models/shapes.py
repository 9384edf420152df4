"""Texts of a wanted form from models that cannot be held to it: asked for, checked, and repaired once, for a charge."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from research_agent.errors import ModelReplyError
from research_agent.folding import fold
from research_agent.models.base import (
    ChatModel,
    Choice,
    Completion,
    Constraint,
    JsonShape,
    Message,
    Request,
    Span,
    Usage,
)

_FENCE = re.compile(r"^\s*```\w*\s*\n(.*?)\n\s*```\s*$", re.DOTALL)
_QUOTES = "\"'`“”‘’«»„"
# A misfit is shown to the model again, but not at any length.
_SHOWN = 2000


class Completing(Protocol):
    """What pays for model calls; `budget.doors.Doors` is one."""

    @property
    def model(self) -> ChatModel | None:
        """The model that is called."""
        ...

    async def complete(self, request: Request, *, key: str, answer: bool = False) -> Completion:
        """Carry out and charge one call."""
        ...


async def complete_shaped(doors: Completing, request: Request, *, key: str, answer: bool = False) -> Completion:
    """Carry out a request and return only texts that fit its constraint, in the constraint's own spelling.

    A model that enforces constraints is only checked. Any other is also told in words what to write; where no sample
    fits, it is asked once more (a second charged call, key `KEY/repair`), and a span that is still not in the source
    becomes its `otherwise`. Of several samples those that fit are returned. `usage` adds up both calls.

    Raises:
        ModelReplyError: no text fits, after the repair; both calls have been charged.
        ResearchError: whatever the call itself raises.
    """
    constraint = request.constraint
    if constraint is None:
        return await doors.complete(request, key=key, answer=answer)
    told = doors.model is not None and doors.model.info.constrained
    asked = request if told else replace(request, messages=_asking(request.messages, instruction(constraint)))
    first = await doors.complete(asked, key=key, answer=answer)
    fitting, reason = _fitting(constraint, first)
    if fitting is not None:
        return fitting
    second = await doors.complete(_repair(asked, first, reason), key=f"{key}/repair", answer=answer)
    fitting, reason = _fitting(constraint, second)
    usage = first.usage + second.usage
    if fitting is None and isinstance(constraint, Span):
        return replace(second, texts=(constraint.otherwise,), finish=second.finish[:1], usage=usage)
    if fitting is None:
        raise ModelReplyError(f"The model's reply cannot be used, nor its second try: {reason}.", Usage())
    return replace(fitting, usage=usage)


def instruction(constraint: Constraint) -> str:
    """Say in words what the text must look like."""
    if isinstance(constraint, JsonShape):
        schema = json.dumps(constraint.schema, ensure_ascii=False)
        return f"Reply with JSON only, that fits this JSON schema: {schema}"
    if isinstance(constraint, Choice):
        return f"Reply with one of these and nothing else: {' | '.join(constraint.options)}"
    return (
        "Reply with words copied exactly from the text above, as few as will do, and nothing else; "
        f"if it does not say, reply: {constraint.otherwise}"
    )


def response_format(constraint: Constraint | None) -> dict[str, object] | None:
    """Return the `response_format` of an OpenAI-format request, or None where the form has none for it."""
    if isinstance(constraint, JsonShape):
        schema, name = constraint.schema, constraint.name
    elif isinstance(constraint, Choice):
        choice = {"type": "string", "enum": list(constraint.options)}
        schema, name = (
            {
                "type": "object",
                "properties": {"choice": choice},
                "required": ["choice"],
                "additionalProperties": False,
            },
            "choice",
        )
    else:
        return None
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": _closed(schema)}}


def fitted(constraint: Constraint, text: str) -> str:
    """Return the text in the constraint's own spelling: the option, the source's characters, or bare JSON.

    Raises:
        ModelReplyError: it does not fit; the message is the reason.
    """
    if isinstance(constraint, JsonShape):
        return _json(constraint, text)
    if isinstance(constraint, Choice):
        return _option(constraint, text)
    return _span(constraint, text)


def _fitting(constraint: Constraint, completion: Completion) -> tuple[Completion | None, str]:
    """Return the completion with the samples that fit, or None and why the first does not."""
    kept, reasons = [], []
    for text, finish in zip(completion.texts, completion.finish, strict=True):
        try:
            kept.append((fitted(constraint, text), finish))
        except ModelReplyError as misfit:
            reasons.append(f"{misfit}" + (", and it was cut off at the token limit" if finish == "length" else ""))
    if not kept:
        return None, reasons[0]
    return replace(completion, texts=tuple(t for t, _ in kept), finish=tuple(f for _, f in kept)), ""


def _asking(messages: tuple[Message, ...], words: str) -> tuple[Message, ...]:
    last = messages[-1]
    if last.role != "user":
        return (*messages, Message("user", words))
    return (*messages[:-1], Message("user", f"{last.content}\n\n{words}"))


def _repair(asked: Request, completion: Completion, reason: str) -> Request:
    assert asked.constraint is not None
    wish = f"That cannot be used: {reason}. {instruction(asked.constraint)}"
    turns = (Message("assistant", completion.text[:_SHOWN]), Message("user", wish))
    return replace(asked, messages=(*asked.messages, *turns))


def _json(constraint: JsonShape, text: str) -> str:
    import jsonschema

    fenced = _FENCE.match(text)
    bare = fenced.group(1) if fenced else text
    start = min((at for at in (bare.find("{"), bare.find("[")) if at >= 0), default=0)
    try:
        value, end = json.JSONDecoder().raw_decode(bare[start:].lstrip())
    except ValueError as error:
        raise ModelReplyError(f"it is not JSON ({error})") from error
    try:
        jsonschema.validate(value, constraint.schema)
    except jsonschema.ValidationError as error:
        raise ModelReplyError(f"it does not fit the schema at {error.json_path} ({error.message[:200]})") from error
    return bare[start:].lstrip()[:end]


def _option(constraint: Choice, text: str) -> str:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    said = str(data["choice"]) if isinstance(data, dict) and "choice" in data else text
    plain = _plain(said)
    for option in constraint.options:
        if plain == _plain(option):
            return option
    raise ModelReplyError(f"{text[:80]!r} is none of the choices")


def _span(constraint: Span, text: str) -> str:
    if _plain(text) == _plain(constraint.otherwise):
        return constraint.otherwise
    source = fold(constraint.source)
    stripped = text.strip()
    # Models wrap what they copy in quotes and close it with a full stop.
    for tried in (stripped, stripped.strip(_QUOTES), stripped.strip(_QUOTES + ". ")):
        found = source.find(tried) if tried.strip() else None
        if found is not None and not _cuts(constraint.source, *found):
            return constraint.source[slice(*found)]
    raise ModelReplyError(f"{text[:80]!r} does not stand in the text")


def _cuts(text: str, start: int, end: int) -> bool:
    """Return whether a word of an alphabet with spaces goes on across either edge."""
    return any(
        0 < edge < len(text) and all(c.isalnum() and c < "\u2e80" for c in text[edge - 1 : edge + 1])
        for edge in (start, end)
    )


def _plain(text: str) -> str:
    return fold(text).folded.strip(f" .{_QUOTES}").casefold()


def _closed(schema: object) -> bool:
    """Return whether every object of a schema names and requires all its properties, as `strict` wants it."""
    if isinstance(schema, list):
        return all(map(_closed, schema))
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        required = schema.get("required")
        if schema.get("additionalProperties") is not False or set(required or ()) != set(properties):
            return False
    elif schema.get("type") == "object":
        return False
    return all(map(_closed, schema.values()))
