"""Whether a question asks for several things."""

import pytest

from research_agent.reading.several import asks_several


@pytest.mark.parametrize(
    "question",
    [
        "What songs does Mara propose?",
        "Which two towns lie by the lake?",
        "What are the rules of the mill?",
        "What new parts of the mills were sold?",
        "What are some of Jonas's tips?",
    ],
)
def test_several_things_are_asked_for(question):
    assert asks_several(question)


@pytest.mark.parametrize(
    "question",
    [
        "What song does Mara propose?",
        "Which class did Jonas take?",
        "What kinds of bread does Mara bake?",
        "What does Mara think of the songs?",
        "What does Mara say the songs could be?",
        "Who wrote the songs?",
        "What is one of the rules?",
    ],
)
def test_one_thing_is_asked_for(question):
    assert not asks_several(question)
