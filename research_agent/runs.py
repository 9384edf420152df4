"""Run folders: everything one run was asked, spent, read and answered.

A folder holds run.json (the question, options, prices, model and code version, written whole before anything is
spent), journal.sqlite (the ledger's; whoever has it open is the run's one writer), evidence.sqlite (what was read),
checkpoints.sqlite (the state of each chain) and, at the end, answer.json.
"""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from research_agent.answer import Answer, Claim, Quote, Source, Spend, Status, StopReason
from research_agent.budget.money import Money
from research_agent.errors import ResearchError, UsageError
from research_agent.options import AskOptions

RECORD: Final = "run.json"
ANSWER: Final = "answer.json"
FORM: Final = 1


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What `run.json` holds.

    Attributes:
        run_id: sortable by time and unique.
        created_at: ISO 8601, UTC.
        options: JSON form of `AskOptions`.
        model: name and provider, None for the extractive reader.
        backends: names of the retrievers.
        money: JSON form of the price snapshot in US dollars.
        version: of this program.
    """

    run_id: str
    created_at: str
    question: str
    options: Mapping[str, Any]
    model: Mapping[str, str] | None
    backends: tuple[str, ...]
    money: Mapping[str, Any]
    version: str
    form: int = FORM


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder."""

    path: Path
    record: RunRecord

    @property
    def journal(self) -> Path:
        """The ledger's journal."""
        return self.path / "journal.sqlite"

    @property
    def evidence(self) -> Path:
        """The evidence store."""
        return self.path / "evidence.sqlite"

    @property
    def checkpoints(self) -> Path:
        """The chains' checkpoints."""
        return self.path / "checkpoints.sqlite"

    def answer(self) -> Answer | None:
        """Return the stored answer, None while there is none.

        Raises:
            UsageError: the file is not an answer.
        """
        path = self.path / ANSWER
        return answer_from_json(_read(path)) if path.exists() else None

    def store(self, answer: Answer) -> None:
        """Write the answer, whole or not at all.

        Raises:
            ResearchError: it cannot be written.
        """
        try:
            write_whole(self.path / ANSWER, json.dumps(asdict(answer), ensure_ascii=False, indent=1))
        except OSError as error:
            raise ResearchError(
                f"The answer of the run {self.record.run_id!r} cannot be written ({error}): "
                "free some space, then resume the run; what was paid for is kept."
            ) from error


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of a list of runs.

    Attributes:
        status: None while the run has no answer: it is running, or was killed and can be resumed.
        units: spent, None while there is no answer.
        problem: why the run's files cannot be read, in a sentence; "" where they can.
    """

    run_id: str
    path: Path
    question: str
    created_at: str
    status: Status | None
    stop_reason: StopReason | None
    units: float | None
    limit: float
    problem: str = ""


def new_run_id() -> str:
    """Return a name that sorts by time, to the microsecond, and that no other run has."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"


def check_folder(path: Path) -> None:
    """Refuse a run folder that could not take a new run; nothing is written.

    Raises:
        UsageError: it holds a run or other files already, or is no folder.
    """
    if (path / RECORD).exists():
        raise UsageError(f"The folder {path} holds a run already: resume it, or choose another run folder.")
    if path.exists() and not path.is_dir():
        raise UsageError(f"The run folder {path} is a file: choose a folder.")
    # A draft of the record is what a run leaves that was killed before it began.
    if path.exists() and any(not file.name.startswith(f".{RECORD}.") for file in path.iterdir()):
        raise UsageError(f"The folder {path} is not empty: choose an empty or a new run folder.")


def create_run(path: Path, record: RunRecord) -> Run:
    """Make a run folder with its record, both or neither.

    Raises:
        UsageError: the folder cannot be made, or is in use.
    """
    check_folder(path)
    made = not path.exists()
    try:
        path.mkdir(parents=True, exist_ok=True)
        write_whole(path / RECORD, json.dumps(asdict(record), ensure_ascii=False, indent=1), new=True)
    except FileExistsError as error:
        raise UsageError(f"The folder {path} holds a run already: resume it, or choose another run folder.") from error
    except OSError as error:
        if made:
            with suppress(OSError):
                path.rmdir()
        raise UsageError(f"The run folder {path} cannot be made ({error}): choose one that can be written.") from error
    return Run(path, record)


def load_run(run: str | Path, home: Path) -> Run:
    """Return the run with this id under `home`, or in this folder.

    Raises:
        UsageError: there is none, or its record cannot be read.
    """
    folder = Path(run)
    if not (folder / RECORD).exists() and isinstance(run, str) and os.sep not in run:
        folder = home / "runs" / run
    if not (folder / RECORD).exists():
        raise UsageError(f"There is no run {str(run)!r}: give an id from the list of runs, or a run's folder.")
    data = _read(folder / RECORD)
    if data.get("form") != FORM:
        raise UsageError(f"The run in {folder} has form {data.get('form')!r}, and this program reads form {FORM}.")
    try:
        record = RunRecord(**data)
        AskOptions.from_json(record.options)
        Money.from_json(record.money)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"The file {folder / RECORD} is no run record ({error!r}): the run cannot go on, start a new one."
        ) from error
    return Run(folder, replace(record, backends=tuple(record.backends)))


def list_runs(home: Path) -> list[RunSummary]:
    """Return the runs under `home`, newest first; one whose files are damaged is listed with its problem."""
    return [_summary(path.parent, home) for path in sorted((home / "runs").glob(f"*/{RECORD}"), reverse=True)]


def answer_from_json(data: Mapping[str, Any]) -> Answer:
    """Return the answer that `Run.store` wrote.

    Raises:
        UsageError: this is something else.
    """
    try:
        claims = tuple(
            Claim(claim["text"], tuple(Quote(**quote) for quote in claim["quotes"]), claim["supported"])
            for claim in data["claims"]
        )
        parts = {"claims": claims, "sources": tuple(Source(**source) for source in data["sources"])}
        return Answer(**{**data, **parts, "spend": Spend(**data["spend"]), "trace": tuple(data["trace"])})
    except (KeyError, TypeError) as error:
        raise UsageError(
            f"The stored answer cannot be read ({error!r}): remove {ANSWER} and resume the run."
        ) from error


def write_whole(path: Path, text: str, *, new: bool = False) -> None:
    """Write a file so that a reader, or a crash at any moment, finds all of the new text or what was there before.

    Args:
        path: of the file.
        text: what it is to hold.
        new: the file must not be there yet; of two that write it at once, one fails.

    Raises:
        FileExistsError: it is there, and must not be.
        OSError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if new and _linked(draft, path):
            draft.unlink()
        else:
            draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _linked(draft: Path, path: Path) -> bool:
    """Give a file a second name, which fails where another process was quicker; tell whether there are such names."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:
        return False
    return True


def _read(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file.

    Raises:
        UsageError: it cannot be read, or is something else.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"The file {path} cannot be read as JSON: {error}.") from error
    if not isinstance(data, dict):
        raise UsageError(f"The file {path} holds no JSON object.")
    return data


def _summary(folder: Path, home: Path) -> RunSummary:
    """Return the line of one run."""
    try:
        run = load_run(folder, home)
        answer, record = run.answer(), run.record
    except UsageError as error:
        return RunSummary(folder.name, folder, "", "", None, None, None, 0.0, str(error))
    return RunSummary(
        record.run_id,
        run.path,
        record.question,
        record.created_at,
        answer.status if answer else None,
        answer.stop_reason if answer else None,
        answer.spend.units if answer else None,
        float(record.options["budget"]["units"]),
    )
