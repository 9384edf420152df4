"""Constraints on models that cannot be held to them: asked for, checked, repaired once through the ledger's doors."""

import json

import pytest
from openai_server import Answer, OpenAIServer, refuse, say, whole

from research_agent.budget import Budget, Doors, Journal, Ledger
from research_agent.errors import BudgetExceededError, ModelReplyError
from research_agent.models.base import Choice, Completion, JsonShape, Message, Request, Span, Usage
from research_agent.models.openai_compatible import OpenAICompatible
from research_agent.models.shapes import checked, complete_shaped, fitted, instruction
from research_agent.testing import ScriptedModel

SOURCE = (
    "The bridge — “the Cairn” — was\n  opened in 1931 by Ada  Thornquist, born in Malmö. "
    "It is 3.14 km long; naïve 東京駅前."
)
SPAN = Span(SOURCE)
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "year": {"type": "integer"}},
    "required": ["name", "year"],
    "additionalProperties": False,
}
TRUE = {"prompt_tokens": 60, "completion_tokens": 4}
COST = 60 * 0.25 + 4
ASK = (Message("user", f"{SOURCE}\n\nWho opened it?"),)


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        ("Ada Thornquist", "Ada  Thornquist"),
        ('  "Ada Thornquist." ', "Ada  Thornquist"),
        ("was opened in 1931", "was\n  opened in 1931"),
        ('The bridge - "the Cairn" - was', "The bridge — “the Cairn” — was"),
        ("Malmo\u0308", "Malmö"),
        ("“1931”", "1931"),
        ("3.14 km", "3.14 km"),
        ("東京", "東京"),
        ("Not stated.", "not stated"),
        ("not stated", "not stated"),
    ],
)
def test_a_span_comes_back_in_the_characters_of_its_source(said, stands):
    assert fitted(SPAN, said) == stands


@pytest.mark.parametrize(
    "said", ["Grace Hopper", "Thorn", "193", "Ada Thornquist opened it", "", ".", "the answer: 1931"]
)
def test_what_does_not_stand_in_the_source_does_not_fit(said):
    with pytest.raises(ModelReplyError, match="does not stand in the text"):
        fitted(SPAN, said)


def test_options_fold_case_quotes_and_form():
    choice = Choice(("Yes", "No", "3"))
    assert [
        fitted(choice, said) for said in ("yes", " “No”. ", '{"choice": "yes"}', '{"choice": 3}', "**Yes**"[2:-2])
    ] == [
        "Yes",
        "No",
        "Yes",
        "3",
        "Yes",
    ]
    for said in ("yes and no", "", '{"other": "yes"}', "[]"):
        with pytest.raises(ModelReplyError, match="is none of the choices"):
            fitted(choice, said)


@pytest.mark.parametrize(
    "said",
    [
        '{"name": "Ada", "year": 1931}',
        '```json\n{"name": "Ada", "year": 1931}\n```',
        'Here it is: {"name": "Ada", "year": 1931} I hope this helps {',
    ],
)
def test_json_is_taken_out_of_what_surrounds_it(said):
    assert json.loads(fitted(JsonShape(SCHEMA), said)) == {"name": "Ada", "year": 1931}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Ada, 1931", "it is not JSON"),
        ('{"name": "Ada", "year": 19', "it is not JSON"),
        ('{"name": "Ada"}', r"does not fit the schema at \$ \('year' is a required property\)"),
        ('{"name": "Ada", "year": "1931"}', r"at \$.year \('1931' is not of type 'integer'\)"),
        ("[1]", "is not of type 'object'"),
    ],
)
def test_json_that_does_not_fit_says_where(said, reason):
    with pytest.raises(ModelReplyError, match=reason):
        fitted(JsonShape(SCHEMA), said)


async def shaped(answers, constraint, *, units=10_000.0, max_tokens=40, n=1):
    """Make one shaped call; return what came of it, the bodies on the wire, and the spend."""
    ledger = Ledger(Budget(units))
    with OpenAIServer(answers) as server:
        model = OpenAICompatible(server.url, "tiny")
        doors = Doors(ledger, model=model)
        try:
            done = await complete_shaped(doors, Request(ASK, max_tokens, n=n, constraint=constraint), key="1")
        except (ModelReplyError, BudgetExceededError) as error:
            done = error
        await model.aclose()
    return done, server.bodies, ledger.spend()


async def test_what_fits_at_once_is_one_call_that_was_told_what_to_write():
    done, bodies, spend = await shaped([say("Ada Thornquist.", usage=TRUE)], SPAN)
    assert done.text == "Ada  Thornquist"
    assert len(bodies) == 1
    assert bodies[0]["messages"][-1]["content"] == f"{ASK[0].content}\n\n{instruction(SPAN)}"
    assert done.usage == Usage(60, 0, 4)
    assert spend.units == COST


