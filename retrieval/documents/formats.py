"""The text and title inside one file, by kind of file."""

import io
import threading
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from retrieval.documents.text import clean, decode
from retrieval.documents.titles import title_of

# PDFium is not safe in two threads at once.
_PDFIUM = threading.Lock()
_PDF_BREAK = ("\ufffe\r\n", "\ufffe\n", "\x02\r\n", "\x02\n", "\ufffe", "\x02")
_LARGEST_UNPACKED = 512 * 1024 * 1024


class UnreadableError(ValueError):
    """This file holds no text that can be read; the message says why."""


class Content(NamedTuple):
    """What one file holds: its text in stored form, its title, and JSON values that came with it."""

    text: str
    title: str
    metadata: Mapping[str, object]


def read_text(data: bytes, path: Path) -> Content:
    """Read plain text, Markdown or reStructuredText."""
    text = decode(data)
    return Content(text, title_of(text, path.stem), {})


def read_html(data: bytes, path: Path) -> Content:
    """Read the main text of a page; all its text where no main part can be told."""
    from bs4 import BeautifulSoup
    from trafilatura import extract

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main = extract(data, output_format="markdown", include_tables=True, include_comments=False, favor_recall=True)
        soup = BeautifulSoup(data, "lxml")
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    if not main:
        for tag in soup(["script", "style", "noscript", "template", "nav", "head"]):
            tag.decompose()
        main = soup.get_text("\n", strip=True)
    text = clean(main)
    return Content(text, " ".join(clean(title).split()) or title_of(text, path.stem), {})


def read_pdf(data: bytes, path: Path) -> Content:
    """Read the text layer of a PDF; `pages` in the metadata holds the offset at which each page begins."""
    import pypdfium2

    with _PDFIUM:
        try:
            pdf = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            secret = "password" in str(error).lower()
            raise UnreadableError("it is locked with a password" if secret else f"it is no PDF ({error})") from error
        try:
            pages = [_page_text(page) for page in pdf]
            title = clean(pdf.get_metadata_value("Title")).strip()
        finally:
            pdf.close()
    starts, at = [], 0
    for page in pages:
        starts.append(at)
        at += len(page) + 2
    text = "\n\n".join(pages)
    if not text.strip():
        raise UnreadableError(f"its {len(pages)} pages hold no text layer; they may be scans")
    return Content(text, title or title_of(text, path.stem), {"pages": starts})


def _page_text(page: Any) -> str:
    layer = page.get_textpage()
    try:
        text = str(layer.get_text_bounded())
    finally:
        layer.close()
        page.close()
    for mark in _PDF_BREAK:
        text = text.replace(mark, "")
    return clean(text)


def read_docx(data: bytes, path: Path) -> Content:
    """Read paragraphs and tables in reading order; headings become `#` lines and table rows `| a | b |`."""
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(part.file_size for part in archive.infolist())
        if size > _LARGEST_UNPACKED:
            raise UnreadableError(f"it unpacks to {size:,} bytes, and at most {_LARGEST_UNPACKED:,} are read")
        document = docx.Document(io.BytesIO(data))
    except (zipfile.BadZipFile, PackageNotFoundError, KeyError, ValueError, SyntaxError) as error:
        raise UnreadableError(f"it is no Word document ({error})") from error
    text = clean("\n\n".join(block for block in _docx_blocks(document) if block.strip()))
    title = clean(document.core_properties.title or "").strip()
    return Content(text, title or title_of(text, path.stem), {})


def _docx_blocks(container: Any) -> Iterator[str]:
    from docx.table import Table

    for block in container.iter_inner_content():
        if isinstance(block, Table):
            yield "\n".join(_table_row(row) for row in block.rows)
            continue
        style = (block.style.name or "") if block.style is not None else ""
        level = 1 if style == "Title" else int(style[8:]) if style.startswith("Heading ") and style[8:].isdigit() else 0
        yield f"{'#' * min(level, 6)} {block.text}" if level and block.text.strip() else block.text


def _table_row(row: Any) -> str:
    # A merged cell is listed once for each column it spans.
    cells = list(dict.fromkeys((cell._tc, " ".join(cell.text.split())) for cell in row.cells))
    return f"| {' | '.join(text for _, text in cells)} |"


Read = Callable[[bytes, Path], Content]

READERS: Mapping[str, Read] = {
    **dict.fromkeys(("", ".md", ".markdown", ".txt", ".text", ".rst", ".org", ".adoc", ".csv", ".tsv"), read_text),
    **dict.fromkeys((".html", ".htm", ".xhtml"), read_html),
    ".pdf": read_pdf,
    ".docx": read_docx,
}
