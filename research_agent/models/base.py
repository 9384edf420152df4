"""The seam to language models: a request in, texts and measured usage out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

Role = Literal["system", "user", "assistant"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class JsonShape:
    """The text must be JSON that fits this JSON schema."""

    schema: Mapping[str, object]
    name: str = "reply"


@dataclass(frozen=True, slots=True)
class Choice:
    """The text must be one of these."""

    options: tuple[str, ...]


BETWEEN = "; "


@dataclass(frozen=True, slots=True)
class Span:
    """The text must be a run of whole words of `source`, word for word, or else exactly `otherwise`.

    A model that cannot be held to it (a plain HTTP server) is asked for it and its reply is checked.

    Attributes:
        source: where the words stand.
        otherwise: what to write where none fit.
        several: any number of such runs may be given, with `BETWEEN` between them.
    """

    source: str
    otherwise: str = "not stated"
    several: bool = False


Constraint = JsonShape | Choice | Span


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a model.

    Attributes:
        messages: the fixed part first and the question last, so that a prefix cache helps.
        max_tokens: the most output tokens, reasoning included, that each sample may use.
        n: samples; the prompt is paid once.
        think: reasoning tokens the model may use within `max_tokens`; 0 asks for none.
        effort: the provider's own thinking knob, where it has one; None leaves it alone.
        constraint: what the text must look like.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    n: int = 1
    temperature: float = 0.0
    seed: int = 0
    think: int = 0
    effort: Effort | None = None
    stop: tuple[str, ...] = ()
    constraint: Constraint | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, as measured.

    Attributes:
        prompt_tokens: all of the prompt, the cached part included.
        cached_tokens: the part of the prompt that was read from a cache.
        output_tokens: all of the output, reasoning included.
        reasoning_tokens: the part of the output that was reasoning.
        estimated: some number was counted here because the provider did not report it.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.estimated or other.estimated,
        )


@dataclass(frozen=True, slots=True)
class Completion:
    """What a call returned.

    Attributes:
        texts: one text a sample, reasoning left out.
        usage: of the whole call.
        finish: why each sample ended: "stop", "length" or "other".
        reasoning: the reasoning text of the first sample, where the provider shows it.
        model: the name the provider gave.
        sureness: of a `Choice`, the probability of the first sample's option among all options, in [0, 1], as the
            model's first token has it, 0 where no option was among its likelier tokens; None where it does not tell.
    """

    texts: tuple[str, ...]
    usage: Usage
    finish: tuple[Literal["stop", "length", "other"], ...]
    reasoning: str = ""
    model: str = ""
    sureness: float | None = None

    @property
    def text(self) -> str:
        """The first sample."""
        return self.texts[0]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model says of itself.

    Attributes:
        name: as printed to the user and kept in the run record.
        provider: "embedded", "openai-compatible", "langchain"…; with `name` the key for prices.
        context_tokens: the longest prompt plus output it takes.
        public: prompts leave this machine.
        constrained: it enforces a Choice, Span or JsonShape while generating.
        price_free: it costs no money (it runs here).
    """

    name: str
    provider: str
    context_tokens: int
    public: bool
    constrained: bool
    price_free: bool


@runtime_checkable
class ChatModel(Protocol):
    """A language model. One call is one request on the wire: retries belong to the caller, who pays for them."""

    @property
    def info(self) -> ModelInfo:
        """Who it is and what it can do."""
        ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return an upper bound of the prompt tokens these messages cost, template included.

        The ledger reserves this much before the call, so a low estimate would be an overspend.
        """
        ...

    async def complete(self, request: Request) -> Completion:
        """Carry out one request.

        Raises:
            ModelError: there is no usable reply; `usage` on the error holds what it cost, where known.
        """
        ...
