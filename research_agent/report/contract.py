"""The JSON form of an answer, as the command line promises it."""

import json
import re
from collections.abc import Set
from dataclasses import asdict
from typing import Any

from research_agent.answer import Answer, Claim

# A terminal may act on these, or show the text around them in another order; JSON may always escape them.
_ACTIVE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def to_dict(answer: Answer) -> dict[str, Any]:
    """Return the contract's object for an answer that went through `verify.check_answer`.

    `verified` says that the quote stands, character for character, in a listed source.
    """
    known = {source.id for source in answer.sources}
    # Beyond the contract, and only where there is something to say.
    more: dict[str, Any] = {"error": answer.error} if answer.error else {}
    return {
        "question": answer.question,
        "answer": answer.answer,
        "status": answer.status,
        "stop_reason": answer.stop_reason,
        "claims": [_claim_dict(claim, known) for claim in answer.claims],
        "sources": [asdict(source) for source in answer.sources],
        "spend": asdict(answer.spend) | {"meters": dict(answer.spend.meters)},
        "config": dict(answer.config),
        "run_id": answer.run_id,
        "ledger_sha256": answer.ledger_sha256,
    } | more


def _claim_dict(claim: Claim, known: Set[str]) -> dict[str, Any]:
    citations = [
        {
            "source_id": quote.source_id,
            "quote": quote.text,
            "start": quote.start,
            "end": quote.end,
            "verified": quote.source_id in known and quote.end - quote.start == len(quote.text) > 0,
        }
        for quote in claim.quotes
    ]
    supported = claim.supported and bool(citations) and all(cited["verified"] for cited in citations)
    return {"text": claim.text, "supported": supported, "citations": citations}


def to_json(answer: Answer) -> str:
    """Return the contract's object as text, one line end at its end, safe to print on a terminal."""
    text = json.dumps(to_dict(answer), ensure_ascii=False, indent=2, allow_nan=False)
    return _ACTIVE.sub(lambda match: f"\\u{ord(match.group()):04x}", text) + "\n"
