"""What a run may spend, and what is left of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from research_agent.budget.amounts import MOST_COUNT, MOST_DOLLARS, MOST_UNITS, check_cap


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one run, all in force at once.

    Attributes:
        units: the one currency: everything that is used is priced in it.
        max_searches: queries sent, failed attempts included; None means no cap.
        max_tokens: prompt and output tokens together; None means no cap.
        max_usd: money in US dollars; None means no cap.
        max_seconds: wall time over all sessions of the run; None means no cap.
    """

    units: float
    max_searches: int | None = None
    max_tokens: int | None = None
    max_usd: float | None = None
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        check_cap("The budget in units", self.units, MOST_UNITS)
        if self.max_searches is not None:
            check_cap("The cap on searches", self.max_searches, MOST_COUNT, whole=True)
        if self.max_tokens is not None:
            check_cap("The cap on tokens", self.max_tokens, MOST_COUNT, whole=True)
        if self.max_usd is not None:
            check_cap("The cap on US dollars", self.max_usd, MOST_DOLLARS)
        if self.max_seconds is not None:
            check_cap("The cap on seconds", self.max_seconds, MOST_UNITS)

    def to_json(self) -> dict[str, float | None]:
        """Return the form that the run record keeps."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, float | None]) -> "Budget":
        """Return the budget of a run record."""
        return cls(**data)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left and what was used, as the model and the user are told.

    Attributes:
        units: left, without what is set aside for the answer.
        searches: left; None means no cap, here and below.
        tokens: prompt and output tokens left.
        usd: dollars left.
        seconds: wall time left.
        used_units: settled so far, like all that follow.
        used_usd: None where some price is unknown.
    """

    units: float
    searches: int | None
    tokens: int | None
    usd: float | None
    seconds: float | None
    used_units: float
    used_searches: int
    used_tokens: int
    used_usd: float | None
    used_seconds: float

    def text(self) -> str:
        """Return one paragraph for a prompt: used and remaining, meter by meter."""
        parts = [
            _part("units", self.used_units, self.units),
            _part("searches", self.used_searches, self.searches),
            _part("tokens", self.used_tokens, self.tokens),
            _part("seconds", round(self.used_seconds), None if self.seconds is None else int(self.seconds)),
        ]
        if self.usd is not None:
            parts.append(_part("US dollars", self.used_usd or 0.0, self.usd))
        return f"Budget: {'; '.join(parts)}. What the answer needs is set aside already."


def _part(name: str, used: float, left: float | None) -> str:
    """Return one meter in words."""
    return f"{name} {_short(used)} used" + ("" if left is None else f", {_short(left)} remaining")


def _short(value: float) -> str:
    """Return a number as short as a reader wants it."""
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:.3g}"
