"""`research-agent backends`: what can be searched, and whether it answers."""

import asyncio
import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from research_agent.cli.output import JsonOption, show_rows
from research_agent.errors import UsageError
from retrieval.base import Closable, Hit, Retriever, RetrieverInfo
from retrieval.errors import UnavailableError

app = typer.Typer(help="List retrieval backends and try them.", rich_markup_mode=None)

_HITS = 3


@app.command("list")
def list_all(as_json: JsonOption = False) -> int:
    """List the backends this installation knows; others are named as module:Class."""
    from retrieval.registry import backends

    show_rows([dataclasses.asdict(row) for row in backends()], as_json, "No backends are known.")
    return 0


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="Name of a backend, or module:Class.")],
    query: Annotated[str, typer.Option("--query", metavar="TEXT", help="What to search for.")] = "test",
    index: Annotated[Path | None, typer.Option("--index", metavar="DIR", help="The index, for `local`.")] = None,
) -> int:
    """Load a backend, search once, and say what it costs and what came back."""
    from retrieval.registry import load_retriever

    if name == "local" and index is None:
        raise UsageError("The backend 'local' is an index of your own: name its folder with --index.")
    options = {} if index is None else {"directory": index}
    info, hits = asyncio.run(_try(load_retriever(name, **options), query))
    typer.echo(f"{info.name}: {_terms(info)}")
    typer.echo(f"{len(hits)} of at most {_HITS} hits for {query!r}:")
    for hit in hits:
        typer.echo(f"  {_line(hit)}")
    return 0


async def _try(retriever: Retriever, query: str) -> tuple[RetrieverInfo, list[Hit]]:
    """Search once and hold the hits against what every backend promises.

    Raises:
        UnavailableError: they break it.
    """
    try:
        hits = await retriever.search(query, k=_HITS)
    finally:
        if isinstance(retriever, Closable):
            await retriever.aclose()
    name = retriever.info.name
    if len(hits) > _HITS:
        raise UnavailableError(f"The backend {name!r} returned {len(hits)} hits where at most {_HITS} were asked for.")
    for hit in hits:
        if not hit.document_id or hit.start < 0 or hit.end - hit.start != len(hit.text):
            raise UnavailableError(
                f"The backend {name!r} returned a hit of {len(hit.text)} characters that is said to stand at "
                f"{hit.start}–{hit.end} of the document {hit.document_id!r}."
            )
    if [hit.score for hit in hits] != sorted((hit.score for hit in hits), reverse=True):
        raise UnavailableError(f"The backend {name!r} returned hits that are not in order of their scores.")
    return retriever.info, hits


def _terms(info: RetrieverInfo) -> str:
    price = "the run's price" if info.search_units is None else f"{info.search_units:g} units"
    usd = "US$ unknown" if info.search_usd is None else f"US$ {info.search_usd:g}"
    reach = "queries leave this machine" if info.public else "queries stay on this machine"
    return f"a search costs {price} and {usd}; {reach}"


def _line(hit: Hit) -> str:
    from research_agent.report.markdown import shown

    return f"{shown(hit.title or hit.document_id, 60)}: {shown(hit.text, 100)}"
