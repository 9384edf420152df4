"""What is shipped: the names the packages export, the four folders a wheel claims, and help that costs nothing."""

import ast
import importlib
import importlib.util
import json
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("evals", "research_agent", "retrieval", "scaling")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HEAVY = {"torch", "faiss", "langgraph", "sentence_transformers", "xllamacpp", "tantivy", "numpy", "scipy", "httpx"}


# research_agent loads its names on first use: tests/research_agent/test_agent_exports.py.
@pytest.mark.parametrize("name", ["evals", "retrieval", "scaling"])
def test_a_package_exports_what_it_says_and_nothing_else(name):
    package = importlib.import_module(name)
    public = {
        key for key, value in vars(package).items() if not key.startswith("_") and not isinstance(value, ModuleType)
    }
    assert public == set(getattr(package, "__all__", ()))


@pytest.mark.parametrize(
    "path", sorted(path for name in PACKAGES for path in (ROOT / name).rglob("__init__.py")), ids=str
)
def test_a_table_of_contents_names_each_thing_once_and_only_what_is_there(path):
    body = ast.parse(path.read_text(encoding="utf-8")).body
    listed = [
        ast.literal_eval(node.value) for node in body if isinstance(node, ast.Assign) and _names(node) == ["__all__"]
    ]
    if not listed:
        return
    (listed,) = listed
    assert len(set(listed)) == len(listed)
    inside = {name for node in body for name in _bound(node)}
    assert set(listed) <= inside


def _names(node):
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def _bound(node):
    """Names that a statement of a module binds, those under TYPE_CHECKING included."""
    if isinstance(node, ast.ImportFrom | ast.Import):
        return [alias.asname or alias.name for alias in node.names]
    if isinstance(node, ast.If):
        return [name for inner in node.body for name in _bound(inner)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return _names(node) if isinstance(node, ast.Assign) else [getattr(node, "name", "")]


def test_nobody_else_owns_our_names():
    owners = packages_distributions()
    for name in PACKAGES:
        assert set(owners.get(name, ())) <= {PROJECT["project"]["name"]}, name
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert Path(spec.origin or "").parent == ROOT / name


def test_the_wheel_is_told_to_hold_the_four_packages():
    assert sorted(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == sorted(PACKAGES)
    assert all((ROOT / name / "py.typed").is_file() for name in PACKAGES)
    assert all((ROOT / name).is_file() for name in PROJECT["project"]["license-files"])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The names in a wheel that is really built."""
    for needed in ("build", "hatchling"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed, and building without it would need a network")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_the_wheel_claims_four_names_and_no_more(wheel):
    info = f"search_as_compute-{PROJECT['project']['version']}.dist-info"
    assert {name.split("/")[0] for name in wheel} == {*PACKAGES, info}


def test_the_wheel_holds_what_a_run_needs(wheel):
    documents = {path.relative_to(ROOT).as_posix() for path in (ROOT / "research_agent/sample/documents").iterdir()}
    assert len(documents) > 50
    notices = {"research_agent/sample/NOTICE.md", "research_agent/models/NOTICE.md"}
    assert documents | notices | {f"{name}/py.typed" for name in PACKAGES} <= set(wheel)
    info = f"search_as_compute-{PROJECT['project']['version']}.dist-info"
    for name in PROJECT["project"]["license-files"]:
        assert f"{info}/licenses/{name}" in wheel


def test_the_wheel_holds_every_module_and_nothing_that_was_made(wheel):
    modules = {
        path.relative_to(ROOT).as_posix() for name in PACKAGES for path in (ROOT / name).rglob("*.py") if path.is_file()
    }
    assert {name for name in wheel if name.endswith(".py")} == modules
    assert [name for name in wheel if "__pycache__" in name or name.endswith((".pyc", ".sqlite"))] == []


def test_the_command_is_ours():
    (script,) = entry_points(group="console_scripts", name="research-agent")
    assert script.value == PROJECT["project"]["scripts"]["research-agent"]
    assert callable(script.load())


def test_help_of_no_command_imports_anything_heavy():
    # Whole families at once, those of other packages too; one process, since each costs a start of Python.
    code = f"""
import contextlib, io, json, sys
import typer
from research_agent.cli import app, main
top = typer.main.get_command(app)
seen, todo = [], [[]]
while todo:
    words = todo.pop()
    with contextlib.redirect_stdout(io.StringIO()):
        assert main([*words, "--help"]) == 0
    seen.append(" ".join(words))
    command = top
    for word in words:
        command = command.get_command(command.make_context("x", [], resilient_parsing=True), word)
    if hasattr(command, "list_commands"):
        context = command.make_context("x", [], resilient_parsing=True)
        todo += [[*words, name] for name in command.list_commands(context)]
print(json.dumps([seen, sorted({HEAVY!r} & set(sys.modules))]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    seen, heavy = json.loads(done.stdout)
    assert {"", "ask", "index build", "models pull", "runs resume", "backends check", "eval"} <= set(seen)
    assert heavy == []
