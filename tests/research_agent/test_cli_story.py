from io import StringIO

import pytest

from research_agent.cli.story import Gauge, line_of
from research_agent.cli.view import LineView, LiveView, QuietView, open_view

SPENT = {"used_units": 1234.0, "units": 18000.0, "used_searches": 4, "searches": 6, "used_tokens": 5410}
SPENT |= {"tokens": None, "used_usd": 0.0}


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"type": "round", "round": 2, "queries": ["one", "two"]}, "Round 2: “one” · “two”"),
        ({"type": "read", "title": "A paper"}, "read: A paper"),
        ({"type": "read", "source_id": "abc"}, "read: abc"),
        ({"type": "claim", "text": "It was so."}, "found: It was so."),
        ({"type": "note", "text": "By the way.", "chain": "0"}, "By the way."),
        ({"type": "note", "text": "By the way.", "chain": "3"}, "[3] By the way."),
        ({"type": "answer", "text": "42", "reason": "answered"}, "answer: 42"),
        ({"type": "answer", "text": "", "reason": "budget"}, "answer: none"),
        ({"type": "unheard-of", "text": "Still told."}, "Still told."),
        ({"type": "chain_ended", "chain": "1", "stop_reason": "budget", "answer": "42"}, None),
        ({"type": "closing", "reason": "deadline", "error": ""}, None),
        ({"type": "unheard-of"}, None),
        ({"type": "spend", "used_units": 3}, None),
        ({}, None),
    ],
)
def test_each_event_is_a_line_or_nothing(event: dict, line: str | None) -> None:
    if event.get("type") == "chain_ended":
        line = "[1] ended because the budget was used up: 42"
    if event.get("type") == "closing":
        line = "Answering with what there is, because the time was up"
    assert line_of(event) == line


def test_what_a_source_says_cannot_act_on_the_terminal() -> None:
    line = line_of({"type": "read", "title": "\x1b]0;owned\x07\x1b[2J\nsecond line \u202e" + "x" * 999})
    assert line is not None
    assert not set(line) & set("\x1b\x07\n\u202e")
    assert len(line) <= 240


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_gauge_keeps_count_of_what_is_used() -> None:
    clock = Clock()
    gauge = Gauge(20000, 4, clock=clock)
    assert [*gauge.pace(), *gauge.counts()] == ["0 of 20,000 units"]
    gauge.take({"type": "run_started", "run_id": "r1", "spent": SPENT})
    clock.now = 112.3
    assert gauge.run == "r1"
    assert gauge.pace() == ["1,234 of 20,000 units", "12.3 s"]
    assert gauge.counts() == ["4 of 10 searches", "5,410 tokens", "US$ 0"]
    gauge.take({"type": "spend", "used_units": 2000})
    assert gauge.units == 2000


@pytest.mark.parametrize("earlier", [0, 1])
def test_the_time_to_go_is_judged_by_the_rounds_of_this_session(earlier: int) -> None:
    clock = Clock()
    gauge = Gauge(20000, 4 + earlier, clock=clock)
    gauge.take({"type": "run_started", "run_id": "r1"})
    gauge.take({"type": "round", "round": 1 + earlier})
    clock.now += 20
    assert gauge.eta() is None
    gauge.take({"type": "round", "round": 2 + earlier})
    # Two rounds took 20 s; two more and the answer are to come.
    assert gauge.eta() == pytest.approx(30)
    gauge.max_seconds = 25
    assert gauge.eta() == pytest.approx(5)
    assert gauge.pace() == ["0 of 20,000 units", "20.0 s", "about 5 s to go"]
    gauge.take({"type": "run_ended"})
    assert gauge.eta() is None


def test_lines_tell_the_spend_at_every_round(capsys: pytest.CaptureFixture[str]) -> None:
    view = open_view(Gauge(20000, 4), quiet=False)
    assert type(view) is LineView
    with view:
        view.emit({"type": "round", "round": 1, "queries": ["a"]})
        view.emit({"type": "round", "round": 2, "queries": ["b"], "spent": SPENT})
        view.emit({"type": "run_ended", "spent": SPENT})
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "Round 1: “a”",
        "Spent so far: 1,234 of 20,000 units, 4 of 10 searches, 5,410 tokens, US$ 0",
        "Round 2: “b”",
        "Spent so far: 1,234 of 20,000 units, 4 of 10 searches, 5,410 tokens, US$ 0",
    ]


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with open_view(Gauge(20000, 4), quiet=True) as view:
        assert type(view) is QuietView
        view.emit({"type": "note", "text": "hello"})
        view.say("hello")
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_lines_that_stay_and_a_gauge_that_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with open_view(Gauge(20000, 4), quiet=False) as view:
        assert type(view) is LiveView
        view.emit({"type": "run_started", "run_id": "r1", "spent": SPENT})
        view.emit({"type": "claim", "text": "[bold]It was so.[/bold]"})
        view.say("Stopping.")
    written = screen.getvalue()
    # Brackets of a claim are words, not styles.
    assert "found: [bold]It was so.[/bold]" in written
    assert "1,234 of 20,000 units" in written
    assert "Stopping." in written
    # The cursor was hidden and is shown again.
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
