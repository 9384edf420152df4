"""Every kind of file is read, and every broken one is named."""

import gzip
import io
import json
import os

import pytest

from retrieval.documents import Skipped, read_documents
from retrieval.errors import BadInputError, EmptyCorpusError


def a_pdf(text: str, title: str = "") -> bytes:
    """Write the least PDF with a text layer."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        f"<< /Title ({title}) >>".encode(),
    ]
    out, offsets = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % at for at in offsets))
    out.write(b"trailer << /Size 6 /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF" % start)
    return out.getvalue()


def a_docx(path) -> None:
    import docx

    document = docx.Document()
    document.core_properties.title = "Minutes of May"
    document.add_heading("Decisions", level=1)
    document.add_paragraph("The bridge is to be painted.")
    table = document.add_table(rows=2, cols=2)
    for row, values in zip(table.rows, (("Item", "Cost"), ("Paint", "300 euros")), strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value
    document.add_paragraph("Closed at noon.")
    document.save(str(path))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub" / ".hidden").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config.txt").write_text("hidden")
    (tmp_path / "sub" / ".hidden" / "x.md").write_text("# hidden")
    (tmp_path / "a.md").write_text("---\ntitle: 'From matter'\nauthor: X\n---\n\n# Heading\n\nText.")
    (tmp_path / "b.md").write_text("Intro line without end\n\n# The *real* heading\n\nText.")
    (tmp_path / "c.rst").write_text("PEP: 8\nTitle: Style\n\nBody")
    (tmp_path / "d.rst").write_text("=====\nOver\n=====\n\nBody")
    (tmp_path / "NOTES").write_text("A first line\nand more of it.")
    (tmp_path / "sub" / "latin.txt").write_bytes("Grüße aus Köln.\r\nZweite Zeile.".encode("cp1252"))
    (tmp_path / "sub" / "utf16.txt").write_text("Breite Zeichen", encoding="utf-16")
    page = "<html><head><title>A page</title></head><body><nav>Home Menu</nav><article><h1>A page</h1>"
    page += "<p>" + "The tower is tall and old. " * 20 + "</p><table><tr><th>Name</th><th>Height</th></tr>"
    page += "<tr><td>Tower</td><td>99 m</td></tr></table></article></body></html>"
    (tmp_path / "page.html").write_text(page)
    (tmp_path / "tiny.html").write_text("<title>Tiny</title><p>Hi.</p>")
    (tmp_path / "paper.pdf").write_bytes(a_pdf("Ultraviolet light from stars", "On Light"))
    a_docx(tmp_path / "minutes.docx")
    rows = [
        {"_id": "r1", "title": "Row", "text": "one\r\ntwo", "metadata": {"k": 1}},
        {"_id": "r2", "text": "# Two\n\nx"},
    ]
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    return tmp_path


def test_reads_every_kind(folder):
    skipped: list[Skipped] = []
    found = {d.id.removeprefix(f"{folder.name}/"): d for d in read_documents([folder], on_skip=skipped.append)}
    assert skipped == []
    assert {name: d.title for name, d in found.items()} == {
        "a.md": "From matter",
        "b.md": "The real heading",
        "c.rst": "Style",
        "d.rst": "Over",
        "NOTES": "A first line",
        "sub/latin.txt": "latin",
        "sub/utf16.txt": "Breite Zeichen",
        "page.html": "A page",
        "tiny.html": "Tiny",
        "paper.pdf": "On Light",
        "minutes.docx": "Minutes of May",
        "r1": "Row",
        "r2": "Two",
    }
    assert found["sub/latin.txt"].text == "Grüße aus Köln.\nZweite Zeile."
    assert found["r1"].text == "one\ntwo"
    assert found["r1"].metadata == {"k": 1}
    assert "Ultraviolet light from stars" in found["paper.pdf"].text
    assert found["paper.pdf"].metadata == {"pages": [0]}
    assert "Hi." in found["tiny.html"].text
    page = found["page.html"].text
    assert "99 m" in page
    assert "Home Menu" not in page
    minutes = found["minutes.docx"].text
    order = [
        minutes.index(part) for part in ("# Decisions", "painted", "| Item | Cost |", "| Paint | 300 euros |", "Closed")
    ]
    assert order == sorted(order)
    assert found["a.md"].uri == (folder / "a.md").resolve().as_uri()


BROKEN = {
    "cut.pdf": (a_pdf("x")[:90], "no PDF"),
    "noise.pdf": (b"%PDF-1.7 \x00\x01\x02 not really", "no PDF"),
    "bad.docx": (b"PK\x03\x04 but not a zip", "no Word document"),
    "binary.txt": (bytes(range(256)) * 20, "binary data"),
    "image.png": (b"\x89PNG\r\n\x1a\n", "'.png' are not read"),
    "empty.md": (b"", "empty"),
    "blank.txt": (b" \n\t\n", "no text"),
    "nothing.html": (b"<html><head><title>t</title></head><body></body></html>", "no text"),
    "bad.jsonl.gz": (b"this is not gzip", "gzip data is damaged"),
    "cut.jsonl.gz": (gzip.compress(os.urandom(4000).hex().encode())[:500], "gzip data is damaged"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_listed_in_a_folder_and_refused_by_name(tmp_path, name):
    data, reason = BROKEN[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadInputError) as named:
        list(read_documents([tmp_path / name]))
    assert reason in str(named.value)
    assert str(tmp_path / name) in str(named.value)
    assert "\n" not in str(named.value)
    (tmp_path / "good.txt").write_text("Readable.")
    skipped: list[Skipped] = []
    assert [d.text for d in read_documents([tmp_path], on_skip=skipped.append)] == ["Readable."]
    assert [(item.path, reason in item.reason) for item in skipped] == [(str(tmp_path / name), True)]


def test_a_bad_line_is_left_out_by_number_and_the_rest_is_kept(tmp_path):
    path = tmp_path / "rows.jsonl"
    lines = ['{"_id": "1", "text": "one"}', "{bad", "", '["list"]', '{"text": "no id"}', '{"_id": "5", "text": " "}']
    lines += ['{"_id": "1", "text": "again"}', '{"_id": 7, "text": "seven \\ud800"}']
    path.write_text("\n".join(lines))
    skipped: list[Skipped] = []
    found = list(read_documents([path], on_skip=skipped.append))
    assert [(d.id, d.text) for d in found] == [("1", "one"), ("7", "seven \ufffd")]
    assert [item.path.removeprefix(str(path)) for item in skipped] == [":2", ":4", ":5", ":6", ""]
    assert "another document already has the id '1'" in skipped[-1].reason


def test_a_gzip_that_breaks_off_keeps_what_came_before(tmp_path):
    rows = "".join(json.dumps({"_id": str(i), "text": os.urandom(200).hex()}) + "\n" for i in range(500))
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(rows.encode())[:-4000])
    skipped: list[Skipped] = []
    found = list(read_documents([tmp_path], on_skip=skipped.append))
    assert 400 < len(found) < 500
    assert "damaged after line" in skipped[-1].reason


def test_a_few_broken_bytes_do_not_change_the_rest_of_a_text(tmp_path):
    line = "Café Zürich, Brücke 1931. "
    (tmp_path / "broken.txt").write_bytes((line * 20).encode() + b"\xff end")
    (tmp_path / "wide.txt").write_bytes((line * 20).encode("utf-16") + b"\x00")
    broken, wide = read_documents([tmp_path])
    assert broken.text == line * 20 + "\ufffd end"
    assert wide.text == line * 20 + "\ufffd"
    (tmp_path / "wide.txt").write_bytes(b"\xff\xfe" + b"\x00\xd8" * 50)
    skipped: list[Skipped] = []
    assert len(list(read_documents([tmp_path], on_skip=skipped.append))) == 1
    assert skipped[0].reason == "it holds binary data, not text"


def test_missing_and_empty_paths_are_refused(tmp_path):
    with pytest.raises(BadInputError, match=r"cannot be opened \(File name too long\); check it"):
        list(read_documents([tmp_path / ("x" * 300)]))
    with pytest.raises(BadInputError, match=r"There is no file or folder '.*nowhere'; check the path\."):
        list(read_documents([tmp_path / "nowhere"]))
    with pytest.raises(EmptyCorpusError, match="Nothing readable was found"):
        list(read_documents([tmp_path]))
    (tmp_path / "x.png").write_bytes(b"\x89PNG")
    with pytest.raises(EmptyCorpusError, match=r"1 left out, such as .*x\.png"):
        list(read_documents([tmp_path]))


def test_links_that_circle_or_break_do_no_harm(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("Text a.")
    (tmp_path / "in" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "in" / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    (tmp_path / "in" / "same.txt").symlink_to(tmp_path / "in" / "a.txt")
    skipped: list[Skipped] = []
    assert len(list(read_documents([tmp_path], on_skip=skipped.append))) == 1
    assert [item.path for item in skipped] == [str(tmp_path / "in" / "gone.txt")]


def test_two_folders_of_one_name_do_not_collide(tmp_path):
    for parent in ("x", "y"):
        (tmp_path / parent / "docs").mkdir(parents=True)
        (tmp_path / parent / "docs" / "a.txt").write_text(f"Text of {parent}.")
    found = list(read_documents([tmp_path / "x" / "docs", tmp_path / "y" / "docs"]))
    assert len({d.id for d in found}) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_listed(tmp_path):
    (tmp_path / "a.txt").write_text("Text.")
    (tmp_path / "secret.txt").write_text("Secret.")
    (tmp_path / "secret.txt").chmod(0)
    skipped: list[Skipped] = []
    assert len(list(read_documents([tmp_path], on_skip=skipped.append))) == 1
    assert "Permission denied" in skipped[0].reason
