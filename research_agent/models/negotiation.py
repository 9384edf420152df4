"""What to put into a request, and what to leave out from then on because the server turned it down."""

import re

from research_agent.models.base import Choice, Effort, Request
from research_agent.models.refusals import RefusedError
from research_agent.models.shapes import choice_tokens, response_format

EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
# Thinking budgets as efforts, as the doors of thinking models translate them (tokens, inclusive).
_LOW, _MEDIUM = 1024, 8192

_MAY_GO = (
    "chat_template_kwargs",
    "reasoning_effort",
    "response_format",
    "stream_options",
    "temperature",
    "stream",
    "seed",
    "stop",
    "n",
)
_OTHER_NAMES = {
    "reasoning_effort": r"thinking|reasoning",
    "response_format": r"json_schema|structured output|grammar",
    "chat_template_kwargs": r"enable_thinking",
    # One letter is a word of many sentences; as a field it stands in quotes.
    "n": r"(?!)",
}
_A_VALUE = re.compile(r"\bvalues?\b|must be|one of|level|budget|invalid", re.IGNORECASE)
_CAPS = ("max_tokens", "max_completion_tokens")


class Dialect:
    """How one server wants its requests. Starts from what most take, and learns from refusals, which are free.

    Args:
        local: the server is on this machine or network, so it knows the switches of local servers.
        completion_cap: it wants `max_completion_tokens`, not `max_tokens`.
    """

    def __init__(self, *, local: bool, completion_cap: bool) -> None:
        self._local = local
        self._cap = _CAPS[completion_cap]
        self._caps_refused: set[str] = set()
        self._dropped: set[str] = set()
        self._efforts_refused: set[str] = set()

    def body(self, model: str, request: Request) -> dict[str, object]:
        """Return the JSON body of a request."""
        wanted: dict[str, object] = {
            "model": model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            self._cap: request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
            "n": request.n if request.n > 1 else None,
            "stop": list(request.stop) or None,
            "reasoning_effort": self._effort(request),
            "response_format": _format(request),
            "chat_template_kwargs": {"enable_thinking": request.think > 0} if self._local else None,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if "stream" in self._dropped:
            wanted["stream_options"] = None
        return {name: value for name, value in wanted.items() if value is not None and name not in self._dropped}

    def learn(self, body: dict[str, object], refused: RefusedError) -> bool:
        """Take note of what the server objects to, and return whether the request can be sent in another form.

        Every form has a field less than the one before it, or an effort or cap not tried yet, so this ends.
        """
        if self._learn_cap(body, refused):
            return True
        for name in _MAY_GO:
            if name in body and objects_to(refused, name):
                self._refuse(name, body, refused)
                return True
        return False

    def _refuse(self, name: str, body: dict[str, object], refused: RefusedError) -> None:
        effort = str(body[name])
        if name == "reasoning_effort" and _A_VALUE.search(refused.reason):
            self._efforts_refused.add(effort)
        else:
            self._dropped.add(name)

    def _learn_cap(self, body: dict[str, object], refused: RefusedError) -> bool:
        """Change to the other name of the token cap: that one is renamed and never left out."""
        sent = next(cap for cap in _CAPS if cap in body)
        other = _CAPS[sent == _CAPS[0]]
        objects = refused.parameter == sent or (not refused.parameter and re.search(rf"\b{sent}\b", refused.reason))
        if not objects or other in self._caps_refused:
            return False
        self._caps_refused.add(sent)
        self._cap = other
        return True

    def _effort(self, request: Request) -> str | None:
        """Return the wanted effort, or the nearest that the server takes, or None where it takes none."""
        wanted = EFFORTS.index(request.effort or _effort_of(request.think))
        left = [(abs(place - wanted), place) for place, name in enumerate(EFFORTS) if name not in self._efforts_refused]
        return EFFORTS[min(left)[1]] if left else None


def _format(request: Request) -> dict[str, object] | None:
    """Return the wanted `response_format`; a choice whose JSON form has no room is asked for as plain text."""
    constraint = request.constraint
    if isinstance(constraint, Choice) and request.max_tokens - request.think < choice_tokens(constraint):
        return None
    return response_format(constraint)


def _effort_of(think: int) -> Effort:
    if think <= 0:
        return "none"
    return "low" if think <= _LOW else "medium" if think <= _MEDIUM else "high"


def objects_to(refused: RefusedError, name: str) -> bool:
    """Return whether a refusal is about this field."""
    if refused.parameter:
        return re.split(r"[.\[]", refused.parameter)[0] == name
    quoted = rf"['\"`]{name}['\"`]"
    spelled = quoted if len(name) == 1 else rf"\b{name}\b"
    return bool(re.search(f"{spelled}|{_OTHER_NAMES.get(name, '(?!)')}", refused.reason, re.IGNORECASE))
