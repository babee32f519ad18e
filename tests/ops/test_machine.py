"""A tuning's file: loaded, named by the environment, refused; and it changes no result."""

import copy
import json

import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tests.modes import in_mode
from tests.ops.paces import paces
from tfdynconv.ops import machine, per_sample_conv, plan_cost
from tfdynconv.ops.plan import Case

CASE = Case("conv", (3, 3), 784, channels=64, filters=64, cells_in=784, cells_out=784)


@pytest.fixture(autouse=True)
def nothing_loaded(monkeypatch):
    monkeypatch.setattr(machine, "_loaded", {})
    monkeypatch.delenv(machine.VARIABLE, raising=False)


@pytest.fixture
def tuning(tmp_path):
    """A file on whose machine the loops are slow."""
    path = tmp_path / "tuning.json"
    path.write_text(json.dumps(paces(byte=1, slow=["loop", "loop_compiled"]).as_json()))
    return path


def test_shipped_figures_say_what_they_hold_for():
    assert set(machine.current().about) >= {"tensorflow", "cores", "processor", "instructions"}
    assert plan_cost.least("cpu", CASE) == ("loop",) * 3


def test_loaded_and_back(tuning):
    tfdynconv.load_tuning(tuning)
    assert plan_cost.least("cpu", CASE) == ("matmul",) * 3
    assert machine.current().as_json() == json.loads(tuning.read_text())
    tfdynconv.load_tuning(None)
    assert plan_cost.least("cpu", CASE) == ("loop",) * 3


def test_named_by_the_environment(tuning, monkeypatch):
    monkeypatch.setenv(machine.VARIABLE, str(tuning))
    assert plan_cost.least("cpu_xla", CASE) == ("matmul",) * 3
    monkeypatch.setattr(machine, "_loaded", {})
    monkeypatch.setenv(machine.VARIABLE, "nowhere.json")
    with pytest.raises(
        ValueError, match="variable TFDYNCONV_TUNING: there is no file 'nowhere.json'. Make one: tfdynconv tune"
    ):
        per_sample_conv(tf.ones([1, 3, 3, 1]), tf.ones([1, 2, 2, 1, 1]))


@pytest.mark.parametrize("value", [0, -1e-9, float("inf"), float("nan"), "fast", True, None])
def test_a_pace_that_is_none(value, tuning):
    content = json.loads(tuning.read_text())
    content["seconds"]["cpu_xla"]["matmul"]["byte"] = value
    tuning.write_text(json.dumps(content))
    with pytest.raises(
        ValueError, match=r"tuning.json'.* at seconds / cpu_xla / matmul / byte.*Received.*Measure again"
    ):
        tfdynconv.load_tuning(tuning)


def test_what_is_no_tuning(tuning, tmp_path):
    for text in ("", "[1, 2]", "{}", '{"seconds": 3}', "\x00"):
        tuning.write_text(text)
        with pytest.raises(ValueError, match="load_tuning: .*tuning.json.*Measure again: tfdynconv tune --out"):
            tfdynconv.load_tuning(tuning)
    tuning.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is no tuning"):
        tfdynconv.load_tuning(tuning)
    with pytest.raises(ValueError, match="is no tuning"):
        tfdynconv.load_tuning(tmp_path)
    assert plan_cost.least("cpu", CASE) == ("loop",) * 3  # as before


@pytest.mark.parametrize("mode", ["graph", "jit"])
def test_no_result_changes_beyond_rounding(mode, monkeypatch):
    x, k = tf.random.stateless_normal([3, 7, 6, 4], [1, 2]), tf.random.stateless_normal([3, 3, 3, 4, 5], [3, 4])

    def step(x, k):
        with tf.GradientTape() as tape:
            tape.watch([x, k])
            y = per_sample_conv(x, k, padding="same")
        return y, *tape.gradient(y, [x, k])

    results = []
    for slow in (["matmul"], ["loop", "loop_compiled"]):
        monkeypatch.setitem(machine._loaded, "machine", copy.deepcopy(paces(byte=1, slow=slow)))
        chosen = plan_cost.least("cpu", Case("conv", (3, 3), 42, channels=4, filters=5))
        assert slow[0] not in chosen
        results.append(in_mode(step, mode)(x, k))
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
