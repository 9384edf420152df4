"""An example from the first trial to the report; it reads from top to bottom, and runs."""

import numpy as np
import pandas as pd

from scaling import report
from scaling.along import Options
from scaling.document import from_json, to_json
from scaling.drawing import Picture, files
from scaling.fit import fit
from scaling.gallery import figures
from scaling.trials import Trials


def test_example(tmp_path):
    # 150 questions on three axes. A question is answered by x extra units of an axis with chance 1 - exp(-λ x / s),
    # with a hit rate λ of its own; one in four never is, and one in eight needs no search at all.
    random = np.random.default_rng(0)
    questions = 150
    hit_rate = random.gamma(0.8, 1.0, questions) * (random.random(questions) > 0.25)
    known = random.random(questions) < 0.125
    base = {"depth": 1, "width": 1, "thinking": 500}
    scale = {"depth": 2, "width": 4, "thinking": 4000}

    # Every question in every cell: the base, and each axis alone in doublings (SCALING.md, design A).
    rows = []
    for axis in base:
        for step in (0, 1, 2, 4, 8, 16, 32):
            budget = base[axis] * (1 + step)
            chance = known + (1 - known) * (1 - np.exp(-hit_rate * (budget - base[axis]) / scale[axis]))
            for question in range(questions):
                right = random.random() < chance[question]
                rows.append({"question": question, "outcome": float(right), **base, axis: budget})
    table = pd.DataFrame(rows).drop_duplicates(["question", *base])  # the base cell is shared by the axes

    trials = Trials.from_frame(table)
    assert trials.axes == ("depth", "width", "thinking")
    cells = trials.cells()
    found = fit(cells, replicates=200)

    # What it says of each axis: half of the way from floor to ceiling takes about 1.4 scales (2^(1/.8) - 1) of extra.
    depth, width, thinking = found.axes
    assert depth.elasticity.low > 0
    assert depth.half_budget.low < 1.38 * 2 < depth.half_budget.high
    assert thinking.half_budget.low < 1.38 * 4000 < thinking.half_budget.high
    rate = found.exchange_rates[0]
    assert (rate.of, rate.to) == ("depth", "width")
    assert rate.rate.low < 2 < rate.rate.high
    assert found.verdict.decision in ("SAME", "INCONCLUSIVE")  # 150 questions are not many
    assert width.extrapolation.measured_to == 33

    # The same in words, with its figures inside, and as a document.
    drawn = figures(found, cells, Options("lomax", 200, 0))
    text = report.markdown(found, drawn)
    assert "1 extra depth is worth" in text
    first = next(each for each in drawn if isinstance(each, Picture))
    page = tmp_path / "report.html"
    page.write_text(report.html(text, files(first)), encoding="utf-8")
    assert from_json(to_json(found)).verdict == found.verdict
