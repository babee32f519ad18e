"""The command `compare`: the difference is NumPy's, through one interpreter each, and the ratio is that of the times."""

import json

import numpy as np
import pytest

from tests.tflite import models
from tests.tflite.device import printed, refused, result


def test_the_difference_on_given_inputs(file, tmp_path):
    images = np.random.default_rng(4).normal(size=(7, *models.SHAPE)).astype("float32")
    np.save(tmp_path / "x.npy", images)
    told = result("compare", file("dense.tflite"), file("other.tflite"), "--data", "x.npy", "--runs", 3, cwd=tmp_path)
    first, second = models.scores(images), models.scores(images, models.kernel(seed=1))
    expected = np.abs(second - first).max() / np.abs(first).max()
    assert told["largest_relative_difference"] == pytest.approx(expected, rel=1e-4)
    assert told["relative_difference"] == {"scores": told["largest_relative_difference"]}
    assert told["inputs"] == 7


def test_a_file_and_itself(file):
    told = result("compare", file("dense.tflite"), file("dense.tflite"), "--inputs", 4)
    assert told["largest_relative_difference"] == 0.0
    assert told["inputs"] == 4
    for side in ("a", "b"):
        assert told[side]["model"] == str(file("dense.tflite"))
        assert told[side]["bytes"] == file("dense.tflite").stat().st_size
        low, high = told[side]["milliseconds"]["quartiles"]
        assert 0 < low <= told[side]["milliseconds"]["median"] <= high
    low, high = told["latency_ratio"]["quartiles"]
    assert 0 < low <= told["latency_ratio"]["median"] <= high


def test_random_inputs_differ_from_each_other(file):
    """Of thirty, another is the worst than of one."""
    few, many = (
        result("compare", file("dense.tflite"), file("other.tflite"), "--inputs", n, "--runs", 1) for n in (1, 30)
    )
    assert few["largest_relative_difference"] != many["largest_relative_difference"]


@pytest.mark.parametrize("kind", ["int8", "int16"])
def test_quantized_against_float(file, kind):
    """Drawn within the range of the integers: what is left is rounding. Either way round."""
    for pair in (("dense", kind), (kind, "dense")):
        told = result("compare", *(file(f"{name}.tflite") for name in pair), "--runs", 2)
        assert 0 < told["largest_relative_difference"] < {"int8": 0.03, "int16": 0.01}[kind]


def test_names_may_differ_where_there_is_one_of_each(file):
    told = result("compare", file("dense.tflite"), file("renamed.tflite"), "--runs", 2)
    assert told["largest_relative_difference"] < 1e-6
    assert list(told["relative_difference"]) == ["scores"]


def test_several_inputs_and_outputs(file, tmp_path):
    random = np.random.default_rng(5)
    np.savez(tmp_path / "x.npz", image=random.normal(size=(3, 6, 6, 2)), kind=np.array([[0], [1], [2]]))
    told = result("compare", file("two.tflite"), file("two.tflite"), "--data", "x.npz", "--runs", 2, cwd=tmp_path)
    assert told["relative_difference"] == {"mean": 0.0, "shifted": 0.0}


def test_tolerance(file):
    """Above it the exit code is 1, and the figures are there all the same."""
    printed("compare", file("dense.tflite"), file("int8.tflite"), "--tolerance", "0.03", "--runs", 2)
    message = r"^run.py: output 'scores' differs by \d.*, above --tolerance 1e-06"
    pair = ("compare", file("dense.tflite"), file("int8.tflite"))
    done = refused(message, *pair, "--tolerance", "1e-6", "--runs", 2)
    assert "scores: relative difference" in done.stdout


def test_in_words(file):
    told = printed("compare", file("dense.tflite"), file("int8.tflite"), "--inputs", 3, "--runs", 2)
    sizes = [file(name).stat().st_size for name in ("dense.tflite", "int8.tflite")]
    assert f"a: {file('dense.tflite')}, {sizes[0]:,} bytes, " in told
    assert f"b has {sizes[1] / sizes[0]:.3f} times the bytes of a" in told
    assert "as long as a" in told
    assert "over 3 inputs" in told


def test_files_that_cannot_be_compared(file, tmp_path):
    np.save(tmp_path / "x.npy", np.full([1, 3], -1.0))
    np.save(tmp_path / "y.npy", np.full([1, 3], 1.0))
    dense = file("dense.tflite")
    refused("^run.py: the files must have the same inputs", "compare", dense, file("two.tflite"))
    refused("inputs of the same shapes. Received: 'image' of .*4, 5, 3", "compare", dense, file("grey.tflite"))
    refused("the files must have the same outputs", "compare", file("log.tflite"), file("pair.tflite"))
    log = (file("log.tflite"), file("log.tflite"))
    refused(
        "output 'y' of the first file has values that are not finite", "compare", *log, "--data", tmp_path / "x.npy"
    )
    result("compare", *log, "--data", tmp_path / "y.npy")


def test_the_ratio_is_that_of_each_round(file, module, monkeypatch, capsys):
    """Of b over a, with the times of a first."""
    times = np.array([[1.0, 2.0], [2.0, 8.0], [1.0, 3.0]])
    asked = []
    monkeypatch.setattr(module("timing"), "interleaved", lambda jobs, rounds, what: asked.append(rounds) or times)
    module("run").main(["compare", str(file("dense.tflite")), str(file("other.tflite")), "--runs", "3", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["latency_ratio"] == {"median": 3.0, "quartiles": [2.5, 3.5]}
    assert [told[side]["milliseconds"]["median"] for side in ("a", "b")] == [1.0, 3.0]
    assert asked == [3]
