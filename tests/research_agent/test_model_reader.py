"""The reader that asks a language model: it reads on until the model is sure, and believes no more than it was told."""

import pytest

from research_agent.budget import Budget, Doors, Ledger
from research_agent.budget.replies import read_completion, write_completion
from research_agent.errors import BudgetExceededError
from research_agent.models.base import Completion, Usage
from research_agent.reading.base import Asking, Text
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


async def test_what_the_model_is_sure_of_is_found_and_needs_no_second_check():
    model = ScriptedModel(["Mara Quist", Reply("yes", sureness=0.95)])
    found = await ModelReader().extract(QUESTION, TEXTS, asking(model))
    assert (found.text, found.source_id, found.agreed) == ("Mara Quist", "a", True)
    assert "Mara Quist." in model.calls[1].messages[-1].content


async def test_where_the_model_is_not_sure_the_next_stretches_are_read():
    model = ScriptedModel(["Mara Quist", Reply("yes", sureness=0.6), "Ilse Brandt", Reply("yes", sureness=0.9)])
    found = await ModelReader().extract(QUESTION, TEXTS, asking(model))
    assert (found.text, found.source_id, found.agreed) == ("Ilse Brandt", "c", True)


async def test_nothing_is_found_where_the_model_is_sure_of_nothing():
    model = ScriptedModel(["Mara Quist", "no", "not stated"])
    assert await ModelReader().extract(QUESTION, TEXTS, asking(model)) is None


@pytest.mark.parametrize(
    ("reply", "held"),
    [
        (Reply("yes"), True),  # a model that does not tell is taken at its word
        (Reply("yes", sureness=0.95), True),
        (Reply("yes", sureness=0.55), False),
        (Reply("no", sureness=0.95), False),
    ],
)
async def test_only_a_sure_yes_supports(reply, held):
    assert await ModelReader().supports(QUESTION, "Ilse Brandt", TEXTS[2].text, asking(ScriptedModel([reply]))) is held


class Short(Doors):
    """Has nothing left for a check."""

    async def complete(self, request, *, key, answer=False):
        if key.endswith("/check"):
            raise BudgetExceededError(40, 3)
        return await super().complete(request, key=key, answer=answer)


async def test_a_check_that_cannot_be_paid_is_left_to_what_was_set_aside_for_the_answer():
    found = await ModelReader().extract(QUESTION, TEXTS, asking(ScriptedModel(["Mara Quist"]), Short))
    assert (found.text, found.agreed) == ("Mara Quist", False)


def test_a_resumed_run_knows_how_sure_the_model_was():
    completion = Completion(("yes",), Usage(40, 0, 1), ("stop",), model="m", sureness=0.75)
    assert read_completion(write_completion(completion)) == completion
