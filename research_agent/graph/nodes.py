"""The steps of a chain. Each reads the state, spends through the doors, and returns only what it changed."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import Command

from research_agent.answer import Claim, Quote
from research_agent.errors import BudgetExceededError, DeadlineError
from research_agent.graph.bind import bind, rebind
from research_agent.graph.conclude import claims, conclusion
from research_agent.graph.desk import Desk
from research_agent.graph.needs import needs
from research_agent.graph.state import ChainState, Context, Node
from research_agent.reading.fields import named
from research_agent.reading.passages import around
from research_agent.reading.plan import Need, Plan, make_plan, open_plan
from research_agent.reading.question import parse_question
from research_agent.verify import check_claim
from retrieval.base import Hit, Retriever
from retrieval.errors import RetrievalError

_WIDE = 30  # hits asked for where all that refer to a thing are wanted


async def decide(state: ChainState, runtime: Runtime[Context]) -> Command[Node]:
    """Route to the next step; the only node that does."""
    context = runtime.context
    if reason := state.get("stop_reason") or context.stopping():
        return Command(goto="answer" if state.get("verified") else "verify", update={"stop_reason": reason})
    if state.get("unread"):
        return Command(goto="read")
    if state.get("exhausted") or (state.get("round", 0) >= context.dials.depth and not state.get("pending")):
        return Command(goto="answer" if state.get("verified") else "verify")
    return Command(goto="search" if state.get("pending") else "reason")


async def reason(state: ChainState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Work out what to ask next: at most `width` complementary queries."""
    context = runtime.context
    plan = Plan.from_json(state["plan"]) if state.get("plan") else make_plan(parse_question(state["question"]))
    asked = state.get("asked", [])
    if plan.complete:
        return {"plan": plan.to_json(), "exhausted": True}
    wanted = _fresh(needs(plan), asked)
    if not wanted and not plan.open:
        plan = open_plan(plan)
        wanted = _fresh(needs(plan), asked)
    if not asked and not plan.open and len({need.value for need in wanted}) < context.dials.width:
        # The whole question finds by its other words what its names alone may miss.
        wanted.insert(1, replace(wanted[0], query=plan.question))
    plan.needs = wanted[: context.dials.width]
    plan.found = {}
    pending = list(dict.fromkeys(need.query for need in plan.needs))
    return {"plan": plan.to_json(), "pending": pending, "exhausted": not pending}


def _fresh(wanted: Sequence[Need], asked: Sequence[str]) -> list[Need]:
    return [need for need in wanted if need.query not in asked]


