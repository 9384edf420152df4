"""A table of trials made into a folder: fit.json, figures, and a report as HTML and Markdown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scaling import document, report, wording
from scaling.allocate import Recommendation, measured_levels, recommend
from scaling.along import Options
from scaling.cells import Cells
from scaling.drawing import KINDS, Picture, files
from scaling.errors import FitError
from scaling.fit import fit
from scaling.gallery import figures
from scaling.plain import write
from scaling.plots import Absent
from scaling.purse import Currency, advice, currency, purse
from scaling.results import ScalingFit
from scaling.trials import Trials

TABLE = "trials.parquet"  # beside fit.json: a recommendation is made of the trials themselves


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a table of trials.

    Attributes:
        trials: the table.
        out: folder, made where missing; files of an earlier fit in it are replaced.
        axes: columns that hold budgets; None for all that are nothing else.
        form: as `fit` takes it, and so are `margin`, `replicates` and `seed`.
        cost: kind of cost that is counted in; None for the first one.
        prices: of a unit of each kind of cost, to count in money instead.
        worth: what a right answer is worth, counted likewise; None where nobody said.
        attempts: as `fit` takes it.
    """

    trials: Path
    out: Path
    axes: Sequence[str] | None = None
    form: str = "lomax"
    margin: float = 0.05
    replicates: int = 1000
    seed: int = 0
    cost: str | None = None
    prices: Mapping[str, float] = field(default_factory=dict)
    worth: float | None = None
    attempts: str | None = None


def publish(request: Request, say: Callable[[str], None]) -> ScalingFit:
    """Fit a table and write all there is to say of it; nothing is written unless all of it could be made.

    Args:
        request: what is asked.
        say: takes sentences on how far it is.

    Raises:
        TrialsError: the table is malformed.
        FitError: the data cannot answer.
        ValueError: the folder is a file, or an option is out of range.
        OSError: the folder cannot be written.
    """
    if request.out.exists() and not request.out.is_dir():
        raise ValueError(f"{request.out} is a file; name a folder for the results.")
    kept = request.out / TABLE
    own = request.trials.resolve() == kept.resolve()  # the table stays as it is, and is what a plan is made of
    if own and request.axes is not None:
        raise ValueError(f"{request.trials} would be replaced by what is kept of it; name another folder.")
    table = Trials.read(request.trials, request.axes)
    cells = table.cells()
    paid = _currency(cells, request)
    say(f"{len(table.outcome):,} trials of {len(table.questions):,} questions in {len(cells.spend)} cells; fitting …")
    found = fit(
        cells,
        form=request.form,
        margin=request.margin,
        replicates=request.replicates,
        seed=request.seed,
        attempts=request.attempts,
    )
    say("Drawing …")
    drawn = figures(found, cells, Options(request.form, request.replicates, request.seed), paid, request.worth)
    contents = {name: raw for one in drawn if isinstance(one, Picture) for name, raw in files(one).items()}
    text = report.markdown(found, drawn, _advice(found, cells, paid, request.seed))
    contents["report.md"] = text.encode()
    contents["report.html"] = report.html(text, contents).encode()
    contents["fit.json"] = document.dumps(found).encode()
    request.out.mkdir(parents=True, exist_ok=True)
    if not own:
        table.write(kept)
    for name, raw in contents.items():
        write(request.out / name, raw)
    for one in drawn:
        if isinstance(one, Absent):  # an earlier fit may have left it
            for kind in KINDS:
                (request.out / f"{one.name}.{kind}").unlink(missing_ok=True)
    return found


def _currency(cells: Cells, request: Request) -> Currency | None:
    """Return what cost is counted in, None where none was measured and none is asked for."""
    if request.worth is not None and not 0 < request.worth < float("inf"):
        raise ValueError(f"What a right answer is worth must be a number above 0; it was {request.worth}.")
    if not (cells.costs or request.cost or request.prices):
        if request.worth is not None:
            raise ValueError("What a right answer is worth says nothing without costs; add a column cost_*.")
        return None
    kind = request.cost if request.cost or request.prices else next(iter(cells.costs))
    return currency(cells, kind, request.prices)


def _advice(fit: ScalingFit, cells: Cells, paid: Currency | None, seed: int) -> list[str]:
    """Return recommendations for a middling budget, a small one and a large one, or why there are none."""
    if paid is None:
        return []
    try:
        bought = purse(fit, cells, paid)
        small, middle, large = (
            advice(recommend(cells, bought.money, budget, laws=_laws(fit), seed=seed), paid.unit)
            for budget in bought.budgets(5)[1:-1].tolist()
        )
    except FitError as error:
        return [f"No budget is recommended. {wording.escaped(str(error))}"]
    *rest, note = middle
    return [*rest, small[0], large[0], note]


def recommendation(
    path: Path,
    budget: float,
    *,
    levels: Mapping[str, Sequence[float]],
    cost: str | None,
    prices: Mapping[str, float],
    seed: int,
) -> tuple[Recommendation, str]:
    """Return what to spend a budget on, and the unit it is counted in.

    Args:
        path: of a fit.json; the table of trials is beside it, as `publish` writes it.
        budget: for an attempt.
        levels: budgets to choose from, by axis; those of `measured_levels` for an axis that is not named.
        cost: kind of cost that the budget is counted in; None for the only one.
        prices: of a unit of each kind of cost, to count in money instead.
        seed: of the bootstrap.

    Raises:
        ValueError: a file is missing or no such file, or an argument is out of range or names what is not there.
        FitError: the data does not say how axes combine or what cells cost, or a level lies too far out.
    """
    if not 0 < budget < float("inf"):
        raise ValueError(f"A budget must be a number above 0; it was {budget}.")
    fit, table = document.read(path), path.with_name(TABLE)
    if not table.is_file():
        raise ValueError(
            f"There is no {table}. A plan is made of the trials, which `research-agent fit` writes beside its "
            "fit.json: name the fit.json in that folder, or copy the table to this one."
        )
    cells = Trials.read(table).cells()
    if (cells.questions, cells.trials) != (fit.questions, fit.trials):
        raise ValueError(
            f"{path} is of {fit.trials:,} trials of {fit.questions:,} questions, and the {TABLE} beside it has "
            f"{cells.trials:,} of {cells.questions:,}; fit again."
        )
    if unknown := [axis for axis in levels if axis not in cells.axes]:
        raise ValueError(f"There is no axis {unknown[0]!r} to give budgets for; the axes are {', '.join(cells.axes)}.")
    paid = currency(cells, cost, prices)
    bought = purse(fit, cells, paid)
    chosen = {**measured_levels(cells), **levels} if levels else None
    return recommend(cells, bought.money, budget, levels=chosen, laws=_laws(fit), seed=seed), paid.unit


def _laws(fit: ScalingFit) -> tuple[str, ...]:
    """Return the joint laws that a fit ranked."""
    return tuple(each.law for each in fit.joint)


def summary(fit: ScalingFit, out: Path) -> str:
    """Return the fit in short, as Markdown, and where the whole of it is."""
    lines = [wording.verdict(fit.verdict), *map(wording.axis, fit.axes), *map(wording.exchange, fit.exchange_rates)]
    said = "\n".join(f"- {line}" for line in lines)
    return f"{wording.measured(fit)}\n\n{said}\n\nReport, figures and fit.json: {out}\n"
