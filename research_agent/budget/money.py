"""What calls cost in dollars, frozen when the run begins. Unknown is None and never 0."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from research_agent.budget.amounts import DOLLAR, check_price, price
from research_agent.budget.meters import Meters
from research_agent.errors import UnknownPriceError, UsageError
from research_agent.models.base import ModelInfo
from retrieval.base import Fetcher, Retriever, RetrieverInfo

PER_MILLION = DOLLAR // 10**6
EXAMPLE = (
    '{"models": {"NAME": {"prompt": 0.15, "cached": 0.075, "output": 0.6}}, "backends": {"NAME": {"search": 0.008}}}'
)


@dataclass(frozen=True, slots=True)
class Band:
    """Prices of a model, in trillionths of a dollar a token, for prompts of more than `above` tokens."""

    above: int
    prompt: int
    cached: int
    output: int


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """Prices of a model; the last band whose `above` is below the prompt holds for the whole call."""

    bands: tuple[Band, ...]
    source: str

    def cost(self, meters: Meters) -> int:
        """Return the cost of one call in trillionths of a dollar."""
        band = [band for band in self.bands if band.above < meters.prompt_tokens or band is self.bands[0]][-1]
        fresh = meters.prompt_tokens - meters.cached_tokens
        return fresh * band.prompt + meters.cached_tokens * band.cached + meters.output_tokens * band.output


@dataclass(frozen=True, slots=True)
class BackendPrice:
    """Trillionths of a dollar for one search and for opening one document; None means unknown."""

    search: int | None
    fetch: int | None
    source: str


@dataclass(frozen=True, slots=True)
class Money:
    """The price snapshot of a run, by `provider:name` of a model and by name of a backend."""

    models: Mapping[str, ModelPrice | None] = field(default_factory=dict)
    backends: Mapping[str, BackendPrice] = field(default_factory=dict)

    @classmethod
    def quote(
        cls, models: Iterable[ModelInfo] = (), retrievers: Iterable[Retriever] = (), price_file: Path | None = None
    ) -> "Money":
        """Look up the price of everything a run may buy.

        The user's price file comes first, then what a model or backend says of itself, then `genai-prices`
        (list prices that come with that package; no network).

        Raises:
            UsageError: the price file cannot be used.
        """
        book = read_price_file(price_file) if price_file else cls()
        return cls(
            {_key(info): _model_price(info, book) for info in models},
            {retriever.info.name: _backend_price(retriever, book) for retriever in retrievers},
        )

    def model(self, info: ModelInfo, meters: Meters) -> int | None:
        """Return the cost of one call in trillionths of a dollar, or None where the price is unknown."""
        if info.price_free:
            return 0
        found = self.models.get(_key(info))
        return None if found is None else found.cost(meters)

    def search(self, info: RetrieverInfo) -> int | None:
        """Return the cost of one search in trillionths of a dollar, or None where it is unknown."""
        return self._backend(info).search

    def fetch(self, info: RetrieverInfo) -> int | None:
        """Return the cost of opening one document in trillionths of a dollar, or None where it is unknown."""
        return self._backend(info).fetch

    def require(self, max_usd: float | None) -> None:
        """Refuse a money cap that cannot be enforced.

        Raises:
            UnknownPriceError: a price is unknown; the message names it and says how to give it.
        """
        unknown = [f"the model {name.partition(':')[2]!r}" for name, found in self.models.items() if found is None]
        unknown += [f"a search of {name!r}" for name, found in self.backends.items() if found.search is None]
        unknown += [f"a document of {name!r}" for name, found in self.backends.items() if found.fetch is None]
        if max_usd is not None and unknown:
            raise unpriced(max_usd, unknown)

    def to_json(self) -> dict[str, Any]:
        """Return the form that the run record keeps."""
        return {
            "models": {name: found and asdict(found) for name, found in self.models.items()},
            "backends": {name: asdict(found) for name, found in self.backends.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Money":
        """Return the snapshot of a run record."""
        return cls(
            {
                name: found and ModelPrice(tuple(Band(**band) for band in found["bands"]), found["source"])
                for name, found in data["models"].items()
            },
            {name: BackendPrice(**found) for name, found in data["backends"].items()},
        )

    def _backend(self, info: RetrieverInfo) -> BackendPrice:
        """Return the snapshot's price of this backend, or what it says of itself."""
        return self.backends.get(info.name) or _stated(info)


def unpriced(max_usd: float, unknown: Sequence[str]) -> UnknownPriceError:
    """Return the error for a money cap over unknown prices."""
    return UnknownPriceError(
        f"A cap of {max_usd:g} US dollars cannot be enforced, because the price of {' and of '.join(unknown)} is "
        f"unknown: give it in a price file, in US dollars per million tokens and per search, as {EXAMPLE}, "
        "or leave the money cap out and cap units."
    )


