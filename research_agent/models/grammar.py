"""Constraints as grammars: what the sampler is held to while it generates, and the check of what came out.

The grammars are LLGuidance's, which llama.cpp reads. A grammar that does not compile is silently dropped by the
runtime, so every reply is checked here whatever was asked for.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace

from research_agent.errors import ModelReplyError, UsageError
from research_agent.models.base import BETWEEN, Choice, Constraint, JsonShape, Span

HEAD = "%llguidance {}\n"
WHITE = re.compile(r"\s+")
# Between 200 and 300 thousand bytes the runtime's grammar compiler gives up; no context holds that much anyway.
MOST_SOURCE_BYTES = 200_000
# A span begins and ends where no word is cut through; one that ran out of tokens also not before ".14" of "3.14".
EDGE = r"(?!(?<=\w)(?=\w))"
CUT_EDGE = r"(?!\S*\w)"


def grammar(constraint: Constraint) -> str:
    """Return the grammar that holds a sampler to `constraint`.

    Raises:
        UsageError: a choice without options, or a source too long to be held to.
    """
    if isinstance(constraint, Choice):
        options = [option for option in dict.fromkeys(constraint.options) if option]
        if not options:
            raise UsageError("A choice needs at least one option that is not empty; this one has none.")
        return f"{HEAD}start: {' | '.join(_literal(option) for option in options)}\n"
    if isinstance(constraint, JsonShape):
        # Free white space lets a small model print blank lines until its tokens are used up.
        shape = _closed(constraint.schema) | {"x-guidance": {"whitespace_flexible": False}}
        return f"{HEAD}start: %json {json.dumps(shape)}\n"
    words = _folded(constraint.source)
    if not words:
        return f"{HEAD}start: {_literal(constraint.otherwise)}\n"
    size = len(words.encode())
    if size > MOST_SOURCE_BYTES:
        raise UsageError(
            f"A span's source of {size:,} bytes is too long to be held to: give at most {MOST_SOURCE_BYTES:,} bytes."
        )
    # Line breaks and runs of blanks cost tokens and mislead small models; `settle` puts them back.
    span = json.dumps({"substring_words": words}, ensure_ascii=False)
    runs = f"runs\nruns: SPAN | SPAN {_literal(BETWEEN)} runs" if constraint.several else "SPAN"
    return f"{HEAD}start: {_literal(constraint.otherwise)} | {runs}\nSPAN: %regex {span}\n"


def settle(text: str, constraint: Constraint, *, cut: bool) -> str:
    """Return the reply that `text` stands for: a whole option, valid JSON, or words of the source as they stand there.

    Args:
        text: what the model generated.
        constraint: what it was held to.
        cut: generation ended before the model was done. A span is trimmed to its whole words; a choice is completed
            if only one option begins so; JSON cannot be saved.

    Raises:
        ModelReplyError: the text does not keep to the constraint.
    """
    if isinstance(constraint, Choice):
        return _settle_choice(text, constraint.options, cut=cut)
    if isinstance(constraint, JsonShape):
        return _settle_json(text, constraint.schema, cut=cut)
    return _settle_span(text, constraint, cut=cut)


def _settle_choice(text: str, options: tuple[str, ...], *, cut: bool) -> str:
    if text in options:
        return text
    begun = [option for option in options if text and option.startswith(text)]
    if cut and len(begun) == 1:
        return begun[0]
    raise ModelReplyError(f"The model replied {_short(text)}, which is none of the {len(options)} options.")


def _settle_json(text: str, schema: Mapping[str, object], *, cut: bool) -> str:
    try:
        value = json.loads(text)
    except ValueError as error:
        why = "its tokens were used up before the JSON was complete: allow more" if cut else str(error)
        raise ModelReplyError(f"The model's reply {_short(text)} is not valid JSON ({why}).") from error
    required = schema.get("required", [])
    if isinstance(value, dict) and isinstance(required, list) and not set(required) <= value.keys():
        missing = ", ".join(sorted(set(required) - value.keys()))
        raise ModelReplyError(f"The model's reply {_short(text)} lacks what the schema requires: {missing}.")
    return text


def _settle_span(text: str, span: Span, *, cut: bool) -> str:
    reply = text.strip()
    if span.several and BETWEEN in reply:
        *whole, last = reply.split(BETWEEN)
        single = replace(span, several=False)
        settled = [_settle_span(run, single, cut=False) for run in whole] + [_settle_span(last, single, cut=cut)]
        return BETWEEN.join(run for run in dict.fromkeys(settled) if run != span.otherwise) or span.otherwise
    if reply == span.otherwise or (cut and span.otherwise.startswith(reply)):
        return span.otherwise
    words = reply.split()
    while words:
        found = _whole_words(words, span.source, end=CUT_EDGE if cut else EDGE)
        if found is not None:
            return found
        if not cut:
            break
        # Only the last word can be a piece of one.
        cut, words = False, words[:-1]
    if not words:
        return span.otherwise
    raise ModelReplyError(f"The model replied {_short(text)}, which does not stand word for word in the source.")


def _whole_words(words: list[str], source: str, *, end: str) -> str | None:
    """Return the first stretch of `source` with these words and no letters touching it, as it stands there."""
    pattern = r"\s+".join(re.escape(word) for word in words)
    match = re.search(EDGE + pattern + end, source)
    return match.group() if match else None


def _closed(schema: Mapping[str, object]) -> dict[str, object]:
    """Return the schema with every object closed that does not say whether it is open.

    An open object lets a small model invent keys until its tokens are used up.
    """
    closed = {key: _closed_value(value) for key, value in schema.items()}
    if "properties" in closed:
        closed.setdefault("additionalProperties", False)
    return closed


def _closed_value(value: object) -> object:
    if isinstance(value, Mapping):
        return _closed(value)
    if isinstance(value, list):
        return [_closed_value(item) for item in value]
    return value


def _folded(text: str) -> str:
    # A lone surrogate has no UTF-8 form; it becomes a mark that no reply can carry back.
    return WHITE.sub(" ", text).strip().encode("utf-8", "replace").decode("utf-8")


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "…")
