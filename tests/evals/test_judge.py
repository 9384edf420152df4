"""The judge on known-right and known-wrong answers, its calibration, and what its verdicts are then worth."""

import json

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from evals.agreement import agreement, corrected, with_settled
from evals.errors import JudgeError, TaskError
from evals.judge import Graded, judge
from evals.judging import carry_out, read_cases, read_report, to_json, to_markdown
from research_agent.budget.budget import Budget
from research_agent.budget.doors import Doors
from research_agent.budget.ledger import Ledger
from research_agent.errors import BudgetExceededError, BudgetTooSmallError, ModelReplyError
from research_agent.models.base import Choice, Usage
from research_agent.testing import Reply, ScriptedModel
from scaling.intervals import Estimate


def grader(wrong_about=()):
    """A model that calls an answer right where an accepted one stands in it, but for some answers."""

    def say(request):
        last = request.messages[-1].content
        accepted = last.split("Accepted: ")[1].split("\n")[0].split(" | ")
        given = last.split("Given: ")[1].split("\n")[0]
        right = any(one in given for one in accepted) != (given in wrong_about)
        return Reply("right" if right else "wrong", sureness=0.9)

    return ScriptedModel(say, constrained=True)


def doors(model, units=10_000):
    return Doors(Ledger(Budget(units)), model=model)


def graded(answer, accepted=("Ilse Korran",), key="k"):
    return Graded(key, "Who is the mayor?", accepted, answer)


@pytest.mark.parametrize(
    ("answer", "accepted", "verdict", "calls"),
    [
        ("It is Ilse Korran, since 1962.", ("Ilse Korran",), "right", 1),
        ("Tomas Wey", ("Ilse Korran",), "wrong", 1),
        ("", ("Ilse Korran",), "wrong", 0),
        ("not enough evidence", ("Ilse Korran",), "wrong", 0),
        ("not enough evidence", (), "right", 0),
        ("Tomas Wey", (), "wrong", 0),
    ],
)
async def test_known_right_and_known_wrong_answers(answer, accepted, verdict, calls):
    model = grader()
    found = await judge(graded(answer, accepted), doors(model))
    assert (found.verdict, found.right) == (verdict, verdict == "right")
    assert len(model.calls) == calls
    assert all(call.constraint == Choice(("right", "wrong")) for call in model.calls)


async def test_a_call_is_charged_once_and_cannot_exceed_the_budget():
    model = grader()
    paid = doors(model)
    first = await judge(graded("Ilse Korran"), paid)
    spent = paid.ledger.spend().units
    assert spent > 0
    assert await judge(graded("Ilse Korran"), paid) == first
    assert paid.ledger.spend().units == spent
    assert len(model.calls) == 1
    with pytest.raises(BudgetExceededError):
        await judge(graded("Ilse Korran"), doors(grader(), units=1))


async def test_a_model_that_says_neither_is_told_so_and_asked_once_more():
    model = ScriptedModel([ModelReplyError("it depends", Usage()), "wrong"])
    assert (await judge(graded("Ilse Korran"), doors(model))).verdict == "wrong"
    assert len(model.calls) == 2
    with pytest.raises(ModelReplyError, match="neither right nor wrong"):
        await judge(graded("Ilse Korran"), doors(ScriptedModel(["It depends."])))


def test_agreement_is_what_others_say_it_is():
    rng = np.random.default_rng(5)
    known = [bool(one) for one in rng.random(200) < 0.6]
    said = [one if rng.random() < 0.85 else not one for one in known]
    found = agreement(said, known)
    assert found.kappa == pytest.approx(cohen_kappa_score(known, said))
    assert found.kappa_low < found.kappa < found.kappa_high
    assert found.agreement.value == np.mean(np.equal(said, known))
    assert found.sensitivity.value == np.mean([one for one, truth in zip(said, known, strict=True) if truth])
    assert found.specificity.value == np.mean([not one for one, truth in zip(said, known, strict=True) if not truth])


def test_a_judge_without_calibration_or_skill_is_refused():
    with pytest.raises(JudgeError, match="was not calibrated"):
        corrected([True, False], ["a", "b"], None)
    with pytest.raises(JudgeError, match="there were 4 and 0"):
        agreement([True] * 4, [True] * 4)
    known = [True, False] * 20
    with pytest.raises(JudgeError, match="cannot be told from one that guesses"):
        agreement([True] * 40, known)
    with pytest.raises(JudgeError, match="calls 0% right"):
        agreement([not one for one in known], known)


def test_correction_undoes_the_judges_errors():
    known = [True] * 1000 + [False] * 1000
    said = [True] * 800 + [False] * 200 + [True] * 100 + [False] * 900
    measured = agreement(said, known)
    verdicts = [True] * 660 + [False] * 340  # 0.8 of 0.8 right, and 0.1 of 0.2 wrong
    found = corrected(verdicts, range(1000), measured)
    assert found.value == pytest.approx(0.8)
    assert found.low < 0.8 < found.high
    assert found.high - found.low > 0.06 > 2 * 1.96 * (0.66 * 0.34 / 1000) ** 0.5


