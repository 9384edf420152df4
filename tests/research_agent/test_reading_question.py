"""Questions are taken apart by their grammar; what does not fit is left to open search."""

import random
import time

import pytest

from research_agent.reading.plan import make_plan
from research_agent.reading.question import parse_question
from research_agent.reading.terms import Attribute, Described, Having, Name, Several

T = Name("Amber Anvil", "part")
REPLACED = Attribute("replaces", T, "one", "part")
SECOND = Attribute("replaces", T, "second", "part")


@pytest.mark.parametrize(
    "asked",
    [
        'What is the weight of the part titled "Amber Anvil"?',
        "What's the weight of the part “Amber Anvil”?",
        "What is the 'weight' of the part called Amber Anvil?",
        'Give the weight of the part named "Amber Anvil".',
        'Please state the weight value of the part "Amber Anvil"',
        'What is given under "weight" in the part with the title "Amber Anvil"?',
        'What does the weight field of the part titled "Amber Anvil" say?',
        'What does the part "Amber Anvil" list under weight?',
        'What does the part "Amber Anvil" give as its weight?',
        "Find the part “Amber Anvil” and give its weight.",
        'For the part titled "Amber Anvil", what is the weight?',
        'The part "Amber Anvil": what is its weight?',
        'According to the part "Amber Anvil", what is its weight?',
        'The weight of the part "Amber Anvil" is what?',
        'Check the part "Amber Anvil" and report its weight.',
        'Go to the part "Amber Anvil". What is listed under "weight"?',
        'Let X be the part titled "Amber Anvil". What is the weight of X?',
        'Do you know what the weight of the part "Amber Anvil" is?',
        'What can be read in the "weight" row of the part titled "Amber Anvil"?',
        'What is the weight of the part titled "Amber Anvil"? Answer with the number only.',
        'The weight of the part, "Amber Anvil", is what?',
    ],
)
def test_an_attribute_of_a_thing_however_it_is_asked_for(asked):
    assert parse_question(asked).term == Attribute("weight", T), asked


@pytest.mark.parametrize(
    "phrase",
    [
        'the part listed under "replaces" of the part titled "Amber Anvil"',
        'the part in the "replaces" field of the part "Amber Anvil"',
        'the part named in the replaces entry of the part "Amber Anvil"',
        "the part in the part “Amber Anvil”'s “replaces” field",
        'the part that the part "Amber Anvil" lists under replaces',
        'the part which the part "Amber Anvil" replaces',
        'the part the part "Amber Anvil" lists under replaces',
        'the part given on the "replaces" line of part "Amber Anvil"',
        'the part mentioned under the heading "replaces" in the part "Amber Anvil"',
    ],
)
def test_a_thing_told_by_another(phrase):
    question = parse_question(f"What is the weight of {phrase}?")
    assert question.term == Attribute("weight", REPLACED), question.term


@pytest.mark.parametrize(
    "phrase",
    [
        'the second part listed under "replaces" of the part titled "Amber Anvil"',
        'the part listed second under "replaces" of the part "Amber Anvil"',
        'the part that the part "Amber Anvil" lists second under replaces',
        'the second of the parts listed in the replaces field of the part "Amber Anvil"',
        'the second-listed part under replaces of the part "Amber Anvil"',
    ],
)
def test_one_of_several_is_picked_wherever_the_ordinal_stands(phrase):
    assert parse_question(f"What is the weight of {phrase}?").term == Attribute("weight", SECOND)


@pytest.mark.parametrize(
    "phrase",
    [
        'the part that lists the part "Amber Anvil" under "replaces"',
        'the part that has the part "Amber Anvil" among its replaces',
        'the part whose replaces line names the part "Amber Anvil"',
        'the part with the part "Amber Anvil" in its replaces field',
        'the part in whose replaces field the part "Amber Anvil" appears',
        'the part listing part "Amber Anvil" under replaces',
        'the part that replaces the part "Amber Anvil"',
    ],
)
def test_a_relation_from_its_other_end(phrase):
    assert parse_question(f"What is the weight of {phrase}?").term == Attribute(
        "weight", Having("replaces", T, "one", "part")
    )


def test_the_same_words_in_the_other_order_are_the_other_relation():
    forth = parse_question('When was the act that the act "X Y" amends enacted?').term
    back = parse_question('When was the act that amends the act "X Y" enacted?').term
    assert isinstance(forth, Attribute)
    assert isinstance(back, Attribute)
    assert isinstance(forth.of, Attribute)
    assert isinstance(back.of, Having)


@pytest.mark.parametrize(
    "asked",
    [
        'When was the ship "Quiet Kestrel" launched?',
        'On what date was the ship "Quiet Kestrel" launched?',
        'The ship "Quiet Kestrel" was launched on what date?',
        'Tell me when the ship "Quiet Kestrel" was launched.',
        'Any idea when the ship "Quiet Kestrel" was launched?',
    ],
)
def test_what_happened_to_a_thing(asked):
    question = parse_question(asked)
    assert isinstance(question.term, Attribute)
    assert (question.term.label, question.term.of) == ("launched", Name("Quiet Kestrel", "ship"))
    assert question.answer_type == "date"
    assert "{}" in question.term.ask


