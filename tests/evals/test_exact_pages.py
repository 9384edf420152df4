"""Pages of exact tasks: what is written, that it is the same again, and what the command refuses."""

import pytest
from typer.testing import CliRunner

from evals.exact import command
from evals.exact.mixture_page import Size, page
from evals.exact.page import Check, Page, Section, lawful, markdown, publish, share
from research_agent.cli import app
from scaling.drawing import load
from scaling.tables import load as load_table

SMALL = Size(questions=400, rounds=(1, 4))


def test_a_page_is_a_text_tables_and_figures_and_the_same_again(tmp_path):
    made = page(3, SMALL)
    path = publish(made, tmp_path / "one")
    assert path == tmp_path / "one" / "mixture" / "README.md"
    names = sorted(each.name for each in path.parent.iterdir())
    assert names == ["README.md", "accuracy.json", "accuracy.png", "policies.parquet"]
    text = path.read_text()
    assert "research-agent exact mixture --out FOLDER --seed 3" in text
    assert all(check.claim in text and check.seen in text for check in made.checks)
    assert load(path.parent / "accuracy.json") == made.pictures[0]
    assert len(load_table(path.parent / "policies.parquet")) == 3 * 2 * 3
    publish(page(3, SMALL), tmp_path / "two")
    for name in names:
        assert (tmp_path / "two" / "mixture" / name).read_bytes() == (path.parent / name).read_bytes()


def _page(holds: bool) -> Page:
    checks = (Check("it is so", "it was", True), Check("it is so too", "it was not", holds))
    return Page("mixture", "Title", "Text.", 0, checks, (Section("More", "Words."),), (), {})


def test_what_does_not_come_out_is_said():
    assert not _page(False).holds
    assert "| it is so too | it was not | **no** |" in markdown(_page(False))
    assert "**no**" not in markdown(_page(True))


@pytest.mark.parametrize(("holds", "status"), [(True, 0), (False, 5)])
def test_the_command_writes_the_page_and_fails_where_it_does_not_come_out(tmp_path, monkeypatch, holds, status):
    monkeypatch.setattr(command, "PAGES", {"mixture": lambda seed: _page(holds)})
    done = CliRunner().invoke(app, ["exact", "mixture", "--out", str(tmp_path)])
    assert done.exit_code == status
    assert (tmp_path / "mixture" / "README.md").is_file()
    assert ("NO" in done.stdout) == (not holds)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "no exact task 'nonsense'; the tasks are connectivity, chain-steps, mixture, closed-world"),
        (["mixture", "--seed", "-1"], "--seed must be at least 0; it was -1"),
        (["mixture", "--out", __file__], "is a file; name a folder"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_run(monkeypatch, arguments, said):
    done = CliRunner().invoke(app, ["exact", *arguments])
    assert done.exit_code == 2
    assert said in done.stderr


def test_many_shares_are_held_together():
    good = [(0.5, share(50, 100))] * 19
    off = share(61, 100)  # outside of its own interval, inside of one that holds for twenty together
    assert not off.low <= 0.5 <= off.high
    assert (lawful([*good, (0.5, off)]).alone, lawful([*good, (0.5, off)]).holds) == (19, True)
    assert not lawful([*good, (0.5, share(75, 100))]).holds
    assert lawful(good).seen == "19 of 19 alone; all with 95 % together"
