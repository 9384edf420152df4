"""From an HTTP status and body to an error that says what to do."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from research_agent.errors import (
    ContextLengthError,
    ModelError,
    ModelRateLimitedError,
    ModelUnauthorisedError,
    ModelUnavailableError,
)
from research_agent.models.base import Usage

NOTHING = Usage()
_TOO_LONG = re.compile(
    r"context.{0,20}(length|window|size)|context_length_exceeded|exceed_context|prompt is too long|input is too long"
    r"|too many (input )?tokens|maximum (number of )?(input |context )?tokens"
    r"|max_(completion_)?tokens.{0,20} too large",
    re.IGNORECASE | re.DOTALL,
)


class RefusedError(ModelError):
    """The server refused the request before any work; nothing was spent.

    Attributes:
        parameter: the request field it objects to, "" where it names none.
        reason: its own words.
    """

    def __init__(self, message: str, reason: str, parameter: str) -> None:
        self.reason = reason
        self.parameter = parameter
        super().__init__(message, NOTHING)


def refusal(where: str, status: int, headers: Mapping[str, str], body: str, prompt: Usage) -> ModelError:
    """Return the error for a reply with a failure status.

    Args:
        where: the model and its server, for the message.
        status: of HTTP.
        headers: of the reply, by lower-case name.
        body: as text, the beginning is enough.
        prompt: what reading the prompt costs: a fault of the server's own comes after that, so that much is charged.
    """
    reason, parameter, code = _told(body)
    said = f"HTTP {status}" + (f": {reason[:300]}" if reason else "")
    if status in (401, 403):
        return ModelUnauthorisedError(f"{where} refused the key ({said}); check the key and what it may use.", NOTHING)
    if status == 402 or code == "insufficient_quota":
        return ModelUnauthorisedError(f"The account at {where} has no credit left ({said}); top it up.", NOTHING)
    if status == 429:
        wait = retry_after(headers)
        hint = "" if wait is None else f" It asks to wait {wait:g} s."
        return ModelRateLimitedError(f"{where} had too many requests ({said}).{hint}", wait, NOTHING)
    if status == 413 or (status in (400, 422, 500) and _TOO_LONG.search(f"{code} {reason}")):
        return ContextLengthError(f"The prompt and reply are longer than {where} takes ({said}).", NOTHING)
    if status == 404:
        return ModelError(f"There is no such model or address: {where} ({said}); check both.", NOTHING)
    if status in (408, 425, 503, 529):
        return ModelUnavailableError(f"{where} is not available now ({said}).", NOTHING)
    if status >= 500:
        return ModelUnavailableError(f"{where} failed ({said}).", prompt)
    if status in (400, 422):
        return RefusedError(f"{where} refused the request ({said}).", reason, parameter)
    return ModelError(f"{where} answered in a way that is no reply ({said}); check the URL.", NOTHING)


def fault(where: str, told: object, spent: Usage) -> ModelError:
    """Return the error for an `error` object that came within a reply, after `spent`."""
    reason, _, code = _told(json.dumps({"error": told}))
    if code == "429" or "rate_limit" in code:
        return ModelRateLimitedError(f"{where} had too many requests ({reason[:300]}).", None, spent)
    if _TOO_LONG.search(f"{code} {reason}"):
        return ContextLengthError(f"The prompt and reply are longer than {where} takes ({reason[:300]}).", spent)
    return ModelUnavailableError(f"{where} failed while it replied ({reason[:300]}).", spent)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds to wait that a reply's headers ask for, or None.

    Both forms of Retry-After are read, seconds and date, and `retry-after-ms`.
    """
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        told = headers.get("retry-after", "")
        if re.fullmatch(r"\s*\d+(\.\d+)?\s*", told):
            return float(told)
        when = parsedate_to_datetime(told)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())


def _told(body: str) -> tuple[str, str, str]:
    """Return what an error body says: reason, parameter, code. Servers differ in its form."""
    try:
        data = json.loads(body)
    except ValueError:
        return " ".join(body.split()), "", ""
    # Gemini wraps its error in a list.
    data = data[0] if isinstance(data, list) and data else data
    data = data if isinstance(data, dict) else {"message": data}
    error = data.get("error", data)
    error = error if isinstance(error, dict) else {"message": error}
    reason, parameter = error.get("message"), error.get("param")
    detail = error.get("detail")
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        reason = reason or detail[0].get("msg")
        parameter = parameter or ".".join(str(part) for part in detail[0].get("loc", ()) if part != "body")
    reason = reason or detail or body
    code = error.get("code") or error.get("type")
    return " ".join(str(reason).split()), str(parameter or ""), str(code or "")
