"""Everything a server may do wrong: its answer, the error that must come of it, and what that costs.

The cost is "nothing" (refused before any work), "prompt", "partial" (the prompt and what came), "reported" (by the
server) or "unknown" (None, so that the worst case is paid).
"""

from openai_server import USAGE, Answer, delta, refuse, say, sse, whole

from research_agent.errors import (
    ContextLengthError,
    ModelError,
    ModelRateLimitedError,
    ModelReplyError,
    ModelUnauthorisedError,
    ModelUnavailableError,
)

EVENTS = {"Content-Type": "text/event-stream"}
HALF = sse([delta("Ada "), delta("Love")], done=False)

TABLE = {
    "429": (refuse(429, "slow down"), ModelRateLimitedError, "nothing"),
    "no credit": (refuse(429, "You exceeded your quota", code="insufficient_quota"), ModelUnauthorisedError, "nothing"),
    "402": (refuse(402, "pay first"), ModelUnauthorisedError, "nothing"),
    "401": (refuse(401, "Incorrect API key provided"), ModelUnauthorisedError, "nothing"),
    "403": (refuse(403, "not for you"), ModelUnauthorisedError, "nothing"),
    "404": (refuse(404, "no such model"), ModelError, "nothing"),
    "400": (refuse(400, "messages must alternate"), ModelError, "nothing"),
    "503": (refuse(503, "loading model"), ModelUnavailableError, "nothing"),
    "500": (refuse(500, "boom"), ModelUnavailableError, "prompt"),
    "502 of a proxy": (Answer(502, b"<html>bad gateway</html>"), ModelUnavailableError, "prompt"),
    "redirect": (Answer(302, headers={"Location": "http://example.com/"}), ModelError, "nothing"),
    "no reply": (Answer(silent=True, cut=True), ModelUnavailableError, "unknown"),
    "context, OpenAI": (
        refuse(400, "This model's maximum context length is 4096 tokens", code="context_length_exceeded"),
        ContextLengthError,
        "nothing",
    ),
    "context, llama-server": (
        refuse(400, "the request exceeds the available context size", type="exceed_context_size_error"),
        ContextLengthError,
        "nothing",
    ),
    "context, Gemini": (
        Answer(400, b'[{"error": {"code": 400, "message": "The input token count exceeds the maximum tokens"}}]'),
        ContextLengthError,
        "nothing",
    ),
    "context, vLLM": (
        refuse(
            400, "maximum context length is 64 tokens. However, you requested 80 (60 in max_tokens)", param="max_tokens"
        ),
        ContextLengthError,
        "nothing",
    ),
    "cap too large": (refuse(400, "max_tokens is too large: 20"), ContextLengthError, "nothing"),
    "413": (refuse(413, "payload"), ContextLengthError, "nothing"),
    "malformed JSON": (
        Answer(body=b'{"choices": [', headers={"Content-Type": "application/json"}),
        ModelReplyError,
        "prompt",
    ),
    "a web page": (Answer(body=b"<!doctype html>", headers={"Content-Type": "text/html"}), ModelReplyError, "prompt"),
    "JSON of another kind": (
        Answer(body=b'{"ok": true}', headers={"Content-Type": "application/json"}),
        ModelReplyError,
        "prompt",
    ),
    "a JSON list": (Answer(body=b"[1]", headers={"Content-Type": "application/json"}), ModelReplyError, "prompt"),
    "malformed event": (
        Answer(chunks=(HALF, b"data: {nope\n\ndata: [DONE]\n\n"), headers=EVENTS),
        ModelReplyError,
        "partial",
    ),
    "an event that is no object": (Answer(chunks=(HALF, b"data: 7\n\n"), headers=EVENTS), ModelReplyError, "partial"),
    "truncated, connection cut": (Answer(chunks=(HALF,), headers=EVENTS, cut=True), ModelReplyError, "partial"),
    "truncated, ended politely": (Answer(chunks=(HALF,), headers=EVENTS), ModelReplyError, "partial"),
    "truncated body": (
        Answer(body=b'{"choices": [', headers={"Content-Type": "application/json"}, cut=True),
        ModelUnavailableError,
        "unknown",
    ),
    "empty stream": (Answer(chunks=(), headers=EVENTS), ModelReplyError, "prompt"),
    "only DONE": (Answer(chunks=(b"data: [DONE]\n\n",), headers=EVENTS), ModelReplyError, "prompt"),
    "empty text": (say(""), ModelReplyError, "reported"),
    "blank text": (whole(" \n "), ModelReplyError, "reported"),
    "null text": (whole(None), ModelReplyError, "reported"),
    "all thinking": (
        whole(
            "",
            finish="length",
            reasoning_content="hm " * 3,
            usage={**USAGE, "completion_tokens_details": {"reasoning_tokens": 3}},
        ),
        ModelReplyError,
        "reported",
    ),
    "refusal": (whole(None, refusal="I cannot help with that."), ModelReplyError, "reported"),
    "filtered": (whole("", finish="content_filter"), ModelReplyError, "reported"),
    "error within a stream": (
        Answer(chunks=(HALF, sse([{"error": {"message": "out of memory"}}])), headers=EVENTS),
        ModelUnavailableError,
        "partial",
    ),
    "rate limit within a stream": (
        Answer(chunks=(sse([{"error": {"message": "slow", "code": 429}}]),), headers=EVENTS),
        ModelRateLimitedError,
        "prompt",
    ),
    "error with status 200": (
        Answer(body=b'{"error": "prompt is too long"}', headers={"Content-Type": "application/json"}),
        ContextLengthError,
        "prompt",
    ),
}
