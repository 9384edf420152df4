"""A build may be killed, the disk may fill, others may write: what was there goes on working."""

import errno
import functools
import os
import resource
import signal
import subprocess
import sys
import textwrap

import pytest

from retrieval.base import Document
from retrieval.errors import BadInputError, IndexBusyError, UnavailableError
from retrieval.index import LocalIndex
from retrieval.index.layout import current, writing
from retrieval.index.writer import Writer

CHILD = textwrap.dedent(
    """
    import os, signal, sys
    import numpy as np
    from pathlib import Path
    from retrieval.base import Document
    from retrieval.index import LocalIndex
    from retrieval.index import writer

    class Encoder:
        name, dim = "ones", 4
        def encode(self, texts):
            with open(sys.argv[1] + "-encoded", "a") as log:
                log.write("x" * len(texts))
            return np.full((len(texts), 4), 0.5, dtype=np.float32)

    def die(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    directory, where = sys.argv[1], sys.argv[2]
    documents = (Document(f"new{i}", f"fresh text {i} zebra") for i in range(900))
    if where == "reading":
        def some():
            for i, document in enumerate(documents):
                if i == 500:
                    die()
                yield document
        LocalIndex.build(directory, some(), encoder=Encoder())
    elif where == "publishing":
        writer.publish = die
        LocalIndex.build(directory, documents, encoder=Encoder())
    elif where == "embedding":
        LocalIndex.build(directory, documents, encoder=Encoder())
        LocalIndex.open(directory, encoder=Encoder()).embed_all(progress=lambda step: step.done >= 512 and die())
    elif where == "adding":
        writer.Writer.settle = die
        LocalIndex.open(directory, dense="none").add(documents)
    elif where == "between":
        writer.Writer.catch_up = die
        LocalIndex.open(directory, dense="none").add(documents)
    elif where == "committing":
        from retrieval.index.lexical import LexicalWriter
        commit, meta = LexicalWriter.commit, next(Path(directory).glob("generation-*/lexical/meta.json"))
        def half(self):
            before = meta.read_bytes()
            commit(self)
            meta.write_bytes(before)
            die()
        LexicalWriter.commit = half
        LocalIndex.open(directory, dense="none").remove(["volcano"])
    """
)


def run(directory, where, **options):
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(directory), where], capture_output=True, text=True, **options
    )


@pytest.fixture
def old(tmp_path, documents):
    LocalIndex.build(tmp_path / "i", documents, dense="none")
    return tmp_path / "i"


@pytest.mark.parametrize("where", ["reading", "publishing", "adding"])
async def test_a_killed_writer_leaves_the_old_index(old, documents, where):
    before = current(old)
    assert run(old, where).returncode == -signal.SIGKILL
    index = LocalIndex.open(old)
    assert current(old) == before
    assert index.describe().documents == len(documents)
    assert (await index.search("lava", k=1))[0].document_id == "volcano"
    assert await index.search("zebra", k=5) == []
    index.add([Document("later", "A zebra after all.")])
    assert [hit.document_id for hit in await index.search("zebra", k=5)] == ["later"]
    assert [path.name for path in old.glob("generation-*")] == [before.name]


async def test_what_a_killed_writer_had_finished_is_completed(old, documents):
    assert run(old, "between").returncode == -signal.SIGKILL
    index = LocalIndex.open(old)
    assert index.describe().documents == len(documents) + 900
    assert len(await index.search("zebra", k=20)) == 20


async def test_a_commit_that_was_cut_short_is_made_again(old, documents):
    assert run(old, "committing").returncode == -signal.SIGKILL
    index = LocalIndex.open(old)
    assert index.describe().documents == len(documents) - 1
    assert await index.search("lava", k=5) == []
    assert index.add([Document("later", "A zebra after all.")]) == 1
    assert [hit.document_id for hit in await index.search("zebra", k=5)] == ["later"]


def test_a_killed_embedding_goes_on(tmp_path):
    directory = tmp_path / "i"
    assert run(directory, "embedding").returncode == -signal.SIGKILL
    encoded = (tmp_path / "i-encoded").stat().st_size
    assert encoded == 512

    class Encoder:
        name, dim, count = "ones", 4, 0

        def encode(self, texts):
            import numpy as np

            self.count += len(texts)
            return np.full((len(texts), 4), 0.5, dtype=np.float32)

    encoder = Encoder()
    index = LocalIndex.open(directory, encoder=encoder)
    assert index.embed_all() == 900
    assert encoder.count == 900 - 512


FULL = r"^The disk is full or refuses to be written \(.*\): what was in the index at .* is unchanged; make room or"


async def test_a_search_does_not_fail_for_a_full_disk(tmp_path, documents, encoder, monkeypatch):
    index = LocalIndex.build(tmp_path / "i", documents, encoder=encoder)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limit[1]))
    try:
        hits = await index.search("lava near the river", k=2)
        assert await index.search("lava near the river", k=2) == hits
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    assert {hit.document_id for hit in hits} == {"volcano", "bridge"}
    assert len(encoder.seen) == 3
    monkeypatch.setattr("retrieval.index.vectors._save", _no_room)
    with pytest.raises(BadInputError, match=FULL):
        index.embed_all()
    monkeypatch.undo()
    assert index.embed_all() == len(documents)


