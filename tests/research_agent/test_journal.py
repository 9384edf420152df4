"""The journal: append-only, one writer, the same state after reopening."""

import shutil
import sqlite3
import subprocess
import sys

import pytest

from research_agent.budget import Budget, Charge, Journal, Ledger, Meters, Money, Prices
from research_agent.errors import BudgetExceededError, RunBusyError, UsageError
from research_agent.models.base import ModelInfo


def cost(units, searches=0):
    return Charge(Meters(searches=searches), round(units * 10**6))


def state(ledger):
    return {
        path: (account.limits, account.settled, account.reserved, account.aside, account.closed, account.charged)
        for path, account in ledger._books.accounts.items()
    }


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite"


def opened(path, units=1000, **more):
    return Ledger(Budget(units, **more), journal=Journal(path), run_id="r1")


def crash(path):
    """Copy a journal in use as it stands on disk: what a killed process leaves."""
    there = path.parent / "crashed"
    there.mkdir()
    for each in path.parent.glob("journal.sqlite*"):
        if not each.name.endswith(".lock"):
            shutil.copy(each, there)
    return there / path.name


def test_reopening_gives_the_same_state_and_no_refill(path):
    with opened(path, max_searches=50) as ledger:
        ledger.set_aside(cost(100), seconds=3)
        first, second = ledger.split(["a", "b"])
        first.reserve("1", cost(100, 2)).settle(cost(60, 1), {"n": 1})
        first.slice("c", units=50).reserve("2", cost(20)).refund()
        second.reserve("3", cost(30)).settle(cost(30))
        second.close()
        ledger.reserve("4", cost(10), answer=True).settle(cost(5))
        ledger.reserve("5", cost(20)).settle(cost(9999))
        before, overrun = state(ledger), ledger.overrun
    with opened(path, max_searches=50) as ledger:
        assert state(ledger) == before
        assert ledger.overrun == overrun
        assert overrun.units > 0
        assert ledger.reply("1") == {"n": 1}
        assert ledger.reply("3") is None
        first = ledger.slice("a", units=1)
        assert first.spend().limit == 450
        assert first.slice("c", share=0.1).spend().limit == 50


def test_what_is_set_aside_is_found_again_even_where_an_overrun_took_some_of_it(path):
    for _ in range(2):
        with opened(path, 100) as ledger:
            ledger.set_aside(cost(30), seconds=2)
            if not ledger.charged.micro:
                ledger.reserve("1", cost(70)).settle(cost(95))
            assert (ledger.remaining().units, ledger.remaining(answer=True).units) == (0, 5)


def test_a_closed_slice_comes_back_with_what_it_had_left(path):
    with opened(path, 100) as ledger:
        child = ledger.slice("a", units=40)
        child.reserve("1", cost(10)).settle(cost(10))
        child.close()
        ledger.reserve("2", cost(70)).settle(cost(70))
    with opened(path, 100) as ledger:
        child = ledger.slice("a", units=40)
        assert (child.remaining().units, ledger.remaining().units) == (20, 0)
        before = state(ledger)
    with opened(path, 100) as ledger:
        assert state(ledger) == before


def test_a_call_in_flight_at_a_crash_is_charged_at_its_worst_and_made_again(path):
    ledger = opened(path, 100, max_searches=10)
    ledger.set_aside(cost(10))
    ledger.reserve("1", cost(10, 1)).settle(cost(5, 1), {"n": 1})
    ledger.slice("a", units=40).reserve("2", cost(30, 1))
    ledger.reserve("3", cost(20, 1), answer=True)
    left = crash(path)
    resumed = opened(left, 100, max_searches=10)
    assert resumed.spend().units == 55
    assert resumed.spend().meters["searches"] == 3
    assert resumed.reply("1") == {"n": 1}
    assert resumed.reply("2") is None
    child = resumed.slice("a", units=40)
    assert child.remaining().units == 10
    with pytest.raises(BudgetExceededError):
        child.reserve("2", cost(30, 1))
    assert child.reserve("2", cost(10, 1)).attempt == 1
    assert all(
        account.settled[0] + account.reserved[0] <= account.limits[0] for account in resumed._books.accounts.values()
    )


def test_seconds_of_earlier_sessions_count(path):
    now = [1000.0]

    def session():
        return Ledger(Budget(100, max_seconds=60), journal=Journal(path), clock=lambda: now[0])

    with session() as ledger:
        now[0] += 25
        assert ledger.seconds_left() == 35
    now[0] = 5.0
    with session() as ledger:
        assert ledger.seconds() == 25
        now[0] += 20
    now[0] = 0.0
    with session() as ledger:
        assert (ledger.seconds_left(), ledger.spend().seconds) == (15, 45)


def test_the_price_snapshot_of_the_first_session_holds(path):
    info = ModelInfo("gpt-4o-mini", "openai", 1000, True, False, False)
    cheap = path.parent / "cheap.json"
    cheap.write_text('{"models": {"gpt-4o-mini": {"prompt": 1, "output": 1}}}')
    with Ledger(Budget(100), money=Money.quote([info]), journal=Journal(path)) as ledger:
        then = ledger.tariff.money.model(info, Meters(output_tokens=10))
        assert ledger._books.journal.terms()["money"]["models"]["openai:gpt-4o-mini"]["bands"][0]["output"] == 600_000
    with Ledger(Budget(100), money=Money.quote([info], [], cheap), journal=Journal(path)) as ledger:
        assert ledger.tariff.money.model(info, Meters(output_tokens=10)) == then == 6_000_000


