"""What a model call cost, from what its provider says: believed where it can be true, replaced where it cannot."""

from collections.abc import Sequence

from research_agent.budget.amounts import is_count
from research_agent.budget.meters import Meters
from research_agent.models.base import Usage

SLACK_FACTOR, SLACK_TOKENS = 4, 1024


def measured(usage: Usage | None, worst: Meters, texts: Sequence[str] = ()) -> Meters | None:
    """Return the meters of a usage, or None where it is missing or cannot be true.

    It cannot be true where a count is negative or no whole number, a part is larger than its whole, a text came
    out of no token at all, or a count is beyond 4 times the worst case and 1,024 tokens. A count that is only
    somewhat above the worst case is believed: providers count their own way.
    """
    if usage is None:
        return None
    counts = (usage.prompt_tokens, usage.cached_tokens, usage.output_tokens, usage.reasoning_tokens)
    if not all(is_count(count) for count in counts):
        return None
    if usage.cached_tokens > usage.prompt_tokens or usage.reasoning_tokens > usage.output_tokens:
        return None
    if any(texts) and not (usage.prompt_tokens and usage.output_tokens):
        return None
    if usage.prompt_tokens > _most(worst.prompt_tokens) or usage.output_tokens > _most(worst.output_tokens):
        return None
    return Meters(*counts)


def _most(tokens: int) -> int:
    return SLACK_FACTOR * tokens + SLACK_TOKENS
