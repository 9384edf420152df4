"""A question is taken apart only where its parts can be looked up."""

import pytest

from research_agent.graph.conclude import ask
from research_agent.reading.plan import make_plan
from research_agent.reading.question import parse_question


def plan(text):
    return make_plan(parse_question(text))


@pytest.mark.parametrize(
    "asked",
    [
        "What is the size of the cellar?",
        "Which towns in Green Vale did Mara Quist and Ilse Brandt visit?",
        "What type of tool does Mara Quist use in the cellar?",
        "What colour did Mara Quist paint the gate of the mill?",
        "Which song is Ilse Brandt singing at the harbour?",
    ],
    ids=["a bare noun", "a clause is no name", "a verb after its subject", "a past one", "a participle"],
)
def test_what_cannot_be_looked_up_by_its_parts_is_read_as_a_whole(asked):
    made = plan(asked)
    assert made.open
    assert [step.op for step in made.steps] == ["describe"]


def test_a_lone_step_is_asked_in_the_words_of_the_question():
    made = plan('Who designed the ship "Quiet Kestrel"?')
    assert made.single
    assert ask(made, made.steps[1], made.steps[0].values[0]) == made.question


def test_a_step_of_several_is_asked_about_its_own_thing():
    made = plan('What is the height of the designer of the ship "Quiet Kestrel"?')
    assert not made.single
    assert ask(made, made.steps[1], made.steps[0].values[0]) == "What is the designer of Quiet Kestrel?"


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("When was Guido van Rossum born?", "Guido van Rossum"),
        ("Which date does Rule 7 list under Opened?", "7"),
        ("When did the Order of the Bath meet first?", "Order of the Bath"),
    ],
)
def test_small_words_in_a_name_do_not_make_a_clause_of_it(asked, name):
    assert name in plan(asked).steps[0].values[0].text