async def test_one_charged_repair_that_is_told_why():
    done, bodies, spend = await shaped(
        [say("Ada, I think", usage=TRUE), say('{"name": "Ada", "year": 1931}', usage=TRUE)], JsonShape(SCHEMA)
    )
    assert json.loads(done.text)["year"] == 1931
    assert "it is not JSON" in bodies[1]["messages"][-1]["content"]
    assert done.usage.prompt_tokens == 120
    assert (spend.meters["prompt_tokens"], spend.units) == (120, 2 * COST)


async def test_a_server_without_json_schema_is_asked_in_words_for_nothing_more():
    done, bodies, spend = await shaped(
        [refuse(400, "response_format is not supported"), say('{"name": "Ada", "year": 1931}', usage=TRUE)],
        JsonShape(SCHEMA),
    )
    assert json.loads(done.text)["name"] == "Ada"
    assert "fits this JSON schema" in bodies[1]["messages"][-1]["content"]
    assert (len(bodies), spend.units) == (2, COST)


async def test_a_span_that_is_not_there_twice_is_not_stated():
    done, bodies, spend = await shaped([say("Grace Hopper did", usage=TRUE), say("It was Grace", usage=TRUE)], SPAN)
    assert done.texts == ("not stated",)
    assert (len(bodies), spend.units) == (2, 2 * COST)
    assert done.usage.prompt_tokens == 120


async def test_a_fault_on_the_wire_is_not_taken_for_not_stated():
    done, bodies, spend = await shaped([whole("", usage=TRUE), whole("", usage=TRUE)], SPAN)
    assert isinstance(done, ModelReplyError)
    assert "empty text" in str(done)
    assert (len(bodies), spend.units) == (2, 2 * COST)


async def test_after_the_repair_other_shapes_are_an_error():
    done, bodies, spend = await shaped([say("maybe", usage=TRUE)], Choice(("yes", "no")))
    assert isinstance(done, ModelReplyError)
    assert (len(bodies), spend.units) == (2, 2 * COST)


async def test_a_repair_that_does_not_fit_the_budget_is_refused_before_it_is_sent():
    first, _, _ = await shaped([say("Grace Hopper did", usage=TRUE)], SPAN)
    worst = 0.25 * OpenAICompatible("http://x/v1", "x").count_tokens(ASK)
    done, bodies, spend = await shaped([say("Grace Hopper did", usage=TRUE)], SPAN, units=worst + 30, max_tokens=2)
    assert first.texts == ("not stated",)
    assert isinstance(done, BudgetExceededError) or spend.units <= worst + 30
    assert len(bodies) <= 2


async def test_a_choice_gets_room_for_its_json_form():
    done, bodies, _ = await shaped([say('{"choice": "yes"}', usage=TRUE)], Choice(("yes", "no")), max_tokens=2)
    assert done.text == "yes"
    assert bodies[0]["max_tokens"] > 16
    assert bodies[0]["response_format"]["type"] == "json_schema"


async def test_samples_that_fit_are_kept():
    def script(seen):
        choices = [
            {"index": at, "message": {"content": text}, "finish_reason": "stop"}
            for at, text in enumerate(["1931", "in 1066", "Malmö"])
        ]
        body = json.dumps({"choices": choices, "usage": {"prompt_tokens": 12, "completion_tokens": 9}})
        return Answer(body=body.encode(), headers={"Content-Type": "application/json"})

    done, bodies, _ = await shaped(script, SPAN, n=3)
    assert (done.texts, len(done.finish), len(bodies)) == (("1931", "Malmö"), 2, 1)


async def test_a_model_that_enforces_constraints_is_left_to_it():
    model = ScriptedModel(["not stated"], constrained=True)
    doors = Doors(Ledger(Budget(1000)), model=model)
    request = Request(ASK, 5, constraint=SPAN)
    assert (await complete_shaped(doors, request, key="1")).text == "not stated"
    assert model.calls == [request]


async def test_a_repaired_call_is_replayed_from_the_journal_for_nothing(tmp_path):
    request = Request(ASK, 40, constraint=SPAN)
    for _ in range(2):
        with OpenAIServer([say("Grace Hopper did", usage=TRUE), say("1931", usage=TRUE)]) as server:
            model = OpenAICompatible(server.url, "tiny")
            with Ledger(Budget(1000), journal=Journal(tmp_path / "journal.sqlite")) as ledger:
                done = await complete_shaped(Doors(ledger, model=model), request, key="1")
                assert (done.text, ledger.spend().units) == ("1931", 2 * COST)
            await model.aclose()
    assert server.seen == []


def test_no_constraint_is_no_check():
    anything = Completion(("x",), Usage(), ("stop",))
    assert checked(Request(ASK, 5), anything) is anything


def test_several_spans_are_each_put_into_the_spelling_of_the_source():
    wanted = Span("Made of red  bricks and lime.", several=True)
    assert fitted(wanted, '"red bricks"; lime; lime') == "red  bricks; lime"
    assert "several" in instruction(wanted)
    with pytest.raises(ModelReplyError):
        fitted(wanted, "lime; gold")
