"""`tfdynconv benchmark`: what it measures, and what it cannot."""

import json
import sys

import numpy as np
import pytest

from tfdynconv.cli import benchmark
from tfdynconv.cli.failure import Failure
from tfdynconv.cli.progress import Progress


def test_table(command, converted):
    code, out, err = command("benchmark", converted, "--threads", "1", "2", "--runs", "3")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        "1 thread(s), XNNPACK",
        "1 thread(s), without XNNPACK",
        "2 thread(s), XNNPACK",
        "2 thread(s), without XNNPACK",
    ]


def test_json(command, converted):
    _, out, _ = command("benchmark", converted, "--runs", "5", "--json")
    told = json.loads(out)
    assert told["runs"] == 5
    assert [(row["threads"], row["xnnpack"], row["signature"]) for row in told["latency"]] == [
        (1, True, "serving_default"),
        (1, False, "serving_default"),
    ]
    for row in told["latency"]:
        low, high = row["quartiles_ms"]
        assert 0 < low <= row["median_ms"] <= high


def test_the_delegate_is_left_out_where_it_says_so(converted, monkeypatch):
    """Which of LiteRT's resolvers the interpreters get: one with XNNPACK, one without."""
    from ai_edge_litert import interpreter as litert

    kinds, real = [], litert.Interpreter

    def recorded(**options):
        kinds.append(options["experimental_op_resolver_type"].name)
        assert options["num_threads"] == 3
        return real(**options)

    monkeypatch.setattr(litert, "Interpreter", recorded)
    for delegate in (True, False):
        benchmark.prepared(converted, 3, delegate)
    assert kinds == ["BUILTIN", "BUILTIN_WITHOUT_DEFAULT_DELEGATES"]


def test_turns(monkeypatch):
    """Forwards and backwards; warming up is not counted."""
    order, clock = [], iter(range(100))
    monkeypatch.setattr(benchmark.time, "perf_counter", lambda: next(clock))
    times = benchmark.interleaved({n: lambda n=n: order.append(n) for n in "ab"}, 2, Progress("x"), "x")
    assert "".join(order) == "baab" * 2 + "ba"
    assert times == {"a": [1, 1], "b": [1, 1]}


def test_median_and_quartiles():
    told = benchmark.summary([0.004, 0.001, 0.002, 0.003, 0.1])
    assert told == {"median_ms": pytest.approx(3), "quartiles_ms": [pytest.approx(2), pytest.approx(4)]}


def test_inputs_that_are_drawn():
    random = np.random.default_rng(0)
    detail = {"shape_signature": np.array([-1, 50]), "dtype": np.int8, "quantization": (0.1, 3)}
    quantized = benchmark.drawn("x", detail, random)
    assert (quantized.shape, quantized.dtype) == ((1, 50), np.int8)
    assert quantized.min() < -64 and quantized.max() > 64
    index = benchmark.drawn("x", {**detail, "dtype": np.int32, "quantization": (0.0, 0)}, random)
    assert set(index.ravel()) == {0, 1}
    with pytest.raises(Failure, match="size of input 'x' is open"):
        benchmark.drawn("x", {**detail, "shape_signature": np.array([1, -1])}, random)


def test_one_line_for_what_cannot_run(command, converted, tmp_path, monkeypatch):
    def refused(path):
        code, out, err = command("benchmark", path)
        assert (code, out, err.count("\n")) == (1, "", 1)
        return err

    (tmp_path / "bad.tflite").write_bytes(b"no such format")
    assert "there is no file" in refused(tmp_path / "none.tflite")
    assert "is no .tflite that this LiteRT can run" in refused(tmp_path / "bad.tflite")
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    assert "needs LiteRT: pip install ai-edge-litert" in refused(converted)
