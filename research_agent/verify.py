"""Nothing is shown as found before code has found its quotes and a reader has agreed that they say it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from research_agent.answer import Answer, Claim, Quote
from research_agent.evidence import EvidenceStore


class Judge(Protocol):
    """Says whether a text supports a claim; the second, charged check."""

    async def supports(self, claim: str, quote: str, *, question: str, key: str) -> bool:
        """Return whether the quote says what the claim says; `key` names the paid call for a resumed run."""
        ...


def standing(quote: Quote, evidence: EvidenceStore) -> Quote | None:
    """Return a quote as it stands in its snapshot, offsets and spacing put right, or None where it does not."""
    if evidence.check(quote):
        return quote
    if not evidence.knows(quote.source_id):
        return None
    return evidence.locate(quote.text, quote.source_id, near=quote.start)


def check_claim(claim: Claim, evidence: EvidenceStore) -> Claim:
    """Return a claim with the quotes that stand; it stays supported only where it has some and lost none."""
    found = [standing(quote, evidence) for quote in claim.quotes]
    whole = bool(found) and None not in found
    return Claim(claim.text, _once(found), claim.supported and whole)


def _once(quotes: Iterable[Quote | None]) -> tuple[Quote, ...]:
    return tuple(dict.fromkeys(quote for quote in quotes if quote is not None))


async def judge_claim(claim: Claim, evidence: EvidenceStore, judge: Judge, *, question: str, key: str) -> Claim:
    """Check a claim's quotes by code, then ask the judge of each, and keep those it agrees with.

    Where no quote alone supports the claim, all of them together are asked about: a claim may join several.

    Args:
        claim: as proposed; its own `supported` is not believed.
        evidence: where its quotes must stand.
        judge: charged for each question it is asked.
        question: what the run was asked.
        key: prefix of the idempotency keys, unique to this claim within its chain.
    """
    quotes = check_claim(claim, evidence).quotes
    agreed = [
        quote
        for number, quote in enumerate(quotes)
        if await judge.supports(claim.text, quote.text, question=question, key=f"{key}/{number}")
    ]
    if agreed:
        return Claim(claim.text, tuple(agreed), supported=True)
    joined = " … ".join(quote.text for quote in quotes)
    together = len(quotes) > 1 and await judge.supports(claim.text, joined, question=question, key=f"{key}/all")
    return Claim(claim.text, quotes, supported=together)


def check_answer(answer: Answer, evidence: EvidenceStore) -> Answer:
    """Return an answer fit to be shown: every quote re-checked, every quoted source listed.

    An answer with no supported claim left is not an answer: it becomes the honest "not enough evidence".
    """
    claims = tuple(check_claim(claim, evidence) for claim in answer.claims)
    listed = {source.id for source in answer.sources}
    quoted = dict.fromkeys(quote.source_id for claim in claims for quote in claim.quotes)
    missing = tuple(evidence.source(source) for source in quoted if source not in listed)
    checked = replace(answer, claims=claims, sources=answer.sources + missing)
    if answer.status != "answered" or any(claim.supported for claim in claims):
        return checked
    reason = "no_evidence" if answer.stop_reason == "answered" else answer.stop_reason
    return replace(checked, answer="", status="no_evidence", stop_reason=reason)
