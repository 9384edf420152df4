"""What a reply stands for: whole words of the source as they stand there, whole options, valid JSON, or an error."""

import json

import pytest

from research_agent.errors import ModelReplyError, UsageError
from research_agent.models.base import Choice, JsonShape, Span
from research_agent.models.grammar import grammar, settle

SOURCE = (
    "The bridge was opened in\n   1931. Its  architect, Ada\tThornquist-Öberg, "
    'said "π is 3.14 (not 3)" in C:\\new\\eip-20.'
)


@pytest.mark.parametrize(
    ("reply", "quote"),
    [
        ("Ada Thornquist-Öberg", "Ada\tThornquist-Öberg"),
        ("opened in 1931.", "opened in\n   1931."),
        (" Its architect", "Its  architect"),
        ('"π is 3.14', '"π is 3.14'),
        ("C:\\new\\eip-20.", "C:\\new\\eip-20."),
        ("not stated", "not stated"),
    ],
)
def test_a_span_is_given_back_as_it_stands_in_the_source(reply: str, quote: str) -> None:
    assert settle(reply, Span(SOURCE), cut=False) == quote
    assert quote in SOURCE or quote == "not stated"


@pytest.mark.parametrize("reply", ["Ada Byron", "rchitect", "archi", "3.1", "ip-20", "Its architect Ada", "NOT STATED"])
def test_words_that_do_not_stand_there_are_refused(reply: str) -> None:
    with pytest.raises(ModelReplyError, match="word for word"):
        settle(reply, Span(SOURCE), cut=False)


@pytest.mark.parametrize(
    ("reply", "quote"),
    [
        ("architect, Ada Thornq", "architect, Ada"),
        ("π is 3", "π is"),
        ("π is 3.1", "π is"),
        ("bridge was opened", "bridge was opened"),
        ("architect, Ada", "architect, Ada"),
        ("Thornquist", "not stated"),
        ("not st", "not stated"),
        ("", "not stated"),
    ],
)
def test_a_span_that_ran_out_of_tokens_keeps_its_whole_words(reply: str, quote: str) -> None:
    assert settle(reply, Span(SOURCE), cut=True) == quote


def test_a_choice_is_one_of_its_options_or_refused() -> None:
    choice = Choice(("yes", "no", "no, but"))
    assert settle("no", choice, cut=False) == "no"
    assert settle("ye", choice, cut=True) == "yes"
    for text, cut in (("maybe", False), ("n", True), ("", True), ("ye", False)):
        with pytest.raises(ModelReplyError, match="none of the 3 options"):
            settle(text, choice, cut=cut)


def test_a_choice_without_options_is_refused_before_anything_runs() -> None:
    with pytest.raises(UsageError, match="at least one option"):
        grammar(Choice(("",)))


def test_json_must_be_whole_and_hold_what_is_required() -> None:
    shape = JsonShape({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})
    assert settle('{"a":"x"}', shape, cut=False) == '{"a":"x"}'
    with pytest.raises(ModelReplyError, match="tokens were used up"):
        settle('{"a":"x', shape, cut=True)
    with pytest.raises(ModelReplyError, match="lacks what the schema requires: a"):
        settle('{"b":1}', shape, cut=False)


def test_open_objects_are_closed_at_every_depth_and_explicit_ones_left_alone() -> None:
    schema = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            "free": {"type": "object", "properties": {}, "additionalProperties": True},
        },
    }
    held = json.loads(grammar(JsonShape(schema)).split("%json ")[1])
    assert held["additionalProperties"] is False
    assert held["properties"]["items"]["items"]["additionalProperties"] is False
    assert held["properties"]["free"]["additionalProperties"] is True


def test_a_source_without_words_leaves_only_the_refusal() -> None:
    assert grammar(Span(" \n\t ", otherwise="none")) == '%llguidance {}\nstart: "none"\n'


def test_a_source_too_long_to_be_held_to_is_refused() -> None:
    with pytest.raises(UsageError, match="at most 200,000 bytes"):
        grammar(Span("word " * 50_000))


@pytest.mark.parametrize(
    ("text", "cut", "kept"),
    [
        ("red bricks; lime", False, "red bricks; lime"),
        ("lime; red bricks; lime", False, "lime; red bricks"),
        ("not stated; lime", False, "lime"),
        ("red bricks; li", True, "red bricks"),
        ("lime", False, "lime"),
    ],
)
def test_several_spans_are_each_settled_and_told_once(text, cut, kept):
    wanted = Span("It is made of red bricks and lime.", several=True)
    assert settle(text, wanted, cut=cut) == kept


def test_one_of_several_spans_that_does_not_stand_in_the_source_is_refused():
    with pytest.raises(ModelReplyError, match="word for word"):
        settle("lime; gold", Span("It is made of lime.", several=True), cut=False)
