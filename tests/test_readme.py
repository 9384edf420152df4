"""What the README says is so: its commands parse, its code runs, its figures are the code's, its tree is the tree."""

import json
import re
import shlex
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import typer

from research_agent import sample
from research_agent.agent import aask_with
from research_agent.answer import EXIT_STATUS
from research_agent.budget import Prices
from research_agent.cli import app, main
from research_agent.cli.failures import WRONG_USE
from research_agent.config import VARIABLES, load_settings
from research_agent.models.catalogue import KNOWN
from research_agent.models.choose import KNOWN_FORMS
from research_agent.options import AskOptions
from research_agent.reading.extractive import ExtractiveReader
from research_agent.resources import Resources
from research_agent.selectors import known_selectors
from research_agent.strategies import known_strategies
from retrieval.documents.formats import READERS
from retrieval.registry import BUILT_IN, backends, load_retriever
from scaling.trials import Trials

ROOT = Path(__file__).parents[1]
PACKAGES = ("evals", "research_agent", "retrieval", "scaling")
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PROSE = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
SHOWN = re.findall(r"^    (research-agent .+)$", PROSE, re.MULTILINE)
PYTHON = [code for language, code in FENCED if language == "python"]


def code_with(words: str) -> str:
    """The one Python example with these words in it."""
    (found,) = [code for code in PYTHON if words in code]
    return found


def module(name: str, words: str) -> ModuleType:
    made = ModuleType(name)
    exec(compile(code_with(words), f"README.md:{name}", "exec"), made.__dict__)
    return made


def rows(heading: str) -> list[list[str]]:
    """The table whose head begins with these words, without its head; backquotes are left out."""
    table = re.search(rf"^\| {re.escape(heading)} \|.*\n\| -.*\n((?:\|.*\n)+)", README, re.MULTILINE)
    assert table, f"no table with the head {heading}"
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[1].splitlines()]
    return [[cell[1:-1] if re.fullmatch("`[^`]*`", cell) else cell for cell in row] for row in cells]


def command_of(words: list[str]) -> tuple[object, object]:
    """Parse a command line as the program does; return the last command and its context. Nothing is run."""
    command, name, context = typer.main.get_command(app), "research-agent", None
    while True:
        context = command.make_context(name, list(words), parent=context)
        if not hasattr(command, "resolve_command"):
            return command, context
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])


def every_command() -> dict[str, object]:
    """Every command of the program by its full name."""
    found, todo = {}, [("", typer.main.get_command(app))]
    while todo:
        name, command = todo.pop()
        found[name] = command
        if hasattr(command, "list_commands"):
            context = command.make_context("x", [], resilient_parsing=True)
            subs = command.list_commands(context)
            todo += [(f"{name} {sub}".strip(), command.get_command(context, sub)) for sub in subs]
    return found


class TestCommands:
    def test_there_are_command_lines_to_check(self):
        assert len(SHOWN) > 15

    @pytest.mark.parametrize("line", SHOWN)
    def test_every_command_line_parses(self, line):
        command, context = command_of(shlex.split(line)[1:])
        assert context.args == []
        assert command.name

    def test_a_wrong_command_line_would_not(self):
        with pytest.raises(Exception, match="No such option"):
            command_of(["ask", "--no-such-option"])

    def test_every_command_is_shown(self):
        named = {name for name, command in every_command().items() if not hasattr(command, "list_commands")}
        missing = {name for name in named if not any(f"research-agent {name}" in line for line in SHOWN)}
        assert missing == set()

    def test_every_option_that_is_spoken_of_is_one(self):
        known = {option for command in every_command().values() for part in command.params for option in part.opts}
        spoken = set(re.findall(r"`(--[a-z-]+)", PROSE))
        assert spoken
        assert spoken <= known

    def test_the_table_of_options_is_complete_and_in_order(self):
        options = [part for part in every_command()["ask"].params if part.opts[0].startswith("-")]
        assert [row[0] for row in rows("option")] == [part.opts[0] for part in options]

    def test_the_defaults_are_those_of_the_code(self):
        said = {row[0]: row[1] for row in rows("option")}
        options = AskOptions(docs=(sample.documents(),))
        code = {
            "--budget": f"{options.budget.units:g}",
            "--strategy": options.strategy,
            "--selector": options.selector,
            "--depth": str(options.dials.depth),
            "--width": str(options.dials.width),
            "--think": str(options.dials.think),
            "--samples": str(options.samples),
            "--seed": str(options.seed),
        }
        assert {name: said[name] for name in code} == code
        parsed = {part.opts[0]: part.default for part in every_command()["ask"].params}
        assert {name: f"{parsed[name]:g}" if name == "--budget" else str(parsed[name]) for name in code} == code
        caps = ("units", "max_usd", "max_searches", "max_tokens", "max_seconds")
        assert [getattr(options.budget, cap) for cap in caps[1:]] == [None] * 4
        assert {said[f"--{cap.replace('_', '-')}"] for cap in caps[1:]} == {"none"}

    def test_the_strategies_and_selectors_are_named(self):
        said = {row[0]: set(re.findall(r"`([a-z]+)`", row[2])) | {row[1]} for row in rows("option")}
        assert said["--strategy"] == set(known_strategies())
        assert said["--selector"] == set(known_selectors())

    def test_make_has_the_targets(self):
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        spoken = re.findall(r"(?:`|^    )make ([a-z]+)", PROSE, re.MULTILINE)
        assert {"ask", "test", "bench"} <= set(spoken)
        assert set(spoken) <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
        assert "make ask TORCH_INDEX=" in PROSE
        assert re.search(r"^TORCH_INDEX \?=", makefile, re.MULTILINE)


