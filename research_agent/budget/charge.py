"""A charge: meters with what they cost, exact; and the tariff that makes charges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from research_agent.budget.amounts import UNIT, check_price
from research_agent.budget.meters import Meters
from research_agent.budget.money import Money
from research_agent.budget.prices import Prices
from research_agent.models.base import ModelInfo
from retrieval.base import RetrieverInfo

UNITS, SEARCHES, TOKENS, USD = range(4)
CAPPED = ("units", "searches", "tokens", "US dollars")
Vector = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Charge:
    """One spend, or the worst case of one.

    Attributes:
        meters: what was counted.
        micro: its price in millionths of a unit.
        pico: its price in trillionths of a US dollar; None where some price is unknown.
        estimated: some count was estimated because a provider did not report it.
    """

    meters: Meters = field(default_factory=Meters)
    micro: int = 0
    pico: int | None = 0
    estimated: bool = False

    def __add__(self, other: "Charge") -> "Charge":
        return Charge(
            self.meters + other.meters,
            self.micro + other.micro,
            None if self.pico is None or other.pico is None else self.pico + other.pico,
            self.estimated or other.estimated,
        )

    @property
    def units(self) -> float:
        """The price in units."""
        return self.micro / UNIT

    @property
    def vector(self) -> Vector:
        """The amounts that caps apply to; an unknown price counts as 0 here, and a money cap refuses it earlier."""
        return self.micro, self.meters.searches, self.meters.tokens, self.pico or 0

    def split(self, room: Sequence[int | None]) -> "tuple[Charge, Charge]":
        """Return the part that fits into `room` (None: no cap), and the rest."""
        micro, pico = _least(self.micro, room[UNITS]), self.pico and _least(self.pico, room[USD])
        inside = _cut(self.meters, room[SEARCHES], room[TOKENS])
        outside = Meters(*(whole - part for whole, part in zip(_counts(self.meters), _counts(inside), strict=True)))
        rest = Charge(
            outside, self.micro - micro, None if self.pico is None else self.pico - (pico or 0), self.estimated
        )
        return Charge(inside, micro, pico, self.estimated), rest

    def to_json(self) -> dict[str, Any]:
        """Return the form that the journal keeps."""
        return {"meters": self.meters.to_json(), "micro": self.micro, "pico": self.pico, "estimated": self.estimated}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Charge":
        """Return the charge that `to_json` wrote."""
        return cls(Meters.from_json(data["meters"]), data["micro"], data["pico"], data["estimated"])


NOTHING = Charge()


def _least(amount: int, room: int | None) -> int:
    return amount if room is None else min(amount, room)


def _counts(meters: Meters) -> list[int]:
    return list(meters.to_json().values())


def _cut(meters: Meters, searches: int | None, tokens: int | None) -> Meters:
    """Return the meters with no more searches and tokens than these, output tokens cut first."""
    prompt = _least(meters.prompt_tokens, tokens)
    output = meters.output_tokens if tokens is None else min(meters.output_tokens, tokens - prompt)
    # The parts follow their wholes; what remains outside must keep its parts within its wholes, too.
    cached = min(meters.cached_tokens, prompt)
    reasoning = min(meters.reasoning_tokens, output)
    return Meters(
        prompt,
        cached,
        output,
        reasoning,
        _least(meters.searches, searches),
        meters.fetches,
        meters.reranks,
        meters.latent_steps,
    )


@dataclass(frozen=True, slots=True)
class Tariff:
    """The unit prices and the price snapshot of a run, in one place."""

    prices: Prices = field(default_factory=Prices)
    money: Money = field(default_factory=Money)

    def model(self, info: ModelInfo, meters: Meters, *, estimated: bool = False) -> Charge:
        """Return the charge of one model call."""
        return Charge(meters, self.prices.micro(meters), self.money.model(info, meters), estimated)

    def search(self, info: RetrieverInfo) -> Charge:
        """Return the charge of one search."""
        meters = Meters(searches=1)
        stated = _stated(f"a search of {info.name!r}", info.search_units)
        return Charge(meters, self.prices.micro(meters, search=stated), self.money.search(info))

    def fetch(self, info: RetrieverInfo) -> Charge:
        """Return the charge of opening one document."""
        meters = Meters(fetches=1)
        stated = _stated(f"a document of {info.name!r}", info.fetch_units)
        return Charge(meters, self.prices.micro(meters, fetch=stated), self.money.fetch(info))

    def local(self, meters: Meters) -> Charge:
        """Return the charge of work on this machine, which costs no money."""
        return Charge(meters, self.prices.micro(meters))

    def affordable(self, info: ModelInfo, prompt_tokens: int, room: Sequence[int | None]) -> int | None:
        """Return the output tokens that fit into `room` after a prompt; negative where even the prompt does not fit.

        None means that nothing limits them.
        """
        prompt = self.model(info, Meters(prompt_tokens=prompt_tokens))
        more = self.model(info, Meters(prompt_tokens=prompt_tokens, output_tokens=1))
        step = [after - before for after, before in zip(more.vector, prompt.vector, strict=True)]
        fits = [
            (left - used) // each if each else (0 if left >= used else -1)
            for left, used, each in zip(room, prompt.vector, step, strict=True)
            if left is not None and (each or left < used)
        ]
        return min(fits) if fits else None


def _stated(what: str, units: float | None) -> float | None:
    """Return the price that a backend states of itself, which may not be below 0: it would refill the budget.

    Raises:
        UsageError: it is no price.
    """
    if units is not None:
        check_price(f"The price in units of {what}", units)
    return units
