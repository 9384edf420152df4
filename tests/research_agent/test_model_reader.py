"""The reader that asks a language model: it reads on until the model is sure, and believes no more than it was told."""

import pytest

from research_agent.budget import Budget, Doors, Ledger
from research_agent.budget.replies import read_completion, write_completion
from research_agent.errors import BudgetExceededError
from research_agent.models.base import Completion, Usage
from research_agent.reading.base import SHOWN, Asking, Text
from research_agent.reading.model_reader import ModelReader
from research_agent.testing import Reply, ScriptedModel

QUESTION = "Who founded the mill?"
TEXTS = [
    Text("a", "Mill", "The mill was sold by Mara Quist.", 0),
    Text("b", "Inn", "The inn is old.", 0),
    Text("c", "Founding", "Ilse Brandt founded the mill in 1921.", 0),
]


def asking(model, doors=Doors):
    return Asking(doors(Ledger(Budget(10_000)), model=model), "read")


async def test_what_the_model_is_certain_of_is_found_at_once_and_needs_no_second_check():
    model = ScriptedModel([Reply("yes", sureness=0.95), "Mara Quist"])
    found = await ModelReader().extract(QUESTION, TEXTS, asking(model))
    assert (found.text, found.source_id, found.agreed) == ("Mara Quist", "a", True)
    asked, told = (call.messages for call in model.calls)
    assert "Mara Quist." in asked[-1].content
    assert told[: len(asked) - 1] == asked[:-1]  # so that a kept prefix serves both


async def test_the_further_down_a_stretch_stands_the_surer_the_model_has_to_be():
    said = [Reply("no", sureness=0.6), Reply("yes", sureness=0.69), Reply("yes", sureness=0.8), "Ilse Brandt"]
    found = await ModelReader().extract(QUESTION, TEXTS, asking(ScriptedModel(said)))
    assert (found.text, found.source_id, found.agreed) == ("Ilse Brandt", "c", True)


@pytest.mark.parametrize(("sureness", "found"), [(0.8, False), (0.86, True)])
async def test_what_was_read_before_in_vain_counts(sureness, found):
    model = ScriptedModel([Reply("yes", sureness=sureness), "Ilse Brandt"])
    answer = await ModelReader().extract(QUESTION, TEXTS[2:], asking(model), read=30)
    assert (answer is not None) is found


async def test_where_no_words_answer_after_all_the_next_stretch_is_read():
    model = ScriptedModel([Reply("yes", sureness=0.75), "not stated", "no", Reply("yes", sureness=0.85), "Ilse Brandt"])
    found = await ModelReader().extract(QUESTION, TEXTS, asking(model))
    assert (found.text, found.source_id) == ("Ilse Brandt", "c")


async def test_the_question_s_own_words_are_no_answer_unless_it_offers_them():
    texts = [Text("a", "Mill", "The old mill was founded long ago.", 0), TEXTS[2]]
    said = [Reply("yes", sureness=0.8), "mill was founded", Reply("yes", sureness=0.7), "Ilse Brandt"]
    found = await ModelReader().extract(QUESTION, texts, asking(ScriptedModel(said)))
    assert found.text == "Ilse Brandt"
    texts = [Text("a", "Age", "The mill is older than the inn.", 0)]
    found = await ModelReader().extract("Which is older, mill or inn?", texts, asking(ScriptedModel(["yes", "mill"])))
    assert found.text == "mill"


async def test_nothing_is_found_where_the_model_is_sure_of_nothing():
    model = ScriptedModel([Reply("yes", sureness=0.45), "no", "no"])
    assert await ModelReader().extract(QUESTION, TEXTS, asking(model)) is None


@pytest.mark.parametrize(("sureness", "asked"), [(0.9, 3), (None, 4), (0.6, 4)])
async def test_where_the_first_few_are_hopeless_no_more_are_shown(sureness, asked):
    model = ScriptedModel([Reply("no", sureness=sureness)] * 5)
    texts = [*TEXTS, Text("d", "Barn", "The barn is new.", 0)]
    assert await ModelReader().extract(QUESTION, texts, asking(model)) is None
    assert len(model.calls) == asked


async def test_no_more_stretches_are_shown_than_allowed():
    model = ScriptedModel([Reply("no", sureness=0.6)] * (SHOWN + 2))
    assert await ModelReader().extract(QUESTION, TEXTS * SHOWN, asking(model)) is None
    assert len(model.calls) == SHOWN


@pytest.mark.parametrize(
    ("reply", "held"),
    [
        (Reply("yes"), True),  # a model that does not tell is taken at its word
        (Reply("yes", sureness=0.65), True),
        (Reply("yes", sureness=0.55), False),
        (Reply("no", sureness=0.95), False),
        (Reply("no", sureness=0.0), False),
    ],
)
async def test_only_a_sure_yes_supports(reply, held):
    assert await ModelReader().supports(QUESTION, "Ilse Brandt", TEXTS[2].text, asking(ScriptedModel([reply]))) is held


class Short(Doors):
    """Can pay for one check, and for what was set aside for the answer."""

    async def complete(self, request, *, key, answer=False):
        if not answer and key != "read/0/check":
            raise BudgetExceededError(40, 3)
        return await super().complete(request, key=key, answer=answer)


async def test_what_is_set_aside_pays_for_the_words():
    model = ScriptedModel([Reply("yes", sureness=0.75), "Mara Quist"])
    found = await ModelReader().extract(QUESTION, TEXTS, asking(model, Short))
    assert found.text == "Mara Quist"


async def test_a_budget_that_ends_before_anything_was_found_is_told():
    with pytest.raises(BudgetExceededError):
        await ModelReader().extract(QUESTION, TEXTS, asking(ScriptedModel(["no"]), Short))


def test_a_resumed_run_knows_how_sure_the_model_was():
    completion = Completion(("yes",), Usage(40, 0, 1), ("stop",), model="m", sureness=0.75)
    assert read_completion(write_completion(completion)) == completion


async def test_what_somebody_thinks_is_told_in_their_own_words():
    chat = Text("a", "Chat", "Mara: The mill is fine.\nJonas: The mill is old.", 0)
    model = ScriptedModel(["yes", "The mill is old."])
    found = await ModelReader().extract("What does Jonas think about the mill?", [chat], asking(model))
    assert found.text == "The mill is old"
    assert model.calls[-1].constraint.source == "The mill is old."


async def test_of_several_things_each_is_found_with_a_quote_of_its_own():
    text = Text("a", "Feast", "Mara brings bread. Jonas brings olives, and wine.", 5)
    model = ScriptedModel(["yes", "bread; olives; brings olives; bread"])
    found = await ModelReader().extract("What dishes do they bring?", [text], asking(model))
    each = (found, *found.more)
    assert [one.text for one in each] == ["bread", "brings olives"]
    assert [text.text[one.quote_start - 5 : one.quote_end - 5] for one in each] == [
        "Mara brings bread.",
        "Jonas brings olives, and wine.",
    ]
    assert model.calls[-1].constraint.several


async def test_of_several_things_none_may_be_stated():
    model = ScriptedModel(["yes", "not stated", "no", "no"])
    assert await ModelReader().extract("What mills does Mara own?", TEXTS, asking(model)) is None
