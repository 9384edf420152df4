"""What a run is doing, told from its events: one line a step, and the state of its budget."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from research_agent.report import words
from research_agent.report.markdown import shown

_LONGEST = 240


def line_of(event: Mapping[str, Any]) -> str | None:
    """Return the line an event deserves, or None. Text in it may come from a source, so it is made harmless."""
    said = _TELL.get(str(event.get("type")), _text)(event)
    if not said:
        return None
    chain = str(event.get("chain", "0"))
    line = shown(said, _LONGEST)
    return line if chain in {"", "0"} else f"[{shown(chain, 20)}] {line}"


def _text(event: Mapping[str, Any]) -> str:
    return str(event.get("text") or "")


def _why(reason: object) -> str:
    return next((said for name, said in words.STOPPED.items() if name == reason), str(reason))


def _round(event: Mapping[str, Any]) -> str:
    queries = " · ".join(f"“{query}”" for query in event.get("queries") or ())
    return f"Round {event.get('round', '?')}: {queries}"


def _ended(event: Mapping[str, Any]) -> str:
    if str(event.get("chain", "0")) in {"", "0"}:
        return ""
    return f"ended because {_why(event.get('stop_reason'))}: {event.get('answer') or 'no answer'}"


def _closing(event: Mapping[str, Any]) -> str:
    return f"Answering with what there is, because {_why(event.get('reason'))}" + (
        f": {event['error']}" if event.get("error") else ""
    )


_TELL: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "model": lambda event: str(event.get("why", "")),
    "indexing": lambda event: f"Indexing: {event.get('why', '')}",
    "run_started": lambda event: f"Run {event.get('run_id', '')}",
    "round": _round,
    "read": lambda event: f"read: {event.get('title') or event.get('uri') or event.get('source_id') or ''}",
    "claim": lambda event: f"found: {event.get('text', '')}",
    "answer": lambda event: f"answer: {event.get('text') or 'none'}",
    "closing": _closing,
    "chain_ended": _ended,
    "selector_failed": lambda event: f"The selector failed ({event.get('error')}); the answers were put to a vote.",
    "run_ended": lambda event: "",
    "spend": lambda event: "",
}


def _name_of(event: Mapping[str, Any]) -> str:
    """Return the id of a run, or its folder where that is not the usual one."""
    run, folder = str(event.get("run_id")), str(event.get("run_dir") or "")
    return folder if folder and PurePath(folder).name != run else run


@dataclass(slots=True)
class Gauge:
    """How much is used of what was given, kept from events.

    Attributes:
        limit: budget in units.
        depth: rounds a chain may take.
        max_seconds: cap on time, or None.
        run: what names the run to resume it, None before it has begun.
        clock: seconds.
        before: rounds that an earlier session has done.
    """

    limit: float
    depth: int
    max_seconds: float | None = None
    run: str | None = None
    clock: Callable[[], float] = time.monotonic
    spent: Mapping[str, Any] = field(default_factory=dict)
    rounds: int = 0
    begun: float | None = None
    before: int | None = None
    ended: bool = False

    def take(self, event: Mapping[str, Any]) -> None:
        """Learn from an event."""
        if event.get("type") == "run_started":
            self.run, self.begun = _name_of(event), self.clock()
        if event.get("type") == "round":
            number = int(event.get("round") or 0)
            self.before = number - 1 if self.before is None else self.before
            self.rounds = max(self.rounds, number)
        self.ended = self.ended or event.get("type") == "run_ended"
        spent = event if event.get("type") == "spend" else event.get("spent")
        if isinstance(spent, Mapping):
            self.spent = spent

    @property
    def units(self) -> float:
        """Units used so far."""
        return float(self.spent.get("used_units") or 0.0)

    def eta(self) -> float | None:
        """Return seconds the run may still take if it uses all its rounds; None before the second and at the end."""
        here = self.rounds - (self.before or 0)
        if self.begun is None or here < 2 or self.ended:
            return None
        elapsed = self.clock() - self.begun
        # The checking and answering at the end count as one round more.
        left = elapsed / here * max(1, self.depth - self.rounds + 1)
        return left if self.max_seconds is None else min(left, max(0.0, self.max_seconds - elapsed))

    def pace(self) -> list[str]:
        """Return units and time, in words."""
        facts = [f"{words.number(self.units)} of {words.number(self.limit)} units"]
        if self.begun is not None:
            facts.append(words.seconds(self.clock() - self.begun))
        eta = self.eta()
        if eta is not None:
            facts.append(f"about {words.seconds(round(eta)).replace('.0 s', ' s')} to go")
        return facts

    def counts(self) -> list[str]:
        """Return searches, tokens and money, in words; what is not known is left out."""
        facts = []
        for one, many in (("search", "searches"), ("token", "tokens")):
            used, left = self.spent.get(f"used_{many}"), self.spent.get(many)
            if used is not None:
                facts.append(words.counted(used, one, many) if left is None else f"{used:,} of {used + left:,} {many}")
        usd = self.spent.get("used_usd")
        return facts if usd is None else [*facts, words.money(usd)]