@pytest.mark.parametrize(
    "asked",
    [
        'By whom was the ship "Quiet Kestrel" designed?',
        'The ship "Quiet Kestrel" was designed by whom?',
        'Who designed the ship "Quiet Kestrel"?',
        'Who was the ship "Quiet Kestrel" designed by?',
    ],
)
def test_who_did_it(asked):
    question = parse_question(asked)
    assert isinstance(question.term, Attribute)
    assert (question.term.label, question.answer_type) == ("designed by", "person")


LETTERS = [
    'A is the part titled "Amber Anvil". B is the second part listed under "replaces" of A. What is the weight of B?',
    'Let X be the part "Amber Anvil"; let Y be the second part listed under replaces of X. What is the weight of Y?',
    'A = the part "Amber Anvil"; B = the second part in the "replaces" field of A. What is the weight of B?',
    '1. Find the part "Amber Anvil". 2. Take the second part listed under replaces of it. 3. What is its weight?',
    'Start with the part "Amber Anvil". Go to the second part listed under its "replaces". What is its weight?',
    'P is the part "Amber Anvil" and Q is the second part listed under "replaces" of P. What is the weight of Q?',
    'Step 1: the part "Amber Anvil". Step 2: the second part listed under "replaces" of the result of step 1. '
    "What is the weight of the result of step 2?",
]


@pytest.mark.parametrize("asked", LETTERS)
def test_steps_given_one_by_one(asked):
    assert parse_question(asked).term == Attribute("weight", SECOND)


@pytest.mark.parametrize("hops", range(2, 9))
def test_nesting_is_followed_as_deep_as_it_goes(hops):
    phrase = 'the part titled "Amber Anvil"'
    for _ in range(hops):
        phrase = f'the first part listed in the "replaces" line of {phrase}'
    plan = make_plan(parse_question(f'What date is given in the "introduced" line of {phrase}?'))
    assert not plan.open
    assert [step.op for step in plan.steps] == ["name", *["attribute"] * (hops + 1)]
    assert [step.pick for step in plan.steps[1:-1]] == ["first"] * hops
    assert plan.steps[-1].label == "introduced"


@pytest.mark.parametrize(
    ("asked", "goal"),
    [
        ('How many parts replace the part "Amber Anvil"?', "count"),
        ('How many parts are listed under replaces of the part "Amber Anvil"?', "count"),
        ('How many parts does the part "Amber Anvil" list under replaces?', "count"),
        ('What is the number of parts that list the part "Amber Anvil" under replaces?', "count"),
        ('Which parts replace the part "Amber Anvil"?', "list"),
        ('List every part that replaces the part "Amber Anvil".', "list"),
        ('Name all parts which list the part "Amber Anvil" under replaces.', "list"),
        ('List all parts listed under replaces of the part "Amber Anvil", each with its weight.', "each"),
        ('In which year was each part listed under "replaces" of the part "Amber Anvil" introduced?', "each"),
        ('Which of these parts was introduced first: "A B"; "C D"; "E F"?', "least"),
        ("Of “A B”, “C D” and “E F”, which was introduced last?", "most"),
        ('Which part has more votes, "A B" or "C D"?', "most"),
        ('Was "A B" introduced before "C D"?', "before"),
        ('Were "A B" and "C D" introduced in the same year?', "same"),
        ('Are the designers of "A B" and "C D" the same?', "same"),
    ],
)
def test_what_is_done_with_the_values(asked, goal):
    question = parse_question(asked)
    assert question.goal == goal, question
    if goal in {"least", "most", "same", "before"}:
        assert isinstance(question.term, Attribute)
        assert isinstance(question.term.of, Several)


@pytest.mark.parametrize(
    "asked",
    [
        "The Women's League includes the team that was formed in what year and then merged with another one?",
        "Who performed in both Welcome to the Show and the band that was based in Leeds in 1990?",
        "What low budget comedy franchise produced by Peter Rogers also starred Dilys Laye in 1970?",
        "Why do birds suddenly appear every time you are near?",
        "Tell me something interesting.",
        "how",
        "?",
    ],
)
def test_what_does_not_fit_is_left_to_open_search(asked):
    question = parse_question(asked)
    assert make_plan(question).open, question.term


def test_quotes_inside_a_quoted_title_belong_to_it():
    question = parse_question('When was the act titled ""Blue": An Act" enacted?')
    assert isinstance(question.term, Attribute)
    assert question.term.of == Name('"Blue": An Act', "act")


def test_words_of_a_quoted_title_are_no_grammar():
    title = "The A of the B that requires the first C listed under D"
    question = parse_question(f'Who is the author of the book titled "{title}"?')
    assert question.term == Attribute("author", Name(title, "book"))


def test_any_words_are_read_in_bounded_time():
    """Random strings of the very words that the grammar knows end soon, and never in an error."""
    rng = random.Random(7)
    words = (
        'the of that which lists listed under first "A B" replaces part in field is was by who what when its and or : ;'
        " . ? 'x' “Y” A B 1. how many each all whose with for to"
    ).split()
    for _ in range(60):
        text = " ".join(rng.choices(words, k=rng.randrange(1, 60)))
        began = time.perf_counter()
        question = parse_question(text)
        assert time.perf_counter() - began < 5, text
        assert question.text == text
    for text in ("the part of " * 80, 'the first "x" of ' * 80, "What is " + "the part that the part lists " * 40):
        assert isinstance(parse_question(text).term, Attribute | Having | Described | Name)