class TestFigures:
    def test_exit_statuses(self):
        assert sorted(int(row[0]) for row in rows("status")) == sorted([*EXIT_STATUS.values(), WRONG_USE])
        said = {int(row[0]): row[1] for row in rows("status")}
        for status, word in {
            "answered": "answered",
            "no_evidence": "no evidence",
            "budget_too_small": "too small",
            "failed": "failed",
            "interrupted": "interrupted",
        }.items():
            assert word in said[EXIT_STATUS[status]]
        assert "wrong use" in said[WRONG_USE]

    def test_prices(self):
        order = ("prompt", "cached", "output", "latent", "search", "fetch", "rerank")
        assert set(order) == set(Prices().to_json())
        assert [float(row[1]) for row in rows("what")] == [Prices().to_json()[name] for name in order]

    def test_kinds_of_file(self):
        passage = README.split("## Your own documents")[1].split("```")[0]
        said = set(re.findall(r"`(\.[a-z]+)`", passage))
        assert said == {*READERS, ".jsonl", ".ndjson", ".gz"} - {""}

    def test_environment(self):
        assert [row[0] for row in rows("variable")] == list(VARIABLES)
        settings = load_settings({})
        assert f"`{settings.ollama_url.removeprefix('http://')}`" in README
        assert f"`{settings.llama_server_url}`" in README
        assert f"by default {settings.ollama_context}" in README

    def test_models(self):
        assert [row[0] for row in rows("`--model`")] == list(KNOWN_FORMS)
        said = {row[0]: row[1] for row in rows("`--model`")}
        for form, name in (("embedded", "default"), ("embedded:small", "small")):
            assert KNOWN[name].title.split()[0] in said[form]
        assert f"{KNOWN['default'].size / 1e9:.1f} GB" in README

    def test_links_lead_somewhere(self):
        for target in re.findall(r"\]\(([^)#]+)\)", PROSE):
            assert (ROOT / target).is_file(), target
        headings = {re.sub(r"\W+", "-", found.lower()) for found in re.findall(r"^#+ (.+)$", PROSE, re.MULTILINE)}
        assert set(re.findall(r"\]\(#([^)]+)\)", PROSE)) <= headings

    def test_no_path_of_a_machine_is_in_it(self):
        assert not re.search(r"(?<![\w.:…])/(?:home|root|work|tmp|Users|usr)/", README)


def tree() -> dict[str, str]:
    """The source tree: path and what is said of it; folders end with a slash."""
    (block,) = [code for language, code in FENCED if "pyproject.toml  " in code]
    above: list[str] = []
    found = {}
    for line in block.splitlines():
        name, _, said = line.strip().partition(" ")
        depth = (len(line) - len(line.lstrip())) // 2
        above = [*above[:depth], name]
        assert len(above) == depth + 1, line
        assert "".join(above) not in found, line
        found["".join(above)] = said.strip()
    return found


class TestTree:
    def test_every_path_is_there_and_is_described(self):
        for path, said in tree().items():
            there = ROOT / path
            assert there.is_dir() if path.endswith("/") else there.is_file(), path
            assert said, path

    def test_every_folder_of_the_packages_is_in_it(self):
        folders = {
            f"{folder.relative_to(ROOT).as_posix()}/"
            for package in PACKAGES
            for folder in [ROOT / package, *(ROOT / package).rglob("*/")]
            if not {"__pycache__", "results"} & {*folder.parts} and any(file.is_file() for file in folder.iterdir())
        }
        assert len(folders) > 10
        assert folders - set(tree()) == set()

    def test_a_package_whose_files_are_listed_lists_all_that_lie_in_it(self):
        listed = {path for path in tree() if path.endswith(".py")}
        for package in PACKAGES:
            real = {f"{package}/{file.name}" for file in (ROOT / package).glob("[a-z]*.py")}
            assert {path for path in listed if path.count("/") == 1 and path.startswith(f"{package}/")} <= real


# The README's own test file for its own backend, collected here and run through the contract.
sys.modules["shelf"] = SHELF = module("shelf", "class Shelf")
TestShelf = module("test_shelf", "class TestShelf").TestShelf


