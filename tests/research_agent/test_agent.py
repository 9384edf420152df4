"""A question from the front door to a stored answer, on a small chain: what ends it, what is kept, what is refused."""

import asyncio
import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from little_chain import NODES, QUESTION, Shelf, hit, options, resources, script

from research_agent.agent import aask_with, aresume_with, ask
from research_agent.answer import Answer
from research_agent.budget import Budget, Prices, Tariff
from research_agent.config import Settings
from research_agent.errors import (
    BudgetTooSmallError,
    ContextLengthError,
    ModelUnavailableError,
    ResearchError,
    RunBusyError,
    UnknownNameError,
    UnknownPriceError,
    UsageError,
)
from research_agent.graph.state import Dials
from research_agent.minimum import least_charges
from research_agent.models.base import Usage
from research_agent.options import AskOptions
from research_agent.runs import load_run
from research_agent.testing import Reply, ScriptedModel
from retrieval.errors import BadQueryError


async def run(tmp_path: Path, **changes: Any) -> Answer:
    keys = {"stop", "emit"}
    given = {name: changes.pop(name) for name in keys & changes.keys()}
    mine = changes.pop("resources", None) or resources()
    return await aask_with(QUESTION, options(tmp_path, **changes), mine, home=tmp_path, **given)


async def test_an_answer_holds_what_was_found_spent_and_asked(tmp_path):
    answer = await run(tmp_path)
    assert (answer.answer, answer.status, answer.stop_reason) == ("Oslo", "answered", "answered")
    assert [source.uri for source in answer.sources] == ["file:///fox#char=0,22"]
    assert answer.spend.meters["searches"] == 4
    assert answer.spend.limit == 5_000
    assert 400 < answer.spend.units < 500
    assert answer.config == {
        "strategy": "single",
        "selector": "vote",
        "depth": 2,
        "width": 2,
        "think": 0,
        "samples": 1,
        "seed": 0,
        "model": "scripted",
        "backends": ["shelf"],
        "prices": Prices().to_json(),
    }
    assert answer.trace == ({"round": 2},)


async def test_the_run_folder_holds_the_run(tmp_path):
    answer = await run(tmp_path)
    found = load_run(tmp_path / "run", tmp_path)
    assert found.record.run_id == answer.run_id
    assert found.record.question == QUESTION
    assert AskOptions.from_json(found.record.options) == options(tmp_path)
    assert found.answer() == answer
    names = {path.name for path in (tmp_path / "run").iterdir()} - {"journal.sqlite.lock"}
    assert names == {"run.json", "answer.json", "journal.sqlite", "evidence.sqlite", "checkpoints.sqlite"}


async def test_a_finished_run_gives_its_answer_again_for_nothing(tmp_path):
    answer = await run(tmp_path)
    unused = resources(model=ScriptedModel([]), retrievers=(Shelf(lambda query: pytest.fail("searched")),))
    assert await aresume_with(load_run(tmp_path / "run", tmp_path), unused) == answer


async def test_events_name_their_chain_and_carry_what_was_spent(tmp_path):
    events: list[Any] = []
    await run(tmp_path, emit=events.append)
    assert [event["type"] for event in events[:3]] == ["run_started", "chain_started", "decide"]
    assert events[-1]["type"] == "run_ended"
    assert events[-1]["spent"]["used_searches"] == 4
    assert {event["chain"] for event in events[1:-1]} == {"0"}
    json.dumps(events)


class StopAt(Shelf):
    """A shelf at whose nth query the user stops the run."""

    def __init__(self, stop: asyncio.Event, nth: int) -> None:
        super().__init__()
        self._stop, self._nth = stop, nth

    async def search(self, query: str, *, k: int) -> Any:
        if len(self.queries) + 1 == self._nth:
            self._stop.set()
        return await super().search(query, k=k)


