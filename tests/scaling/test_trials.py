"""Tables of trials: what is read, what is refused and in which words, and the sums that fits are made of."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling.errors import TrialsError
from scaling.trials import Cells, Trials

INF, NAN = np.inf, np.nan
SUFFIXES = (".parquet", ".csv", ".jsonl", ".jsonl.gz")


def table(**changes):
    """Two questions on one axis at 1, 2 and 4; a column given as None is left out."""
    columns = {
        "question": ["a", "a", "a", "b", "b", "b"],
        "seed": [0] * 6,
        "outcome": [0, 0, 1, 0, 1, 1],
        "depth": [1, 2, 4, 1, 2, 4],
    } | changes
    return pd.DataFrame({name: values for name, values in columns.items() if values is not None})


def same(one, other):
    """Tell whether two tables hold the same trials in the same order."""
    assert (one.questions, one.axes, one.groups) == (other.questions, other.axes, other.groups)
    for name in ("question", "seed", "outcome", "attempts", "spend", "group"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), strict=True)
    assert one.costs.keys() == other.costs.keys()
    for name, cost in one.costs.items():
        np.testing.assert_array_equal(cost, other.costs[name], strict=True)
    return True


def test_a_table_is_read_as_it_stands():
    trials = Trials.from_frame(
        table(n=[4] * 6, width=[1, 1, 1, 1, 1, 8], group=["g"] * 6, cost_usd=[1, 2, NAN, 4, 5, 6], seed=[7] * 6)
    )
    assert trials.questions == ("a", "b")
    assert trials.question.tolist() == [0, 0, 0, 1, 1, 1]
    assert trials.question.dtype == trials.seed.dtype == trials.group.dtype == np.int64
    assert trials.axes == ("depth", "width")
    assert trials.spend.tolist() == [[1, 1], [2, 1], [4, 1], [1, 1], [2, 1], [4, 8]]
    assert trials.attempts.tolist() == [4] * 6
    assert trials.seed.tolist() == [7] * 6
    assert trials.groups == ("g",)
    np.testing.assert_array_equal(trials.costs["usd"], [1, 2, NAN, 4, 5, 6])


def test_what_the_table_does_not_say():
    trials = Trials.from_frame(table(seed=None))
    assert trials.attempts.tolist() == [1] * 6
    assert trials.seed.tolist() == [0] * 6
    assert trials.groups == trials.questions
    assert trials.group.tolist() == trials.question.tolist()
    assert trials.costs == {}


def test_trials_without_seeds_are_counted_in_order():
    frame = pd.DataFrame({"question": list("aabaab"), "depth": [1, 1, 1, 2, 1, 2], "outcome": [0, 1, 0, 1, 1, 1]})
    assert Trials.from_frame(frame).seed.tolist() == [0, 1, 0, 0, 2, 0]


def test_ids_are_text_or_numbers_and_1_is_the_same_question_as_its_text():
    ids = Trials.from_frame(table(question=[7, 7, 7, 12, 12, 12]))
    assert ids.questions == ("12", "7")
    mixed = Trials.from_frame(table(question=[7, "7", 7, "x", "x", "x"]))
    assert mixed.questions == ("7", "x")
    assert mixed.question.tolist() == [0, 0, 0, 1, 1, 1]
    categories = Trials.from_frame(table(question=pd.Categorical(list("aaabbb"))))
    assert categories.questions == ("a", "b")


@pytest.mark.parametrize(
    "outcome",
    [
        [False, False, True, False, True, True],
        [False, 0, 1.0, 0, True, True],
        pd.array([0, 0, 1, 0, 1, 1], dtype="Int64"),
        pd.array([False, False, True, False, True, True], dtype="boolean"),
        ["0", "0", "1", "0", "1.0", "1"],
    ],
)
def test_outcomes_are_numbers_however_they_are_held(outcome):
    assert Trials.from_frame(table(outcome=outcome)).outcome.tolist() == [0, 0, 1, 0, 1, 1]


def test_a_column_that_never_varies_is_no_axis():
    assert Trials.from_frame(table(width=[3] * 6, gold=[INF] * 6)).axes == ("depth",)


def test_other_columns_are_ignored_where_the_axes_are_named():
    frame = table(model=["x"] * 6, width=[1, 2, 3, 4, 5, 6])
    assert Trials.from_frame(frame, axes=["depth"]).axes == ("depth",)
    assert Trials.from_frame(frame, axes=["width", "depth"]).axes == ("width", "depth")


def test_the_index_of_a_frame_does_not_matter():
    frame = table()
    frame.index = [5, 5, 1, 0, 9, 2]
    assert same(Trials.from_frame(frame), Trials.from_frame(table()))


def test_rows_may_lack_what_is_optional():
    rows = table().to_dict("records")
    rows[2]["cost_usd"] = 3
    trials = Trials.from_rows(iter(rows))
    np.testing.assert_array_equal(trials.costs["usd"], [NAN, NAN, 3, NAN, NAN, NAN])


MALFORMED = {
    "no rows": (table().head(0), "has no rows; add a row for each trial"),
    "no outcome": (table(outcome=None), "no column 'outcome' among ['question', 'seed', 'depth']; add it"),
    "no question": (table(question=None), "no column 'question' among"),
    "nothing": (pd.DataFrame(), "has no rows"),
    "no axis": (table(depth=None), "All 6 trials have one budget, and one budget can show no curve; add trials"),
    "one budget": (table(depth=[4] * 6), "numeric column for each axis (the same in every row: depth)"),
    "outcome missing": (table(outcome=[0, NAN, 1, 0, 1, 1]), "Row 2 (question 'a'): outcome is missing; an outcome is"),
    "outcome None": (table(outcome=[0, 1, 1, 0, None, True]), "Row 5 (question 'b'): outcome is missing"),
    "outcome > 1": (table(outcome=[0, 1, 1, 0, 1, 75]), "Row 6 (question 'b'): outcome is 75; an outcome is a number"),
    "outcome < 0": (table(outcome=[-0.5, 1, 1, 0, 1, 1]), "Row 1 (question 'a'): outcome is -0.5"),
    "outcome inf": (table(outcome=[0, 1, INF, 0, 1, 1]), "Row 3 (question 'a'): outcome is inf"),
    "outcome text": (table(outcome=[0, 1, "yes", 0, 1, 1]), "Row 3 (question 'a'): outcome is yes"),
    "outcome NaN in text": (table(outcome=["0", "nan", "1", "0", "1", "1"]), "Row 2 (question 'a'): outcome is nan"),
    "outcome list": (table(outcome=[0, 1, 1, 0, [1], 1]), "Row 5 (question 'b'): outcome is [1]"),
    "outcome array": (table(outcome=[np.ones(2)] * 6), "Row 1 (question 'a'): outcome is [1. 1.]"),
    "outcome complex": (table(outcome=[0, 1, 1, 0, 1j, 1]), "Row 1 (question 'a'): outcome is 0j"),
    "spend < 0": (table(depth=[1, 2, 4, -1, 2, 4]), "Row 4 (question 'b'): depth is -1; a budget is a number of at"),
    "spend NaN": (table(depth=[1, 2, NAN, 1, 2, 4]), "Row 3 (question 'a'): depth is missing; a budget is"),
    "spend NA": (table(depth=pd.array([1, None, 4, 1, 2, 4], dtype="Int64")), "Row 2 (question 'a'): depth is missing"),
    "axis of text": (
        table(model=["gpt"] * 6),
        "model is gpt; a budget is a number of at least 0, or inf for a measured ",
    ),
    "axis of dates": (table(day=pd.to_datetime(["2026-01-01"] * 6)), "Row 1 (question 'a'): day is 2026-01-01"),
    "n is 0": (
        table(n=[1, 0, 1, 1, 1, 1]),
        "Row 2 (question 'a'): n is 0; the number of attempts behind an outcome is",
    ),
    "n < 0": (table(n=[1, 1, 1, 1, 1, -3]), "Row 6 (question 'b'): n is -3"),
    "n NaN": (table(n=[1, 1, 1, NAN, 1, 1]), "Row 4 (question 'b'): n is missing"),
    "n inf": (table(n=[1, 1, 1, INF, 1, 1]), "Row 4 (question 'b'): n is inf"),
    "cost < 0": (table(cost_usd=[1, 1, -2.5, 1, 1, 1]), "Row 3 (question 'a'): cost_usd is -2.5; a cost is a finite"),
    "cost inf": (table(cost_usd=[1, 1, INF, 1, 1, 1]), "Row 3 (question 'a'): cost_usd is inf"),
    "cost text": (table(cost_usd=[1, 1, "free", 1, 1, 1]), "Row 3 (question 'a'): cost_usd is free"),
    "cost NaN in text": (table(cost_usd=[1, 1, "nan", 1, 1, 1]), "Row 3 (question 'a'): cost_usd is nan"),
    "seed half": (
        table(seed=[0, 0, 0.5, 0, 0, 0]),
        "Row 3 (question 'a'): seed is 0.5; a seed is a whole number below",
    ),
    "seed missing": (table(seed=[0, 0, 0, 0, 0, None]), "Row 6 (question 'b'): seed is missing"),
    "seed inf": (table(seed=[0, 0, 0, 0, 0, INF]), "Row 6 (question 'b'): seed is inf"),
    "seed huge": (table(seed=[0, 0, 0, 0, 0, 2**53 + 1]), "Row 6 (question 'b'): seed is 9007199254740993"),
    "double": (table(depth=[1, 2, 2, 1, 2, 4]), "Row 3 (question 'a'): the trial repeats row 2, with the same budgets"),
    "double of -0": (table(depth=[0.0, -0.0, 4, 1, 2, 4]), "Row 2 (question 'a'): the trial repeats row 1"),
    "question None": (
        table(question=["a", None, "a", "b", "b", "b"]),
        "Row 2: question is missing; name the question",
    ),
    "question blank": (table(question=["a", " ", "a", "b", "b", "b"]), "Row 2 (question ' '): question is missing"),
    "question list": (table(question=[["a"]] * 6), "Column 'question' holds lists or mappings"),
    "group missing": (
        table(group=["g", "g", None, "g", "g", "g"]),
        "Row 3 (question 'a'): group is missing; give every",
    ),
    "group split": (
        table(group=list("ggghgg")),
        "Row 5 (question 'b'): group is 'g', and was 'h' for this question bef",
    ),
    "two columns": (pd.concat([table(), table()[["depth"]]], axis=1), "There are two columns 'depth'; leave one out"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_table_is_refused_with_the_row_and_the_value(name):
    frame, sentence = MALFORMED[name]
    with pytest.raises(TrialsError) as caught:
        Trials.from_frame(frame)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("axes", "sentence"),
    [
        (["width"], "There is no column 'width' among"),
        (["seed"], "Column 'seed' cannot be an axis"),
        (["cost_usd"], "Column 'cost_usd' cannot be an axis"),
        ([], "All 6 trials have one budget"),
    ],
)
def test_axes_that_are_none_are_refused(axes, sentence):
    with pytest.raises(TrialsError, match=sentence):
        Trials.from_frame(table(cost_usd=[1, 2, 3, 4, 5, 6]), axes)


def test_a_row_that_is_no_mapping_is_refused():
    with pytest.raises(TrialsError, match=r"Row 2 is \['a', 1\]; a row maps column names to values"):
        Trials.from_rows([{"question": "a"}, ["a", 1]])


CSV = "question,outcome,depth\n"
BROKEN = {
    "a.csv": (b"", "cannot be read as its name says"),
    "b.csv": (CSV.encode() + b"a,1,2,3\na,1,2\n", "Row 1 has more values than the 3 columns of the header"),
    "c.csv": (CSV.encode() + b"a,1,2\na,1,2,4\n", "Expected 3 fields in line 3, saw 4"),
    "d.csv": (CSV.encode() + b"a,1,2\na,1\n", "d.csv: Row 2 (question 'a'): depth is missing"),
    "e.csv": (b",question,outcome,depth\n0,a,1,2\n", "Column 1 has no name; name it, or leave out an index"),
    "f.csv": (b"question,outcome,depth,depth\na,1,2,3\n", "There are two columns 'depth'"),
    "g.csv": (b"question;outcome;depth\na;1;2\n", "no column 'question' among ['question;outcome;depth']"),
    "h.csv": (CSV.encode() + b"\xff\xfe\xfa,1,2\n", "cannot be read as its name says"),
    "i.csv": (CSV.encode() + b",1,2\na,1,3\n", "Row 1 (question ''): question is missing"),
    "j.csv": (CSV.encode(), "has no rows"),
    "k.jsonl": (b'{"question": 1, "outcome": 0, "depth": 1}\n\n{"question": 1,\n', "Line 3 is no JSON"),
    "kk.jsonl": (
        b'\xef\xbb\xbf{"question": 1, "outcome": 0}\n{"question": "\xff"}\n',
        "Line 2 is no JSON ('utf-8' codec",
    ),
    "l.jsonl": (b"[1, 2]\n", "Row 1 is [1, 2]; a row maps"),
    "m.jsonl": (b"", "has no rows"),
    "n.jsonl": (b'{"question": 1, "depth": 1}\n', "no column 'outcome' among ['question', 'depth']"),
    "o.jsonl.gz": (b"no gzip", "cannot be read as its name says"),
    "p.jsonl.gz": (gzip.compress(b'{"question": 1}\n' * 99)[:-9], "cannot be read as its name says"),
    "q.parquet": (b"PAR1 but no more", "cannot be read as its name says"),
    "r.xlsx": (b"", "is none of .parquet, .csv, .jsonl, .jsonl.gz; name the file by what it holds"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_by_its_name(name, tmp_path):
    content, sentence = BROKEN[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TrialsError) as caught:
        Trials.read(tmp_path / name)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(f"{name}: ")


def test_a_file_or_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(TrialsError, match=r"x\.csv: There is no such file; check the path"):
        Trials.read(tmp_path / "x.csv")
    (tmp_path / "y.csv").mkdir()
    with pytest.raises(TrialsError, match=r"y\.csv: The file cannot be read"):
        Trials.read(str(tmp_path / "y.csv"))
    with pytest.raises(TrialsError, match="none of"):
        Trials.from_frame(table()).write(tmp_path / "x.txt")
    with pytest.raises(FileNotFoundError):
        Trials.from_frame(table()).write(tmp_path / "none" / "x.csv")


def test_files_as_others_write_them(tmp_path):
    csv = tmp_path / "spread.csv"
    csv.write_bytes(
        b"\xef\xbb\xbfquestion,outcome,depth,cost_usd\r\n007,True,1,\r\n007,FALSE,inf,2\r\nNA,True,1,NA\r\n"
    )
    trials = Trials.read(csv)
    assert trials.questions == ("007", "NA")
    assert trials.spend.tolist() == [[1], [INF], [1]]
    np.testing.assert_array_equal(trials.costs["usd"], [NAN, 2, NAN])
    lines = tmp_path / "lines.jsonl"
    lines.write_text(
        '{"question": 7, "outcome": true, "depth": 1}\n\n'
        '{"question": 7, "outcome": 0, "depth": Infinity, "cost_usd": null}\n'
        '{"depth": "inf", "outcome": 0.5, "question": 8}'
    )
    assert Trials.read(lines).spend.tolist() == [[1], [INF], [INF]]


names = st.text(min_size=1, max_size=5).filter(str.strip)
budgets = st.floats(0, exclude_min=True)


@st.composite
def frames(draw):
    """Trials of up to four questions in four cells and two seeds, some missing, in any order, with all columns."""
    questions = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    groups = {question: draw(st.sampled_from(["g", *questions])) for question in questions}
    cells = [(0.0, 0.0), (draw(budgets), 0.0), (0.0, draw(budgets)), (INF, INF)]
    rows = [(question, *cell, seed) for question in questions for cell in dict.fromkeys(cells) for seed in (0, 1)]
    rows = draw(
        st.permutations(rows[:8] + draw(st.lists(st.sampled_from(rows[8:]), unique=True)) if rows[8:] else rows)
    )
    frame = pd.DataFrame(rows, columns=["question", "depth", "width", "seed"])
    frame["group"] = frame["question"].map(groups)
    for column, values in (
        ("outcome", st.floats(0, 1)),
        ("n", st.integers(1, 9)),
        ("cost_s", st.floats(0, 1e9) | st.just(NAN)),
    ):
        frame[column] = draw(st.lists(values, min_size=len(rows), max_size=len(rows)))
    return frame


@settings(max_examples=40, deadline=None)
@given(frame=frames())
def test_every_format_gives_back_what_was_written(frame, tmp_path_factory):
    trials = Trials.from_frame(frame)
    assert same(trials, Trials.from_frame(trials.to_frame()))
    folder = tmp_path_factory.mktemp("round")
    for suffix in SUFFIXES:
        trials.write(folder / f"trials{suffix}")
        assert same(trials, Trials.read(folder / f"trials{suffix}"))


def test_json_lines_are_json_and_the_same_trials_are_the_same_file(tmp_path):
    trials = Trials.from_frame(table(depth=[1, 2, INF] * 2, cost_usd=[NAN, 1, 2, 3, 4, 5], question=list('"""%%%')))
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        trials.write(tmp_path / name)
    content = (tmp_path / "one.jsonl.gz").read_bytes()
    assert content == (tmp_path / "two.jsonl.gz").read_bytes()
    rows = [json.loads(line, parse_constant=pytest.fail) for line in gzip.decompress(content).splitlines()]
    assert rows[0] == {"question": '"', "seed": 0, "outcome": 0, "n": 1, "group": '"', "depth": 1, "cost_usd": None}
    assert rows[2]["depth"] == "inf"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_is_replaced_whole_or_not_at_all(suffix, tmp_path, monkeypatch):
    path = tmp_path / f"trials{suffix}"
    path.write_text("before")
    trials = Trials.from_frame(table())
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", lambda *_: pytest.fail("full"))
        with pytest.raises(pytest.fail.Exception):
            trials.write(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "before"
    trials.write(path)
    assert same(trials, Trials.read(path))


def test_select_keeps_axes_and_drops_questions_without_trials():
    trials = Trials.from_frame(table(group=list("hhhggg"), cost_usd=range(6)))
    chosen = trials.select((trials.question == 1) & (trials.spend[:, 0] == 2))
    assert (chosen.questions, chosen.groups, chosen.axes) == (("b",), ("g",), ("depth",))
    assert chosen.question.tolist() == chosen.group.tolist() == [0]
    assert chosen.costs["usd"].tolist() == [4]
    assert chosen.cells().attempts.tolist() == [[1]]
    assert same(trials, trials.select(np.ones(6, dtype=bool)))


def test_a_mask_that_is_none_is_refused():
    trials = Trials.from_frame(table())
    with pytest.raises(TrialsError, match="None of the 6 trials is selected"):
        trials.select(np.zeros(6, dtype=bool))
    for mask in (np.arange(6), np.ones(5, dtype=bool)):
        with pytest.raises(ValueError, match="one boolean for each of 6 trials"):
            trials.select(mask)


def test_cells_are_sums_by_cluster_and_budget():
    frame = pd.DataFrame(
        {
            "question": ["a", "a", "b", "b", "c", "c"],
            "group": ["g", "g", "g", "g", "h", "h"],
            "depth": [4, 1, 4, INF, 4, 4],
            "width": [2, 2, 2, INF, 2, 2],
            "outcome": [0.5, 1, 1, 1, 0, 1],
            "n": [10, 1, 2, 1, 1, 1],
            "cost_usd": [3, NAN, 9, 4, NAN, 0],
            "cost_s": [NAN, NAN, NAN, 1, NAN, NAN],
        }
    )
    cells = Trials.from_frame(frame).cells()
    assert isinstance(cells, Cells)
    assert cells.axes == ("depth", "width")
    assert cells.spend.tolist() == [[1, 2], [4, 2], [INF, INF]]
    assert cells.base.tolist() == [1, 2]
    assert cells.x.tolist() == [[0, 0], [3, 0], [INF, INF]]
    assert cells.clusters == ("g", "h")
    assert cells.successes.tolist() == [[1, 7, 1], [0, 1, 0]]
    assert cells.attempts.tolist() == [[1, 12, 1], [0, 2, 0]]
    np.testing.assert_allclose(cells.costs["usd"], [NAN, (10 * 3 + 2 * 9 + 0) / 13, 4])
    np.testing.assert_allclose(cells.costs["s"], [NAN, NAN, 1])
    assert (cells.questions, cells.trials, cells.seeds) == (3, 6, 10)  # ten attempts stand in one row


def test_the_base_is_the_smallest_finite_budget_or_the_one_given():
    trials = Trials.from_frame(table(width=[INF, 8, 8, 3, 8, 8]))
    assert trials.cells().base.tolist() == [1, 3]
    cells = trials.cells({"depth": 0.5})
    assert cells.base.tolist() == [0.5, 3]
    assert cells.x.tolist() == [[0.5, 0], [0.5, INF], [1.5, 5], [3.5, 5]]


def test_a_base_that_is_none_is_refused():
    trials = Trials.from_frame(table())
    with pytest.raises(TrialsError, match="Axis 'depth' was measured at 1, below the base of 2; give 1 as its base"):
        trials.cells({"depth": 2})
    with pytest.raises(ValueError, match="no axis 'width' to give a base for; the axes are depth"):
        trials.cells({"width": 1})
    for base in (-1, NAN, INF):
        with pytest.raises(ValueError, match=r"The base of depth must be a finite budget of at least 0; it was"):
            trials.cells({"depth": base})
    ceiling = Trials.from_frame(table(depth=[1, 2, INF] * 2))
    with pytest.raises(TrialsError, match="Axis 'depth' was measured at its ceiling only"):
        ceiling.select(np.isinf(ceiling.spend[:, 0])).cells()


def test_realised_spend_as_an_axis_is_refused_before_memory_is(monkeypatch):
    monkeypatch.setattr("scaling.cells.LARGEST", 5)
    with pytest.raises(TrialsError, match=r"2 clusters in 3 cells are more than .* put what a trial really spent in a"):
        Trials.from_frame(table()).cells()


def test_along_keeps_what_moves_one_axis_the_base_and_its_ceilings():
    spend = [(0, 0), (2, 0), (0, 2), (2, 2), (INF, 0), (0, INF), (INF, INF), (INF, 2)]
    rows = [{"question": q, "d": d, "w": w, "outcome": d > w, "cost_s": d + w} for q in range(3) for d, w in spend]
    cells = Trials.from_rows([row | {"cost_s": min(row["cost_s"], 9)} for row in rows]).cells()
    along = cells.along("d")
    assert along.spend.tolist() == [[0, 0], [2, 0], [INF, 0], [INF, INF]]
    assert along.successes.sum(0).tolist() == [0, 3, 3, 0]
    assert along.attempts.shape == (3, 4)
    assert along.costs["s"].tolist() == [0, 2, 9, 9]
    assert (along.axes, along.clusters, along.base.tolist()) == (cells.axes, cells.clusters, [0, 0])
    assert cells.along("w").spend.tolist() == [[0, 0], [0, 2], [0, INF], [INF, INF]]
    with pytest.raises(ValueError, match="no axis 't'; the axes are d, w"):
        cells.along("t")


@settings(max_examples=40, deadline=None)
@given(frame=frames(), data=st.data())
def test_the_order_of_rows_and_the_names_of_questions_change_no_total(frame, data):
    cells = Trials.from_frame(frame).cells()
    shuffled = Trials.from_frame(frame.iloc[data.draw(st.permutations(range(len(frame))))]).cells()
    assert shuffled.clusters == cells.clusters
    ids = list(frame["question"].unique())
    renamed = dict(zip(ids, data.draw(st.permutations(ids)), strict=True))
    other = Trials.from_frame(frame.assign(question=frame["question"].map(renamed))).cells()
    for changed in (shuffled, other):
        np.testing.assert_array_equal(changed.spend, cells.spend)
        np.testing.assert_allclose(changed.successes, cells.successes)
        np.testing.assert_array_equal(changed.attempts, cells.attempts)
        np.testing.assert_allclose(changed.costs["s"], cells.costs["s"])
        assert (changed.questions, changed.trials, changed.seeds) == (cells.questions, cells.trials, cells.seeds)


@settings(max_examples=40, deadline=None)
@given(frame=frames())
def test_every_trial_again_as_a_new_seed_doubles_the_sums_and_adds_no_cluster(frame):
    cells = Trials.from_frame(frame).cells()
    twice = Trials.from_frame(pd.concat([frame, frame.assign(seed=frame["seed"] + 2)])).cells()
    assert (twice.clusters, twice.questions) == (cells.clusters, cells.questions)
    assert (twice.trials, twice.seeds) == (2 * cells.trials, 2 * cells.seeds)
    np.testing.assert_array_equal(twice.attempts, 2 * cells.attempts)
    np.testing.assert_allclose(twice.successes, 2 * cells.successes)
    np.testing.assert_allclose(twice.costs["s"], cells.costs["s"])


@settings(max_examples=40, deadline=None)
@given(frame=frames())
def test_seeds_drawn_together_into_n_attempts_give_the_same_cells(frame):
    """Outcome and cost are means over attempts, so that anyone may average seeds beforehand."""
    cells = Trials.from_frame(frame.fillna({"cost_s": 0})).cells()
    weighted = frame.fillna({"cost_s": 0}).assign(seed=0)
    weighted[["outcome", "cost_s"]] = weighted[["outcome", "cost_s"]].mul(weighted["n"], axis=0)
    drawn = weighted.groupby(["question", "group", "depth", "width", "seed"], as_index=False).sum()
    drawn[["outcome", "cost_s"]] = drawn[["outcome", "cost_s"]].div(drawn["n"], axis=0)
    drawn["outcome"] = drawn["outcome"].clip(upper=1)  # a mean of ones may round to more
    means = Trials.from_frame(drawn).cells()
    np.testing.assert_allclose(means.successes, cells.successes, atol=1e-12)
    np.testing.assert_array_equal(means.attempts, cells.attempts)
    assert (means.seeds, means.repeats) == (cells.seeds, cells.repeats)
    np.testing.assert_allclose(means.costs["s"], cells.costs["s"], atol=1e-12)


def test_a_hundred_thousand_trials_of_many_axes():
    """Codes of cells would overflow as a product over axes; sums agree with a slow count."""
    random = np.random.default_rng(0)
    size, axes = 100_000, 12
    grid = random.integers(0, 1000, (40, axes)) * 1.5
    cell = random.integers(0, 40, size)
    columns = {f"axis{at}": grid[cell, at] for at in range(axes)}
    outcome, question = random.random(size), random.integers(0, 50, size)
    cells = Trials.from_frame(pd.DataFrame({"question": question, "outcome": outcome, **columns})).cells()
    order = np.lexsort(grid.T[::-1])
    np.testing.assert_array_equal(cells.spend, grid[order])
    for place, at in enumerate(order):
        np.testing.assert_allclose(cells.successes[:, place].sum(), outcome[cell == at].sum())
