"""How often intervals and tests are right where the truth is known: `python tests/scaling/calibration.py`.

Prints a Markdown table beside what SCALING.md parts 3 to 5 ask for. `--sets N` simulates N data sets a row (1000, the
nightly size, takes about an hour on one core), `--only NAME` runs one study; `test_calibration.py` runs smaller ones.
Of the shared law four times as many are fitted: the worst of its 22 cells takes more sets than a mean.
"""

import argparse
import sys
from dataclasses import dataclass, replace

import numpy as np
from simulate import ALONE, BEYOND, DIFFERENT, HEAVY, NOISELESS, SAME, SHARED, WAYS, Design, along, apart, true_gap

from scaling.along import Options, fit_axis
from scaling.compare import exchange_rates, laws
from scaling.decline import decline
from scaling.elasticity import difference, elasticity
from scaling.families import FARTHEST, extrapolate
from scaling.laws import FORMS, AxisLaw, ceiling_of
from scaling.likelihood import bootstrap, maximise, predict, quantile, sandwich
from scaling.nested import gap, score_test

NIGHTLY = 1000
LOMAX = FORMS["lomax"]
HEADER = "| study | design | measured | value ± Monte-Carlo SE | sets | wanted | met |\n" + "|---" * 7 + "|\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One number of the table.

    Attributes:
        error: Monte-Carlo standard error of `value`.
        sets: data sets behind it.
        low: least value accepted, and `high` the largest; both None where a number is for information only.
    """

    study: str
    design: str
    measured: str
    value: float
    error: float
    sets: int
    low: float | None = None
    high: float | None = None

    @property
    def met(self):
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)

    def __str__(self):
        """Write the row of a Markdown table."""
        bounds = (("≥", self.low), ("≤", self.high))
        wanted = " ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)
        met = ("yes" if self.met else "**no**") if wanted else ""
        value = f"{self.value:.3f} ± {self.error:.3f}"
        return f"| {self.study} | {self.design} | {self.measured} | {value} | {self.sets} | {wanted} | {met} |"


class Study:
    """Collects the rows of one study on one design."""

    def __init__(self, study, design):
        self.study, self.design, self.rows = study, design, []

    def rate(self, measured, hits, low=None, high=None):
        """Add a mean of `hits`, one number in [0, 1] for each set; an empty one has no row."""
        hits = np.asarray(hits, dtype=float)
        if hits.size:
            # With one hit and one miss more, so that a share of 0 or 1 has an error too.
            error = np.append(hits, [0.0, 1.0]).std() / np.sqrt(len(hits))
            self.rows.append(Row(self.study, self.design, measured, float(hits.mean()), error, len(hits), low, high))

    def mean(self, measured, values):
        """Add the mean of any numbers, for information."""
        sets, error = len(values), np.std(values) / np.sqrt(len(values))
        self.rows.append(Row(self.study, self.design, measured, np.mean(values), error, sets))

    def covers(self, measured, hits, of="axis", slack=0.0):
        """Add coverage [sets, k]: its mean over k, and its smallest, which is allowed to be the smallest of many."""
        hits = np.asarray(hits)
        self.rate(f"{measured}, mean", hits.mean(1), nominal(len(hits)) - slack)
        self.rate(f"{measured}, worst {of}", hits[:, hits.mean(0).argmin()], nominal(len(hits), 3.4) - slack)


def nominal(sets, errors=2.4):
    """Return the least accepted coverage of a nominal 95 %: .93, or Monte-Carlo errors below .95 (.92 of 300 sets)."""
    return 0.93 if sets >= NIGHTLY else round(0.95 - errors * (0.95 * 0.05 / sets) ** 0.5, 3)


def holds(interval, value):
    return interval.low <= value <= interval.high


def modes(design, law, sets, seed):
    """Yield mode [p], sandwich [p, p] and mean outcomes [Q, C] of every set; all are fitted in one batch."""
    drawn = np.array(list(design.draw(sets, seed)))
    found = maximise(law, design.x, drawn.sum(1), np.broadcast_to(design.tries.sum(0), drawn[:, 0].shape))
    for theta, hits in zip(found.theta, drawn, strict=True):
        yield theta, sandwich(law, theta, design.x, hits, design.tries), hits


def shared(name, design, sets, seed=0):
    """One law for all axes, ceiling (and tail where it is one) shared: half-budgets, their ratios, curves."""
    study, least, freedom = Study("one law", name), nominal(sets), design.questions - 1
    one_tail = len(set(design.shape)) == 1
    law = AxisLaw(LOMAX, design.axes, True, one_tail)
    known = np.log([0.15 / 0.85, (0.75 - 0.15) / 0.25, *design.half, *design.shape[: 1 if one_tail else 3]])
    contrast = np.zeros((3, len(known)))
    contrast[[0, 1, 2], [2, 2, 3]], contrast[[0, 1, 2], [3, 4, 4]] = -1.0, 1.0
    inside, ratios, curves = [], [], []
    for theta, covariance, _ in modes(design, law, sets, seed):
        inside.append(np.abs(theta - known) < quantile(freedom) * np.sqrt(np.diag(covariance)))
        spread = np.einsum("rp,pq,rq->r", contrast, covariance, contrast)
        ratios.append(np.abs(contrast @ (theta - known)) < quantile(freedom) * np.sqrt(spread))
        _, low, high = predict(law, theta, covariance, design.x, freedom=freedom)
        curves.append((low <= design.share) & (design.share <= high))
    hits = np.array(inside)
    study.covers("κ", hits[:, 2:5])
    study.covers("κ ratio", ratios, "pair")
    study.covers("curve", curves, "cell")
    study.rate("floor", hits[:, 0], least)
    study.rate("ceiling (Wald, not reported)", hits[:, 1])
    return study.rows


def elasticities(name, design, sets, seed=1):
    """ε of every axis and Δε of the first two, against those of the noiseless truth."""
    study, least, tries = Study("ε", name), nominal(sets), design.tries
    places = [along(design.x, axis) for axis in range(3)]
    spend = [1 + design.x[place, axis] for axis, place in enumerate(places)]
    sums = [[np.tile(NOISELESS * part, (2, 1)) for part in (design.share[at], np.ones(len(at)))] for at in places]
    true = [elasticity(each, *totals).value for each, totals in zip(spend, sums, strict=True)]
    inside, between, half, half_between = [], [], [], []
    for hits in design.draw(sets, seed):
        found = [elasticity(each, hits[:, at], tries[:, at]) for each, at in zip(spend, places, strict=True)]
        inside.append([holds(each, value) for each, value in zip(found, true, strict=True)])
        half.append(np.mean([each.high - each.low for each in found]) / 2)
        more = difference((spend[0], spend[1]), *(tuple(part[:, at] for at in places[:2]) for part in (hits, tries)))
        between.append(holds(more, true[0] - true[1]))
        half_between.append((more.high - more.low) / 2)
    study.covers("ε", inside)
    study.rate("Δε", between, least)
    study.mean("half-width of ε", half)
    study.mean("half-width of Δε", half_between)
    return study.rows


def alone(name, design, sets, seed=2, refused=None):
    """Fit one axis by itself as `fit` does: what is reported of it, and how often that is right."""
    study, least = Study("one axis", name), nominal(sets)
    fits = [fit_axis(design.cells(hits), "d", Options("lomax", 100, 0), []) for hits in design.draw(sets, seed)]
    told = [fit for fit in fits if fit.ceiling]
    study.rate("refused by the gate", [not fit.ceiling for fit in fits], refused)
    study.rate("κ", [holds(fit.half_budget, design.half[0]) for fit in fits], least)
    extra = fits[0].curve.spend - 1
    true = design.at(extra[:, None])
    study.covers("curve", [(fit.curve.low <= true) & (true <= fit.curve.high) for fit in fits], "point")
    half, top, far = design.at(np.array([[(extra[-1] + 1) / 2 - 1], [extra[-1]], [FARTHEST * extra[-1]]]))
    study.rate("gain of the last doubling", [holds(fit.last_doubling, top - half) for fit in fits], least)
    study.rate("α where reported", [holds(fit.tail_exponent, design.shape[0]) for fit in told], least)
    study.rate("ceiling where reported", [holds(fit.ceiling, design.ceiling) for fit in told], least)
    low, high = np.array([fit.tail_range for fit in fits]).T
    study.rate("α in its stated range", (low <= design.shape[0]) & (design.shape[0] <= high), least)
    study.rate("A is at least as stated", [fit.ceiling_at_least <= design.ceiling for fit in fits], least)
    low, high = np.array([(fit.extrapolation.low[-1], fit.extrapolation.high[-1]) for fit in fits]).T
    study.rate("four times the range", (low <= far) & (far <= high), 0.90)
    return study.rows


def ratios(name, design, sets, seed=3):
    """Ratios of half-budgets under free laws: what is reported where the axes are not shown to be the same."""
    study, true = Study("free laws", name), [design.half[b] / design.half[a] for a, b in ((0, 1), (0, 2), (1, 2))]
    inside = []
    for hits in design.draw(sets, seed):
        halves = [fit_axis(design.cells(hits), axis, Options("lomax", 100, 0), []).half_budget for axis in design.axes]
        rates = exchange_rates(LOMAX, design.axes, design.x, hits, design.tries, halves=halves)
        inside.append([holds(rate.rate, value) for rate, value in zip(rates, true, strict=True)])
    study.covers("κ ratio", inside, "pair")
    return study.rows


def score(name, design, sets, seed=4, low=None, high=None):
    """Share of data sets in which the score test rejects at .05."""
    study, pair, drawn = Study("score test", name), laws(LOMAX, design.axes), design.draw(sets, seed)
    study.rate("rejects", [score_test(*pair, design.x, hits, design.tries).p < 0.05 for hits in drawn], low, high)
    return study.rows


def equivalence(name, design, sets, seed=5, low=None, high=None, replicates=200):
    """Share of data sets in which the gap's upper limit is below the margin .05 in every cell."""
    study, pair = Study("equivalence", f"{name}, true gap {true_gap(design):.3f}"), laws(LOMAX, design.axes)
    drawn, fields = enumerate(design.draw(sets, seed)), {"replicates": replicates}
    upper = [gap(*pair, design.x, hits, design.tries, seed=place, **fields).upper.max() for place, hits in drawn]
    study.rate("says SAME", np.array(upper) < 0.05, low, high)
    return study.rows


