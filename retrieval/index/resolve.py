"""Which documents a query names."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from retrieval.index.names import Kind, Mention, is_code, mentions

Called = Callable[[Iterable[str]], Mapping[str, list[tuple[Kind, int]]]]

# A name that more documents share than this tells none of them apart.
_MOST_OWNERS = 4
_DIGITS = 5
_QUOTE = 12
_MOST_QUOTES = 8


@dataclass(frozen=True, slots=True)
class Named:
    """What a query names.

    Attributes:
        sure: numbers of documents that are named beyond reasonable doubt, surest first.
        likely: numbers of documents whose one-word title occurs in the query.
        rest: the query without the sure names.
        unknown: what it quotes and no document is called, at most eight.
    """

    sure: tuple[int, ...] = ()
    likely: tuple[int, ...] = ()
    rest: str = ""
    unknown: tuple[str, ...] = ()


def resolve(query: str, called: Called) -> Named:
    """Find the documents that `query` names by id, title or identifier.

    Args:
        query: the query as it was asked.
        called: looks names up in the index.
    """
    found = [mention for mention in mentions(query) if mention.quoted or mention.proper]
    owners = called(mention.key for mention in found)
    taken: list[tuple[Mention, list[int]]] = []
    for mention in sorted((mention for mention in found if mention.key in owners), key=_surest):
        docs = [doc for kind, doc in owners[mention.key] if kind is not Kind.MENTION]
        free = all(_apart(mention, other) for other, _ in taken)
        most = _MOST_OWNERS if mention.quoted or _written(query[mention.start : mention.end]) else 1
        if docs and len(docs) <= most and free:
            taken.append((mention, docs))
    sure = [(mention, docs) for mention, docs in taken if _is_sure(mention)]
    rest = query
    for mention, _ in sorted(sure, key=lambda pair: -pair[0].start):
        rest = f"{rest[: mention.start]} {rest[mention.end :]}"
    likely = [doc for mention, docs in taken if not _is_sure(mention) for doc in docs]
    quotes = [mention.key for mention in found if mention.quoted and mention.key not in owners]
    return Named(
        sure=tuple(dict.fromkeys(doc for _, docs in sure for doc in docs)),
        likely=tuple(dict.fromkeys(likely)),
        rest=rest,
        unknown=tuple(quote for quote in quotes if len(quote) >= _QUOTE)[:_MOST_QUOTES],
    )


def _written(words: str) -> bool:
    """Tell whether words are written as a name; in small letters, what several documents are called is a subject."""
    return any(char.isalnum() and not char.islower() for char in words)


def _surest(mention: Mention) -> tuple[bool, int, int, bool]:
    # As it is written before its normal form, which ignores leading zeros.
    return (not mention.quoted, mention.start - mention.end, mention.start, mention.key.startswith("#"))


def _apart(one: Mention, other: Mention) -> bool:
    """Tell whether both can be meant: they do not overlap, or are two readings of one stretch."""
    return one.end <= other.start or one.start >= other.end or (one.start, one.end) == (other.start, other.end)


def _is_sure(mention: Mention) -> bool:
    one_word = " " not in mention.key and not mention.key.startswith("#")
    number = mention.key.isdigit() and len(mention.key) >= _DIGITS
    return mention.quoted or not one_word or number or is_code(mention.key)
