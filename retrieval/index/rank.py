"""Put ranked lists together, and keep one document from filling a result."""

from collections.abc import Mapping, Sequence

# The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009).
RRF = 60
_FREE = 2


def fuse(*lists: Sequence[int]) -> dict[int, float]:
    """Return the reciprocal rank fusion of ranked lists, best first; equal scores keep the order of the first list."""
    scores: dict[int, float] = {}
    for ranked in lists:
        for rank, item in enumerate(ranked, start=1):
            scores[item] = scores.get(item, 0.0) + 1.0 / (RRF + rank)
    return dict(sorted(scores.items(), key=lambda pair: -pair[1]))


def blend(limit: int, *lists: Sequence[tuple[int, float]]) -> dict[int, float]:
    """Return the mean of scores brought to [0, 1], best first; equal ones keep the order of the first list.

    In each list the best item has 1, and 0 is the most that an item outside it can have: the last score of a full list,
    else nothing. Unlike places, scores tell a clear first from a close one, so that a poor list does little harm to a
    good one (Bruch, Gai and Ingber, 2023).

    Args:
        limit: how long a full list is.
        lists: (item, score) each, best first.
    """
    shares: dict[int, float] = {}
    for ranked in lists:
        best = ranked[0][1] if ranked else 0.0
        floor = ranked[-1][1] if len(ranked) >= limit else 0.0
        span = best - floor
        for item, score in ranked:
            share = max(0.0, score - floor) / span if span > 0 else 1.0
            shares[item] = shares.get(item, 0.0) + share / len(lists)
    return dict(sorted(shares.items(), key=lambda pair: -pair[1]))


def spread(scores: Mapping[int, float], owners: Mapping[int, int]) -> list[tuple[int, float]]:
    """Return (passage, score), best first, where from a document's third passage on each counts for less.

    Args:
        scores: passages in order, best first.
        owners: the document of each passage; passages without one are left out.
    """
    seen: dict[int, int] = {}
    found: list[tuple[int, float]] = []
    for pid, score in scores.items():
        if pid not in owners:
            continue
        before = seen.get(owners[pid], 0)
        seen[owners[pid]] = before + 1
        found.append((pid, score / (1 + max(0, before + 1 - _FREE))))
    return sorted(found, key=lambda pair: -pair[1])