def test_other_terms_are_refused_and_nothing_is_written(path):
    with opened(path, 100) as ledger:
        rows = len(list(ledger._books.journal.events()))
    journal = Journal(path)
    with pytest.raises(UsageError) as refused:
        Ledger(Budget(200), journal=journal, run_id="r1")
    assert str(refused.value) == (
        "The run 'r1' began with Budget(units=100, max_searches=None, max_tokens=None, max_usd=None, max_seconds=None) "
        "and cannot be resumed with Budget(units=200, max_searches=None, max_tokens=None, max_usd=None, "
        "max_seconds=None): leave its budget as it was, or start a new run."
    )
    with pytest.raises(UsageError, match="leave its prices as it was"):
        Ledger(Budget(100), prices=Prices(search=1), journal=journal, run_id="r1")
    with pytest.raises(UsageError) as refused:
        Ledger(Budget(100), journal=journal, run_id="r2")
    assert str(refused.value) == "This journal belongs to the run 'r1', not to 'r2'."
    assert len(list(journal.events())) == rows + 1  # the beat of closing
    journal.close()


def test_rows_can_be_neither_changed_nor_deleted(path):
    with opened(path) as ledger:
        ledger.reserve("1", cost(10)).settle(cost(5))
    with sqlite3.connect(path) as other:
        for statement in ("UPDATE events SET units = 0", "DELETE FROM events"):
            with pytest.raises(sqlite3.IntegrityError, match="the journal is append-only"):
                other.execute(statement)
    other.close()


def test_the_hash_is_of_the_rows_and_survives_closing(path):
    with opened(path) as ledger:
        empty = ledger.sha256()
        ledger.reserve("1", cost(10)).settle(cost(5), {"text": "x" * 10_000})
        full = ledger.sha256()
    assert empty != full
    journal = Journal(path)
    assert journal.sha256() == full
    journal.close()
    forged = sqlite3.connect(path)
    forged.execute("DROP TRIGGER events_stay")
    forged.execute("UPDATE events SET units = 4 WHERE kind = 'settle'")
    forged.commit()
    forged.close()
    journal = Journal(path)
    assert journal.sha256() != full
    journal.close()


def test_long_replies_are_packed_once_and_come_back_whole(path):
    reply = {"text": "a long page — with “quotes” \ud83d " * 20_000}
    with opened(path) as ledger:
        for key in ("1", "2"):
            ledger.reserve(key, cost(1)).settle(cost(1), reply)
        assert ledger.reply("1") == ledger.reply("2") == reply
    assert path.stat().st_size < 60_000


def test_a_second_process_is_refused(path):
    program = (
        "import sys, pathlib\n"
        "from research_agent.budget import Journal\n"
        "from research_agent.errors import RunBusyError\n"
        "try:\n    Journal(pathlib.Path(sys.argv[1]))\n"
        "except RunBusyError as error:\n    print(error)\n"
    )
    ledger = opened(path)
    other = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert other.stdout == (
        f"Another process is writing the run in {path.parent}: wait until it ends, or choose another run folder.\n"
    )
    with pytest.raises(RunBusyError):
        Journal(path)
    ledger.close()
    opened(path).close()


def test_a_file_that_is_no_journal_is_refused_and_left_alone(path):
    path.write_text("not a database, but somebody's notes " * 100)
    with pytest.raises(UsageError) as refused:
        Journal(path)
    assert str(refused.value) == (
        f"The journal {path} cannot be opened (file is not a database): choose another run folder."
    )
    assert path.read_text().startswith("not a database")
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE notes (a)")
    other.close()
    with pytest.raises(UsageError, match=f"^The journal {path} has form 0, and this program writes form 1\\.$"):
        Journal(path)


@pytest.mark.parametrize("spoil", ["page", "row"])
def test_a_damaged_journal_is_a_sentence(path, spoil):
    with opened(path) as ledger:
        for number in range(100):
            ledger.reserve(f"{number}", cost(1)).settle(cost(1), {"text": "x" * 500})
    if spoil == "page":
        data = path.read_bytes()
        path.write_bytes(data[:8192] + b"\xa5" * (len(data) - 8192))
    else:
        connection = sqlite3.connect(path)
        connection.execute("DROP TRIGGER events_last")
        connection.execute("DELETE FROM events WHERE kind = 'reserve'")
        connection.commit()
        connection.close()
    with pytest.raises(UsageError, match=rf"^The journal {path} is damaged \(.*\): the run cannot go on, start a new"):
        opened(path)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError) as refused:
        Journal(tmp_path / "none" / "journal.sqlite")
    assert str(refused.value) == (
        f"The folder {tmp_path / 'none'} does not exist: make it, or choose another run folder."
    )
    assert list(tmp_path.iterdir()) == []


def test_without_a_path_everything_but_the_file_is_the_same():
    journal = Journal()
    ledger = Ledger(Budget(100), journal=journal)
    ledger.reserve("1", cost(10)).settle(cost(5), {"n": 1})
    assert ledger.reply("1") == {"n": 1}
    again = Ledger(Budget(100), journal=journal)
    assert again.spend().units == 5
    assert again.sha256() == ledger.sha256()
