"""llama.cpp in this process: load a GGUF file, fill its chat template, count tokens, generate until told to stop."""

import math
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from research_agent.errors import ContextLengthError, ModelFileError, ModelReplyError, ModelUnavailableError
from research_agent.models.base import Message

# A generation can be ended after each block of this many prompt tokens: 1.5 to 3 s of the default model on two cores,
# where blocks of 64 were 6 % slower and blocks of 512 no more than 2 % faster.
BLOCK_TOKENS = 128
# Text that looks like a model's control token would forge turns of the conversation.
CONTROL = re.compile(r"<(?=[|｜]|/?s>|bos>|eos>|start_of_|end_of_)|\[(?=/?INST\])")


@dataclass(frozen=True, slots=True)
class Native:
    """What one native call returned.

    Attributes:
        prompt_tokens: all of the prompt.
        cached_tokens: the part of it that was in the prefix cache.
        output_tokens: tokens generated.
        first: the likeliest first tokens of the reply and their probabilities before any grammar, where asked for.
    """

    text: str
    finish: Literal["stop", "length"]
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    first: tuple[tuple[str, float], ...] = ()


class Llama:
    """One loaded model with one slot. Not for two threads at once, except `prompt` and `count`."""

    def __init__(self, path: Path, *, context_tokens: int, threads: int | None = None) -> None:
        """Load the model.

        Args:
            path: a GGUF file, already verified.
            context_tokens: size of the slot.
            threads: threads that read the prompt, half of which generate; None means the cores this process may use.

        Raises:
            ModelFileError: llama.cpp cannot load the file.
            ModelUnavailableError: the runtime is not installed.
        """
        self.path = path
        key = secrets.token_hex(16)
        self._server = _serve(path, context_tokens, threads or usable_cores(), key)
        self._http = _client(self._server.listening_address, key)
        self.prompt: Callable[[tuple[Message, ...]], str] = lru_cache(32)(self._prompt)
        self.count: Callable[[str], int] = lru_cache(32)(self._count)

    def generate(self, prompt: str, options: Mapping[str, object], stopped: Callable[[], bool]) -> Native:
        """Generate once.

        Args:
            prompt: as `prompt` made it, with or without the beginning of the reply.
            options: sampling options of llama.cpp's completion endpoint.
            stopped: asked after each block of the prompt and each token; True ends the generation.

        Raises:
            ContextLengthError: the prompt does not fit.
            ModelReplyError: the runtime cannot hold a reply to the grammar asked for.
            ModelUnavailableError: the generation was stopped, or the runtime failed.
        """
        pieces: list[str] = []
        first: list[tuple[str, float]] = []
        last: dict[str, Any] = {}

        def receive(chunk: dict[str, Any]) -> bool:
            nonlocal last
            last = chunk
            for choice in chunk.get("choices", ()):
                pieces.append(choice.get("text") or "")
                told = (choice.get("logprobs") or {}).get("content") or ()
                if told and not first:
                    first.extend((entry["token"], math.exp(entry["logprob"])) for entry in told[0]["top_logprobs"])
            return stopped()

        body = {"stream": True, "return_progress": True, "cache_prompt": True, "prompt": prompt, **options}
        self._server.handle_completions(body, receive)
        if "error" in last:
            raise _fault(last["error"], self.path)
        usage = last.get("usage")
        if usage is None:
            raise ModelUnavailableError(f"The generation by {self.path.name} was stopped before it was done.")
        return Native(
            text="".join(pieces),
            finish="length" if last["choices"][0]["finish_reason"] == "length" else "stop",
            prompt_tokens=usage["prompt_tokens"],
            cached_tokens=usage["prompt_tokens_details"]["cached_tokens"],
            output_tokens=usage["completion_tokens"],
            first=tuple(first),
        )

    def close(self) -> None:
        """Free the model."""
        self._http.close()
        self._server = None

    def _prompt(self, messages: tuple[Message, ...]) -> str:
        turns = [{"role": message.role, "content": _harmless(message.content)} for message in messages]
        body = {"messages": turns, "chat_template_kwargs": {"enable_thinking": False}}
        return str(self._ask("/apply-template", body)["prompt"])

    def _count(self, prompt: str) -> int:
        return len(self._ask("/tokenize", {"content": prompt, "add_special": True, "parse_special": True})["tokens"])

    def _ask(self, path: str, body: Mapping[str, object]) -> Any:
        response = self._http.post(path, json=body)
        reply = response.json()
        if response.is_error:
            raise _fault(reply.get("error", {}), self.path)
        return reply


def usable_cores() -> int:
    """Return how many physical cores this process may use: its affinity and its container's quota, at least 1."""
    cpus = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    siblings = set()
    for cpu in cpus:
        try:
            siblings.add(Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text())
        except OSError:
            siblings.add(str(cpu))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        allowed = len(siblings) if quota == "max" else int(quota) // int(period)
    except (OSError, ValueError):
        # No such file outside Linux containers: nothing is limited there.
        allowed = len(siblings)
    return max(1, min(len(siblings), allowed))


def _serve(path: Path, context_tokens: int, threads: int, key: str) -> Any:
    try:
        import xllamacpp
    except ImportError as error:
        raise ModelUnavailableError(
            f"The embedded model needs the package xllamacpp, which cannot be imported ({error}); install it with: "
            "pip install 'search-as-compute[embedded]'"
        ) from error
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = context_tokens
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = BLOCK_TOKENS
    params.cpuparams_batch.n_threads = threads
    # Generation waits for memory, not for cores: on two, one thread is as fast as both, and nothing can stall it.
    params.cpuparams.n_threads = max(1, threads // 2)
    params.cache_idle_slots = False
    # Closed questions of several kinds alternate: the prefix of each is kept, so that none is read again each time
    # (28 KB a token of the default model).
    params.cache_ram_mib = 512
    params.use_jinja = True
    params.fit_params = False
    params.ui = False
    params.verbosity = -1
    # The runtime listens on a loopback port, where other users of the machine could reach it.
    params.api_keys = [key]
    # The binding raises whatever C++ threw.
    try:
        return xllamacpp.Server(params)
    except Exception as error:
        raise ModelFileError(
            f"llama.cpp cannot load the model file {path} ({error}); it may be damaged or of a newer kind."
        ) from error


def _client(address: str, key: str) -> Any:
    import httpx

    # trust_env off: a proxy from the environment must not see loopback traffic.
    return httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=60)


def _fault(error: Mapping[str, Any], path: Path) -> Exception:
    message = str(error.get("message", "no reason given"))
    if error.get("type") == "exceed_context_size_error":
        return ContextLengthError(f"The prompt does not fit into the context of {path.name}: {message}.")
    if error.get("type") == "invalid_request_error":
        return ModelReplyError(f"{path.name} cannot take this request: {message}.")
    return ModelUnavailableError(f"{path.name} failed: {message}.")


def _harmless(text: str) -> str:
    # A lone surrogate has no UTF-8 form, and JSON libraries refuse it.
    text = text.encode("utf-8", "replace").decode("utf-8")
    return CONTROL.sub(lambda match: f"{match.group()} ", text)
