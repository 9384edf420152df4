"""The research nodes in the machine: a question that needs two documents, stopped, starved and resumed."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import town
from little_chain import options

from research_agent.agent import aask_with, aresume_with, ask, resume
from research_agent.answer import Answer
from research_agent.budget import Budget
from research_agent.config import Settings
from research_agent.graph.build import build_chain, last_state, open_checkpoints
from research_agent.graph.state import Dials
from research_agent.options import AskOptions
from research_agent.runs import load_run


async def run(tmp_path: Path, **changes: Any) -> Answer:
    given = {name: changes.pop(name) for name in {"stop", "emit"} & changes.keys()}
    mine = changes.pop("resources", None) or town.town()
    return await aask_with(town.QUESTION, options(tmp_path, **changes), mine, home=tmp_path, **given)


@pytest.mark.parametrize("script", [None, town.read], ids=["extractive", "model"])
async def test_two_hops_are_answered_with_a_quote_for_each(tmp_path, script):
    answer = await run(tmp_path, resources=town.town(script))
    assert (answer.answer, answer.status) == ("Korrin", "answered")
    assert [quote.text for claim in answer.claims for quote in claim.quotes] == [
        "It was founded by Ilse Brandt in 1962.",
        "She was born in Korrin in 1921.",
    ]
    assert {source.uri for source in answer.sources} == {"file:///museum", "file:///brandt"}
    assert answer.spend.meters["searches"] == 4


async def test_one_round_is_not_enough_for_two_hops(tmp_path):
    answer = await run(tmp_path, dials=Dials(depth=1, width=2))
    assert (answer.answer, answer.status, answer.stop_reason) == ("", "no_evidence", "no_evidence")


async def test_a_cap_on_searches_ends_in_an_honest_refusal(tmp_path):
    answer = await run(tmp_path, budget=Budget(5_000, max_searches=1))
    assert (answer.answer, answer.status, answer.stop_reason) == ("", "no_evidence", "budget")
    assert answer.spend.meters["searches"] == 1


async def test_a_run_stopped_after_its_first_round_goes_on_to_the_same_answer(tmp_path):
    whole = await run(tmp_path, run_dir=tmp_path / "whole")
    stop = asyncio.Event()

    def stop_at_first_reading(event: Any) -> None:
        if event["type"] == "read":
            stop.set()

    first = await run(tmp_path, stop=stop, emit=stop_at_first_reading)
    assert (first.status, first.stop_reason, first.answer) == ("interrupted", "cancelled", "")
    again = await aresume_with(load_run(tmp_path / "run", tmp_path), town.town())
    assert (again.answer, again.claims) == (whole.answer, whole.claims)
    assert [source.id for source in again.sources] == [source.id for source in whole.sources]
    bought = ("searches", "fetches")
    assert [again.spend.meters[name] for name in bought] == [whole.spend.meters[name] for name in bought]


async def test_the_checkpointed_state_is_plain_and_small(tmp_path):
    await run(tmp_path, resources=town.town(town.read))
    async with open_checkpoints(tmp_path / "run" / "checkpoints.sqlite") as saver:
        state = await last_state(build_chain(checkpointer=saver), "0")
    assert json.loads(json.dumps(state)) == state
    assert len(json.dumps(state)) < 10_000


def test_ask_answers_from_files_and_resume_gives_the_answer_again(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    for document in town.DOCUMENTS:
        (folder / f"{document.id}.md").write_text(f"# {document.title}\n\n{document.text}")
    settings = Settings(home=tmp_path / "home")
    given = AskOptions(docs=(folder,), model="extractive")
    answer = ask(town.QUESTION, given, settings=settings)
    assert (answer.answer, answer.status) == ("Korrin", "answered")
    assert resume(answer.run_id, settings=settings) == answer

    async def inside_a_loop() -> Answer:
        return ask(town.QUESTION, given, settings=settings)

    assert asyncio.run(inside_a_loop()).answer == "Korrin"
