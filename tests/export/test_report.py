"""`ExportReport` tells what is in the file."""

import collections
import os

import numpy as np
import pytest

from tfdynconv.export import ExportReport
from tfdynconv.export.quantization import MODES


def test_path_and_size_are_those_of_the_file(exported):
    assert exported.report.path == exported.path
    assert exported.report.size == os.path.getsize(exported.path)


def test_ops_are_those_of_the_file(exports):
    """Counted before a delegate takes its share."""
    exported = exports("ranks")
    counted = collections.Counter(exported.phone.ops)
    counted.pop("DELEGATE", None)
    assert exported.report.ops == dict(counted)
    assert "DELEGATE" not in exported.report.ops


def test_compared_on_several_inputs_and_closely(exported):
    """Seven random inputs and zeros; float32 sums in another order, so an error, but a small one."""
    assert exported.report.num_inputs == 8
    assert isinstance(exported.report.max_relative_error, float)
    assert 0 < exported.report.max_relative_error < 1e-5


def test_it_prints_as_a_few_lines(exports):
    report = exports("sequential").report
    first, second, third, *rest, last = str(report).splitlines()
    assert first == f"{report.path}: {report.size / 1024:.1f} kB, {sum(report.ops.values())} ops"
    assert all(f"{name} {count}" in second for name, count in report.ops.items())
    assert "8 inputs" in third and f"{report.max_relative_error:.2g}" in third
    assert "XNNPACK" in rest[0] and rest[-1].startswith("  one run, one thread: ")
    assert last.startswith("  matmul in ") and report.choices[0].layer in last and report.choices[0].reason in last


def test_ops_are_printed_by_how_often_they_occur():
    report = ExportReport("m.tflite", 1024, {"ADD": 1, "MUL": 3, "CONV_2D": 3}, 0.0, 1)
    assert "ops: CONV_2D 3, MUL 3, ADD 1" in str(report)


def test_it_cannot_be_changed(exports):
    with pytest.raises(AttributeError):
        exports("sequential").report.size = 0


def test_the_file_holds_one_copy_of_the_weights(exports):
    """A file much larger than its weights would hold some of them twice."""
    exported = exports("functional_list")
    weights = sum(np.prod(weight.shape, dtype=int) for weight in exported.model.weights)
    assert 4 * weights < exported.report.size < 4 * weights + 20_000


def test_a_file_of_integers_says_what_it_is_for():
    report = ExportReport("m.tflite", 1024, {"ADD": 1}, 0.0, 1, meant_for="NPUs")
    assert "meant for NPUs" in str(report) and "meant for" not in str(ExportReport("m.tflite", 1, {}, 0.0, 1))
    assert "NPU" in MODES["int8"].meant_for and not MODES["dynamic"].meant_for
