"""What stays outside of XNNPACK, and the reason that the report gives."""

import keras
import pytest

import tfdynconv
from tfdynconv.export import ExportReport, to_tflite, worker_run
from tfdynconv.export.delegate import left_out
from tfdynconv.export.report import Latency
from tfdynconv.export.verification import WAYS

FLOATS = dict.fromkeys(range(20), "float32")


def node(index, name, inputs, outputs):
    return {"index": index, "op_name": name, "inputs": inputs, "outputs": outputs}


REASONS = {
    "computed filter": (node(0, "CONV_2D", [0, 1, 9], [2]), FLOATS, "its filter is computed"),
    "constant filter": (node(0, "CONV_2D", [0, 9, 8], [2]), FLOATS, "does not take it in float32"),
    "many tensors": (node(0, "CONCATENATION", [0, 1, 3, 4, 5, 6], [2]), FLOATS, "joins 6 tensors, XNNPACK takes 5"),
    "16 bits": (node(0, "ADD", [0, 1], [2]), {**FLOATS, 0: "int16"}, "does not compute int16"),
}


@pytest.mark.parametrize("case", REASONS)
def test_reasons(case):
    op, dtypes, told = REASONS[case]
    (reasons,) = left_out([op], [op], dtypes, [0, 1], [2]).values()
    assert list(reasons.values()) == [1] and told in next(iter(reasons))


def test_what_the_delegate_took_is_not_outside():
    """`ADD` became a part of the delegate, `SOFTMAX` behind it did not, and what leads to no output is nobody's."""
    add, softmax, idle = node(0, "ADD", [0, 1], [2]), node(1, "SOFTMAX", [2], [3]), node(2, "MUL", [0, 1], [4])
    before = [add, softmax, idle]
    after = [*before, node(3, "DELEGATE", [0, 1], [2])]
    assert list(left_out(before, after, FLOATS, [0, 1], [3])) == ["SOFTMAX"]


def test_a_file_with_an_op_outside(tmp_path):
    """A depthwise convolution with a computed kernel, in a network of which the delegate takes the rest."""
    x = keras.Input([6, 6, 4])
    model = keras.Model(x, tfdynconv.DepthwiseCondConv2D(3, num_experts=2)(x))
    report = to_tflite(model, tmp_path / "m.tflite", form="matmul")
    assert report.outside == {"DEPTHWISE_CONV_2D": {"its filter is computed, XNNPACK takes constant ones alone": 1}}
    assert "\n    DEPTHWISE_CONV_2D 1: its filter is computed" in str(report)
    for threads, delegate in worker_run.WAYS:
        interpreter = worker_run.loaded(report.path, threads, delegate)
        interpreter.allocate_tensors()
        assert ("DELEGATE" in {op["op_name"] for op in worker_run.nodes(interpreter)}) == delegate
    assert [("without" not in way, way[5]) for way in WAYS] == [(d, str(t)) for t, d in worker_run.WAYS]
    (latency,) = report.latencies.values()
    assert 0 < latency.lower <= latency.median <= latency.upper < 1000


def test_it_prints_errors_and_latency():
    latency = Latency.of([1.0, 2.0, 3.0, 4.0, 10.0])
    report = ExportReport("m.tflite", 1024, {"ADD": 1}, 1e-6, 8, (), 2.5e-6, {}, {"serving_default": latency})
    assert "relative error 1e-06, absolute 2.5e-06" in str(report)
    assert "XNNPACK runs all of it" in str(report)
    assert "one run, one thread: 3 ms (half of the runs within 2 and 4)" in str(report)
