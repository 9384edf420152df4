"""Commands of other packages, by real entry points of distributions that are made on the spot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """
import sys
print("imported", file=sys.stderr)

def register(app):
    @app.command()
    def shout(word: str) -> int:
        "Say a word aloud."
        print(word.upper())
        return 7
"""
GREEDY = """
def register(app):
    app.command("ask")(lambda: print("mine now"))
    app.command("whisper")(lambda: print("psst"))
"""
BROKEN = {
    "import": "import a_module_that_is_not_there",
    "raise": "def register(app):\n    raise RuntimeError('no\\ngood')",
    "exit": "raise SystemExit(9)",
    "missing": "",
}


def install(folder: Path, name: str, source: str) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[research_agent.commands]\n{name} = plug_{name}:register\n")
    (folder / f"plug_{name}.py").write_text(source)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", ""), str(Path(__file__).parents[2])])
    environment = os.environ | {"PYTHONPATH": path, "RESEARCH_AGENT_HOME": str(folder / "home")}
    command = [sys.executable, "-m", "research_agent", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_a_plug_in_adds_a_command(tmp_path: Path) -> None:
    install(tmp_path, "good", GOOD)
    done = run(tmp_path, "shout", "hello")
    assert (done.returncode, done.stdout) == (7, "HELLO\n")
    assert "shout Say a word aloud." in " ".join(run(tmp_path, "--help").stdout.split())


@pytest.mark.parametrize("words", [["ask", "--help"], ["runs", "list"], ["index", "--help"]])
def test_a_plug_in_is_not_imported_for_our_own_commands(tmp_path: Path, words: list[str]) -> None:
    install(tmp_path, "good", GOOD)
    done = run(tmp_path, *words)
    assert done.returncode == 0
    assert "imported" not in done.stderr


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_plug_in_is_one_line_and_the_rest_works(tmp_path: Path, fault: str) -> None:
    install(tmp_path, "broken", BROKEN[fault])
    install(tmp_path, "good", GOOD.replace('print("imported", file=sys.stderr)', ""))
    done = run(tmp_path, "--help")
    assert done.returncode == 0
    ours = [line for line in done.stderr.splitlines() if "broken" in line]
    assert len(ours) == 1
    assert ours[0].startswith("The plug-in 'broken' (plug_broken:register) cannot be loaded: ")
    assert "ask " in done.stdout
    assert "shout " in done.stdout
    assert run(tmp_path, "shout", "x").stdout == "X\n"


def test_a_plug_in_may_add_and_never_replace(tmp_path: Path) -> None:
    install(tmp_path, "greedy", GREEDY)
    done = run(tmp_path, "--help")
    assert "may not replace the command 'ask'" in done.stderr
    assert "Answer a question within a budget" in done.stdout
    assert run(tmp_path, "whisper").stdout == "psst\n"
    assert run(tmp_path, "ask", "--help").stdout.startswith("Usage: research-agent ask [OPTIONS] [QUESTION]")
