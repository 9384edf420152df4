"""Token bounds hold against a real byte-level vocabulary, and usage reports are held against the text."""

import base64
import random
import string

import pytest

from research_agent.config import load_settings
from research_agent.models import weights
from research_agent.models.base import Message, Usage
from research_agent.models.counting import Exchange, prompt_bound, token_bound, token_floor
from research_agent.models.embedded import EmbeddedModel

ASK = (Message("user", "Who wrote the first program, and for which machine?"),)
PROSE = (
    "The Analytical Engine was a proposed digital mechanical general-purpose computer designed by the English "
    "mathematician and computer pioneer Charles Babbage. It was first described in 1837 as the successor to the "
    "difference engine, which was a design for a simpler mechanical calculator.\n\n"
)
CODE = "def f(x: int) -> list[str]:\n    if not x:\n        return []\n    return [str(i) for i in range(x)]\n\n"


def samples():
    rng = random.Random(0)

    def pick(alphabet, size):
        return "".join(rng.choice(alphabet) for _ in range(size))

    return {
        "prose": PROSE * 5,
        "code": CODE * 10,
        "table": "| a | b |\n|---|---|\n" + "| 1,234.56 | 2021-03-04 |\n" * 50,
        "base64": base64.b64encode(rng.randbytes(900)).decode(),
        "hexadecimal": rng.randbytes(600).hex(),
        "digits": pick(string.digits, 1000),
        "punctuation": pick(string.punctuation, 1000),
        "white": pick(" \n\t", 1000),
        "indents": ("\n" + " " * 40 + "x") * 50,
        "letters": pick(string.ascii_lowercase, 1000),
        "random words": " ".join(pick(string.ascii_lowercase, rng.randint(1, 12)) for _ in range(300)),
        "capitals": " ".join(pick(string.ascii_uppercase, rng.randint(1, 12)) for _ in range(300)),
        "chinese": "".join(chr(rng.randint(0x4E00, 0x9FFF)) for _ in range(500)),
        "emoji": "".join(chr(rng.randint(0x1F300, 0x1F5FF)) for _ in range(300)),
        "accents": "Être là où l’été naît, über Öl, señor. " * 30,
    }


def test_the_bound_never_exceeds_the_bytes_and_stays_far_below_them_for_prose():
    for name, text in samples().items():
        assert token_floor(text) <= token_bound(text) <= len(text.encode()), name
    assert token_bound(PROSE) < 0.65 * len(PROSE)
    assert token_bound("") == 0
    assert token_bound("\ud800") == 3


def test_a_prompt_costs_its_text_and_a_template():
    assert prompt_bound(ASK) > token_bound(ASK[0].content) + 60
    assert prompt_bound([*ASK, *ASK]) - prompt_bound(ASK) == token_bound(ASK[0].content) + 8


def measured(report, *, output="Ada Lovelace did, for the Engine", reasoning="", cap=50):
    return Exchange(ASK, output, reasoning, cap).measured(report)


def test_reasoning_reported_beside_the_output_is_added_to_it():
    """Some providers leave thinking out of completion_tokens and show it in the total, or only in the details."""
    beside = {"prompt_tokens": 12, "completion_tokens": 8, "total_tokens": 50}
    assert measured(beside) == Usage(12, 0, 38, 30)
    details = {"completion_tokens_details": {"reasoning_tokens": 30}}
    assert measured({**beside, **details}) == Usage(12, 0, 38, 30)
    assert measured({"prompt_tokens": 12, "completion_tokens": 8, **details}) == Usage(12, 0, 38, 30)
    within = {"prompt_tokens": 12, "completion_tokens": 38, "total_tokens": 50}
    assert measured({**within, **details}) == Usage(12, 0, 38, 30)


def test_thinking_that_is_shown_and_not_counted_is_counted_here():
    found = measured({"prompt_tokens": 12, "completion_tokens": 30}, reasoning="so let me see")
    assert (found.output_tokens, found.estimated) == (30, True)
    assert 4 <= found.reasoning_tokens <= 30


def test_cached_tokens_by_either_name():
    assert measured({"prompt_tokens": 12, "completion_tokens": 8, "prompt_cache_hit_tokens": 5}).cached_tokens == 5
    openai = {"prompt_tokens": 12, "completion_tokens": 8, "prompt_tokens_details": {"cached_tokens": 6}}
    assert measured(openai) == Usage(12, 6, 8, 0)


def test_an_estimate_never_exceeds_the_cap():
    found = Exchange(ASK, "word " * 500, "thought " * 500, 20).estimated()
    assert (found.output_tokens, found.reasoning_tokens, found.estimated) == (20, 20, True)


async def test_the_bound_holds_on_a_real_vocabulary():
    """SmolLM2 has a small vocabulary (49k), so it cuts text finer than the models behind most servers do."""
    home = load_settings().home
    if weights.find("small", home) is None:
        pytest.skip("the small model is not here: research-agent models pull small")
    model = EmbeddedModel("small", home=home)
    for name, text in samples().items():
        messages = (Message("user", text),)
        true = model.count_tokens(messages)
        assert true <= prompt_bound(messages), name
        assert token_floor(text) <= true, name
        # The rest is the template.
        assert true - 40 <= token_bound(text), name
    prose = (Message("user", PROSE * 5),)
    assert prompt_bound(prose) < 3.5 * model.count_tokens(prose)
    await model.aclose()