async def test_a_stopped_run_ends_its_step_answers_with_what_it_has_and_goes_on_later(tmp_path):
    unstopped = await run(tmp_path, run_dir=tmp_path / "unstopped")
    stop = asyncio.Event()
    shelf = StopAt(stop, 1)
    answer = await run(tmp_path, resources=resources(retrievers=(shelf,)), stop=stop)
    assert (answer.status, answer.stop_reason, answer.answer) == ("interrupted", "cancelled", "Oslo")
    assert len(shelf.queries) == 2, "the step in which it was stopped went on to its end"
    later = resources()
    again = await aresume_with(load_run(tmp_path / "run", tmp_path), later)
    assert (again.status, again.answer, again.claims) == ("answered", "Oslo", unstopped.claims)
    assert len(later.retrievers[0].queries) == 2, "what was paid for is not bought again"
    assert again.spend.meters["searches"] == 4


async def test_a_run_stopped_before_its_first_step_says_so(tmp_path):
    stop = asyncio.Event()
    stop.set()
    answer = await run(tmp_path, stop=stop)
    assert (answer.status, answer.stop_reason, answer.answer, answer.spend.units) == ("interrupted", "cancelled", "", 0)


async def test_cancelling_the_task_ends_calls_in_flight_and_leaves_a_run_that_can_be_resumed(tmp_path):
    model = ScriptedModel(lambda request: Reply("never", wait=asyncio.Event()))
    task = asyncio.create_task(run(tmp_path, resources=resources(model=model)))
    await model.until_called()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.cancelled == 1
    again = await aresume_with(load_run(tmp_path / "run", tmp_path), resources())
    assert again.status == "answered"


async def test_a_deadline_ends_calls_in_flight_and_the_run_still_answers(tmp_path):
    def slow_at_the_second(request: Any) -> Any:
        return Reply("never", wait=asyncio.Event()) if "round 1" in request.messages[0].content else script(request)

    model = ScriptedModel(slow_at_the_second)
    answer = await run(tmp_path, resources=resources(model=model), budget=Budget(5_000, max_seconds=3))
    assert model.cancelled == 1
    assert answer.stop_reason == "deadline"
    assert answer.spend.seconds < 5


async def test_a_run_out_of_budget_whose_closing_fails_has_failed_and_can_be_closed_again(tmp_path):
    def no_check(request: Any) -> Any:
        check = request.messages[-1].content.startswith("check")
        return ContextLengthError("The prompt is too long.", Usage()) if check else script(request)

    limits = {"budget": Budget(520), "dials": Dials(depth=50, width=1)}
    answer = await run(tmp_path, resources=resources(model=ScriptedModel(no_check)), **limits)
    assert (answer.status, answer.stop_reason, answer.error) == ("failed", "error", "The prompt is too long.")
    assert answer.spend.units <= 520


async def test_a_budget_that_runs_out_ends_with_an_answer_from_what_was_set_aside(tmp_path):
    answer = await run(tmp_path, budget=Budget(520), dials=Dials(depth=50, width=1))
    assert (answer.answer, answer.status, answer.stop_reason) == ("Oslo", "answered", "budget")
    assert answer.spend.units <= 520


async def test_a_model_that_fails_for_good_ends_the_run_with_what_was_found(tmp_path):
    def fails_at_the_second(request: Any) -> Any:
        if "round 1" in request.messages[0].content:
            return ModelUnavailableError("The model is gone.")
        return script(request)

    answer = await run(tmp_path, resources=resources(model=ScriptedModel(fails_at_the_second)))
    assert (answer.status, answer.stop_reason, answer.answer) == ("failed", "error", "Oslo")
    assert answer.error == "The model is gone."
    again = await aresume_with(load_run(tmp_path / "run", tmp_path), resources())
    assert (again.status, again.error) == ("answered", "")


async def test_a_search_that_fails_for_good_ends_the_run_without_a_traceback(tmp_path):
    def refuses(query: str) -> Any:
        raise BadQueryError("No such query.")

    answer = await run(tmp_path, resources=resources(retrievers=(Shelf(refuses),)))
    assert (answer.status, answer.stop_reason, answer.error) == ("failed", "error", "No such query.")