def beyond(form, half, sets, seed=6):
    """Fit up to 16 and predict 64: the union over forms, and the true form's own interval."""
    design = Design(budgets=5, form=form, half=(half,), shape=(BEYOND[form],))
    study = Study("extrapolation ×4", f"{form}, shape {BEYOND[form]}, κ={half:g}")
    far, law = FARTHEST * design.x.max(keepdims=True), AxisLaw(FORMS[form], design.axes)
    share, union, own, wider = design.at(far)[0], [], [], []
    for theta, covariance, hits in modes(design, law, sets, seed):
        _, low, high = extrapolate("d", design.x, hits, design.tries, far[0], form=form)
        _, below, above = predict(law, theta, covariance, far, freedom=design.questions - 1)
        union.append(low[0] <= share <= high[0])
        own.append(below[0] <= share <= above[0])
        wider.append((high - low)[0] / (above - below)[0])
    study.rate("union of forms", union, 0.90)
    study.rate("the true form's own interval", own)
    study.mean("width of the union over its own", wider)
    return study.rows


def declines(name, design, share, sets, seed=7, low=None, high=None, replicates=500):
    """Share of data sets in which success is found to have fallen at the largest budget."""
    study, drawn = Study("decline", name), enumerate(design.draw(sets, seed, share))
    found = [decline(hits, design.tries, replicates=replicates, seed=place) for place, hits in drawn]
    study.rate("finds a decline", [each.p < 0.05 for each in found], low, high)
    study.mean("drop detectable with power .8", [each.detectable for each in found])
    return study.rows


