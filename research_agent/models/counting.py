"""Tokens without a tokenizer: bounds from the text alone, and usage reports held against them.

A byte-level tokenizer never makes more tokens than there are bytes, but reserving that much would refuse calls that
fit: prose takes a quarter of it. So each stretch is counted by its kind, at a rate that held for every text tried on
the vocabularies of Qwen2.5 (152k) and SmolLM2 (49k): prose and code come to 2.0-3.3 times the true count, and random
words, hexadecimal, digits, Chinese and emoji to at least the true count. What a provider then reports is believed up to
the number of bytes, and the ledger settles at that.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from research_agent.models.base import Message, Usage

# Chat templates put a few tokens around each message; some add a preamble (the longest known: about 70).
PER_MESSAGE = 8
PER_REQUEST = 64
_STRETCH = re.compile(r" ?[A-Za-z]+|[^\x00-\x7f]+|(\s)\1*|.", re.DOTALL)
_LONGEST_WORD = 16


def token_bound(text: str) -> int:
    """Return a number of tokens that no usual tokenizer exceeds on this text."""
    return sum(_stretch(match.group()) for match in _STRETCH.finditer(text))


def prompt_bound(messages: Sequence[Message]) -> int:
    """Return a number of prompt tokens that these messages do not exceed, template included."""
    return PER_REQUEST + sum(PER_MESSAGE + token_bound(message.content) for message in messages)


def token_floor(text: str) -> int:
    """Return a number of tokens that this text surely has: one for every three words."""
    return max(len(text.split()) // 3, 1 if text.strip() else 0)


def _stretch(stretch: str) -> int:
    if stretch.isspace():
        # There are tokens for runs of one white character.
        return 1 + len(stretch) // 4
    if not stretch.isascii():
        return len(stretch.encode("utf-8", "surrogatepass"))
    # A single space goes with the word after it, but not with a number.
    word = stretch.removeprefix(" ")
    if word.isalpha() and len(word) <= _LONGEST_WORD and (word.islower() or word[1:].islower()):
        return -(-3 * len(word) // 5)
    return len(word)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What went over the wire in one call, for counting.

    Attributes:
        output: the texts of all samples.
        reasoning: the thinking of all samples, as far as it was shown.
        cap: the most output tokens the call could use, all samples together.
    """

    messages: Sequence[Message]
    output: str
    reasoning: str
    cap: int

    def estimated(self) -> Usage:
        """Count everything here, by upper bounds."""
        reasoning = min(token_bound(self.reasoning), self.cap)
        output = min(token_bound(self.output) + reasoning, self.cap)
        return Usage(prompt_bound(self.messages), 0, output, reasoning, estimated=True)

    def measured(self, report: object) -> Usage:
        """Return what the provider reports, with every number that cannot be true replaced by an estimate.

        Args:
            report: the provider's object in the OpenAI form; anything else counts as no report.
        """
        guess = self.estimated()
        if not isinstance(report, dict):
            return guess
        prompt = self._prompt(report)
        cached = _cached(report)
        output, hidden = self._output(report, prompt)
        spent = guess.output_tokens if output is None else output
        reasoning = self._reasoning(report, spent, hidden)
        false_cache = cached is None or cached > (prompt or 0)
        return Usage(
            prompt_tokens=guess.prompt_tokens if prompt is None else prompt,
            cached_tokens=0 if cached is None or false_cache else cached,
            output_tokens=spent,
            reasoning_tokens=min(guess.reasoning_tokens, spent) if reasoning is None else reasoning,
            estimated=false_cache or prompt is None or output is None or reasoning is None,
        )

    def _prompt(self, report: dict[str, Any]) -> int | None:
        text = "\n".join(message.content for message in self.messages)
        most = len(text.encode("utf-8", "surrogatepass")) + PER_MESSAGE * len(self.messages) + 4 * PER_REQUEST
        found = _count(report.get("prompt_tokens"))
        return found if found is not None and token_floor(text) <= found <= most else None

    def _output(self, report: dict[str, Any], prompt: int | None) -> tuple[int | None, int]:
        """Return all of the output and the thinking that was reported beside `completion_tokens`, not within."""
        found, total = _count(report.get("completion_tokens")), _count(report.get("total_tokens"))
        if found is None:
            return None, 0
        told = _told(report) or 0
        hidden = told if told > found else 0
        if prompt is not None and total is not None and total > prompt + found:
            hidden = total - prompt - found
        least = token_floor(self.output + "\n" + self.reasoning)
        return (found + hidden, hidden) if least <= found + hidden <= self.cap else (None, 0)

    def _reasoning(self, report: dict[str, Any], spent: int, hidden: int) -> int | None:
        told = _told(report) or hidden
        if told > spent or (not told and self.reasoning.strip()):
            return None
        return told


def _count(value: object) -> int | None:
    """Return a count that a provider gave, or None where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _told(report: dict[str, Any]) -> int | None:
    details = report.get("completion_tokens_details")
    return _count(details.get("reasoning_tokens")) if isinstance(details, dict) else None


def _cached(report: dict[str, Any]) -> int | None:
    """Return the cached part of the prompt, 0 where nothing is said of it, None where it is no count."""
    details = report.get("prompt_tokens_details")
    found = details.get("cached_tokens") if isinstance(details, dict) else None
    # DeepSeek's name for it.
    found = report.get("prompt_cache_hit_tokens") if found is None else found
    return 0 if found is None else _count(found)
