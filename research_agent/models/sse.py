"""Server-sent events, decoded from bytes as they come: what a streamed reply consists of."""

import json
import re
from collections.abc import Iterator

from research_agent.errors import ModelReplyError

# Only these end a line here. Decoding first and splitting the text would also split at U+2028 within JSON strings.
_LINE_END = re.compile(rb"\r\n|\n|\r")
_END = "[DONE]"

DONE: dict[str, object] = {}
"""The last event of a reply that was sent whole; told apart by identity."""


class EventDecoder:
    """Turns the bytes of an event stream into the JSON objects it carries, however the bytes are cut.

    Comments and fields other than `data` are skipped. A `data` line that is JSON is an event by itself, since some
    servers leave out the blank line between events; one that is not is joined with those after it, as the format says.
    """

    def __init__(self) -> None:
        self._bytes = b""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[dict[str, object]]:
        """Yield the events that this chunk completes.

        Raises:
            ModelReplyError: an event is not a JSON object.
        """
        self._bytes += chunk
        # A carriage return at the end may be half of a line end.
        held = b"\r" if self._bytes.endswith(b"\r") else b""
        *lines, rest = _LINE_END.split(self._bytes.removesuffix(held))
        self._bytes = rest + held
        for line in lines:
            yield from self._line(line)

    def finish(self) -> Iterator[dict[str, object]]:
        """Yield what the stream ended with, where it ended without a line end."""
        yield from self._line(self._bytes.rstrip(b"\r"))
        yield from self._line(b"")

    def _line(self, line: bytes) -> Iterator[dict[str, object]]:
        if not line:
            if self._data:
                self._refuse()
            return
        if not line.startswith(b"data:"):
            return
        self._data.append(line.removeprefix(b"data:").removeprefix(b" ").decode("utf-8", errors="replace"))
        data = "\n".join(self._data)
        if data.strip() == _END:
            self._data = []
            yield DONE
            return
        try:
            event = json.loads(data)
        except ValueError:
            return
        if not isinstance(event, dict):
            self._refuse()
        self._data = []
        yield event

    def _refuse(self) -> None:
        data = "\n".join(self._data)
        self._data = []
        raise ModelReplyError(f"The model's server sent an event that is not a JSON object: {data[:200]!r}.")
