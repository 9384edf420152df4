"""Bytes to text, and text into the form in which it is stored."""

import dataclasses
import re

from retrieval.base import Document

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_BREAK = re.compile(r"\r\n?|\u2028|\u2029|\x0c")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")
_BROKEN = "\ufffd"
_MOST_WRONG = 0.02


class NotTextError(ValueError):
    """These bytes are no text."""


def decode(data: bytes) -> str:
    """Return the text in `data`: by its byte order mark, as UTF-8, or as Windows-1252.

    Raises:
        NotTextError: it looks like a binary file, or is broken beyond reading.
    """
    encoding = next((encoding for mark, encoding in _BOMS if data.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in data[:65536]:
        raise NotTextError("it holds binary data, not text")
    try:
        return clean(data.decode(encoding))
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
    broken, foreign = text.count(_BROKEN), len(text) - len(text.encode("ascii", "ignore"))
    # A few broken bytes do not make a text in UTF-8 one in another encoding.
    if encoding == "utf-8" and 2 * broken > foreign:
        text = data.decode("cp1252", "replace")
    if len(_CONTROL.findall(text)) + text.count(_BROKEN) > _MOST_WRONG * len(text):
        raise NotTextError("it holds binary data, not text")
    return clean(text)


def clean(text: str) -> str:
    """Return `text` in stored form: line feeds only, no control characters, no lone surrogates."""
    if "\r" in text or "\u2028" in text or "\u2029" in text or "\x0c" in text:
        text = _BREAK.sub("\n", text)
    if _CONTROL.search(text):
        text = _CONTROL.sub("", text)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clean_document(document: Document) -> Document:
    """Return the document with its text, id and title in stored form; the same object where nothing has to change."""
    text, title, name = clean(document.text), clean(document.title), clean(document.id)
    if (text, title, name) == (document.text, document.title, document.id):
        return document
    return dataclasses.replace(document, text=text, title=title, id=name)
