import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_fit import made

from scaling.document import from_json, read, save, to_json
from scaling.plain import decode, encode
from scaling.results import Interval, ScalingFit


def equal(one, other):
    """Equal to the last bit, arrays too."""
    if dataclasses.is_dataclass(one):
        fields = [field.name for field in dataclasses.fields(one)]
        return type(one) is type(other) and all(equal(getattr(one, name), getattr(other, name)) for name in fields)
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, tuple):
        return isinstance(other, tuple) and len(one) == len(other) and all(map(equal, one, other))
    return type(one) is type(other) and one == other


def test_a_fit_comes_back_exactly_through_a_file(tmp_path):
    fit = made()
    path = tmp_path / "fit.json"
    save(fit, path)
    assert equal(read(path), fit)
    assert list(tmp_path.iterdir()) == [path]


def test_the_contract():
    values = to_json(made())
    assert values["version"] == 1
    assert list(values["axes"]) == ["depth", "width", "thinking tokens"]
    depth, tokens = values["axes"]["depth"], values["axes"]["thinking tokens"]
    assert depth["elasticity"] == {"value": 0.43, "low": 0.37, "high": 0.49}
    assert depth["ceiling"] == {"value": 0.75, "low": 0.69, "high": 0.83}
    assert depth["gate"] == "identified"
    assert tokens["ceiling"] is None
    assert tokens["tail_exponent"] is None
    assert tokens["half_budget"]["high"] is None
    assert tokens["gate"].startswith("asymptote not identified: ")
    assert values["verdict"]["same_law"] == "SAME"
    assert values["verdict"]["forms"]["exp"] == "INCONCLUSIVE"
    assert values["verdict"]["pairs"][0] == ["depth", "width", 0.9]
    assert values["exchange_rates"][0]["rate"]["value"] == 2.0
    assert values["joint"][0]["law"] == "ces-lomax"


def test_no_literal_that_is_not_json(tmp_path):
    save(made(), tmp_path / "fit.json")

    def refuse(literal):
        raise AssertionError(literal)

    json.loads((tmp_path / "fit.json").read_text(), parse_constant=refuse)


def test_one_axis_and_no_verdict():
    fit = made()
    alone = dataclasses.replace(fit, axes=fit.axes[:1], verdict=None, exchange_rates=(), joint=(), notes=())
    assert equal(from_json(json.loads(json.dumps(to_json(alone)))), alone)


ends = st.floats(allow_nan=False)


@given(st.floats(allow_nan=False, allow_infinity=False), ends, ends)
def test_any_interval_comes_back(value, low, high):
    one = Interval(value, low, high)
    if low == math.inf or high == -math.inf:
        with pytest.raises(ValueError, match="which no JSON document can hold"):
            encode(one)
    else:
        assert equal(decode(Interval, json.loads(json.dumps(encode(one)))), one)


def test_a_number_that_is_none_is_refused_and_named(tmp_path):
    fit = dataclasses.replace(made(), floor=Interval(math.nan, 0.1, 0.2))
    with pytest.raises(ValueError, match=r"^floor\.value is nan, which no JSON document can hold\.$"):
        save(fit, tmp_path / "fit.json")
    assert list(tmp_path.iterdir()) == []


def broken(change):
    values = json.loads(json.dumps(to_json(made())))
    change(values)
    return values


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.pop("kind"), 'its "kind" is not "scaling fit"'),
        (lambda v: v.update(version=9), "The fit has version 9; this program reads version 1."),
        (lambda v: v.update(axes=[]), '"axes" is not an object'),
        (lambda v: v.update(axes={"depth": 1}), '"axes" is not an object'),
        (lambda v: v.pop("floor"), "^floor is missing"),
        (lambda v: v["axes"]["width"].pop("gate"), r"^axes\[1\].gate is missing"),
        (lambda v: v["floor"].update(value="much"), 'floor.value cannot be "much"'),
        (lambda v: v["floor"].update(value=True), "floor.value cannot be true"),
        (lambda v: v["floor"].update(value=math.nan), "floor.value cannot be NaN"),
        (lambda v: v["floor"].update(value=10**400), "floor.value cannot be 1000"),
        (lambda v: v["verdict"].update(same_law="PERHAPS"), 'verdict.decision cannot be "PERHAPS"'),
        (lambda v: v["verdict"].pop("same_law"), "verdict.decision cannot be null"),
        (lambda v: v["verdict"].update(pairs=[["depth", 1]]), "verdict.pairs cannot be"),
        (lambda v: v["verdict"].update(forms=3), "verdict.forms cannot be 3"),
        (lambda v: v.update(questions=3.5), "questions cannot be 3.5"),
        (lambda v: v["axes"]["depth"].update(elasticity_range=[1.0]), r"elasticity_range cannot be \[1.0\]"),
        (lambda v: v["axes"]["depth"].update(spend=None), "spend cannot be null"),
        (lambda v: v["axes"]["depth"].update(curve=[]), r"curve cannot be \[\]"),
    ],
)
def test_a_document_that_is_no_fit_says_where(change, message):
    with pytest.raises(ValueError, match=message):
        from_json(broken(change))


@pytest.mark.parametrize("values", [None, 3, [], "fit", {}])
def test_other_json_is_no_fit(values):
    with pytest.raises(ValueError, match="The document is no fit"):
        from_json(values)


def test_a_file_that_cannot_be_used_is_named(tmp_path):
    path = tmp_path / "fit.json"
    with pytest.raises(ValueError, match=r"fit\.json cannot be read: No such file"):
        read(path)
    with pytest.raises(ValueError, match="cannot be read: Is a directory"):
        read(tmp_path)
    for raw in (b"", b"{", b"\xff\xfe", b"PAR1"):
        path.write_bytes(raw)
        with pytest.raises(ValueError, match=r"fit\.json is not JSON: .*Name a fit\.json"):
            read(path)
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"fit\.json cannot be used: The document is no fit"):
        read(path)


def test_fields_that_a_later_version_may_add_do_no_harm():
    values = to_json(made())
    assert isinstance(from_json({**values, "remark": "by hand"}), ScalingFit)
