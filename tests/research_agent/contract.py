"""The contract of `ask --format json`, as a schema that allows nothing more and nothing less."""

TEXT = {"type": "string"}
COUNT = {"type": "integer"}
NUMBER = {"type": "number"}
METERS = ("prompt_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")
METERS += ("searches", "fetches", "reranks", "latent_steps")


def exactly(**properties: object) -> dict:
    return {"type": "object", "properties": properties}


def many(items: object) -> dict:
    return {"type": "array", "items": items}


CITATION = exactly(source_id=TEXT, quote=TEXT, start=COUNT, end=COUNT, verified={"type": "boolean"})
CONTRACT = exactly(
    question=TEXT,
    answer=TEXT,
    status={"enum": ["answered", "no_evidence", "budget_too_small", "failed", "interrupted"]},
    stop_reason={
        "enum": ["answered", "budget", "deadline", "marginal_value", "no_evidence", "cancelled", "error"],
    },
    claims=many(exactly(text=TEXT, supported={"type": "boolean"}, citations=many(CITATION))),
    sources=many(exactly(id=TEXT, uri=TEXT, title=TEXT, sha256=TEXT, retrieved_at=TEXT)),
    spend=exactly(
        limit=NUMBER,
        units=NUMBER,
        meters=exactly(**dict.fromkeys(METERS, COUNT)),
        seconds=NUMBER,
        usd={"type": ["number", "null"]},
        estimated={"type": "boolean"},
    ),
    config=exactly(
        strategy=TEXT,
        selector=TEXT,
        depth=COUNT,
        width=COUNT,
        think=COUNT,
        samples=COUNT,
        seed=COUNT,
        model=TEXT,
        backends=many(TEXT),
        prices={"type": "object"},
    ),
    run_id=TEXT,
    ledger_sha256=TEXT,
)
KINDS = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}


def fits(value: object, schema: dict, at: str = "$") -> None:
    """Assert that a value has exactly the form a schema gives; objects may lack nothing and hold nothing else."""
    if "enum" in schema:
        assert value in schema["enum"], at
    elif schema["type"] == "object":
        assert isinstance(value, dict), at
        if "properties" in schema:
            assert list(value) == list(schema["properties"]), at
            for name, inner in schema["properties"].items():
                fits(value[name], inner, f"{at}.{name}")
    elif schema["type"] == "array":
        assert isinstance(value, list), at
        for number, item in enumerate(value):
            fits(item, schema["items"], f"{at}[{number}]")
    else:
        kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        assert any(isinstance(value, KINDS[kind]) for kind in kinds), at
        assert not isinstance(value, bool) or "boolean" in kinds, at
