"""An answer on paper: Markdown, JSON and HTML, with numbered quotes and where they stand."""

from typing import Literal, get_args

from research_agent.answer import Answer
from research_agent.errors import UnknownNameError

Format = Literal["md", "html", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)


def render(answer: Answer, form: str = "md") -> str:
    """Return the report of an answer whose quotes were checked (`verify.check_answer`).

    Raises:
        UnknownNameError: there is no such form.
    """
    if form == "md":
        from research_agent.report.markdown import to_markdown

        return to_markdown(answer)
    if form == "html":
        from research_agent.report.page import to_html

        return to_html(answer)
    if form == "json":
        from research_agent.report.contract import to_json

        return to_json(answer)
    raise UnknownNameError("report format", form, FORMATS)


__all__ = ["FORMATS", "Format", "render"]
