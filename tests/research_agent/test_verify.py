from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from research_agent.answer import Answer, Claim, Quote, Spend
from research_agent.errors import BudgetExceededError
from research_agent.evidence import EvidenceStore
from research_agent.verify import check_answer, check_claim, judge_claim, standing
from retrieval.base import Document

TEXT = "Ada wrote the first note.\nIt was printed  in 1843. Ada was born in London."
ANSWER = Answer(
    "Who?", "Ada", "answered", "answered", (), (), Spend(100, 1, {}, 0.1, None, estimated=False), {}, "run", "0" * 64
)


@pytest.fixture
def evidence() -> Iterator[EvidenceStore]:
    store = EvidenceStore()
    yield store
    store.close()


@pytest.fixture
def source(evidence: EvidenceStore) -> str:
    return evidence.add(Document("notes", TEXT, "Notes", "notes.txt"), backend="local").id


@dataclass
class Agrees:
    """A judge that agrees with texts that hold all of the given words, and writes down what it was asked."""

    words: tuple[str, ...]
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def supports(self, claim: str, quote: str, *, question: str, key: str) -> bool:
        self.asked.append((key, quote))
        return all(word in quote for word in self.words)


def quote(source: str, text: str) -> Quote:
    start = TEXT.index(text)
    return Quote(source, text, start, start + len(text))


def test_a_true_claim_passes_unchanged(evidence: EvidenceStore, source: str) -> None:
    claim = Claim("Ada wrote it.", (quote(source, "Ada wrote"),), supported=True)
    assert check_claim(claim, evidence) == claim


def test_offsets_and_spacing_are_put_right(evidence: EvidenceStore, source: str) -> None:
    off = Quote(source, "printed in 1843", 3, 18)
    assert standing(off, evidence) == quote(source, "printed  in 1843")
    # Put right, it is the same words: the claim keeps its support, also where the right ones stood beside it.
    for quotes in [(off,), (off, quote(source, "printed  in 1843"))]:
        checked = check_claim(Claim("Printed in 1843.", quotes, supported=True), evidence)
        assert (checked.supported, checked.quotes) == (True, (quote(source, "printed  in 1843"),))


@pytest.mark.parametrize(
    "bad",
    [
        Quote("SOURCE", "Ada wrote the second note", 0, 25),
        Quote("SOURCE", "", 0, 0),
        Quote("unread", "Ada wrote", 0, 9),
    ],
)
def test_a_claim_that_lost_a_quote_is_not_supported(evidence: EvidenceStore, source: str, bad: Quote) -> None:
    bad = replace(bad, source_id=bad.source_id.replace("SOURCE", source))
    alone = check_claim(Claim("Made up.", (bad,), supported=True), evidence)
    assert (alone.quotes, alone.supported) == ((), False)
    good = quote(source, "Ada wrote")
    part = check_claim(Claim("Half made up.", (good, bad), supported=True), evidence)
    assert (part.quotes, part.supported) == ((good,), False)


def test_a_claim_without_quotes_is_never_supported(evidence: EvidenceStore) -> None:
    assert not check_claim(Claim("Trust me.", (), supported=True), evidence).supported


async def test_the_judge_decides_and_only_agreed_quotes_stay(evidence: EvidenceStore, source: str) -> None:
    judge = Agrees(("1843",))
    claim = Claim("In 1843.", (quote(source, "Ada wrote"), quote(source, "in 1843")), supported=False)
    judged = await judge_claim(claim, evidence, judge, question="When?", key="verify/0")
    assert judged == Claim("In 1843.", (quote(source, "in 1843"),), supported=True)
    assert judge.asked == [("verify/0/0", "Ada wrote"), ("verify/0/1", "in 1843")]


async def test_quotes_may_support_a_claim_together(evidence: EvidenceStore, source: str) -> None:
    judge = Agrees(("Ada wrote", "1843"))
    claim = Claim("Ada wrote it in 1843.", (quote(source, "Ada wrote"), quote(source, "in 1843")), supported=False)
    judged = await judge_claim(claim, evidence, judge, question="When?", key="v")
    assert (judged.supported, judged.quotes) == (True, claim.quotes)
    assert judge.asked[-1] == ("v/all", "Ada wrote … in 1843")


async def test_made_up_quotes_are_never_put_to_the_judge(evidence: EvidenceStore, source: str) -> None:
    judge = Agrees(())
    claim = Claim("Ada knew.", (Quote(source, "Ada knew", 0, 8),), supported=True)
    judged = await judge_claim(claim, evidence, judge, question="Who?", key="v")
    assert (judged.supported, judge.asked) == (False, [])


async def test_running_out_of_budget_is_told_to_the_caller(evidence: EvidenceStore, source: str) -> None:
    class Broke:
        async def supports(self, claim: str, quote: str, *, question: str, key: str) -> bool:
            raise BudgetExceededError(needed=5, remaining=1)

    claim = Claim("Ada wrote it.", (quote(source, "Ada wrote"),), supported=False)
    with pytest.raises(BudgetExceededError):
        await judge_claim(claim, evidence, Broke(), question="Who?", key="v")


def test_an_answer_lists_what_it_quotes(evidence: EvidenceStore, source: str) -> None:
    claim = Claim("Ada wrote it.", (quote(source, "Ada wrote"),), supported=True)
    checked = check_answer(replace(ANSWER, claims=(claim,)), evidence)
    assert checked.sources == (evidence.source(source),)
    assert check_answer(checked, evidence) == checked
    assert (checked.status, checked.answer) == ("answered", "Ada")


@pytest.mark.parametrize(("stop", "expected"), [("answered", "no_evidence"), ("budget", "budget")])
def test_an_answer_that_rests_on_nothing_becomes_not_enough_evidence(evidence, source, stop, expected) -> None:
    claim = Claim("Ada knew.", (Quote(source, "Ada knew", 0, 8),), supported=True)
    checked = check_answer(replace(ANSWER, claims=(claim,), stop_reason=stop), evidence)
    assert (checked.status, checked.answer, checked.stop_reason) == ("no_evidence", "", expected)