async def test_a_full_disk_ends_the_run_with_a_sentence(tmp_path):
    async def full(state: Any, runtime: Any) -> Any:
        raise sqlite3.OperationalError("database or disk is full")

    answer = await run(tmp_path, resources=resources(nodes={**NODES, "search": full}))
    assert (answer.status, answer.error) == (
        "failed",
        "The checkpoints of the run cannot be written: database or disk is full.",
    )


async def test_checkpoints_that_cannot_be_opened_are_a_sentence_and_cost_nothing_again(tmp_path):
    stop = asyncio.Event()
    stop.set()
    await run(tmp_path, stop=stop)
    whole = (tmp_path / "run" / "checkpoints.sqlite").read_bytes()
    (tmp_path / "run" / "checkpoints.sqlite").write_bytes(b"no database" * 900)
    with pytest.raises(
        ResearchError, match=r"^The checkpoints .* cannot be used \(file is not a database\): free some"
    ):
        await aresume_with(load_run(tmp_path / "run", tmp_path), resources())
    (tmp_path / "run" / "checkpoints.sqlite").write_bytes(whole)
    assert (await aresume_with(load_run(tmp_path / "run", tmp_path), resources())).answer == "Oslo"


async def test_an_answer_that_cannot_be_stored_costs_nothing_again(tmp_path, monkeypatch):
    def no_room(descriptor: int) -> None:
        if (tmp_path / "run" / "journal.sqlite").exists():
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(ResearchError, match=r"cannot be written \(.*No space left.*\): free some space, then resume"):
        await run(tmp_path)
    monkeypatch.undo()
    later = resources(model=ScriptedModel([]), retrievers=(Shelf(lambda query: pytest.fail("searched")),))
    assert (await aresume_with(load_run(tmp_path / "run", tmp_path), later)).answer == "Oslo"


async def test_a_programming_error_is_raised(tmp_path):
    async def broken(state: Any, runtime: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run(tmp_path, resources=resources(nodes={**NODES, "search": broken}))


async def test_nothing_found_is_no_evidence(tmp_path):
    answer = await run(tmp_path, resources=resources(retrievers=(Shelf(lambda query: []),)))
    assert (answer.status, answer.stop_reason, answer.answer) == ("no_evidence", "no_evidence", "")


async def test_a_claim_whose_quote_does_not_stand_is_not_an_answer(tmp_path):
    async def lies(state: Any, runtime: Any) -> Any:
        kept = runtime.context.evidence.add_hit(hit("The fox lives in Oslo.", "fox"), backend="shelf")
        quote = {"source_id": kept.id, "text": "lives in Rome", "start": 8, "end": 21}
        return {"claims": [{"text": "Rome", "quotes": [quote], "supported": True}], "answer": "Rome"}

    answer = await run(tmp_path, resources=resources(nodes={**NODES, "answer": lies}))
    assert (answer.answer, answer.status) == ("", "no_evidence")


BAD = [
    ({"strategy": "best"}, UnknownNameError, "There is no strategy called 'best'; known are parallel, single."),
    ({"selector": "best"}, UnknownNameError, "There is no selector called 'best'; known are vote."),
    (
        {"samples": 3},
        UsageError,
        "The strategy 'single' makes one candidate, and 3 samples were asked for: "
        "take the strategy 'parallel' for more.",
    ),
]


@pytest.mark.parametrize(("changes", "error", "sentence"), BAD)
async def test_bad_options_are_refused_and_nothing_is_left_behind(tmp_path, changes, error, sentence):
    with pytest.raises(error) as caught:
        await run(tmp_path, **changes)
    assert str(caught.value) == sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("strategy", "chains"), [("single", 1), ("parallel", 3)])
async def test_a_budget_too_small_for_any_answer_is_refused_with_the_least_that_works(tmp_path, strategy, chains):
    mine = resources()
    least = chains * sum(part.units for part in least_charges(QUESTION, [(Shelf().info, False)], mine.model, Tariff()))
    changes = {"strategy": strategy, "samples": chains}
    with pytest.raises(BudgetTooSmallError) as caught:
        await run(tmp_path, budget=Budget(least - 0.01), **changes)
    assert str(caught.value) == (
        f"A budget of {least - 0.01:g} units is too small for any answer: the least that could work is {least:g} units."
    )
    assert list(tmp_path.iterdir()) == []
    answer = await run(tmp_path, budget=Budget(least), **changes)
    assert answer.status in ("answered", "no_evidence")
    assert answer.spend.units <= least