@pytest.mark.parametrize(("truth", "sense", "spec"), [(0.3, 0.8, 0.8), (0.7, 0.9, 0.9), (0.05, 0.9, 0.97)])
def test_the_corrected_interval_covers(truth, sense, spec):
    rng = np.random.default_rng(11)
    hits, sets, cases, n = 0, 300, 50, 200
    for _ in range(sets):
        known = [True] * cases + [False] * cases
        said = [*(rng.random(cases) < sense), *(rng.random(cases) > spec)]
        verdicts = rng.random(n) < truth * sense + (1 - truth) * (1 - spec)
        found = corrected([bool(one) for one in verdicts], range(n), agreement([bool(one) for one in said], known))
        hits += found.low <= truth <= found.high
    assert hits / sets >= 0.92


def test_answers_that_need_no_judge_are_not_corrected():
    judged, settled = Estimate(0.8, 0.7, 0.9, 60, 60), Estimate(0.0, 0.0, 0.09, 40, 40)
    found = with_settled(judged, settled)
    assert found.value == pytest.approx(0.48)
    split = 1.96**2 * 0.24 * 0.64 / 100
    assert found.low == pytest.approx(0.48 - (split + 0.06**2) ** 0.5, abs=1e-4)
    assert found.high == pytest.approx(0.48 + (split + 0.06**2 + 0.036**2) ** 0.5, abs=1e-4)
    assert with_settled(judged, None) is judged
    assert with_settled(None, settled) is settled


def case(answer, right, **more):
    return {"question": "Who?", "answers": ["Ilse Korran"], "answer": answer, "right": right, **more}


def trial(n, answer, right, kind="name", accepted=("Ilse Korran",)):
    return {
        "key": f"t{n}",
        "cluster": f"question:{n}",
        "question": "Who?",
        "answer": answer,
        "answer_type": kind,
        "accepted": list(accepted),
        "scores": {"right": float(right)},
    }


@pytest.fixture
def files(tmp_path):
    report, cases = tmp_path / "report.json", tmp_path / "cases.jsonl"
    rows = [case(f"{'Ilse Korran' if n % 2 else 'Tomas Wey'} of {n}", bool(n % 2)) for n in range(40)]
    cases.write_text("".join(json.dumps(row) + "\n" for row in rows))
    trials = [trial(n, f"It is Ilse Korran, says {n}", 0) for n in range(6)] + [trial(6, "Tomas Wey", 0)]
    trials += [trial(7, "", 1, "unanswerable", ("unanswerable",)), {**trial(8, "x", 0), "scores": {}}]
    report.write_text(json.dumps({"task": "towns", "trials": trials}))
    return report, cases


async def test_an_evaluation_is_judged_and_paid_for_once(files, tmp_path):
    model = grader(wrong_about={"Ilse Korran of 1"})
    found = await carry_out(*files, model, Budget(100_000), tmp_path)
    assert (found["task"], found["n"], found["model"]) == ("towns", 8, "scripted:scripted")
    assert found["accuracy_uncorrected"]["value"] == 7 / 8
    assert found["accuracy_by_code"]["value"] == 1 / 8
    assert found["judge"]["sensitivity"]["value"] == 19 / 20
    assert found["judge"]["specificity"]["value"] == 1.0
    # Six of seven as judged, corrected to one at most, and the eighth needs no judge.
    assert found["accuracy"]["value"] == pytest.approx((7 * (6 / 7) / (19 / 20) + 1) / 8)
    assert found["accuracy"]["low"] < 7 / 8 < found["accuracy"]["high"]
    assert found["judge"]["brier"]["value"] == pytest.approx((39 * 0.01 + 0.81) / 40)
    assert found["unusable"] == 0
    assert [row["verdict"] for row in found["trials"]][-2:] == ["wrong", "right"]
    assert "judge: Cohen's κ | 0.950" in to_markdown(found)
    again = grader()
    same = await carry_out(*files, again, Budget(100_000), tmp_path)
    assert again.calls == []
    assert json.loads(to_json(same))["spend"]["units"] == found["spend"]["units"] > 0


async def test_nothing_is_spent_where_the_budget_or_the_cases_do_not_do(files, tmp_path):
    model = grader()
    with pytest.raises(BudgetTooSmallError):
        await carry_out(*files, model, Budget(50), tmp_path)
    with pytest.raises(TaskError, match="no report of an evaluation"):
        read_report(files[1])
    files[1].write_text("")
    with pytest.raises(JudgeError, match="holds no case"):
        await carry_out(*files, model, Budget(100_000), tmp_path)
    assert model.calls == []


async def test_a_judge_that_guesses_is_refused_before_it_judges(files, tmp_path):
    model = ScriptedModel(lambda _: "right", constrained=True)
    with pytest.raises(JudgeError, match="cannot be told from one that guesses"):
        await carry_out(*files, model, Budget(100_000), tmp_path)
    assert len(model.calls) == 40


@pytest.mark.parametrize("row", [{"question": "?"}, case("x", "yes"), case(3, True), [1]])
def test_a_case_that_cannot_be_used_is_named(tmp_path, row):
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps(case("x", True)) + "\n" + json.dumps(row) + "\n")
    with pytest.raises(TaskError, match=r"cases.jsonl, line 2"):
        read_cases(path)