@pytest.fixture
def plugged(tmp_path, monkeypatch):
    """The README's examples as an installed distribution with the README's entry points."""
    (points,) = [tomllib.loads(code) for language, code in FENCED if language == "toml"]
    (tmp_path / "shelf.py").write_text(code_with("class Shelf:"), encoding="utf-8")
    (tmp_path / "again.py").write_text(code_with("class Again"), encoding="utf-8")
    info = tmp_path / "museum-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: museum\nVersion: 1.0\n")
    groups = points["project"]["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{name} = {at}\n" for name, at in named.items()) for group, named in groups]
    (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


class TestExamples:
    @pytest.fixture(autouse=True, scope="class")
    def home(self, tmp_path_factory):
        """One folder for all, so that the sample corpus is indexed once."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RESEARCH_AGENT_HOME", str(tmp_path_factory.mktemp("home")))
            yield

    def test_all_python_is_run_by_a_test(self):
        run = ("class Shelf:", "class TestShelf", "class Again", " ask,", " aask,", "scaling.fit")
        assert sorted(PYTHON) == sorted(code_with(words) for words in run)

    def test_the_transcript_is_what_ask_says(self, capsys):
        (shown,) = [code for language, code in FENCED if language == "text"]
        command, _, told = shown.partition("\n")
        asked = shlex.split(command.removeprefix("$ "))
        assert asked[:2] == ["make", "ask"]
        question = [word.removeprefix("Q=") for word in asked[2:]]
        # Without the model: every word of a claim stands in a text, and what is shown took no token.
        assert main(["ask", *question, "--model", "extractive", "--format", "json"]) == EXIT_STATUS["answered"]
        said = capsys.readouterr()
        flat = " ".join(told.split())
        rounds = [line for line in said.err.splitlines() if line.startswith(("Round", "  answer: "))]
        answer = json.loads(said.out)
        folder = sample.documents().relative_to(ROOT)
        quotes = [
            f"“{cited['quote']}” {source['title']}, …/{folder}/{Path(source['uri']).name}, characters "
            f"{cited['start']}–{cited['end']}"
            for claim in answer["claims"]
            for cited in claim["citations"]
            for source in answer["sources"]
            if source["id"] == cited["source_id"]
        ]
        assert quotes
        spent = f"{answer['spend']['units']:.0f} of {answer['spend']['limit']:,.0f} units"
        for line in [answer["question"], *rounds, *quotes, spent, *(claim["text"] for claim in answer["claims"])]:
            assert " ".join(line.split()) in flat

    def test_ask(self, capsys):
        exec(compile(code_with(" ask,"), "README.md:ask", "exec"), {"__name__": "readme"})
        said = capsys.readouterr().out.splitlines()
        assert said[0] == "answered Paul Ganssle"
        assert said[1].startswith("Author: Paul Ganssle")
        assert re.fullmatch(r"\d+ of 2000 units", said[-1])

    def test_aask(self, capsys):
        exec(compile(code_with(" aask,"), "README.md:aask", "exec"), {"__name__": "readme"})
        said = capsys.readouterr().out
        assert said.splitlines()[-1] == "Paul Ganssle"
        assert "'type': 'round'" in said

    def test_elasticities(self, tmp_path):
        rows = [{"question": q, "depth": d, "outcome": (q * d) % 7 / 6} for q in range(1, 25) for d in (1, 2, 4, 8)]
        Trials.from_rows(rows).write(tmp_path / "trials.csv")
        found = module("elasticities", "scaling.fit").elasticities(tmp_path / "trials.csv")
        assert list(found) == ["depth"]
        assert abs(found["depth"]) < 1

    def test_the_command_line_shows_the_backend(self, plugged, capsys):
        assert main(["backends", "check", "shelf:Shelf", "--query", "lighthouse"]) == 0
        assert "a search costs 5 units and US$ 0" in capsys.readouterr().out

    def test_the_entry_points_name_the_backend_and_the_strategy(self, plugged):
        assert {row.name for row in backends()} == {*BUILT_IN, "shelf"}
        assert load_retriever("shelf").info.search_units == 5
        assert known_strategies() == ["again", "parallel", "single"]

    async def test_the_strategy_tries_again_where_nothing_was_found(self, plugged):
        resources, options = Resources((SHELF.Shelf(),), ExtractiveReader()), AskOptions(strategy="again")
        chains = []

        def emit(event):
            if event["type"] == "chain_ended":
                chains.append((event["chain"], event["answer"]))

        found = await aask_with("When was the museum in Astorp founded?", options, resources, home=plugged, emit=emit)
        assert (found.answer, chains) == ("1962", [("first", "1962")])
        chains.clear()
        missed = await aask_with("Who painted the harbour of Venn?", options, resources, home=plugged, emit=emit)
        assert (missed.answer, chains) == ("", [("first", ""), ("second", "")])

    def test_the_refusal_is_what_the_command_says(self, capsys):
        assert main(["ask", "--budget", "1", "--model", "extractive"]) == EXIT_STATUS["budget_too_small"]
        (shown,) = re.findall(r"^    (Error: A budget of .+)$", README, re.MULTILINE)
        assert shown in capsys.readouterr().err.splitlines()
