"""HTTP to model servers: the only place that knows httpx. One call here is one request; nothing is retried."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from research_agent.errors import ModelReplyError, ModelUnavailableError
from research_agent.models.base import Usage
from research_agent.models.refusals import NOTHING, refusal
from research_agent.models.sse import DONE, EventDecoder

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS = 10.0
_ERROR_BYTES = 65_536
_DRAIN_SECONDS = 0.05


class Wire:
    """The connection to one server.

    Args:
        base_url: without a slash at the end.
        headers: sent with every request.
        silence: seconds without a byte after which the server counts as gone.
    """

    def __init__(self, base_url: str, headers: Mapping[str, str], silence: float) -> None:
        self._base_url = base_url
        self._headers = {"Content-Type": "application/json", **headers}
        self._silence = silence
        self._open: tuple[asyncio.AbstractEventLoop, httpx.AsyncClient] | None = None

    async def post(
        self, path: str, body: Mapping[str, Any], *, where: str, prompt: Usage, most_bytes: int
    ) -> AsyncGenerator[dict[str, object]]:
        """Send a request and yield the JSON objects of the reply, streamed or whole; the last is `DONE`.

        Args:
            path: below the base URL.
            body: sent as JSON.
            where: the model and its server, for messages.
            prompt: what a fault of the server's own is charged.
            most_bytes: a longer reply is broken off.

        Raises:
            RefusedError: the server objects to the request; nothing was spent.
            ModelError: it failed; `usage` is set where the cost is known, and is the caller's to count where a reply
                broke off.
        """
        import httpx

        came = False
        try:
            # Escaped to ASCII, since a text may hold lone surrogates that UTF-8 has no form for.
            content = json.dumps(body).encode()
            async with self._client().stream("POST", self._base_url + path, content=content) as response:
                if response.status_code != 200:
                    text = self._hidden(await _beginning(response))
                    raise refusal(where, response.status_code, response.headers, text, prompt)
                async for event in _events(response, where, most_bytes):
                    came = True
                    yield event
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise ModelUnavailableError(f"{where} could not be reached: {_why(error)}.", NOTHING) from error
        except httpx.HTTPError as error:
            if came:
                raise ModelReplyError(f"{where} broke off in the middle of a reply: {_why(error)}.") from error
            # Whether the server worked on it is unknown, so the caller pays the worst case.
            raise ModelUnavailableError(f"{where} did not reply: {_why(error)}.") from error

    async def aclose(self) -> None:
        """Close the connections; harmless when called twice."""
        held, self._open = self._open, None
        if held is not None and held[0] is asyncio.get_running_loop():
            await held[1].aclose()

    def _client(self) -> "httpx.AsyncClient":
        """Return the client of the running loop: connections do not outlive the loop they were opened in."""
        import httpx

        loop = asyncio.get_running_loop()
        if self._open is None or self._open[0] is not loop:
            # Local servers close connections as the next request comes (llama.cpp does), and that request would be
            # paid for in vain; a new connection costs next to nothing there.
            kept = 32 if _secure(self._base_url) else 0
            client = httpx.AsyncClient(
                headers=self._headers,
                timeout=httpx.Timeout(self._silence, connect=min(_CONNECT_SECONDS, self._silence), pool=None),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=kept),
                # Proxies and netrc files of the environment would send prompts and keys where nobody asked for it.
                trust_env=False,
                verify=_secure(self._base_url),
            )
            self._open = loop, client
        return self._open[1]

    def _hidden(self, text: str) -> str:
        """Return the text without the key, which some servers repeat."""
        key = self._headers.get("Authorization", "").removeprefix("Bearer ")
        return text.replace(key, "[key]") if key else text


def probe(url: str, seconds: float) -> object:
    """Return the JSON at an address of this machine, or None where there is no such answer within the time."""
    import httpx

    try:
        with httpx.Client(timeout=seconds, trust_env=False, verify=_secure(url)) as client:
            response = client.get(url)
        return response.json() if response.status_code == 200 else None
    except (httpx.HTTPError, ValueError):
        return None


def _secure(url: str) -> bool:
    """Return whether certificates are needed: loading them takes 30 ms, and redirects are not followed."""
    return url.startswith("https:")


async def _beginning(response: "httpx.Response") -> str:
    text = b""
    async for chunk in response.aiter_bytes():
        text += chunk
        if len(text) >= _ERROR_BYTES:
            break
    return text.decode("utf-8", errors="replace")


async def _events(response: "httpx.Response", where: str, most_bytes: int) -> AsyncIterator[dict[str, object]]:
    """Yield the events of a reply, whatever form the server chose."""
    streamed = "event-stream" in response.headers.get("content-type", "")
    decoder, whole, size = EventDecoder(), b"", 0
    chunks = response.aiter_bytes()
    async for chunk in chunks:
        size += len(chunk)
        if size > most_bytes:
            raise ModelReplyError(f"{where} sent more than the {most_bytes:,} bytes that this reply could have.")
        whole += chunk
        # Some servers stream under another content type.
        streamed = streamed or whole.lstrip().startswith((b"data:", b":"))
        if not streamed:
            continue
        for event in decoder.feed(whole):
            if event is DONE:
                await _drain(chunks)
                yield DONE
                return
            yield event
        whole = b""
    for event in decoder.finish() if streamed else [_whole(whole, where), DONE]:
        yield event


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read what follows the last event, so that the connection can be used again; some servers leave it open."""
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in chunks:
                pass
    except TimeoutError:
        return


def _whole(body: bytes, where: str) -> dict[str, object]:
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        begins = body[:80].decode("utf-8", errors="replace")
        raise ModelReplyError(f"{where} replied with something that is not a JSON object: it begins with {begins!r}.")
    return data


def _why(error: Exception) -> str:
    text = str(error).rstrip(".")
    return f"{type(error).__name__} ({text})" if text else type(error).__name__
