"""What everything costs in units. One unit is the price of one output token of the reference model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from research_agent.budget.amounts import UNIT, check_price, price
from research_agent.budget.meters import Meters
from research_agent.errors import UsageError


@dataclass(frozen=True, slots=True)
class Prices:
    """Units per count of each meter.

    Reasoning tokens are output tokens and cached tokens are prompt tokens: each is paid for once.

    Attributes:
        prompt: of a prompt token that was not cached.
        cached: of a prompt token read from a cache; at most `prompt`, so that a worst case can ignore the cache.
        output: of an output token, reasoning included.
        latent: of a latent step.
        search: of one search, where the backend does not state its own price.
        fetch: of opening one document, where the backend does not state its own price.
        rerank: of scoring one passage.
    """

    prompt: float = 0.25
    cached: float = 0.025
    output: float = 1.0
    latent: float = 1.0
    search: float = 100.0
    fetch: float = 20.0
    rerank: float = 0.1

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self)):
            check_price(f"The price of {name}", getattr(self, name))
        if self.cached > self.prompt:
            raise UsageError(
                f"The price of a cached prompt token ({self.cached:g}) must not be above that of a prompt token "
                f"({self.prompt:g})."
            )

    def micro(self, meters: Meters, *, search: float | None = None, fetch: float | None = None) -> int:
        """Return the price of these meters in whole millionths of a unit.

        Args:
            meters: what was used.
            search: the backend's own price of a search; None takes the run's.
            fetch: the backend's own price of opening a document; None takes the run's.
        """
        return (
            (meters.prompt_tokens - meters.cached_tokens) * price(self.prompt, UNIT)
            + meters.cached_tokens * price(self.cached, UNIT)
            + meters.output_tokens * price(self.output, UNIT)
            + meters.latent_steps * price(self.latent, UNIT)
            + meters.searches * price(self.search if search is None else search, UNIT)
            + meters.fetches * price(self.fetch if fetch is None else fetch, UNIT)
            + meters.reranks * price(self.rerank, UNIT)
        )

    def units(self, meters: Meters) -> float:
        """Return the price of these meters in units, at the run's own prices."""
        return self.micro(meters) / UNIT

    def to_json(self) -> dict[str, float]:
        """Return the form that the run record keeps."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, float]) -> "Prices":
        """Return the prices of a run record.

        Raises:
            UsageError: a price is unknown by name or is not a price.
        """
        names = [field.name for field in fields(cls)]
        for name in data:
            if name not in names:
                raise UsageError(f"There is no price called {name!r}; known are {', '.join(names)}.")
        return cls(**data)
