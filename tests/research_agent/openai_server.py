"""A real HTTP server on loopback that answers in the OpenAI format as its script says, faults included."""

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}


@dataclass(frozen=True)
class Answer:
    """One HTTP reply.

    `chunks` are sent one by one with chunked transfer; `body` in one piece. `hang` keeps the connection open after what
    was sent until the client leaves; `cut` drops it without the end of the body; `silent` sends nothing at all.
    """

    status: int = 200
    body: bytes = b""
    chunks: tuple[bytes, ...] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    cut: bool = False
    silent: bool = False


@dataclass(frozen=True)
class Seen:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    port: int


Script = Sequence[Answer] | Callable[[Seen], Answer]


def delta(text: str = "", *, index: int = 0, finish: str | None = None, **other: Any) -> dict[str, Any]:
    content = {"content": text} if text else {}
    return {"model": "tiny", "choices": [{"index": index, "delta": {**content, **other}, "finish_reason": finish}]}


def sse(events: Iterable[dict[str, Any]], *, done: bool = True) -> bytes:
    lines = [f"data: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events]
    return "".join([*lines, "data: [DONE]\n\n" if done else ""]).encode()


def stream(*events: dict[str, Any], usage: Any = USAGE, done: bool = True, **how: Any) -> Answer:
    """Answer with these events, then usage, then [DONE]."""
    last = [{"choices": [], "usage": usage}] if usage is not None else []
    body = sse([*events, *last], done=done)
    return Answer(chunks=(body,), headers={"Content-Type": "text/event-stream"}, **how)


def say(text: str, *, usage: Any = USAGE) -> Answer:
    """Answer with a text, a word a chunk."""
    words = text.split(" ")
    pieces = [word if at == 0 else f" {word}" for at, word in enumerate(words)]
    return stream(delta(role="assistant"), *map(delta, pieces), delta(finish="stop"), usage=usage)


def whole(text: str | None, *, finish: str = "stop", usage: Any = USAGE, **message: Any) -> Answer:
    """Answer as a server that does not stream."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}
    body = json.dumps({"model": "tiny", "choices": [choice], **({"usage": usage} if usage else {})})
    return Answer(body=body.encode(), headers={"Content-Type": "application/json"})


def refuse(status: int, message: str, *, headers: dict[str, str] | None = None, **error: Any) -> Answer:
    body = json.dumps({"error": {"message": message, **error}}).encode()
    return Answer(status, body, headers={"Content-Type": "application/json", **(headers or {})})


class OpenAIServer:
    """Serves a script: a list, one answer a request (the last is repeated), or a function of the request."""

    def __init__(self, script: Script) -> None:
        self.seen: list[Seen] = []
        self._script = script
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self.arrived = threading.Event()
        self.gone = threading.Event()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [seen.body for seen in self.seen]

    def __enter__(self) -> "OpenAIServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, seen: Seen) -> Answer:
        with self._lock:
            self.seen.append(seen)
            self.arrived.set()
            if callable(self._script):
                return self._script(seen)
            return self._script[min(len(self.seen), len(self._script)) - 1]

    def wait_for_departure(self, handler: BaseHTTPRequestHandler) -> None:
        """Keep the connection until the client or the server closes it."""
        handler.connection.settimeout(0.02)
        while not self._closing.is_set():
            try:
                if not handler.connection.recv(1):
                    self.gone.set()
                    return
            except TimeoutError:
                continue
            except OSError:
                self.gone.set()
                return


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    owner: OpenAIServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body in one write: two would add 40 ms of delayed acknowledgement to every call.
    wbufsize = -1
    server: _Http

    def do_POST(self) -> None:
        self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def do_GET(self) -> None:
        self._serve({})

    def _serve(self, body: dict[str, Any]) -> None:
        owner = self.server.owner
        answer = owner.answer(
            Seen(self.path, {name.lower(): value for name, value in self.headers.items()}, body, self.client_address[1])
        )
        try:
            self._send(answer)
            self.wfile.flush()
        except OSError:
            owner.gone.set()
        if answer.hang:
            owner.wait_for_departure(self)
        self.close_connection = self.close_connection or answer.hang or answer.cut

    def _send(self, answer: Answer) -> None:
        if answer.silent:
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.chunks is None:
            self.send_header("Content-Length", str(len(answer.body) + answer.cut))
            self.end_headers()
            self.wfile.write(answer.body)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in answer.chunks:
            self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            self.wfile.flush()
        if not answer.cut and not answer.hang:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        return
