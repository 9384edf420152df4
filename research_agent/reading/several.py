"""Whether a question asks for more than one thing."""

import re

from research_agent.reading.phrases import singular

_VERB = r"(?:do|does|did|is|are|was|were|has|have|had|will|would|should|can|could|might|may)"
_KIND = r"(?:kinds?|types?|sorts?|numbers?|amounts?)"
_ASKED = re.compile(
    rf"\W*(?:what|which)\s+(?:(?P<many>are|were|two|three|four|five|several)\b|(?!(?:{_KIND}|{_VERB})\b)(?P<noun>(?:[\w'’-]+\s+){{1,6}}?){_VERB}\b)",
    re.I,
)


def asks_several(question: str) -> bool:
    """Tell whether a question asks for several things: "what are", "which two", "what songs does"."""
    asked = _ASKED.match(question)
    if not asked or asked["many"]:
        return asked is not None
    noun = re.split(r"\s+of\s", asked["noun"])[0].split()[-1].lower()
    return singular(noun) != noun
