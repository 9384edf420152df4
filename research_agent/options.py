"""What a user may ask for, and what of it is refused before anything happens."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from research_agent.budget.budget import Budget
from research_agent.budget.prices import Prices
from research_agent.errors import UsageError
from research_agent.graph.state import Dials

LONGEST_QUESTION: Final = 10_000
_MOST: Final = {"depth": 1000, "width": 100, "think": 1_000_000, "samples": 1000}


@dataclass(frozen=True, slots=True)
class AskOptions:
    """How one question is to be answered.

    Attributes:
        docs: files and folders to answer from.
        index: a folder that `index build` made.
        backends: names of retrieval backends, or module:Class.
        model: a model's name as on the command line; None chooses the best there is.
        dials: depth, width and thinking cap of every chain.
        samples: candidates the strategy makes.
        run_dir: the run's folder; None makes one under the home folder.
        blind: the run must not adapt to its budget, and answers on the side after every round (for measuring).
        prices: units per meter.
        price_file: US dollars per model and backend, where the list prices do not hold.
    """

    docs: tuple[Path, ...] = ()
    index: Path | None = None
    backends: tuple[str, ...] = ()
    model: str | None = None
    budget: Budget = field(default_factory=lambda: Budget(20_000))
    strategy: str = "single"
    selector: str = "vote"
    dials: Dials = field(default_factory=Dials)
    samples: int = 1
    seed: int = 0
    run_dir: Path | None = None
    blind: bool = False
    prices: Prices = field(default_factory=Prices)
    price_file: Path | None = None

    def __post_init__(self) -> None:
        numbers = {**asdict(self.dials), "samples": self.samples}
        for name, value in numbers.items():
            least = 0 if name == "think" else 1
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _MOST[name]:
                raise UsageError(f"{name} must be a whole number from {least} to {_MOST[name]}, not {value!r}.")
        if not isinstance(self.seed, int) or isinstance(self.seed, bool) or not 0 <= self.seed < 2**31:
            raise UsageError(f"seed must be a whole number from 0 to {2**31 - 1}, not {self.seed!r}.")

    def to_json(self) -> dict[str, Any]:
        """Return the form that the run record keeps; paths are absolute, so that a run resumes from anywhere."""
        paths = {"docs": [str(path.absolute()) for path in self.docs]}
        for name in ("index", "run_dir", "price_file"):
            value: Path | None = getattr(self, name)
            paths[name] = None if value is None else str(value.absolute())  # type: ignore[assignment]
        return {**asdict(self), "backends": list(self.backends), **paths}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "AskOptions":
        """Return the options of a run record."""
        paths = {name: None if data[name] is None else Path(data[name]) for name in ("index", "run_dir", "price_file")}
        parts = {
            "docs": tuple(Path(path) for path in data["docs"]),
            "backends": tuple(data["backends"]),
            "budget": Budget.from_json(data["budget"]),
            "dials": Dials(**data["dials"]),
            "prices": Prices.from_json(data["prices"]),
        }
        return cls(**{**data, **paths, **parts})


def check_question(question: str) -> str:
    """Return the question without space around it.

    Raises:
        UsageError: it is empty, too long, or no text.
    """
    if not isinstance(question, str) or not question.strip():
        raise UsageError('The question is empty: give it as text, for example "Who founded the museum in Astorp?".')
    stripped = question.strip()
    if len(stripped) > LONGEST_QUESTION:
        raise UsageError(
            f"The question has {len(stripped):,} characters, and at most {LONGEST_QUESTION:,} are taken: "
            "put long material into a document and name it with docs."
        )
    if "\x00" in stripped or any(0xD800 <= ord(char) < 0xE000 for char in stripped):
        raise UsageError("The question holds characters that are no text (NUL or half a surrogate pair): remove them.")
    return stripped
