import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from research_agent.answer import Answer, Claim, Quote, Source, Spend
from research_agent.errors import UnknownNameError
from research_agent.report import FORMATS, render
from research_agent.report.markdown import escape, web_address

METERS = {"prompt_tokens": 3000, "cached_tokens": 100, "output_tokens": 20, "reasoning_tokens": 0}
METERS |= {"searches": 4, "fetches": 8, "reranks": 0, "latent_steps": 0}
CONFIG = {"strategy": "single", "selector": "vote", "depth": 4, "width": 2, "think": 0, "samples": 1, "seed": 0}
CONFIG |= {"model": "embedded:default", "backends": ["local"], "prices": {"search": 100.0}}
WEB = Source("aaa1", "https://example.org/notes", "Notes", "ab" * 32, "2024-01-01T00:00:00+00:00")
FILE = Source(
    "bbb2", "file:///papers/one%20two.txt#char=1000,1200", "Paper one", "cd" * 32, "2024-01-01T00:00:00+00:00"
)
FIRST = Quote("aaa1", "Ada wrote the first note", 10, 34)
SECOND = Quote("bbb2", "in 1843", 5, 12)
ANSWER = Answer(
    "Who wrote the first note, and when?",
    "Ada, in 1843",
    "answered",
    "answered",
    (
        Claim("Ada wrote it.", (FIRST,), supported=True),
        Claim("It was in 1843.", (SECOND, FIRST), supported=True),
        Claim("Ada was rich.", (), supported=False),
    ),
    (WEB, FILE),
    Spend(20000, 3120.25, METERS, 12.3, None, estimated=False),
    CONFIG,
    "20240101-abc",
    "ef" * 32,
)
HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "![x](http://evil.example/p.png) [click](javascript:alert(1)) <http://evil.example> http://evil.example",
    "[1]: http://evil.example 'x'",
    "## Heading\n\n- item\n\n```\ncode\n```\n\n| a | b |\n|---|---|\n<b>bold</b> **bold**",
    "__bold__ ~~gone~~ $x$ &lt; &#60; www.evil.example",
    "\x1b[31mred\x1b]8;;http://evil.example\x07link \x9b2J \u202egnp.exe \ud800 \x00",
    "1. one\n2) two\n> quoted\n+ plus\n= equals\n--- rule",
    "](http://evil.example) \\ ` `` *",
    "</title></style><style>@import url(http://evil.example)</style>",
]


