"""A language model that follows a script: what tests of this package and of plug-ins use in place of a real one."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from research_agent.models.base import Completion, Message, ModelInfo, Request, Usage


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says to one request.

    Attributes:
        texts: one text, or one a sample; fewer than the request's `n` are repeated in turn.
        reasoning: thinking text; counted as output, as providers do.
        usage: reported in place of the true count, for a provider that counts wrongly or not at all.
        sureness: how sure the model says it is.
        wait: awaited before the reply is given, so that a test decides when a call ends.
    """

    texts: str | tuple[str, ...]
    reasoning: str = ""
    usage: Usage | None = None
    sureness: float | None = None
    wait: asyncio.Event | None = None


Line = str | Reply | Exception
Script = Sequence[Line] | Callable[[Request], Line]


def words(text: str) -> int:
    """Count tokens as the scripted model does: one a word."""
    return len(text.split())


class ScriptedModel:
    """A `ChatModel` that says what it is told, counts one token a word, and remembers every call.

    A script is a list (one line a call, in the order in which calls start; one call too many fails the test) or
    a function from request to line. A line is a text, a `Reply`, or an exception to raise. Texts obey `max_tokens`:
    reasoning first, then the text, cut after that many words with `finish` "length", as a real model would be.

    Attributes:
        calls: the requests that were started, in order.
        cancelled: how many calls were cancelled while they waited.
        most_in_flight: the largest number of calls that were open at once.
    """

    def __init__(
        self,
        script: Script,
        *,
        name: str = "scripted",
        provider: str = "scripted",
        context_tokens: int = 32_768,
        public: bool = False,
        constrained: bool = False,
        price_free: bool = True,
    ) -> None:
        self._script = script if callable(script) else tuple(script)
        self._info = ModelInfo(name, provider, context_tokens, public, constrained, price_free)
        self._started = asyncio.Condition()
        self._in_flight = 0
        self.calls: list[Request] = []
        self.cancelled = 0
        self.most_in_flight = 0

    @property
    def info(self) -> ModelInfo:
        """What the test gave."""
        return self._info

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count the words of all messages: exactly what a call is said to have cost."""
        return sum(words(message.content) for message in messages)

    async def complete(self, request: Request) -> Completion:
        """Give the next line of the script.

        Raises:
            Exception: the one the script holds for this call.
        """
        line = self._next_line(request)
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            async with self._started:
                self._started.notify_all()
            if isinstance(line, Reply) and line.wait is not None:
                await line.wait.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self._in_flight -= 1
        if isinstance(line, Exception):
            raise line
        return self._completion(request, Reply(line) if isinstance(line, str) else line)

    async def until_called(self, times: int = 1) -> None:
        """Wait until this many calls were started."""
        async with self._started:
            await self._started.wait_for(lambda: len(self.calls) >= times)

    def _next_line(self, request: Request) -> Line:
        self.calls.append(request)
        if callable(self._script):
            return self._script(request)
        if len(self.calls) > len(self._script):
            raise AssertionError(f"the script holds {len(self._script)} lines and call {len(self.calls)} was made")
        return self._script[len(self.calls) - 1]

    def _completion(self, request: Request, reply: Reply) -> Completion:
        thought = reply.reasoning.split()[: request.max_tokens]
        room = request.max_tokens - len(thought)
        scripted = (reply.texts,) if isinstance(reply.texts, str) else reply.texts
        texts: list[str] = []
        finish: list[Literal["stop", "length", "other"]] = []
        for text in itertools.islice(itertools.cycle(scripted), request.n):
            fits = words(text) <= room
            texts.append(text if fits else " ".join(text.split()[:room]))
            finish.append("stop" if fits else "length")
        usage = reply.usage or Usage(
            prompt_tokens=self.count_tokens(request.messages),
            output_tokens=sum(map(words, texts)) + len(thought) * request.n,
            reasoning_tokens=len(thought) * request.n,
        )
        return Completion(tuple(texts), usage, tuple(finish), " ".join(thought), self.info.name, reply.sureness)
