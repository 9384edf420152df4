import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from lxml import etree
from made_fit import CORNERS, SINGLE, rows
from typer.testing import CliRunner

from research_agent.cli.failures import sentence_of, status_of
from scaling.commands import register
from scaling.document import read
from scaling.foresight import Wish, foresee
from scaling.trials import Trials

NAMES = "accuracy collapse forest residuals extrapolation pareto contours gain regret".split()


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "trials.csv"
    Trials.from_rows(rows(np.array([*SINGLE, *CORNERS], float))).write(path)
    return path


def invoke(*arguments):
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, [str(each) for each in arguments], standalone_mode=False)


def refused(printed):
    """The sentence that the command line says of an error, with exit status 2 and nothing on stdout."""
    assert printed.stdout == ""
    assert status_of(printed.exception) == 2, printed.exception
    return sentence_of(printed.exception)


@pytest.fixture(scope="module")
def done(table, tmp_path_factory):
    """A fit to look at, and what was printed."""
    out = tmp_path_factory.mktemp("fits") / "new" / "out"
    return out, invoke("fit", table, "--out", out, "--replicates", 100, "--worth", 1e5)


def test_a_folder_with_all_of_it(done):
    out, printed = done
    assert printed.exit_code == 0, printed.output
    kinds = {f"{name}.{kind}" for name in NAMES for kind in ("svg", "png", "json")}
    assert {path.name for path in out.iterdir()} == kinds | {"fit.json", "trials.parquet", "report.md", "report.html"}
    assert printed.stdout.startswith("120 questions, each tried once at every budget: 2,640 trials along 2 axes.")
    assert str(out) in printed.stdout
    assert printed.stderr == "2,640 trials of 120 questions in 22 cells; fitting …\nDrawing …\n"
    text = (out / "report.md").read_text()
    assert "## How to spend a budget" in text
    assert "Not drawn" not in text
    assert all(f"({name}.svg)" in text for name in NAMES)
    page = (out / "report.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == len(NAMES)
    assert str(out) not in page
    tree = etree.fromstring(page.encode(), etree.HTMLParser(recover=False))  # refuses what is malformed
    assert all(len(image.get("alt")) > 10 for image in tree.iter("img"))
    assert not list(tree.iter("script", "link", "iframe", "object"))


def test_fit_json_is_the_contract(done):
    values = json.loads((done[0] / "fit.json").read_text())
    assert set(values["axes"]) == {"depth", "width"}
    assert set(values["axes"]["depth"]["elasticity"]) == {"value", "low", "high"}
    assert values["verdict"]["same_law"] in ("SAME", "DIFFERENT", "BOTH", "INCONCLUSIVE")
    assert values["joint"]
    assert values["exchange_rates"][0]["of"] == "depth"
    assert read(done[0] / "fit.json").questions == 120


@pytest.fixture
def one(tmp_path):
    """A small table of one axis without costs."""
    path = tmp_path / "one.jsonl"
    kept = [{k: v for k, v in row.items() if not k.startswith(("cost", "width"))} for row in rows(np.array(SINGLE[:6]))]
    Trials.from_rows(kept).write(path)
    return path


def test_one_axis_in_json(one, tmp_path):
    out = tmp_path / "out"
    printed = invoke("fit", one, "--out", out, "--replicates", 100, "--form", "hill", "--format", "json")
    assert printed.exit_code == 0, printed.output
    values = json.loads(printed.stdout)
    assert values == json.loads((out / "fit.json").read_text())
    assert values["form"] == "hill"
    assert values["verdict"] is None
    text = (out / "report.md").read_text()
    assert "Only the axis depth was measured, so there is nothing to lay over it." in text
    assert "Not drawn: the figure “pareto”. The table has no column cost\\_\\*, so" in text
    assert not (out / "contours.svg").exists()
    # Again, into the same folder: the same to the last byte, and nothing of an earlier fit is left.
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.suffix != ".parquet"}
    (out / "contours.svg").write_text("of an earlier fit")
    printed = invoke("fit", one, "--out", out, "--replicates", 100, "--form", "hill")
    assert printed.stdout.startswith("120 questions")
    assert before == {path.name: path.read_bytes() for path in out.iterdir() if path.suffix != ".parquet"}
    # From the table that lies there itself, too.
    kept = (out / "trials.parquet").read_bytes()
    assert invoke("fit", out / "trials.parquet", "--out", out, "--replicates", 100, "--form", "hill").exit_code == 0
    assert kept == (out / "trials.parquet").read_bytes()
    assert before == {path.name: path.read_bytes() for path in out.iterdir() if path.suffix != ".parquet"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{table}", "--out", "{table}"], "is a file; name a folder"),
        (["{folder}/none.csv", "--out", "{folder}/out"], "none.csv"),
        (["{folder}/trials.txt", "--out", "{folder}/out"], "trials.txt"),
        (["{table}", "--out", "{folder}/out", "--form", "cubic"], "There is no form 'cubic'"),
        (["{table}", "--out", "{folder}/out", "--margin", "7"], "margin"),
        (["{table}", "--out", "{folder}/out", "--replicates", "3"], "3 samples"),
        (["{table}", "--out", "{folder}/out", "--axes", "depth,height"], "height"),
        (["{table}", "--out", "{folder}/out", "--cost", "seconds"], "no kind of cost 'seconds'"),
        (["{table}", "--out", "{folder}/out", "--price", "tokens"], "--price takes NAME=NUMBER; it was 'tokens'."),
        (["{table}", "--out", "{folder}/out", "--price", "tokens=a"], "--price takes numbers"),
        (["{table}", "--out", "{folder}/out", "--price", "tokens=1,2"], "--price takes one number for tokens"),
        (["{table}", "--out", "{folder}/out", "--attempts", "height"], "'height' is none of depth, width"),
        (["{table}", "--out", "{folder}/out", "--worth", "0"], "above 0; it was 0.0"),
        (["{few}", "--out", "{folder}/out"], "independent questions"),
        (["{free}", "--out", "{folder}/out", "--worth", "3"], "says nothing without costs"),
        (["{free}", "--out", "{folder}/out", "--cost", "calls"], "the table has no column cost_*"),
        (["{kept}", "--out", "{folder}", "--axes", "depth"], "would be replaced by what is kept of it; name another"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2_and_writes_nothing(table, tmp_path, arguments, message):
    (tmp_path / "trials.txt").write_text("question,outcome\n")
    some = [row for row in rows(np.array(SINGLE, float)) if row["question"] < 4]
    named = {name: tmp_path / f"{name}.csv" for name in ("few", "free")} | {"kept": tmp_path / "trials.parquet"}
    Trials.from_rows(some).write(named["few"])
    Trials.from_rows(some).write(named["kept"])
    Trials.from_rows([{k: v for k, v in row.items() if not k.startswith("cost")} for row in some]).write(named["free"])
    before = sorted(tmp_path.rglob("*"))
    printed = invoke("fit", *(each.format(table=table, folder=tmp_path, **named) for each in arguments))
    assert message in refused(printed)
    assert sorted(tmp_path.rglob("*")) == before


def plan(out, *arguments):
    return invoke("plan", "--fit", out / "fit.json", *arguments)


def test_a_plan_in_words_and_in_json(done):
    printed = plan(done[0], "--budget", 3000, "--cost", "tokens")
    assert printed.exit_code == 0, printed.output
    assert printed.stdout.startswith("- With a budget of 3,000 (tokens) an attempt: **depth ")
    values = json.loads(plan(done[0], "--budget", 3000, "--cost", "tokens", "--format", "json").stdout)
    assert (values["unit"], values["budget"]) == ("tokens", 3000.0)
    dials = {axis: dial["value"] for axis, dial in values["best"]["dials"].items()}
    assert 100 * dials["depth"] * (2 + dials["width"]) <= 3000
    assert f"depth {dials['depth']:g} (" in printed.stdout


def test_a_plan_on_a_grid_and_in_money(done):
    printed = plan(
        done[0],
        "--budget",
        1,
        "--price",
        "calls=0.05",
        "--price",
        "tokens=0",
        "--grid",
        "depth=1,4",
        "--format",
        "json",
    )
    best = json.loads(printed.stdout)["best"]
    assert best["dials"]["depth"]["value"] in (1, 4)
    assert best["cost"] <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--budget", "3000"], "Say which kind of cost the budget is counted in; there are: tokens, calls."),
        (["--budget", "0", "--cost", "calls"], "above 0; it was 0.0"),
        (["--budget", "0.1", "--cost", "calls"], "A budget of 0.1 buys no attempt"),
        (["--budget", "9", "--cost", "calls", "--grid", "height=1"], "There is no axis 'height'"),
        (["--budget", "9", "--cost", "calls", "--grid", "depth=0,1"], "depth was measured from 1"),
        (["--budget", "9", "--cost", "calls", "--grid", "depth"], "--grid takes NAME=NUMBER"),
    ],
)
def test_no_plan(done, arguments, message):
    assert message in refused(plan(done[0], *arguments))


