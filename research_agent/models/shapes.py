"""Texts of a wanted form from models that cannot be held to it: asked for, checked, and repaired once, for a charge."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from research_agent.errors import ModelReplyError
from research_agent.folding import fold
from research_agent.models.base import (
    BETWEEN,
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
from research_agent.models.counting import token_bound

_FENCE = re.compile(r"^\s*```\w*\s*\n(.*?)\n\s*```\s*$", re.DOTALL)
_QUOTES = "\"'`“”‘’«»„"
# Begins the message of a reply that came whole and does not fit; a journal keeps messages and no types.
MISFIT = "The model's reply does not have the form asked for"
# Tokens of {"choice": ""} with any white space in it.
_CHOICE_FORM = 16


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
    """Carry out a request so that its constraint is met, by asking for it in words and a second time if need be.

    A model that enforces constraints is left to it. Any other is told what to write, and after a reply that cannot be
    used it is asked once more and told why: a second charged call, key `KEY/repair`. A span that is then still not in
    the source becomes its `otherwise`. A choice may use some tokens more than `max_tokens`, for its JSON form.

    Raises:
        ModelReplyError: the second reply cannot be used either; both calls have been charged.
        ResearchError: whatever the call itself raises.
    """
    constraint = request.constraint
    if constraint is None or (doors.model is not None and doors.model.info.constrained):
        return await doors.complete(request, key=key, answer=answer)
    asked = replace(request, messages=_with(request.messages, instruction(constraint)))
    if isinstance(constraint, Choice):
        asked = replace(asked, max_tokens=max(asked.max_tokens, asked.think + choice_tokens(constraint)))
    try:
        return await doors.complete(asked, key=key, answer=answer)
    except ModelReplyError as first:
        again = replace(asked, messages=_with(asked.messages, f"An earlier reply could not be used: {first}"))
        spent = first.usage or Usage()
    try:
        second = await doors.complete(again, key=f"{key}/repair", answer=answer)
    except ModelReplyError as misfit:
        # What went wrong on the wire says nothing about the source.
        if not isinstance(constraint, Span) or not str(misfit).startswith(MISFIT):
            raise
        return Completion((constraint.otherwise,), spent + (misfit.usage or Usage()), ("other",))
    return replace(second, usage=spent + second.usage)


def checked(request: Request, completion: Completion) -> Completion:
    """Return the completion with the samples that fit the request's constraint, in the constraint's own spelling.

    Raises:
        ModelReplyError: no sample fits; the message says why the first does not, and `usage` is the completion's.
    """
    if request.constraint is None:
        return completion
    kept, reasons = [], []
    for text, finish in zip(completion.texts, completion.finish, strict=True):
        try:
            kept.append((fitted(request.constraint, text), finish))
        except ModelReplyError as misfit:
            reasons.append(f"{misfit}" + (" (it was cut off at the token limit)" if finish == "length" else ""))
    if not kept:
        raise ModelReplyError(f"{MISFIT}: {reasons[0]}.", completion.usage)
    return replace(completion, texts=tuple(text for text, _ in kept), finish=tuple(finish for _, finish in kept))


def choice_tokens(constraint: Choice) -> int:
    """Return the output tokens that the JSON form of a choice may need."""
    return _CHOICE_FORM + max(map(token_bound, constraint.options), default=0)


def instruction(constraint: Constraint) -> str:
    """Say in words what the text must look like."""
    if isinstance(constraint, JsonShape):
        schema = json.dumps(constraint.schema, ensure_ascii=False)
        return f"Reply with JSON only, that fits this JSON schema: {schema}"
    if isinstance(constraint, Choice):
        return f"Reply with one of these and nothing else: {' | '.join(constraint.options)}"
    between = f', several with "{BETWEEN}" between them' if constraint.several else ""
    return (
        f"Reply with words copied exactly from the text above, as few as will do{between}, and nothing else; "
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


def _with(messages: tuple[Message, ...], words: str) -> tuple[Message, ...]:
    """Add words to the question, which comes last."""
    last = messages[-1]
    if last.role != "user":
        return (*messages, Message("user", words))
    return (*messages[:-1], Message("user", f"{last.content}\n\n{words}"))


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
    if constraint.several and BETWEEN in text.strip():
        single = replace(constraint, several=False)
        return BETWEEN.join(dict.fromkeys(_span(single, run) for run in text.strip().split(BETWEEN)))
    source = fold(constraint.source)
    stripped = text.strip()
    # Models wrap what they copy in quotes and close it with a full stop.
    for tried in (stripped, stripped.strip(_QUOTES), stripped.strip(_QUOTES + ". ")):
        found = source.find(tried) if any(map(str.isalnum, tried)) else None
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
