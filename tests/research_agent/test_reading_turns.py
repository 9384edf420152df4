"""Whose words answer: a question that asks what somebody says is answered from that one's turns."""

import pytest

from research_agent.reading.base import Text
from research_agent.reading.turns import heard, speaker, turns_of

CHAT = "Time: 2026\nMara Quist: The mill is old.\nIt leaks.\nJonas: No: it is new.\nMaraQuist: Let us look."


@pytest.mark.parametrize(
    ("question", "who"),
    [
        ("What does Mara Quist think about the mill?", "Mara Quist"),
        ("Which mill did Jonas really recommend to Mara?", "Jonas"),
        ("What is Jonas's opinion of the mill?", "Jonas"),
        ("What was Mara Quist’s first suggestion?", "Mara Quist"),
        ("Why did Jonas ask about the mill?", "Jonas"),
        ("Where was Mara Quist born?", ""),
        ("Where does Jonas live?", ""),
        ("When did Jonas mention the mill?", ""),  # the head of the chat tells
        ("Who said that the mill is old?", ""),
        ("What did the miller say?", ""),
    ],
)
def test_of_whom_a_question_asks_the_words(question, who):
    assert speaker(question) == who


def test_turns_of_one_person_with_what_follows_them():
    assert turns_of("Mara", CHAT) == "The mill is old.\nIt leaks.\nLet us look."
    assert turns_of("Jonas", CHAT) == "No: it is new."
    assert turns_of("Ilse", CHAT) == turns_of("", CHAT) == turns_of("Mara", "Mara Quist sold the mill.") == ""


def test_stretches_in_which_the_one_who_is_asked_about_speaks():
    texts = [Text("a", "", "Jonas: Hello.", 0), Text("b", "", CHAT, 0), Text("c", "", "The mill.", 0)]
    assert heard("What does Mara Quist think?", texts) == [texts[1]]
    assert heard("What does Jonas think?", texts) == texts[:2]
    assert heard("What does Ilse think?", texts) == texts
    assert heard("Where does Jonas live?", texts) == texts
