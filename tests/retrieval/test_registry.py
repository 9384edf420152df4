"""Backends are found by name; a package may add one and may not replace one."""

import sys
import textwrap

import pytest

from retrieval.errors import BadInputError, MissingDependencyError, UnknownBackendError
from retrieval.index import LocalIndex
from retrieval.registry import BUILT_IN, backends, load_retriever


@pytest.fixture
def plugged(tmp_path, monkeypatch):
    """Install a real package into a folder on the path."""
    (tmp_path / "almanac.py").write_text(
        textwrap.dedent(
            """
            from retrieval.base import RetrieverInfo

            class Almanac:
                def __init__(self, year=2000):
                    self.year = year
                @property
                def info(self):
                    return RetrieverInfo(name="almanac", public=False)
                async def search(self, query, *, k):
                    return []

            class Nothing:
                pass
            """
        )
    )
    (tmp_path / "almanac_broken.py").write_text("import a_module_that_is_not_there\n")
    info = tmp_path / "almanac-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: almanac\nVersion: 1.2\n")
    points = "[retrieval.backends]\nalmanac = almanac:Almanac\nlocal = almanac:Almanac\nbroken = almanac_broken:X\n"
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in ("almanac", "almanac_broken"):
        sys.modules.pop(name, None)


def test_a_built_in_backend(tmp_path, documents):
    LocalIndex.build(tmp_path / "i", documents, dense="none")
    assert load_retriever("local", directory=tmp_path / "i").info.name == "local"


def test_an_installed_package_adds_its_backend(plugged):
    made = load_retriever("almanac", year=1999)
    assert (made.info.name, made.year) == ("almanac", 1999)
    rows = {(row.name, row.origin): row for row in backends()}
    assert rows["almanac", "almanac 1.2"].target == "almanac:Almanac"
    assert rows["almanac", "almanac 1.2"].note == ""


def test_a_package_may_not_replace_ours(plugged, tmp_path, documents):
    LocalIndex.build(tmp_path / "i", documents, dense="none")
    assert isinstance(load_retriever("local", directory=tmp_path / "i"), LocalIndex)
    assert [row.note for row in backends() if row.name == "local" and row.origin != "built in"] == [
        "not used: the name was taken already"
    ]
    with pytest.raises(TypeError):
        BUILT_IN["local"] = "almanac:Almanac"


def test_a_class_by_its_place(plugged):
    assert load_retriever("almanac:Almanac").info.name == "almanac"


def test_an_unknown_name_lists_the_known(plugged):
    with pytest.raises(UnknownBackendError) as caught:
        load_retriever("nowhere")
    assert str(caught.value) == (
        "There is no retrieval backend called 'nowhere'; known are local, almanac, broken, "
        "or name a class as module:Class."
    )


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("almanac:Gone", {}, r"names 'Gone', which is not in the module 'almanac'"),
        ("no_such_module_here:X", {}, r"names the module 'no_such_module_here', which cannot be found"),
        ("almanac:Nothing", {}, r"is no retriever: it lacks `info` or `search`"),
        ("almanac", {"colour": 1}, r"could not be made with these options: .*colour"),
        ("almanac:", {}, r"is not in the module 'almanac'"),
    ],
)
def test_what_is_wrong_is_said(plugged, name, options, message):
    with pytest.raises(BadInputError, match=message):
        load_retriever(name, **options)


def test_a_missing_dependency_is_named(plugged):
    with pytest.raises(MissingDependencyError, match="'broken' needs the module 'a_module_that_is_not_there'"):
        load_retriever("broken")