def percentile(name, design, sets, seed=8, replicates=400):
    """Percentile limits of the cluster bootstrap of the shared law."""
    study, law, inside = Study("bootstrap", name), AxisLaw(LOMAX, design.axes), []
    known = [0.15, 0.75, *design.half, design.shape[0]]
    for place, (theta, _, hits) in enumerate(modes(design, law, sets, seed)):
        drawn = bootstrap(law, design.x, hits, design.tries, replicates=replicates, seed=place, start=theta)
        values = np.column_stack([1 / (1 + np.exp(-drawn[:, 0])), ceiling_of(drawn, 1), np.exp(drawn[:, 2:])])
        low, high = np.quantile(values, [0.025, 0.975], axis=0)
        inside.append((low <= known) & (known <= high))
    hits, least = np.array(inside), nominal(sets) - 0.01
    study.covers("κ", hits[:, 2:5], slack=0.01)
    for measured, place in (("floor", 0), ("ceiling", 1), ("α", 5)):
        study.rate(measured, hits[:, place], least)
    return study.rows


def scores(sets):
    for name, design in SAME.items():
        yield from score(f"{name}, one law", design, sets, low=0.03, high=0.08)
        for other, fields in DIFFERENT.items():
            wanted = 0.80 if (name, other) == ("Q=300, κ=4,4,4", "α=3") else None
            yield from score(f"{name}, one axis {other}", replace(design, **fields), sets, low=wanted)


