"""The Markdown report. Every word that came from a source or a model is escaped: it shows, and does nothing."""

import re
from urllib.parse import quote as percent
from urllib.parse import unquote, urlsplit

from research_agent.answer import Answer, Claim, Quote, Source
from research_agent.report import words

# Controls a terminal would obey, and marks that show text in another order than it has.
_ACTIVE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]")
# An underscore inside a word is plain in CommonMark; all else that could open or close markup is escaped.
_MARKUP = re.compile(r"[\\`*\[\]<>|~$#]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|:(?=//)|(?<=\bwww)\.|!(?=\[)")
_OPENING = re.compile(r"(?:[-+=](?=\s|[-=]|$)|\d{1,9}[.)](?=\s|$))")
_LONGEST_TITLE = 160
_PASSAGE = re.compile(r"[#&]char=(\d+),\d+$")


def to_markdown(answer: Answer) -> str:
    """Return the report as Markdown (CommonMark)."""
    quotes = numbered(answer)
    parts = [f"# {escape(answer.question)}", *_answer(answer, quotes), *_claims(answer, quotes)]
    parts += _quotes(answer, quotes)
    parts += _unsupported(answer)
    parts += _sources(answer)
    parts += _run(answer)
    return "\n\n".join(parts) + "\n"


def numbered(answer: Answer) -> dict[Quote, int]:
    """Return the quotes of the claims that count, with their numbers from 1 on."""
    quotes = dict.fromkeys(quote for claim in found(answer) for quote in claim.quotes)
    return {quote: number for number, quote in enumerate(quotes, start=1)}


def found(answer: Answer) -> list[Claim]:
    """Return the claims that may be shown as found: supported, and every quote in a listed source."""
    listed = {source.id for source in answer.sources}
    return [
        claim
        for claim in answer.claims
        if claim.supported and claim.quotes and all(quote.source_id in listed for quote in claim.quotes)
    ]


def shown(text: str, longest: int | None = None) -> str:
    """Return a text on one line, without characters that act on a terminal or turn the text around."""
    line = " ".join(_ACTIVE.sub("\N{REPLACEMENT CHARACTER}", text).split())
    return line if longest is None or len(line) <= longest else f"{line[: longest - 1]}…"


def escape(text: str, longest: int | None = None) -> str:
    """Return a text as one line of Markdown that renders as exactly these words."""
    line = _MARKUP.sub(lambda match: f"\\{match.group()}", shown(text, longest))
    opening = _OPENING.match(line)
    if opening is None:
        return line
    return f"{line[: opening.end() - 1]}\\{line[opening.end() - 1 :]}"


def link(source: Source) -> str:
    """Return a source's title, linked where a browser can open it, else with its place in plain text."""
    title = escape(source.title or source.uri or source.id, _LONGEST_TITLE)
    uri = _PASSAGE.sub("", source.uri)
    address = web_address(uri)
    if address is not None:
        return f"[{title}](<{address}>)"
    place = unquote(uri.removeprefix("file://"))
    return f"{title}, {escape(place)}" if place and place != source.title else title


def web_address(uri: str) -> str | None:
    """Return an address that is safe to link, or None."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.netloc or "@" in parts.netloc:
        return None
    return percent(uri, safe="%/:=&?~#+!$,;'@()*[]", errors="replace")


def standing(quote: Quote, source: Source) -> str:
    """Return where a quote stands in its document, in characters."""
    passage = _PASSAGE.search(source.uri)
    offset = int(passage[1]) if passage else 0
    return f"characters {offset + quote.start:,}–{offset + quote.end:,}"


def _answer(answer: Answer, quotes: dict[Quote, int]) -> list[str]:
    if not answer.answer or answer.status == "no_evidence":
        return [f"**{escape(words.verdict(answer))}**"]
    parts = [f"**{escape(answer.answer)}**"]
    if words.caution(answer):
        parts.append(escape(words.caution(answer)))
    if not quotes:
        parts.append("No quote was found to stand for this answer; do not rely on it.")
    return parts


def _claims(answer: Answer, quotes: dict[Quote, int]) -> list[str]:
    lines = [
        f"- {escape(claim.text)} {' '.join(f'[{quotes[quote]}]' for quote in dict.fromkeys(claim.quotes))}"
        for claim in found(answer)
    ]
    return ["## What was found", "\n".join(lines)] if lines else []


def _quotes(answer: Answer, quotes: dict[Quote, int]) -> list[str]:
    sources = {source.id: source for source in answer.sources}
    lines = [
        f"{number}. “{escape(quote.text)}”\\\n   {link(sources[quote.source_id])}, "
        f"{standing(quote, sources[quote.source_id])}"
        for quote, number in quotes.items()
    ]
    return ["## Quotes", "\n".join(lines)] if lines else []


def _unsupported(answer: Answer) -> list[str]:
    good = found(answer)
    lines = [f"- {escape(claim.text)}" for claim in answer.claims if claim not in good]
    if not lines:
        return []
    return ["## Not supported", "These were considered, and no checked quote says so:", "\n".join(lines)]


def _sources(answer: Answer) -> list[str]:
    cited = {quote.source_id for quote in numbered(answer)}
    parts = [] if answer.answer else [words.was_read(answer)]
    first = [
        f"- {link(source)} (read {escape(source.retrieved_at)}, sha256 {escape(source.sha256[:12])})"
        for source in answer.sources
        if source.id in cited
    ]
    rest = [f"- {link(source)}" for source in answer.sources if source.id not in cited]
    if first:
        parts += ["## Sources", "\n".join(first)]
    if rest:
        parts += ["## Also read" if first else "## Read", "\n".join(rest)]
    return parts


def _run(answer: Answer) -> list[str]:
    lines = [
        f"- Stopped because {words.STOPPED.get(answer.stop_reason, answer.stop_reason)}.",
        f"- Model: {escape(words.model(answer))}",
        f"- Searched: {escape(words.backends(answer))}",
        f"- Settings: {escape(words.settings(answer))}",
        f"- Spent: {words.spent(answer.spend)}",
        f"- Used: {', '.join(words.meters(answer.spend)) or 'nothing'}",
        f"- Run: {escape(answer.run_id)}, ledger sha256 {escape(answer.ledger_sha256)}",
    ]
    return ["## How it was answered", "\n".join(line for line in lines if not line.endswith(": "))]