def read_price_file(path: Path) -> Money:
    """Read a user's prices: dollars per million tokens by model name, dollars per search and fetch by backend.

    Raises:
        UsageError: the file cannot be read, is not JSON of that form, or holds something that is no price.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"The price file {path} cannot be opened ({error.strerror}): check its path.") from error
    except ValueError as error:
        raise UsageError(f"The price file {path} is no JSON ({error}): write it as {EXAMPLE}.") from error
    if not isinstance(data, dict) or set(data) - {"models", "backends"}:
        raise UsageError(f"The price file {path} must have the form {EXAMPLE}.")
    models = {
        name: ModelPrice((Band(0, *_tokens(path, name, row)),), f"file:{path.name}")
        for name, row in _rows(path, data, "models", {"prompt", "cached", "output"})
    }
    backends = {
        name: BackendPrice(_dollars(path, name, row, "search"), _dollars(path, name, row, "fetch"), f"file:{path.name}")
        for name, row in _rows(path, data, "backends", {"search", "fetch"})
    }
    return Money(models, backends)


def _rows(path: Path, data: Mapping[str, Any], part: str, known: set[str]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the rows of one part of a price file."""
    rows = data.get(part, {})
    if not isinstance(rows, dict) or not all(isinstance(row, dict) and set(row) <= known for row in rows.values()):
        raise UsageError(f"The price file {path} must have the form {EXAMPLE}.")
    return list(rows.items())


def _tokens(path: Path, name: str, row: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return prompt, cached and output prices in trillionths of a dollar a token."""
    for part in ("prompt", "output"):
        if part not in row:
            raise UsageError(f"The price file {path} gives no price of {part} tokens for the model {name!r}.")
    row = {**row, "cached": row.get("cached", row["prompt"])}
    for part, value in row.items():
        check_price(f"The price of {part} tokens of {name!r} in {path}", value)
    if row["cached"] > row["prompt"]:
        raise UsageError(f"The price file {path} asks more for cached than for other prompt tokens of {name!r}.")
    return price(row["prompt"], PER_MILLION), price(row["cached"], PER_MILLION), price(row["output"], PER_MILLION)


def _dollars(path: Path, name: str, row: Mapping[str, Any], part: str) -> int | None:
    """Return the price of a search or fetch in trillionths of a dollar, or None where it is not given."""
    if part not in row:
        return None
    check_price(f"The price of a {part} of {name!r} in {path}", row[part])
    return price(row[part], DOLLAR)


def _key(info: ModelInfo) -> str:
    return f"{info.provider}:{info.name}"


def _model_price(info: ModelInfo, book: Money) -> ModelPrice | None:
    """Return the first price known: the user's, none to pay, the provider's list price."""
    found = book.models.get(_key(info)) or book.models.get(info.name)
    if found:
        return found
    return ModelPrice((Band(0, 0, 0, 0),), "free") if info.price_free else _listed(info)


def _stated(info: RetrieverInfo) -> BackendPrice:
    """Return what a backend says of itself; one that is free to search is free to open documents of."""
    if info.search_usd is None:
        return BackendPrice(None, None, "unknown")
    check_price(f"The price in US dollars of a search of {info.name!r}", info.search_usd)
    return BackendPrice(price(info.search_usd, DOLLAR), 0 if info.search_usd == 0 else None, "backend")


def _backend_price(retriever: Retriever, book: Money) -> BackendPrice:
    """Return the user's price of a backend, filled up with what it says of itself."""
    info = retriever.info
    stated, own = _stated(info), book.backends.get(info.name)
    search, fetch = stated.search, stated.fetch
    if own:
        search = search if own.search is None else own.search
        fetch = fetch if own.fetch is None else own.fetch
    # A backend that opens no documents has no price to be unknown.
    return BackendPrice(search, fetch if isinstance(retriever, Fetcher) else 0, own.source if own else stated.source)


def _listed(info: ModelInfo) -> ModelPrice | None:
    """Return the list price that `genai-prices` knows, or None."""
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        return None
    for provider in (info.provider, None):
        try:
            found = calc_price(Usage(input_tokens=1, output_tokens=1), model_ref=info.name, provider_id=provider)
        except LookupError:
            continue
        listed = found.model_price
        if listed.input_mtok is None or listed.output_mtok is None:
            return None
        cached = listed.input_mtok if listed.cache_read_mtok is None else listed.cache_read_mtok
        return ModelPrice(_bands(listed.input_mtok, cached, listed.output_mtok), f"genai-prices:{found.provider.id}")
    return None


def _bands(*tiered: Any) -> tuple[Band, ...]:
    """Return the bands of three prices, each a number or one with cliffs at certain prompt lengths."""
    starts = sorted({0} | {tier.start for each in tiered for tier in getattr(each, "tiers", ())})

    def at(each: Any, start: int) -> int:
        tiers = [tier.price for tier in getattr(each, "tiers", ()) if tier.start <= start]
        return price(tiers[-1] if tiers else getattr(each, "base", each), PER_MILLION)

    rows = ([at(each, start) for each in tiered] for start in starts)
    # A longer prompt never makes a token cheaper, so the cost of an upper bound is an upper bound of the cost.
    rising = accumulate(rows, lambda low, high: [max(pair) for pair in zip(low, high, strict=True)])
    return tuple(Band(start, *row) for start, row in zip(starts, rising, strict=True))
