"""What a plan has come to: the short answer and the claims it rests on."""

import re
from typing import Any

from research_agent.reading.dates import Date, first_date
from research_agent.reading.fields import bare_name, plain
from research_agent.reading.plan import Plan, Step, Value
from research_agent.reading.words import fold


def conclusion(plan: Plan) -> str:
    """Return the short answer of a complete plan, "" where there is none."""
    last = plan.steps[-1]
    if not plan.complete:
        return ""
    match plan.goal:
        case "count":
            # "How many votes has T" is answered by the number that stands there, not by how many numbers do.
            told = [value.text for value in last.values if last.op == "attribute" and not last.kind]
            return told[0] if len(told) == 1 and re.fullmatch(r"\d[\d.,]*", told[0]) else str(len(last.values))
        case "list":
            return "; ".join(called(value) for value in last.values)
        case "each":
            return "; ".join(f"{_thing(plan, last, value)}: {shown(plan, value)}" for value in last.values)
        case "least" | "most":
            return _extreme(plan, last)
        case "before":
            dates = [date for value in last.values if (date := first_date(value.text)) is not None]
            return "" if len(dates) != 2 else "yes" if dates[0] < dates[1] else "no"
        case "same":
            return _same(last)
        case _:
            told = list(dict.fromkeys(shown(plan, value) for value in last.values))
            return ("; " if any("," in each for each in told) else ", ").join(told)


def shown(plan: Plan, value: Value) -> str:
    """Return a value as an answer of the question's kind."""
    match plan.answer_type:
        case "person":
            return bare_name(value.text)
        case "year":
            date = first_date(value.text)
            return str(date[0]) if date and date[0] else plain(value.text)
        case _:
            return plain(value.text)


def _thing(plan: Plan, step: Step, value: Value) -> str:
    return called(plan.steps[step.of].values[value.origin]) if value.origin >= 0 else called(value)


def called(value: Value) -> str:
    """Return what to call a thing: as its own document does, else by kind and number, else as it was written."""
    if value.name:
        return value.name
    return f"{value.kind} {value.text}" if value.kind and re.fullmatch(r"#?\d[\w.-]*", value.text) else value.text


def _root(plan: Plan, step: Step, value: Value) -> Value:
    """Return the enumerated thing that a value goes back to."""
    while value.origin >= 0 and step.of >= 0:
        step, value = plan.steps[step.of], plan.steps[step.of].values[value.origin]
    return value


def _extreme(plan: Plan, last: Step) -> str:
    dated: list[tuple[Date | float, Value]] = []
    for value in last.values:
        measure = _measure(value.text, lifespan=last.label == "lifespan")
        if measure is not None:
            dated.append((measure, value))
    if len(dated) < 2 or len({type(measure) for measure, _ in dated}) > 1:
        return ""
    choose = min if plan.goal == "least" else max
    best = choose(dated, key=lambda pair: pair[0])[1]
    root = _root(plan, last, best)
    return root.text if fold(root.text) in fold(plan.question) and not _asks_for_kind(plan) else called(root)


def _asks_for_kind(plan: Plan) -> bool:
    """Tell whether the question asks which of several things of a kind, so that their own names answer it."""
    return bool(re.match(r"(?i)which of (?:these|the following|those)\b", plan.question))


def _measure(text: str, *, lifespan: bool) -> Date | float | None:
    if lifespan:
        years = [int(year) for year in re.findall(r"(?<!\d)[12]\d{3}(?!\d)", text)]
        return float(max(years) - min(years)) if len(years) > 1 else None
    date = first_date(text)
    if date is not None:
        return date
    number = re.search(r"-?\d[\d,]*(?:\.\d+)?", text)
    return float(number.group(0).replace(",", "")) if number else None


def _same(last: Step) -> str:
    dates = [first_date(value.text) for value in last.values]
    if last.kind in {"year", "month"} and all(dates):
        kept = 1 if last.kind == "year" else 2
        texts = [" ".join(map(str, date[:kept])) for date in dates if date]
    else:
        texts = [fold(value.text) for value in last.values]
    if len(texts) < 2:
        return ""
    first = texts[0]
    return "yes" if all(text == first or text in first or first in text for text in texts) else "no"


def claims(plan: Plan) -> list[dict[str, Any]]:
    """Return the facts that the answer rests on, in reading order, each with the place of its quote."""
    made: list[dict[str, Any]] = []
    for step in plan.steps:
        for value in step.values:
            if value.found is None or value.quote is None:
                continue
            made.append(
                {
                    "text": _sentence(plan, step, value),
                    "value": value.text,
                    "checked": bool(value.label) or value.agreed,
                    "question": _asked(plan, step, value),
                    "source_id": value.found[0],
                    "start": value.quote[0],
                    "end": value.quote[1],
                }
            )
    return made


def _asked(plan: Plan, step: Step, value: Value) -> str:
    if step.op == "describe" or value.origin < 0:
        return plan.question if plan.open or step.op != "describe" else f"What is the {step.label}?"
    return ask(plan, step, plan.steps[step.of].values[value.origin])


def ask(plan: Plan, step: Step, value: Value) -> str:
    """Put a step's question about one thing into words: the user's own where it is the only one."""
    if plan.single:
        return plan.question
    if step.ask:
        return step.ask.replace("{}", value.text)
    if step.op == "having":
        return f"Which {step.kind or 'one'} {step.label} {value.text}?"
    spoken = re.sub(r"^place (?!of )", "", step.label)
    if spoken != step.label:
        return f"Where was {value.text} {spoken}?"
    if re.fullmatch(r"born|died|founded|created|released|established|published|opened|built|formed|launched", spoken):
        return f"When was {value.text} {spoken}?" if spoken != "died" else f"When did {value.text} die?"
    if spoken == "lifespan":
        return f"When was {value.text} born and when did {value.text} die?"
    return f"What is the {spoken} of {value.text}?"


def _sentence(plan: Plan, step: Step, value: Value) -> str:
    text = called(value) if value.kind else " ".join(plain(value.text).split())
    if step.op == "describe" or value.origin < 0:
        return text
    thing = called(plan.steps[step.of].values[value.origin])
    if step.op == "having":
        return (
            f"{text} {step.label} {thing}."
            if value.label
            else f"{ask(plan, step, plan.steps[step.of].values[value.origin])} {text}."
        )
    return f"{thing} — {value.label or step.label}: {text}."
