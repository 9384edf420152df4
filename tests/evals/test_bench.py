import json

import numpy as np
import pytest

from evals.bench import sweeping
from evals.bench.__main__ import _outside, main
from evals.bench.indexes import documents, ready
from evals.bench.measure import Measure, in_turns, ratio, share
from evals.bench.text import FastEncoder, Writer
from evals.runstore import opened
from retrieval.documents.passages import cut
from retrieval.index import LocalIndex


class Fixed:
    name, dim = "fixed", 384

    def encode(self, texts):
        return np.ones((len(texts), 384), dtype=np.float32)


def test_a_limit_holds_on_its_side():
    assert Measure("x", 1.2, "ratio", 1.25, "below").passed is True
    assert Measure("x", 1.3, "ratio", 1.25, "below").passed is False
    assert Measure("x", 0.9, "ratio", 0.85, "above").passed is True
    assert Measure("x", 0.8, "ratio", 0.85, "above").passed is False
    assert Measure("x", 0.8, "ratio").passed is None
    assert Measure("x", 0.8, "ratio", 0.85, "above").to_json()["limit"] == "≥ 0.85"


def test_ratio_and_share():
    assert ratio([(2.0, 1.0), (30.0, 10.0), (1.0, 1.0)]) == 2.0
    assert share([float(n) for n in range(1, 101)], 0.95) == 95.0
    assert share([7.0], 0.95) == 7.0
    calls = []
    in_turns(lambda: calls.append("a"), lambda: calls.append("b"), 3)
    assert calls == ["a", "b"] * 3


def test_text_is_the_same_for_a_seed_and_has_a_long_tail():
    written = list(Writer(seed=3).documents(200))
    assert [one.text for one in written] == [one.text for one in Writer(seed=3).documents(200)]
    assert written[0].text != next(Writer(seed=4).documents(1)).text
    assert 200 <= sum(len(cut(one.text)) for one in written) < 230
    words = " ".join(one.text for one in written).lower().replace(".", "").split()
    counts = sorted((words.count(word) for word in set(words[:4000])), reverse=True)
    assert counts[0] > 50 * counts[len(counts) // 2]
    query = Writer(seed=3).query(written[0]).split()
    assert len(query) == 12
    assert sum(word in written[0].text.lower() for word in query) >= 8


def test_vectors_follow_the_text_and_queries_go_to_the_real_encoder():
    encoder = FastEncoder(Fixed())
    rows = encoder.encode(["a", "b", "a"])
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    assert np.array_equal(rows[0], rows[2])
    assert abs(float(rows[0] @ rows[1])) < 0.3
    assert np.array_equal(encoder.encode(["a"]), np.ones((1, 384), dtype=np.float32))


async def test_a_kept_index_is_used_again_and_has_met_no_query_before(tmp_path):
    encoder = FastEncoder(Fixed())
    folder = ready(tmp_path, 60, encoder)
    query = Writer(seed=1).query(documents(60)[0])
    for times in (1, 2):
        assert ready(tmp_path, 60, encoder) == folder
        index = LocalIndex.open(folder, encoder=encoder)
        assert index.describe().embedded == index.describe().passages >= 60
        assert len(await index.search(query, k=8)) == 8
        assert encoder.queries == times


def test_one_benchmark_prints_one_json_object(capsys):
    assert main(["--only", "fanout", "--quick"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["crashed"] == []
    (measure,) = result["benches"][0]["measures"]
    assert measure["name"] == "fan-out of 32 searches over one"
    assert measure["limit"] == "≤ 1.25"
    assert isinstance(measure["passed"], bool)


def test_the_harness_is_measured_with_its_memory_and_a_large_store(tmp_path):
    measures = {one.name: one for one in sweeping.measure(tmp_path, quick=True)}
    assert [(one.unit, one.limit, one.better) for one in measures.values()] == [
        ("trials/s", 500, "above"),
        ("MB", 1000, "below"),
        ("MB", 1000, "below"),
        ("s", 2, "below"),
        ("s", 0.5, "below"),
    ]
    rate = measures["400 scripted trials through the harness"]
    assert len(rate.detail["each"]) == 5
    assert 3_000 < rate.detail["bytes_a_trial"] < 8_000
    with opened(tmp_path / "4.sqlite") as store:
        assert len(list(store.trials())) == 400
    with opened(tmp_path / "large.sqlite") as store:
        assert len({trial.key for trial in store.trials()}) == 5_000


def test_a_crash_is_told_apart_from_a_missed_limit(tmp_path):
    report = _outside("no-such-benchmark", tmp_path, True)
    assert report["measures"] == []
    assert "invalid choice" in report["error"]


def test_unknown_names_are_refused(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--only", "nothing"])
    assert stopped.value.code == 2
    assert "invalid choice" in capsys.readouterr().err
