"""The words by which English connects things and relations; none of them belongs to a topic."""

import re
from typing import Final

from research_agent.reading.terms import AnswerType, Pick

# A quoted part, and a thing that was spoken of before, set aside so that their words can't be read as grammar.
MARK: Final = r"⟦\d+⟧"
AGAIN: Final = r"⟪\d+⟫"
# The start of a name: a part set aside, a digit or a letter that is not lower case.
UPPER: Final = r"(?-i:[⟦⟪\d§#№@]|[^\W\d_a-zß-öø-ÿ])"
THING: Final = rf"(?:(?:the|an?|each|every|any|all|these|those|this|that|both) |{UPPER}|[a-z][\w\-]* ⟦)"
BE: Final = r"(?:is|was|are|were)"
WH: Final = r"(?:(?:in|on|at|from|to|by|for|with|under|since|until) )?(?:what|which|who|whom|whose|when|where|why|how)"
DO: Final = r"(?:do|does|did|can|could|will|would|has|have|had)"
LABEL_NOUN: Final = (
    r"(?:headers?|fields?|lines?|entr(?:y|ies)|sections?|rows?|columns?|attributes?|propert(?:y|ies)|lists?|tags?|keys?|"
    r"labels?|records?|values?|parameters?|cells?|metadata|headings?|items?|slots?|elements?)"
)
# What a record does with what it says.
LISTED: Final = (
    r"(?:listed|named|given|mentioned|shown|found|stated|cited|referenced|included|recorded|appearing|specified|noted|"
    r"written|entered|provided|set down|put|indicated|declared|placed|credited|registered|standing|identified)"
)
LISTS: Final = (
    r"(?:lists?|names?|gives?|mentions?|shows?|states?|cites?|references?|includes?|records?|specif(?:y|ies)|notes?|"
    r"has|have|had|counts?|contains?|puts?|indicates?|declares?|provides?|enters?|places?|credits?|identif(?:y|ies)|holds?|"
    r"says?|tells?|reads?|carries|carry|bears?)"
)
UNDER: Final = r"(?:under|in|on|at|as one of|as|among|amongst|within|for|by)"
_ORDINALS: Final[dict[str, Pick]] = {
    "first": "first", "1st": "first", "initial": "first", "last": "last", "final": "last", "second": "second",
    "2nd": "second", "third": "third", "3rd": "third", "fourth": "fourth", "4th": "fourth", "fifth": "fifth",
    "5th": "fifth",
}  # fmt: skip
PICKS: Final[dict[str, Pick]] = _ORDINALS | {
    "only": "only", "sole": "only", "single": "only", "lone": "only", "one": "one", "each": "all", "every": "all",
    "all": "all",
}  # fmt: skip
NTH: Final = rf"(?:{'|'.join(_ORDINALS)})"
PICK: Final = re.compile(
    rf"^(?:the |these |those )?(?P<pick>{'|'.join(PICKS)})"
    r"(?:-(?:listed|named|mentioned|given|cited|credited))?(?P<other> other)?(?: one)?(?: of)?"
    r"(?: the| these| those)? (?=\S)",
    re.I,
)
ARTICLE: Final = re.compile(r"^(?:the|an?|these|those|this|that|any|its|their|his|her) ", re.I)
TYPES: Final[dict[str, AnswerType]] = {
    "date": "date", "dates": "date", "day": "date", "when": "date", "year": "year", "years": "year", "who": "person",
    "whom": "person", "whose": "person", "person": "person", "people": "person", "persons": "person", "where": "place",
    "place": "place", "city": "place", "country": "place", "town": "place", "number": "number", "many": "number",
    "much": "number", "figure": "number", "count": "number",
}  # fmt: skip
# Nouns that only say that something is asked for, not of what kind it is.
EMPTY: Final = frozenset(
    "entry entries item items value values name names text content contents thing things one ones information date "
    "dates year years day number figure person persons people word words what string".split()
)
# What follows these is said of a thing; none of them is part of a label or a kind.
RELATIVE: Final = frozenset(
    "that which who whom whose is are was were does did do has have had and or titled what when where how".split()
)
IRREGULAR: Final[dict[str, str]] = {
    "wrote": "write", "written": "write", "built": "build", "taught": "teach", "made": "make", "led": "lead",
    "drew": "draw", "drawn": "draw", "sang": "sing", "sung": "sing", "held": "hold", "kept": "keep", "sold": "sell",
    "bought": "buy", "brought": "bring", "found": "find", "gave": "give", "given": "give", "ran": "run", "won": "win",
    "began": "begin", "begun": "begin", "became": "become", "came": "come", "chose": "choose", "chosen": "choose",
    "grew": "grow", "grown": "grow", "known": "know", "shot": "shoot", "spoke": "speak", "spoken": "speak",
    "sent": "send", "spent": "spend", "paid": "pay", "put": "put", "set": "set", "laid": "lay", "took": "take",
    "taken": "take", "thought": "think", "born": "birth", "died": "death", "die": "death", "dead": "death",
    "sought": "seek", "lost": "lose", "met": "meet", "left": "leave", "broke": "break", "broken": "break",
}  # fmt: skip
VERB: Final = re.compile(r"[a-z][\w\-]*(?:ed|en|rn|de|lt|nd|ld|ne|ie|dy|rk|ve|ay|gin|d|ut|ung|awn|own|ept)")


def is_verb(word: str) -> bool:
    """Tell whether a word may tell what was done to a thing: a participle by its ending, or an irregular one."""
    return word in IRREGULAR or bool(VERB.fullmatch(word))


def is_participle(word: str) -> bool:
    """Tell whether a word surely tells what was done."""
    return word in IRREGULAR or bool(re.fullmatch(r"[a-z][a-z-]+[^e]ed", word))
