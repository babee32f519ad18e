"""The Android sample compiles against LiteRT's API, as far as it uses it, and computes what NumPy does."""

import pathlib
import re
import struct

import numpy as np
import pytest

from tests.tflite import java

ROOT = pathlib.Path(__file__).parent.parent.parent
SAMPLE = ROOT / "tflite" / "android" / "Classifier.java"
STUBS = pathlib.Path(__file__).parent / "android_stubs"
PIXELS, CLASSES = 12, 5
FLOAT32, INT8 = 0, 7  # positions in org.tensorflow.lite.DataType
SCALES = (1 / 128, -3, 1 / 8, 5)  # of input and output, with their zero points


@pytest.fixture(scope="session")
def check(tmp_path_factory):
    """`check(task, ...)`: what the program in the stubs prints, {name: list of lines}."""
    tools = java.tools()
    if tools is None:
        pytest.skip(java.MISSING)
    compiler, runtime = tools
    classes = tmp_path_factory.mktemp("classes")
    java.run([*compiler, "-d", str(classes), *map(str, sorted(STUBS.rglob("*.java"))), str(SAMPLE)])

    def run(*arguments):
        printed = java.run([*runtime, "-cp", str(classes), "com.example.dynamic.Check", *map(str, arguments)])
        lines = [line.split(" ", 1) for line in printed.splitlines()]
        return {name: [rest for first, rest in lines if first == name] for name, _ in lines}

    return run


def matrix(seed=0):
    return np.random.default_rng(seed).normal(size=(PIXELS, CLASSES)).astype("float32")


def write_model(path, weights, dtype=FLOAT32, inputs=1, outputs=1, before=b"", after=b""):
    """As the stand-in of the interpreter reads it."""
    in_scale, in_zero, out_scale, out_zero = SCALES
    head = struct.pack("<5ififii", inputs, outputs, *weights.shape, dtype, in_scale, in_zero, out_scale, out_zero, 0)
    path.write_bytes(before + head + weights.astype("<f4").tobytes() + after)
    return path


def write_images(path, images):
    path.write_bytes(struct.pack(">2i", *images.shape) + images.astype(">f4").tobytes())
    return path


def images(count=3):
    return np.random.default_rng(9).normal(size=(count, PIXELS)).astype("float32")


def numbers(lines):
    return np.array([[float(word) for word in line.split()] for line in lines])


def test_scores_and_the_highest_of_them(check, tmp_path):
    """Several images through one classifier, on three threads of the CPU, and it is closed at the end."""
    model, given = write_model(tmp_path / "m", matrix()), write_images(tmp_path / "x", images())
    told = check("classify", model, given, 3)
    expected = images().astype("float64") @ matrix()
    np.testing.assert_allclose(numbers(told["scores"]), expected, rtol=1e-4, atol=1e-5)
    for line, row in zip(told["top"], expected):
        pairs = [pair.split(":") for pair in line.split()]
        assert [int(index) for index, _ in pairs] == list(np.argsort(-row)[:3])
        np.testing.assert_allclose([float(value) for _, value in pairs], np.sort(row)[::-1][:3], rtol=1e-4, atol=1e-5)
    assert told["log"] == ["+interpreter(3) -interpreter(3)"]


def test_equal_scores_and_more_asked_than_there_are(check, tmp_path):
    weights = np.repeat(matrix()[:, :1], CLASSES, 1)
    told = check("classify", write_model(tmp_path / "m", weights), write_images(tmp_path / "x", images(1)), 9)
    assert [pair.split(":")[0] for pair in told["top"][0].split()] == list("01234")


