"""Check the citations of a JSON report by reading the raw documents, without any code of the project.

    research-agent ask "…" --docs corpus.jsonl.gz --format json | python tests/check_citations.py --docs corpus.jsonl.gz
    python tests/check_citations.py --report report.json --evidence RUN/evidence.sqlite

With --docs (files, folders, JSON lines, each plain or gzipped) a quote is looked for in the raw documents; with
--evidence in the run's snapshots. A citation is right when its words stand where it says, in the text whose SHA-256 the
source names; where no raw file has that hash (a PDF or a page is stored as its text), its words must stand in the
document that the source names, up to white space. Prints one JSON object; exit status 1 if any citation is wrong.
"""

import argparse
import gzip
import hashlib
import json
import re
import sqlite3
import sys
from pathlib import Path
from urllib.parse import unquote

PASSAGE = re.compile(r"[#&]char=(\d+),(\d+)$")
LINE_ENDS = re.compile("\r\n?|\x0c|\u2028|\u2029")
CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")


def sha256(text):
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def words(text):
    return " ".join(text.split())


def raw_documents(paths):
    """Yield (names it may go by, text) of every raw document."""
    for path in paths:
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        for file in files:
            data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
            text = data.decode("utf-8", "replace")
            if re.search(r"\.(jsonl|ndjson)(\.gz)?$", file.name):
                for line in text.split("\n"):
                    if line.strip():
                        row = json.loads(line)
                        name = str(row.get("_id", row.get("id")))
                        yield {name, str(row.get("title") or name)}, str(row.get("text") or "")
            else:
                yield {file.name, str(file), str(file.resolve())}, text


def snapshots(path):
    """Return the texts of a run by their hash, each hashed again."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        texts = [raw.decode("utf-8", "surrogatepass") for (raw,) in database.execute("SELECT text FROM texts")]
    finally:
        database.close()
    return {sha256(text): text for text in texts}


class Library:
    """Raw documents by the hash of their text and by name."""

    def __init__(self, paths):
        self.by_hash, self.by_name = {}, {}
        for names, text in raw_documents(paths):
            # Stored texts keep every line end as a line feed and leave control characters out.
            stored = CONTROLS.sub("", LINE_ENDS.sub("\n", text))
            for form in (text, stored):
                self.by_hash[sha256(form)] = form
            for name in names:
                self.by_name.setdefault(name, []).append(stored)

    def fault(self, citation, source):
        """Return what is wrong with a citation, None for nothing."""
        quote, start, end = citation["quote"], citation["start"], citation["end"]
        text = self.by_hash.get(source["sha256"])
        passage = PASSAGE.search(source["uri"])
        if text is None and passage:
            first, last = int(passage[1]), int(passage[2])
            cut = (whole[first:last] for whole in self.named(source))
            text = next((piece for piece in cut if sha256(piece) == source["sha256"]), None)
        if text is not None:
            return None if text[start:end] == quote else f"the text has {text[start:end]!r} at {start}-{end}"
        if any(words(quote) in words(whole) for whole in self.named(source)):
            return None
        return "no raw document has these words" if self.named(source) else "no raw document is the source's"

    def named(self, source):
        uri = unquote(PASSAGE.sub("", source["uri"]))
        keys = (source["title"], uri, uri.partition("#")[2], uri.removeprefix("file://"), uri.rpartition("/")[2])
        return [text for key in keys for text in self.by_name.get(key, [])]


def fault_in(texts, citation, source):
    text = texts.get(source["sha256"])
    if text is None:
        return "the run keeps no snapshot with this hash"
    found = text[citation["start"] : citation["end"]]
    return None if found == citation["quote"] else f"the snapshot has {found!r} there"


def check(report, library=None, texts=None):
    """Return (citations looked at, what is wrong with those that are wrong)."""
    sources = {source["id"]: source for source in report["sources"]}
    seen, wrong = 0, []
    for claim in report["claims"]:
        if claim["supported"] and not claim["citations"]:
            wrong.append({"claim": claim["text"], "fault": "it is called supported and cites nothing"})
        for citation in claim["citations"]:
            seen += 1
            source = sources.get(citation["source_id"])
            faults = ["its source is not listed"] if source is None else []
            if not citation["quote"].strip():
                faults.append("it is empty")
            if claim["supported"] and citation["verified"] is not True:
                faults.append("its claim is called supported, and it is not called verified")
            if source is not None and library is not None:
                faults.append(library.fault(citation, source))
            if source is not None and texts is not None:
                faults.append(fault_in(texts, citation, source))
            wrong += [{"quote": citation["quote"], "fault": fault} for fault in faults if fault]
    return seen, wrong


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", type=Path, help="JSON report; default stdin")
    parser.add_argument("--docs", type=Path, action="append", default=[], help="raw file or folder; repeat")
    parser.add_argument("--evidence", type=Path, help="the run's evidence.sqlite")
    given = parser.parse_args(argv)
    if not given.docs and not given.evidence:
        parser.error("name the raw documents with --docs, or the run's snapshots with --evidence")
    report = json.loads(given.report.read_text("utf-8") if given.report else sys.stdin.read())
    library = Library(given.docs) if given.docs else None
    seen, wrong = check(report, library, snapshots(given.evidence) if given.evidence else None)
    sys.stdout.write(json.dumps({"citations": seen, "wrong": wrong}, indent=2) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