def test_a_plan_needs_the_files_of_a_fit(done, tmp_path):
    assert "cannot be read" in refused(plan(tmp_path, "--budget", 1))
    (tmp_path / "fit.json").write_bytes((done[0] / "fit.json").read_bytes())
    missing = refused(plan(tmp_path, "--budget", 1))
    assert f"There is no {tmp_path / 'trials.parquet'}" in missing
    assert "copy the table to this one" in missing
    other = [row for row in rows(np.array([*SINGLE, *CORNERS], float)) if row["question"] < 60]
    Trials.from_rows(other).write(tmp_path / "trials.parquet")
    assert "the trials.parquet beside it has 1,320 of 60; fit again." in refused(plan(tmp_path, "--budget", 1))


def test_power_of_assumed_values():
    printed = invoke("power", "--half-budget", "4,8", "--budgets", "1,2,4,8,16,32,64", "--axes", "depth, width")
    assert printed.exit_code == 0, printed.output
    assert "| ε | depth | 0.4" in printed.stdout
    assert "| tail of width is 3 |" in printed.stdout
    values = json.loads(
        invoke(
            "power", "--half-budget", "4", "--budgets", "1,2,4,8,16,32", "--questions", 50, "--format", "json"
        ).stdout
    )
    assert values["design"]["questions"] == 50
    assert values["tests"] == []


def test_power_of_a_pilot(table):
    found = foresee(Wish(pilot=table, truth={"tail": 0.9}, questions=200))
    assert found.design.axes == ("depth", "width")
    assert found.design.budgets == ((2, 3, 5, 9, 17, 33),) * 2
    assert found.design.bases.tolist() == [1, 1]
    assert found.truth.tail == 0.9
    assert 0.05 < found.truth.floor < 0.3
    assert not found.design.ceiling


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give the half-budget of each axis and the budgets"),
        (["--half-budget", "4", "--budgets", "a,b"], "--budgets takes numbers with commas between them"),
        (["--half-budget", "4", "--budgets", "4,2"], "must rise from its base"),
        (["--half-budget", "4", "--budgets", "1,2,4", "--floor", "0.9"], "floor < ceiling"),
        (["--pilot", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_no_power(arguments, message):
    assert message in refused(invoke("power", *arguments))


def test_commands_import_nothing_heavy():
    code = (
        "import sys, typer, scaling.commands as c; c.register(typer.Typer()); "
        "print(sorted({'numpy', 'scipy', 'pandas', 'matplotlib', 'statsmodels', 'iminuit'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root, env={**os.environ}
    )
    assert done.stdout == "[]\n"