def _no_room(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("fresh", [True, False])
async def test_a_full_disk_is_one_sentence(old, documents, monkeypatch, fresh):
    index = LocalIndex.open(old)
    write = functools.partial(LocalIndex.build, old, dense="none") if fresh else index.add
    monkeypatch.setattr(Writer, "settle", _no_room)
    with pytest.raises(BadInputError, match=FULL):
        write([Document("a", "zebra")])
    monkeypatch.undo()
    index = LocalIndex.open(old)
    assert index.describe().documents == len(documents)
    assert await index.search("zebra", k=3) == []
    assert len(list(old.glob("generation-*"))) == 1


SMALL_FILES = textwrap.dedent(
    """
    import random, signal, sys
    from retrieval.base import Document
    from retrieval.errors import BadInputError
    from retrieval.index import LocalIndex

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    words = random.Random(0)
    text = lambda: " ".join("".join(words.choices("abcdefghij", k=6)) for _ in range(400))
    try:
        LocalIndex.build(sys.argv[1], (Document(f"d{i}", text()) for i in range(2000)), dense="none")
    except BadInputError as error:
        print(error)
    """
)


@pytest.mark.parametrize("limit", [60_000, 1_500_000])
def test_a_write_that_the_system_refuses_is_one_sentence(old, documents, limit):
    """The limit on the size of a file makes SQLite, tantivy and the file system fail for real."""

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    child = [sys.executable, "-c", SMALL_FILES, str(old)]
    done = subprocess.run(child, capture_output=True, text=True, preexec_fn=limited)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The disk is full or refuses to be written (")
    assert LocalIndex.open(old).describe().documents == len(documents)
    assert len(list(old.glob("generation-*"))) == 1


def test_what_came_to_nothing_takes_no_room(old, monkeypatch):
    index = LocalIndex.open(old)

    def size():
        return sum(path.stat().st_size for path in old.rglob("*") if path.is_file() and path.suffix != ".lock")

    before = size()
    monkeypatch.setattr(Writer, "settle", _no_room)
    with pytest.raises(BadInputError, match=FULL):
        index.add([Document(f"d{i}", os.urandom(4000).hex()) for i in range(800)])
    assert size() < before + 100_000


def test_the_second_writer_is_told_to_wait(old):
    with writing(old), pytest.raises(IndexBusyError) as caught:
        LocalIndex.open(old).add([Document("a", "b")])
    assert str(caught.value) == (f"Another process is writing the index at {old}; wait for it to end, then try again.")


async def test_reading_goes_on_while_another_process_writes(old, documents):
    index = LocalIndex.open(old)
    with writing(old):
        assert (await index.search("lava", k=1))[0].document_id == "volcano"
        assert LocalIndex.open(old).describe().documents == len(documents)


async def test_a_folder_that_may_only_be_read_can_be_searched(old, documents, monkeypatch):
    # Root may write everywhere, so the answer to the question is given here.
    monkeypatch.setattr("retrieval.index.lexical.os.access", lambda *_: False)
    paths = [old, *old.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        index = LocalIndex.open(old)
        assert (await index.search("lava", k=1))[0].document_id == "volcano"
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


async def test_damaged_vectors_are_made_again(tmp_path, documents, encoder):
    index = LocalIndex.build(tmp_path / "i", documents, encoder=encoder)
    before = await index.search("lava near the river", k=3)
    await index.aclose()
    del index
    (tmp_path / "i" / "vectors.sqlite").write_bytes(b"not a database" * 1000)
    index = LocalIndex.open(tmp_path / "i", encoder=encoder)
    assert await index.search("lava near the river", k=3) == before
    assert len(encoder.seen) == 6
    assert index.embed_all() == len(documents)


async def test_vectors_that_are_damaged_while_in_use_do_no_harm(tmp_path, documents, encoder):
    index = LocalIndex.build(tmp_path / "i", documents, encoder=encoder)
    before = await index.search("lava near the river", k=3)
    for name in ("vectors.sqlite", "vectors.sqlite-wal"):
        (tmp_path / "i" / name).write_bytes(b"\xff" * 65_536)
    assert await index.search("lava near the river", k=3) == before
    assert await index.search("villages by the river", k=3)
    assert index.embed_all() == len(documents)


async def test_files_that_break_while_open_are_one_sentence(old):
    index = LocalIndex.open(old)
    store = next(old.glob("generation-*/store.sqlite"))
    with store.open("r+b") as file:
        file.write(b"\xff" * store.stat().st_size)
    with pytest.raises(UnavailableError, match=r"^The index at .* could not be searched \(.*\); if it stays so, build"):
        await index.search("lava", k=1)
