"""The same question as a plain one: requests, leads, questions in the order of statements, topics put first."""

import re
from collections.abc import Iterator

from research_agent.reading.forms import BE, DO, LISTED, THING, WH

_ASK = re.compile(
    r"^(?:please |kindly |now )*(?:can|could|would|will) you (?:please )?|^(?:please|kindly) |"
    r"^(?:do you know|i(?: want| need| would like|['’]d like) to know|tell (?:me|us)|let me know|i wonder|say|find out|"
    r"work out|determine|establish)[,:]? |"
    r"^(?:give|state|provide|report|return|show|quote|name|identify|look up|retrieve|get|extract|copy|print|"
    r"write(?: down)?|read (?:out|off)|find|list|enumerate)(?: me| us)? (?:(?:a|the) (?:full |complete )?lists? of )?"
    r"(?=(?:the|all|every|each|an?|[⟦⟪]|what|which|who|when) |[⟦⟪]|[A-Z])",
    re.I,
)
# What comes before a question word and names nothing only leads up to it ("any idea when …").
_LEAD = re.compile(rf"^(?:(?!(?i:the|an?|each|every|all|for|in|of)\b)[A-Za-z'’]+,? ){{1,6}}?(?={WH}\b)")
_REMIND = re.compile(r"^[A-Z][a-z]+ (?:me|us) (?:of |about |with )?(?=the )")
_SORT = r"(?: (?!(?:the|an?|each|every|all)\b)[a-z]+)?"
_ORDERS = tuple(
    (re.compile(pattern, re.I), plain)
    for pattern, plain in (
        (
            rf"^in how many (?P<kind>[\w -]+?) (?:does|do|is|are) (?P<np>{THING}.+) (?:appear|occur|stand|{LISTED}) "
            r"(?P<under>(?:under|in|as|among) .+)$",
            "how many {kind} list {np} {under}",
        ),
        # "what the L of T is"
        (rf"^(?P<wh>what|who|which) (?P<np>(?:the|each) .+) (?P<be>{BE})$", "{wh} {be} {np}"),
        # "T was published on what date"
        (
            rf"^(?P<np>{THING}.+) (?P<be>{BE}|{DO}) (?P<verb>.*?[a-z]+(?: as)?) (?P<wh>{WH}(?: [a-z]+)?)$",
            "{wh} {be} {np} {verb}",
        ),
        # "when T was published", "on what date T was published"
        (
            rf"^(?P<wh>{WH}{_SORT}) (?P<np>{THING}.+) (?P<be>{BE}) (?P<verb>[a-z][\w ]*)$",
            "{wh} {be} {np} {verb}",
        ),
        # "the author of T is who", "T has how many votes"
        (rf"^(?P<np>{THING}.+) {BE} (?P<wh>what|who|when)(?: \w+)?$", "{wh} is {np}"),
        (rf"^(?P<np>{THING}.+) (?P<verb>has|have|had|lists?|contains?) (?P<wh>how many .+)$", "{wh} does {np} {verb}"),
    )
)
_TOPIC = re.compile(
    r"^(?:(?i:for|in|of|as for|according to|going by|regarding|concerning|about|from) )?"
    rf"(?P<np>{THING}.+?)[,:] (?P<rest>.+)$"
)


def turned(asked: str) -> Iterator[str]:
    """Return the ways to put a question plainly, itself not among them."""
    bare = asked
    while (stripped := _ASK.sub("", bare, count=1)) != bare:
        bare = stripped
    if bare != asked:
        yield bare
    bare = _REMIND.sub("", _LEAD.sub("", bare.strip(" ?.!")))
    bare = re.sub(r"^(?:The|An?|Each|Every|All)(?= )", lambda found: found.group().lower(), bare)
    yield bare
    for pattern, plain in _ORDERS:
        if found := pattern.match(bare):
            yield plain.format(**found.groupdict())
    found = _TOPIC.match(bare)
    if found and re.match(rf"(?i)(?:{WH}|how|give|state|name|list|tell)\b", found["rest"]):
        rest, np = found["rest"], found["np"]
        own = re.sub(r"\b(?:its|their|his|her) (.+)", lambda said: f"the {said.group(1)} of {np}", rest)
        again = re.sub(r"\b(?:it|they|he|she)\b", lambda _: np, rest)
        for whole in (own if own != rest else f"{rest} of {np}", again):
            yield whole
            yield from turned(whole)
