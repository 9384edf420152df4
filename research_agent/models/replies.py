"""The parts of a streamed or whole OpenAI-format reply, gathered into texts, reasoning, finish reasons and usage."""

from collections.abc import Mapping
from typing import Literal

Finish = Literal["stop", "length", "other"]

_FINISH: Mapping[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
}
_OPEN, _CLOSE = "<think>", "</think>"


class Gathered:
    """What has come of a reply so far.

    Attributes:
        usage: the provider's last report, as it came; None where it gave none.
        model: the name the provider gave.
        refused: words of a refusal that providers send beside the text.
    """

    def __init__(self) -> None:
        self._texts: dict[int, list[str]] = {}
        self._thoughts: dict[int, list[str]] = {}
        self._finish: dict[int, str] = {}
        self.usage: object = None
        self.model = ""
        self.refused = ""

    def add(self, event: Mapping[str, object]) -> None:
        """Take in one event: a chunk with deltas, or a whole reply with messages."""
        self.usage = event.get("usage") or self.usage
        self.model = str(event.get("model") or self.model)
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else []:
            if isinstance(choice, dict):
                self._choice(choice)

    def _choice(self, choice: Mapping[str, object]) -> None:
        index = choice.get("index")
        sample = index if isinstance(index, int) else 0
        texts, thoughts = self._texts.setdefault(sample, []), self._thoughts.setdefault(sample, [])
        part = choice.get("delta") or choice.get("message")
        if isinstance(part, dict):
            texts.append(_text(part.get("content")))
            thoughts.append(_text(part.get("reasoning_content") or part.get("reasoning")))
            self.refused += _text(part.get("refusal"))
        if choice.get("finish_reason"):
            self._finish[sample] = str(choice["finish_reason"])

    @property
    def ended(self) -> bool:
        """Whether every sample that began was said to have ended."""
        return bool(self._texts) and self._texts.keys() == self._finish.keys()

    @property
    def texts(self) -> tuple[str, ...]:
        """One text a sample, thinking left out."""
        return tuple(text.strip() for text, _ in self._samples())

    @property
    def reasoning(self) -> tuple[str, ...]:
        """One stretch of thinking a sample, "" where none was shown."""
        return tuple(thought.strip() for _, thought in self._samples())

    @property
    def finish(self) -> tuple[Finish, ...]:
        """Why each sample ended."""
        return tuple(finish_of(self._finish.get(sample)) for sample in sorted(self._texts))

    def _samples(self) -> list[tuple[str, str]]:
        return [
            split_thinking("".join(self._texts[sample]), "".join(self._thoughts[sample]))
            for sample in sorted(self._texts)
        ]


def finish_of(reason: object) -> Finish:
    """Return a provider's reason for an end in our words."""
    return _FINISH.get(str(reason or ""), "other")


def split_thinking(text: str, thought: str) -> tuple[str, str]:
    """Part thinking that local servers leave inside the text from the text."""
    if not text.lstrip().startswith(_OPEN):
        return text, thought
    inside, _, after = text.lstrip().removeprefix(_OPEN).partition(_CLOSE)
    return after, thought + inside


def _text(content: object) -> str:
    """Return the text of a content field: a string, or a list of parts, or nothing."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))
