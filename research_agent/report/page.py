"""The HTML report: the Markdown one, rendered with raw HTML off, sanitised, under a policy that loads nothing."""

import base64
import hashlib
import html
import re
from itertools import pairwise

from research_agent.answer import Answer
from research_agent.report.markdown import numbered, shown, to_markdown

_STYLE = """
:root { color-scheme: light dark; }
body { font: 17px/1.55 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.1rem; margin-top: 2rem; }
h1 + p { font-size: 1.2rem; } li { margin: .4rem 0; overflow-wrap: anywhere; }
li:target { background: color-mix(in srgb, currentColor 12%, transparent); }
a[href^="#"]::before { content: "["; } a[href^="#"]::after { content: "]"; }
a { color: inherit; text-decoration-color: color-mix(in srgb, currentColor 40%, transparent); }
"""
_TAGS = {"h1", "h2", "p", "ul", "ol", "li", "a", "strong", "br"}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}</body>
</html>
"""


def to_html(answer: Answer) -> str:
    """Return the report as one self-contained page: no script, no image, no request to anywhere."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return _PAGE.format(policy=policy, title=html.escape(shown(answer.question, 120)), style=_STYLE, body=_body(answer))


def _body(answer: Answer) -> str:
    import nh3
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).disable(["image", "autolink"])
    setattr(parser, "validateLink", _may_link)  # noqa: B010 - the library's own way to set its link policy
    # Numbers in brackets become links by definitions at the end; escaped text cannot use or make one.
    anchors = "".join(f"\n[{number}]: #quote-{number}" for number in numbered(answer).values())
    tokens = parser.parse(to_markdown(answer) + anchors)
    number = 0
    for before, token in pairwise(tokens):
        if token.type == "list_item_open" and (before.type == "ordered_list_open" or number):
            number += 1
            token.attrSet("id", f"quote-{number}")
        elif token.type == "ordered_list_close":
            number = 0
    dirty: str = parser.renderer.render(tokens, parser.options, {})
    return nh3.clean(
        dirty,
        tags=_TAGS,
        attributes={"a": {"href"}, "li": {"id"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
    )


def _may_link(address: str) -> bool:
    return re.match(r"https?://|#quote-\d+$", address) is not None