def test_int8(check, tmp_path):
    """Pixels out of range go to its end; the numbers are those of the formula scale * (q - zero point)."""
    given = np.concatenate([images(), 3 * images(1)])
    model = write_model(tmp_path / "m", matrix(), INT8)
    told = check("classify", model, write_images(tmp_path / "x", given), 1)
    in_scale, in_zero, out_scale, out_zero = SCALES
    inside = in_scale * (np.clip(np.rint(given.astype("float64") / in_scale) + in_zero, -128, 127) - in_zero)
    integers = np.floor(inside @ matrix().astype("float64") / np.float32(out_scale) + 0.5) + out_zero
    expected = out_scale * (np.clip(integers, -128, 127) - out_zero)
    np.testing.assert_allclose(numbers(told["scores"]), expected, atol=1e-6)
    assert (np.abs(given) > 1).any()


def test_a_model_among_the_assets(check, tmp_path):
    """It is a part of a larger file: neither what lies before it nor what lies behind."""
    random = np.random.default_rng(1)
    noise = [random.integers(0, 256, size, "uint8").tobytes() for size in (4096, 64)]
    model = write_model(tmp_path / "m", matrix(), before=noise[0], after=noise[1])
    told = check("asset", model, write_images(tmp_path / "x", images(1)))
    np.testing.assert_allclose(numbers(told["scores"]), images(1) @ matrix(), rtol=1e-4, atol=1e-5)
    assert told["log"] == ["+asset -asset +interpreter(1) -interpreter(1)"]


@pytest.mark.parametrize(
    "phone, on_gpu, log",
    [
        ("has takes", "true", "+list +gpu -list +interpreter(-1, gpu) -interpreter(-1, gpu) -gpu"),
        ("has", "false", "+list +gpu -list -gpu +interpreter(4) -interpreter(4)"),
        ("none", "false", "+list -list +interpreter(4) -interpreter(4)"),
    ],
)
def test_the_gpu_where_it_can(check, tmp_path, phone, on_gpu, log):
    """A phone without one, or one that refuses the model, gets the CPU. Everything is closed, the delegate last."""
    told = check("gpu", write_model(tmp_path / "m", matrix()), write_images(tmp_path / "x", images(1)), phone)
    assert told["gpu"] == [on_gpu]
    assert told["log"] == [log]
    np.testing.assert_allclose(numbers(told["scores"]), images(1) @ matrix(), rtol=1e-4, atol=1e-5)


def test_two_models_on_the_same_images(check, tmp_path):
    a, b = (write_model(tmp_path / f"m{seed}", matrix(seed)) for seed in (0, 1))
    given = write_images(tmp_path / "x", images(6))
    first, second = (images(6).astype("float64") @ matrix(seed) for seed in (0, 1))
    ((difference,),) = numbers(check("compare", a, given, b)["difference"])
    assert difference == pytest.approx(np.abs(second - first).max() / np.abs(first).max(), rel=1e-4)
    assert check("compare", a, given, a)["difference"] == ["0.0"]


def test_median(check, tmp_path):
    told = check("median", write_model(tmp_path / "m", matrix()), write_images(tmp_path / "x", images(1)))
    assert (told["odd"], told["even"]) == (["5.0"], ["3.5"])
    assert 0 < float(told["milliseconds"][0]) < 1000


@pytest.mark.parametrize(
    "model, message",
    [
        ({}, "12 pixel values, not 2"),
        ({"inputs": 2}, "one input and one output"),
        ({"outputs": 2}, "one input and one output"),
        ({"dtype": 2}, "float32 or int8"),
    ],
)
def test_what_it_refuses(check, tmp_path, model, message):
    """With the interpreter closed, also where the constructor fails."""
    told = check("refuse", write_model(tmp_path / "m", matrix(), **model))
    assert told["error"] == [f"Classifier needs {message}."]
    assert told["log"] == ["+interpreter(1) -interpreter(1)"]


def test_the_sample_is_documented():
    """Every public method and class has a comment that starts right above it."""
    text = SAMPLE.read_text(encoding="utf-8")
    bare = re.findall(r"(?<!\*/)\n(  public (?!final \w+ \w+;)[^\n]*[({])", text)
    assert [line for line in bare if "void close()" not in line] == []
