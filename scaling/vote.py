"""Votes among answers: how often the most frequent one is right, what choosing by comparison costs, when to stop.

A vote is right where the right answer leads; a tie of m leaders counts 1/m. More votes raise accuracy only where the
right answer is the likeliest: where a wrong one is, they lower it to 0 (Choi et al. 2025, Debate or Vote). All numbers
are exact: the counts of options are independent ones given that they add up to the votes, so that a product of
polynomials counts all outcomes, or all subsets of logged answers, at once.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import reduce
from math import ceil, exp, log2, sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from scaling.intervals import Estimate, mean_interval
from scaling.results import Array

_NEVER = 1e-18  # chance of a count of votes that is left out


def vote_accuracy(shares: ArrayLike, votes: int) -> float:
    """Return how often a vote is right, over independent answers (the exact multinomial).

    Args:
        shares: probability of each option, [K], the right one first; they add up to 1.
        votes: N, at least 1. Time grows as K² N² ln N at most.

    Raises:
        ValueError: shares that are no probabilities, or no vote.
    """
    from scipy.stats import poisson

    chances = _shares(shares)
    _at_least_one(votes=votes)
    drawn = np.arange(votes + 1)
    return _leads(poisson.pmf(drawn, votes * chances[:, None]), 1.0 * (drawn == 0), float(poisson.pmf(votes, votes)))


def subset_accuracy(counts: ArrayLike, votes: int, abstained: int = 0) -> float:
    """Return how often a vote among `votes` of the logged answers is right, over all subsets of that size.

    Args:
        counts: how often each option was answered, [K], the right one first (0 where nobody gave it).
        votes: N, from 1 to the number of answers, those that abstained included.
        abstained: how often there was no answer. A subset of nothing else is wrong.

    Raises:
        ValueError: counts that are none, or more votes than answers.
    """
    from scipy.stats import binom

    given = np.atleast_1d(np.asarray(counts))
    total = int(given.sum()) + abstained
    if given.ndim != 1 or not ((given >= 0) & (given % 1 == 0)).all() or abstained < 0:
        raise ValueError("Counts must be whole numbers of at least 0.")
    if not 1 <= votes <= total:
        raise ValueError(f"Votes must number from 1 to the answers there are, {total}; they were {votes}.")
    drawn, share = np.arange(votes + 1), votes / total
    silent = binom.pmf(drawn, abstained, share)
    return _leads(binom.pmf(drawn, given[:, None], share), silent, float(binom.pmf(votes, total, share)))


def _leads(weights: Array, silent: Array, whole: float) -> float:
    """Return the chance that option 0 leads, given that the counts of all add up to N; ties are shared.

    For every count r of option 0 the others must stay below r, or equal it with weight y: ∫ y^m dy = 1/(m + 1) shares a
    tie with m others, and Gauss's nodes make the integral exact.

    Args:
        weights: chance of each count 0 … N of each option, were they independent, [K, N + 1].
        silent: that of the answers which vote for nobody, [N + 1].
        whole: the chance that the counts add up to N.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    votes, never = weights.shape[1] - 1, _NEVER * whole
    ours = np.flatnonzero(weights[0] > never)
    ours = ours[ours > 0]
    if not ours.size:
        return 0.0
    size = next_fast_len(2 * votes + 1, real=True)

    def times(one: Array, other: Array) -> Array:
        both: Array = irfft(rfft(one, size) * rfft(other, size), size)[..., : votes + 1]
        return both

    rivals = weights[1:, ours[0] :].max(1, initial=0.0) > never
    # Options that never get as far as option 0, and those who abstain, are counted once for all r.
    rest = reduce(times, weights[1:][~rivals], silent)
    nodes, widths = np.polynomial.legendre.leggauss(min(rivals.sum(), votes) // 2 + 1)
    counted = np.arange(votes + 1)
    kept = (counted < ours[:, None]) + (nodes[:, None, None] + 1) / 2 * (counted == ours[:, None])
    others = reduce(times, (kept * each for each in weights[1:][rivals]), rest)
    ways = widths / 2 @ np.broadcast_to(others, kept.shape)[:, np.arange(len(ours)), votes - ours]
    return float(np.clip(weights[0, ours] @ ways / whole, 0.0, 1.0))


def vote_curve(
    answers: Sequence[Sequence[Hashable]],
    right: Sequence[Hashable],
    votes: Sequence[int],
    *,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> tuple[Estimate, ...]:
    """Return the mean accuracy of a vote among N of each question's logged answers, for every N in `votes`.

    Every subset of N answers counts, so there is no sampling error but that of the answers themselves.

    Args:
        answers: of each question, equal where they mean the same; None abstains.
        right: the right answer of each question.
        votes: values of N, each at most the smallest number of answers.
        clusters: the cluster of each question; None where each stands for itself.
        confidence: coverage of the intervals, which are those of `scaling.intervals`.

    Raises:
        ValueError: lengths that differ, or more votes than answers.
    """
    if len(answers) != len(right):
        raise ValueError(f"There must be one right answer a question; {len(answers)} and {len(right)} were given.")
    tallies = []
    for given, truth in zip(answers, right, strict=True):
        tally = Counter(given)
        silent = tally.pop(None, 0)
        tallies.append(([tally.pop(truth, 0), *tally.values()], silent))
    return tuple(
        mean_interval(
            [subset_accuracy(counts, n, silent) for counts, silent in tallies], clusters, confidence=confidence
        )
        for n in votes
    )


def vote_bound(shares: ArrayLike, votes: int) -> float:
    """Return a lower bound of `vote_accuracy`: 1 - exp(-N (Δ/√K - 1/√N)²), 0 while Δ/√K ≤ 1/√N.

    Δ is the right option's lead over the likeliest wrong one. Source: Choi et al. 2025 (arXiv 2508.17536). Arguments
    and errors are those of `vote_accuracy`; there must be two options at least.
    """
    chances = _shares(shares)
    _at_least_one(votes=votes)
    if len(chances) < 2:
        raise ValueError("A vote needs at least two options.")
    clear = (chances[0] - chances[1:].max()) / sqrt(len(chances)) - 1 / sqrt(votes)
    return 1 - exp(-votes * clear**2) if clear > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Bound:
    """An upper bound of how often a procedure fails, and how many model calls it takes."""

    failure: float
    calls: int


def knockout_bound(candidates: int, comparisons: int, *, right: float, better: float) -> Bound:
    """Bound the failure of a knockout tournament: (1 - p)^N + ⌈log2 N⌉ exp(-2K (q - ½)²), in (K + 1) N calls.

    Each pair is compared K times and the majority goes on. Source: Chen et al. 2025 (arXiv 2411.19477).

    Args:
        candidates: N.
        comparisons: K, of one pair.
        right: p, the chance that a candidate is right.
        better: q > ½, the chance that one comparison prefers a right candidate to a wrong one.

    Raises:
        ValueError: an argument out of range.
    """
    _at_least_one(candidates=candidates, comparisons=comparisons)
    _chance(right=right, better=better)
    if better <= 0.5:
        raise ValueError(f"The bound holds where comparisons beat a coin; the right one was preferred in {better:g}.")
    failure = (1 - right) ** candidates + ceil(log2(candidates)) * exp(-2 * comparisons * (better - 0.5) ** 2)
    return Bound(min(1.0, failure), (comparisons + 1) * candidates)


def league_bound(candidates: int, opponents: int, *, strong: float, gap: float) -> Bound:
    """Bound the failure of a league: (1 - p)^N + 2N exp(-K Δ²/8) + 2N exp(-(N - 1) Δ²/8), in (K + 1) N calls.

    Each candidate meets K opponents, and the best share of wins is chosen. Source: Chen et al. 2025 (2411.19477).

    Args:
        candidates: N.
        opponents: K, of one candidate.
        strong: p, the chance that a candidate is right and strong.
        gap: Δ, by how much strong candidates' expected share of wins exceeds that of every wrong one.

    Raises:
        ValueError: an argument out of range.
    """
    _at_least_one(candidates=candidates, opponents=opponents)
    _chance(strong=strong, gap=gap)
    few = exp(-opponents * gap**2 / 8) + exp(-(candidates - 1) * gap**2 / 8)
    return Bound(min(1.0, (1 - strong) ** candidates + 2 * candidates * few), (opponents + 1) * candidates)


def leader_stays(counts: Sequence[int], rule: Literal["beta", "dirichlet"] = "beta") -> float:
    """Return the posterior probability that the leading option is the likeliest one (Aggarwal et al. 2023).

    Args:
        counts: answers so far by option, in any order, at least one answer.
        rule: "beta" sets the leader against the second alone, Beta(v1 + 1, v2 + 1); "dirichlet" against every option
            seen, with a flat prior. Where one option was seen, a second stands at 0.

    Raises:
        ValueError: there is no answer yet.
    """
    from scipy.integrate import quad
    from scipy.special import betainc, gammainc, gammaincinv

    first, *others = sorted([*counts, 0], reverse=True)
    if first < 1 or others[-1] < 0:
        raise ValueError("Counts must be at least 0, with one answer or more.")
    if rule == "beta":
        return float(betainc(others[0] + 1, first + 1, 0.5))
    # A Dirichlet's shares are gamma variables over their sum: the leader's is x, and all others must stay below it.
    rivals = np.array(others[: max(1, len(counts) - 1)]) + 1.0
    return float(quad(lambda rank: gammainc(rivals, gammaincinv(first + 1, rank)).prod(), 0, 1)[0])


@dataclass(frozen=True, slots=True)
class Stopped:
    """The leading answer (the earlier of a tie; None where all abstained), the draws made, and how sure it leads."""

    answer: Hashable
    draws: int
    sure: float


def stop_after(
    answers: Sequence[Hashable], *, threshold: float = 0.95, rule: Literal["beta", "dirichlet"] = "beta"
) -> Stopped:
    """Replay adaptive consistency: draw answers in order until the leader stays the leader (Aggarwal et al. 2023).

    Args:
        answers: in the order drawn; None abstains.
        threshold: of `leader_stays`, in (0, 1).
        rule: as `leader_stays`.

    Raises:
        ValueError: no answers, or a threshold out of range.
    """
    if not answers or not 0 < threshold < 1:
        raise ValueError(f"Needed are answers and a threshold between 0 and 1; {len(answers)} and {threshold} came.")
    tally: Counter[Hashable] = Counter()
    sure, draws = 0.0, 0
    while sure < threshold and draws < len(answers):
        answer, draws = answers[draws], draws + 1
        if answer is not None:
            tally[answer] += 1
            sure = leader_stays(list(tally.values()), rule)
    return Stopped(max(tally, key=tally.__getitem__, default=None), draws, sure)


def first_finished(answers: Sequence[Hashable], lengths: Sequence[float], m: int) -> tuple[list[Hashable], float]:
    """Return the m answers that finish first and what all attempts spent until then: short-m@k (arXiv 2505.17813).

    Args:
        answers: of k attempts that run side by side.
        lengths: what each would spend until it finishes, such as tokens.
        m: from 1 to k.

    Raises:
        ValueError: lengths that differ, or m out of range.
    """
    if not 1 <= m <= len(answers) == len(lengths):
        raise ValueError(f"m must be from 1 to k, with one length an answer; {m}, {len(answers)}, {len(lengths)} came.")
    order = sorted(range(len(answers)), key=lengths.__getitem__)
    until = lengths[order[m - 1]]
    return [answers[place] for place in order[:m]], float(sum(min(length, until) for length in lengths))


def _shares(shares: ArrayLike) -> Array:
    """Return probabilities [K], checked and made to add up to 1 to the last digit."""
    chances = np.array(shares, dtype=float)
    if chances.ndim != 1 or not (chances >= 0).all() or abs(chances.sum() - 1) > 1e-9:
        raise ValueError(f"The shares of options are at least 0 and add up to 1; their sum was {chances.sum():g}.")
    chances /= chances.sum()
    return chances


def _at_least_one(**numbers: int) -> None:
    """Refuse what is no whole number of at least 1."""
    for name, number in numbers.items():
        if number < 1 or number % 1:
            raise ValueError(f"{name} must be a whole number of at least 1; it was {number}.")


def _chance(**numbers: float) -> None:
    """Refuse what is no probability."""
    for name, number in numbers.items():
        if not 0 <= number <= 1:
            raise ValueError(f"{name} must lie between 0 and 1; it was {number}.")