class Tags(HTMLParser):
    """Every tag, attribute and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def hostile(text: str) -> Answer:
    """An answer with the same hostile text everywhere that text can come from."""
    quote = Quote("aaa1", text, 0, len(text))
    sources = (replace(WEB, title=text), Source("bbb2", text, text, text, text))
    claims = (Claim(text, (quote,), supported=True), Claim(text, (), supported=False))
    config = CONFIG | {"model": text, "backends": [text]}
    return replace(ANSWER, question=text, answer=text, claims=claims, sources=sources, config=config)


def test_markdown_numbers_quotes_and_says_where_they_stand() -> None:
    text = render(ANSWER, "md")
    assert "- Ada wrote it. [1]\n- It was in 1843. [2] [1]\n" in text
    assert "1. “Ada wrote the first note”\\\n   [Notes](<https://example.org/notes>), characters 10–34\n" in text
    # The passage began at 1,000 in its document.
    assert "2. “in 1843”\\\n   Paper one, /papers/one two.txt, characters 1,005–1,012\n" in text
    assert text.index("## Not supported") < text.index("- Ada was rich.")
    assert text.index("## Not supported") > text.index("## Quotes")


@pytest.mark.parametrize(
    "said",
    [
        "3,120 of 20,000 units (16%) in 12.3 s, money unknown",
        "3,000 prompt tokens, 100 of them from a cache, 20 output tokens, 4 searches, 8 documents opened",
        "Model: embedded:default",
        "Stopped because the question was answered.",
        "strategy single, selector vote, depth 4, width 2, think 0, samples 1, seed 0",
        "20240101-abc, ledger sha256 " + "ef" * 32,
    ],
)
def test_the_report_says_what_it_cost_and_how_it_was_made(said: str) -> None:
    assert said in render(ANSWER, "md")
    assert said in "".join(Tags(render(ANSWER, "html")).words)


def test_no_evidence_is_said_plainly_with_what_was_read() -> None:
    none = replace(ANSWER, answer="", claims=(), status="no_evidence", stop_reason="budget")
    for form in ("md", "html"):
        text = render(none, form)
        assert "Not enough evidence was found to answer this question." in text
        assert "4 searches, and 2 sources read:" in text
        assert "Paper one" in text
        assert "the budget was used up" in text
        assert "What was found" not in text
    nothing = replace(none, sources=())
    assert "4 searches found nothing to read." in render(nothing, "md")


@pytest.mark.parametrize(
    "claim",
    [
        Claim("Ada was rich.", (), supported=True),
        Claim("Ada was rich.", (Quote("gone", "rich", 0, 4),), supported=True),
        Claim("Ada was rich.", (FIRST,), supported=False),
    ],
)
def test_a_claim_without_support_is_never_shown_as_found(claim: Claim) -> None:
    text = render(replace(ANSWER, claims=(claim,)), "md")
    assert "## What was found" not in text
    assert "## Quotes" not in text
    assert text.index("Ada was rich.") > text.index("## Not supported")
    assert "do not rely on it" in text
    data = json.loads(render(replace(ANSWER, claims=(claim,)), "json"))
    assert not data["claims"][0]["supported"] or data["claims"][0]["citations"][0]["verified"]
    assert data["claims"][0]["supported"] is False


def test_json_keeps_the_contract() -> None:
    text = render(ANSWER, "json")
    data = json.loads(text)
    assert list(data) == [
        *("question", "answer", "status", "stop_reason", "claims", "sources", "spend", "config", "run_id"),
        "ledger_sha256",
    ]
    assert {tuple(claim) for claim in data["claims"]} == {("text", "supported", "citations")}
    cited = [citation for claim in data["claims"] for citation in claim["citations"]]
    assert {tuple(citation) for citation in cited} == {("source_id", "quote", "start", "end", "verified")}
    assert all(citation["verified"] is True for citation in cited)
    assert {tuple(source) for source in data["sources"]} == {("id", "uri", "title", "sha256", "retrieved_at")}
    assert list(data["spend"]) == ["limit", "units", "meters", "seconds", "usd", "estimated"]
    assert list(data["spend"]["meters"]) == list(METERS)
    assert (data["spend"]["usd"], data["spend"]["estimated"]) == (None, False)
    assert list(data["config"]) == [*CONFIG]
    assert text.endswith("}\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_inert_in_html(text: str) -> None:
    page = Tags(render(hostile(text), "html"))
    allowed = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ul", "ol", "li", "a", "strong", "br"}
    assert {tag for tag, _ in page.tags} <= allowed
    assert [tag for tag, _ in page.tags].count("style") == 1
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert set(links) <= {"#quote-1", "https://example.org/notes"}
    assert all(set(attributes) <= {"href", "rel", "id"} for tag, attributes in page.tags if tag in {"a", "li"})
    headings = [tag for tag, _ in page.tags if tag in {"h1", "h2"}]
    assert headings == ["h1"] + ["h2"] * 6


def test_the_page_may_load_nothing_and_its_own_style_is_the_one_allowed() -> None:
    import base64
    import hashlib

    page = render(ANSWER, "html")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert policy is not None
    assert style is not None
    assert policy[1].startswith("default-src 'none';")
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in policy[1]
    assert "unsafe" not in policy[1]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_shows_as_itself_in_markdown(text: str) -> None:
    report = render(hostile(text), "md")
    page = Tags(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(report))
    assert {tag for tag, _ in page.tags} <= {"h1", "h2", "p", "ul", "ol", "li", "a", "strong", "br"}
    assert {attributes["href"] for tag, attributes in page.tags if tag == "a"} <= {"https://example.org/notes"}
    assert [tag for tag, _ in page.tags if tag in {"h1", "h2"}] == ["h1"] + ["h2"] * 6


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_acts_on_a_terminal(form: str, text: str) -> None:
    report = render(hostile(text), form)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", report)
    report.encode()


@given(st.text(max_size=80))
@settings(max_examples=400, deadline=None)
def test_escaped_text_renders_as_its_own_words(text: str) -> None:
    escaped = escape(text)
    expected = " ".join(Tags(MarkdownIt().render(f"- {escaped}")).words).split()
    words = MarkdownIt("commonmark", {"html": True}).parseInline(escaped)[0].children or []
    assert all(child.type in {"text", "text_special"} for child in words)
    assert "".join(expected) == "".join(escape_free(text).split())


def escape_free(text: str) -> str:
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]", "\ufffd", text)


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_json_gives_back_every_character(text: str) -> None:
    assert json.loads(render(hostile(text), "json"))["claims"][0]["citations"][0]["quote"] == text


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("interrupted", "To go on: research-agent runs resume 20240101-abc"),
        ("failed", "The model said no."),
    ],
)
@pytest.mark.parametrize("short", ["Ada, in 1843", ""])
def test_a_run_that_did_not_end_as_it_should_says_so_first(status: str, said: str, short: str) -> None:
    answer = replace(ANSWER, status=status, answer=short, error="The model said no." if status == "failed" else "")
    text = render(answer, "md")
    assert text.index(said) < text.index("## What was found")
    assert json.loads(render(answer, "json")).get("error") == (answer.error or None)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://example.org/a b?c=<d>", "https://example.org/a%20b?c=%3Cd%3E"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("//example.org/x", None),
        ("https://user:pass@example.org", None),
        ("http://[broken", None),
        ("/home/me/notes.txt", None),
    ],
)
def test_only_plain_web_addresses_are_linked(uri: str, expected: str | None) -> None:
    assert web_address(uri) == expected


def test_an_unknown_form_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="'pdf'; known are md, html, json"):
        render(ANSWER, "pdf")
