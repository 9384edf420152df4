"""Carry out `research-agent exact`: measure tasks with known truth and write their pages."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from evals.errors import SelectionError
from evals.exact import chain_steps_page, closed_world_page, connectivity_page, mixture_page
from evals.exact.page import Page, publish
from research_agent.answer import EXIT_STATUS
from research_agent.cli.failures import status_of
from research_agent.errors import ResearchError
from retrieval.errors import RetrievalError

PAGES: Mapping[str, Callable[[int], Page]] = {
    module.NAME: module.page for module in (connectivity_page, chain_steps_page, mixture_page, closed_world_page)
}


def carry_out(name: str | None, out: Path, seed: int) -> int:
    """Measure one task or all of them, write the pages, say what came out, and return the exit status.

    Args:
        name: of the task; None for all.
        out: folder of the pages.
        seed: everything is drawn from it.

    Returns:
        0 where all came out as foretold; otherwise that of a failure.
    """
    try:
        return _carry_out(name, out, seed)
    except (ResearchError, RetrievalError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return status_of(error) or EXIT_STATUS["failed"]


def _carry_out(name: str | None, out: Path, seed: int) -> int:
    """Do it; what goes wrong is raised."""
    if name is not None and name not in PAGES:
        raise SelectionError(f"There is no exact task {name!r}; the tasks are {', '.join(PAGES)}.")
    if seed < 0:
        raise SelectionError(f"--seed must be at least 0; it was {seed}.")
    if out.exists() and not out.is_dir():
        raise SelectionError(f"{out} is a file; name a folder for the pages.")
    holds = True
    for each in PAGES if name is None else (name,):
        sys.stderr.write(f"{each} …\n")
        page = PAGES[each](seed)
        path = publish(page, out)
        for check in page.checks:
            sys.stdout.write(f"{'yes' if check.holds else 'NO '}  {check.claim}: {check.seen}\n")
        sys.stdout.write(f"{path}\n")
        holds = holds and page.holds
    return 0 if holds else EXIT_STATUS["failed"]