async def test_a_money_cap_over_an_unknown_price_is_refused_and_nothing_is_left_behind(tmp_path):
    unpriced = resources(retrievers=(Shelf(search_usd=None),))
    with pytest.raises(UnknownPriceError, match=r"A cap of 1 US dollars cannot be enforced.*'shelf'"):
        await run(tmp_path, resources=unpriced, budget=Budget(5_000, max_usd=1.0))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("", 'The question is empty: give it as text, for example "Who founded the museum in Astorp?".'),
        (" \n", 'The question is empty: give it as text, for example "Who founded the museum in Astorp?".'),
        (
            "x" * 1_000_000,
            "The question has 1,000,000 characters, and at most 10,000 are taken: "
            "put long material into a document and name it with docs.",
        ),
        (
            "what\x00",
            "The question holds characters that are no text (NUL or half a surrogate pair): remove them.",
        ),
    ],
)
async def test_a_bad_question_is_refused_and_nothing_is_left_behind(tmp_path, question, sentence):
    with pytest.raises(UsageError) as caught:
        await aask_with(question, options(tmp_path), resources(), home=tmp_path)
    assert str(caught.value) == sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"samples": 0}, "samples must be a whole number from 1 to 1000, not 0."),
        ({"dials": Dials(depth=0)}, "depth must be a whole number from 1 to 1000, not 0."),
        ({"dials": Dials(width=True)}, "width must be a whole number from 1 to 100, not True."),
        ({"dials": Dials(think=-1)}, "think must be a whole number from 0 to 1000000, not -1."),
        ({"seed": -1}, "seed must be a whole number from 0 to 2147483647, not -1."),
    ],
)
def test_numbers_out_of_range_are_refused(changes, sentence):
    with pytest.raises(UsageError) as caught:
        AskOptions(**changes)
    assert str(caught.value) == sentence


async def test_a_folder_with_a_run_is_not_overwritten(tmp_path):
    await run(tmp_path)
    with pytest.raises(UsageError, match="holds a run already: resume it"):
        await run(tmp_path)


async def test_two_writers_of_one_run_are_refused(tmp_path):
    model = ScriptedModel(lambda request: Reply("never", wait=asyncio.Event()))
    task = asyncio.create_task(run(tmp_path, resources=resources(model=model)))
    await model.until_called()
    with pytest.raises(RunBusyError, match="Another process is writing the run"):
        await aresume_with(load_run(tmp_path / "run", tmp_path), resources())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_run_is_not_resumed_with_another_model(tmp_path):
    stop = asyncio.Event()
    stop.set()
    await run(tmp_path, stop=stop)
    other = resources(model=ScriptedModel(script, name="other"))
    with pytest.raises(UsageError, match=r"began with the model .*'scripted'.* and cannot go on with .*'other'"):
        await aresume_with(load_run(tmp_path / "run", tmp_path), other)


def test_ask_refuses_where_there_is_nothing_to_search(tmp_path):
    with pytest.raises(UsageError, match="There is nothing to search"):
        ask(QUESTION, settings=Settings(home=tmp_path))


async def test_ask_works_inside_a_running_loop_too(tmp_path):
    with pytest.raises(UsageError, match="does not exist: check its spelling"):
        ask(QUESTION, AskOptions(docs=(tmp_path / "none",)), settings=Settings(home=tmp_path))
    assert list(tmp_path.iterdir()) == []


async def test_options_survive_their_record(tmp_path):
    given = replace(
        options(tmp_path), price_file=tmp_path / "p.json", index=tmp_path / "i", backends=("a",), blind=True
    )
    assert AskOptions.from_json(json.loads(json.dumps(given.to_json()))) == given
