"""What happened, in plain sentences."""

import math

from research_agent.answer import Answer, Spend, StopReason

STOPPED: dict[StopReason, str] = {
    "answered": "the question was answered",
    "budget": "the budget was used up",
    "deadline": "the time was up",
    "marginal_value": "another step was not worth its price",
    "no_evidence": "the searches brought nothing new",
    "cancelled": "it was stopped by the user",
    "error": "a model or a backend failed",
}

NOT_ENOUGH = "Not enough evidence was found to answer this question."

_METERS = {
    "prompt_tokens": "prompt tokens",
    "cached_tokens": "of them from a cache",
    "output_tokens": "output tokens",
    "reasoning_tokens": "of them reasoning",
    "searches": "searches",
    "fetches": "documents opened",
    "reranks": "passages scored",
    "latent_steps": "latent steps",
}


def verdict(answer: Answer) -> str:
    """Return the sentence that stands where an answer would, for a run that has none."""
    if answer.status == "interrupted":
        return f"The run was interrupted before it could answer. To go on: {resume_with(answer.run_id)}"
    if answer.status == "failed":
        return f"The run failed before it could answer. {answer.error}".strip()
    if answer.status == "budget_too_small":
        return "The budget was too small for any answer; nothing was spent."
    return NOT_ENOUGH


def caution(answer: Answer) -> str:
    """Return what has to be said beside an answer of a run that did not end as it should; "" where it did."""
    if answer.status == "interrupted":
        return f"The run was interrupted, and this is what it had. To go on: {resume_with(answer.run_id)}"
    if answer.status == "failed":
        return f"The run failed, and this is what it had. {answer.error}".strip()
    return ""


def resume_with(run: str) -> str:
    """Return the command that goes on with a run."""
    return f"research-agent runs resume {run}"


def was_read(answer: Answer) -> str:
    """Return what an answer without evidence has to say of its search."""
    searches = answer.spend.meters.get("searches", 0)
    made, read = counted(searches, "search", "searches"), len(answer.sources)
    return f"{made}, and {counted(read, 'source', 'sources')} read:" if read else f"{made} found nothing to read."


def meters(spend: Spend) -> list[str]:
    """Return what was used, meter by meter, the ones that stayed at zero left out."""
    return [f"{count:,} {_METERS.get(name, name)}" for name, count in spend.meters.items() if count]


def spent(spend: Spend) -> str:
    """Return units against the limit, time and money in one line."""
    share = f" ({spend.units / spend.limit:.0%})" if spend.limit > 0 and math.isfinite(spend.limit) else ""
    about = "about " if spend.estimated else ""
    return (
        f"{about}{number(spend.units)} of {number(spend.limit)} units{share} in {seconds(spend.seconds)}, "
        f"{money(spend.usd)}"
    )


def money(usd: float | None) -> str:
    """Return dollars in words; unknown is unknown."""
    if usd is None:
        return "money unknown"
    return "US$ 0" if usd == 0 else f"US$ {usd:.2f}" if usd >= 1 else f"US$ {usd:.4f}"


def seconds(value: float) -> str:
    """Return a time as a person says it."""
    if value < 100:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def number(value: float) -> str:
    """Return units without needless digits."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.1f}"


def model(answer: Answer) -> str:
    """Return which model answered."""
    named = answer.config.get("model")
    return str(named) if named else "none (extractive)"


def settings(answer: Answer) -> str:
    """Return the settings of a run in one line, as they were given."""
    shown = ("strategy", "selector", "depth", "width", "think", "samples", "seed")
    return ", ".join(f"{name} {answer.config[name]}" for name in shown if name in answer.config)


def backends(answer: Answer) -> str:
    """Return where the run searched."""
    named = answer.config.get("backends", ())
    return ", ".join(map(str, named)) if isinstance(named, (list, tuple)) else str(named)


def counted(count: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{count:,} {one if count == 1 else many}"