async def search(state: ChainState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Send the round's queries to every backend at once and keep what they found."""
    context = runtime.context
    number = state.get("round", 0) + 1
    pending = state["pending"]
    plan = Plan.from_json(state["plan"])
    context.emit({"type": "round", "round": number, "queries": pending})
    wide = {need.query for need in plan.needs if need.why == "having"}
    jobs = [(query, retriever) for query in pending for retriever in context.retrievers]
    found = await asyncio.gather(
        *(
            _search(context, retriever, query, number, _WIDE if query in wide else context.k)
            for query, retriever in jobs
        )
    )
    failures = [result for result in found if isinstance(result, Exception)]
    if failures and len(failures) == len(jobs):
        raise failures[0]
    for (query, retriever), result in zip(jobs, found, strict=True):
        if isinstance(result, Exception):
            context.emit({"type": "note", "text": f"{retriever.info.name}: {result}"})
            continue
        kept = [context.evidence.add_hit(hit, backend=retriever.info.name).id for hit in result]
        plan.found[query] = [*plan.found.get(query, []), *kept]
    unread = list(dict.fromkeys(source for sources in plan.found.values() for source in sources))
    update: dict[str, Any] = {
        "plan": plan.to_json(),
        "round": number,
        "asked": [*state.get("asked", []), *pending],
        "pending": [],
        "unread": unread,
    }
    if not unread:
        update |= await _read(state["question"], plan, number, state, context)
    return update


async def _search(context: Context, retriever: Retriever, query: str, number: int, k: int) -> list[Hit] | Exception:
    """Carry out one search; its error comes back as data, since one that raises would cancel its siblings."""
    try:
        return await context.doors.search(retriever, query, k=k, key=f"r{number}/{retriever.info.name}/{query}")
    except (RetrievalError, BudgetExceededError, DeadlineError) as error:
        return error


async def read(state: ChainState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Read what the round found and bind it to the plan."""
    plan = Plan.from_json(state["plan"])
    return await _read(state["question"], plan, state.get("round", 0), state, runtime.context)


async def _read(question: str, plan: Plan, number: int, state: ChainState, context: Context) -> dict[str, Any]:
    opened = list(state.get("opened", []))
    desk = Desk(context, opened, f"read{number}")
    before = len(opened)
    reason = ""
    try:
        asked = state.get("asked", [])
        await bind(plan, desk, asked)
        if not plan.complete and not plan.open and (_lost(plan, desk, number) or not _fresh(needs(plan), asked)):
            context.emit({"type": "note", "text": "the question's parts led nowhere; reading for the whole question"})
            plan = await rebind(plan, desk, asked)
    except BudgetExceededError:
        reason = "budget"
    except DeadlineError:
        reason = "deadline"
    answer = conclusion(plan)
    record = {
        "round": number,
        "queries": [need.query for need in plan.needs],
        "read": list(dict.fromkeys(desk.snapshot(source).document_id for source in opened[before:])),
        "answer": answer,
        "units": context.doors.ledger.spend().units,
    }
    plan.needs, plan.found = [], {}
    update: dict[str, Any] = {
        "plan": plan.to_json(),
        "opened": opened,
        "unread": [],
        "trace": [*state.get("trace", []), record],
        "exhausted": plan.complete,
        "verified": False,
    }
    return {**update, "stop_reason": reason} if reason else update


def _lost(plan: Plan, desk: Desk, number: int) -> bool:
    """Tell whether nothing found is called what the question names or says what it asks of others: it meant neither."""
    if number > 1 or any(value.source for step in plan.steps for value in step.values):
        return False
    relations = [step.label for step in plan.steps if step.op == "having"]
    hits = [*desk.found(plan, plan.needs), *desk.passages_read()] if relations else []
    return not any(named(desk.fields(hit), relation, least=0.5) for relation in relations for hit in hits)


async def verify(state: ChainState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Check every fact the answer rests on: its quote by code, then by a closed question where none was asked yet."""
    context = runtime.context
    if not state.get("plan"):
        return {"verified": True, "claims": []}
    plan = Plan.from_json(state["plan"])
    desk = Desk(context, list(state.get("opened", [])), f"verify{state.get('round', 0)}", answer=True)
    made: list[dict[str, Any]] = []
    doubted = False
    for fact in claims(plan):
        snapshot = desk.snapshot(fact["source_id"])
        text = snapshot.text[fact["start"] : fact["end"]]
        quote = Quote(snapshot.id, text, fact["start"], fact["end"])
        claim = check_claim(Claim(fact["text"], (quote,), True), context.evidence)
        supported = claim.supported
        if supported and not fact["checked"]:
            try:
                supported = await context.reader.supports(
                    fact["question"], fact["value"], around(snapshot, quote.start, quote.end), desk.asking()
                )
            except (BudgetExceededError, DeadlineError):
                supported = False
        doubted = doubted or not supported
        context.emit({"type": "claim", "text": claim.text, "supported": supported})
        made.append({"text": claim.text, "supported": supported, "quotes": [_quote(quote) for quote in claim.quotes]})
    return {"claims": made, "verified": True, "answer": "" if doubted or not made else conclusion(plan)}


def _quote(quote: Quote) -> dict[str, Any]:
    return {"source_id": quote.source_id, "text": quote.text, "start": quote.start, "end": quote.end}


async def answer(state: ChainState, runtime: Runtime[Context]) -> dict[str, Any]:
    """End the chain: answered where the verified facts answer the question, else why not."""
    text = state.get("answer", "")
    reason = state.get("stop_reason") or ("answered" if text else "no_evidence")
    runtime.context.emit({"type": "answer", "text": text, "reason": reason})
    return {"answer": text, "stop_reason": "answered" if text and reason not in {"cancelled", "error"} else reason}