def equivalences(sets):
    sets = sets * 3 // 10  # every one takes 200 fits of two laws
    for name in ("Q=300, κ=2,4,8", "Q=800, κ=2,4,8", "Q=300, κ=4,8,16"):
        yield from equivalence(f"{name}, one law", SAME[name], sets)
    for way in WAYS:
        yield from equivalence(f"Q=300, κ=2,4,8, {way}", apart(way, 0.06), sets, high=0.08)
    # Where the gap is the margin itself: the level of the test.
    yield from equivalence("Q=300, κ=2,4,8, a higher ceiling", apart("a higher ceiling", 0.05), sets)


def fallen(sets):
    for questions, powers in ((300, (0.24, 0.55)), (800, (0.48, 0.90))):
        design = Design(questions=questions, half=(4.0,))
        for kind, share in (("rising", design.share), ("flat", np.full(8, 0.5))):
            yield from declines(f"Q={questions}, {kind}", design, share, sets, high=0.06)
            for drop, power in zip((0.05, 0.08), powers, strict=True):
                name, lower = f"Q={questions}, {kind}, then a drop of {drop:g}", np.append(share[:-1], share[-2] - drop)
                yield from declines(name, design, lower, sets, low=power)


def over(designs, study, **fields):
    """Return a study of several designs."""
    return lambda sets: (row for item in designs.items() for row in study(*item, sets, **fields))


FREE = {name: SHARED[name] for name in ("Q=300", "Q=300 + measured ceiling", "Q=300, α=(.8,.8,.3)")}
STUDIES = {
    "shared": lambda sets: over(SHARED, shared)(4 * sets),
    "elasticity": over(SHARED, elasticities),
    "ratios": lambda sets: over(FREE, ratios)(sets * 3 // 10),  # every one takes nine profiles
    "alone": over(ALONE, alone),
    "heavy": over(HEAVY, alone, refused=0.85),
    "score": scores,
    "equivalence": equivalences,
    "extrapolation": lambda sets: (row for half in (4.0, 8.0) for form in BEYOND for row in beyond(form, half, sets)),
    "decline": fallen,
    "bootstrap": over({"Q=300": SHARED["Q=300"]}, percentile),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=NIGHTLY)
    parser.add_argument("--only", choices=STUDIES)
    asked = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    sys.stdout.write(HEADER)
    for name in [asked.only] if asked.only else STUDIES:
        sys.stdout.writelines(f"{row}\n" for row in STUDIES[name](asked.sets))


if __name__ == "__main__":
    main()
