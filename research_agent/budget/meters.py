"""What was used, counted: tokens, searches, documents, passages, latent steps."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from research_agent.budget.amounts import is_count
from research_agent.errors import UsageError


@dataclass(frozen=True, slots=True)
class Meters:
    """Counts of everything that has a price; they add up.

    Attributes:
        prompt_tokens: all of the prompts, cached parts included.
        cached_tokens: the part of the prompts that was read from a cache.
        output_tokens: all of the outputs, reasoning included.
        reasoning_tokens: the part of the outputs that was reasoning.
        searches: queries sent to a backend, failed attempts included.
        fetches: documents opened, failed attempts included.
        reranks: passages scored.
        latent_steps: reasoning steps that leave no token.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    searches: int = 0
    fetches: int = 0
    reranks: int = 0
    latent_steps: int = 0

    def __post_init__(self) -> None:
        for name in NAMES:
            if not is_count(getattr(self, name)):
                raise UsageError(f"The meter {name} must be a whole number of at least 0, not {getattr(self, name)!r}.")
        if self.cached_tokens > self.prompt_tokens:
            raise UsageError(
                f"{self.cached_tokens} cached tokens cannot be part of {self.prompt_tokens} prompt tokens."
            )
        if self.reasoning_tokens > self.output_tokens:
            raise UsageError(
                f"{self.reasoning_tokens} reasoning tokens cannot be part of {self.output_tokens} output tokens."
            )

    def __add__(self, other: "Meters") -> "Meters":
        return Meters(*(getattr(self, name) + getattr(other, name) for name in NAMES))

    @property
    def tokens(self) -> int:
        """Prompt and output together, each token once: what a token cap counts."""
        return self.prompt_tokens + self.output_tokens

    def to_json(self) -> dict[str, int]:
        """Return the counts by the names of the JSON contract."""
        return {name: getattr(self, name) for name in NAMES}

    @classmethod
    def from_json(cls, counts: Mapping[str, int]) -> "Meters":
        """Return the meters that `to_json` or a journal row holds."""
        return cls(**{name: counts.get(name, 0) for name in NAMES})


NAMES = tuple(field.name for field in fields(Meters))
