"""The command `predict`: any model on arrays computes what Keras and NumPy do, and refuses what would crash LiteRT."""

import re

import keras
import numpy as np
import pytest

import tfdynconv
from tests.tflite import models
from tests.tflite.device import printed, refused, result


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """(a model with a dynamic layer, its export): an image and an integer in, two outputs."""
    keras.utils.set_random_seed(1)
    image, kind = keras.Input([6, 6, 2], name="image"), keras.Input([1], dtype="int32", name="kind")
    x = keras.layers.GlobalAveragePooling2D()(tfdynconv.CondConv2D(4, 3, num_experts=2)(image))
    y = keras.layers.Flatten()(keras.layers.Embedding(5, 4)(kind))
    model = keras.Model({"image": image, "kind": kind}, {"sum": keras.layers.Add()([x, y]), "x": x})
    path = tmp_path_factory.mktemp("predict") / "model.tflite"
    tfdynconv.export.to_tflite(model, path)
    return model, path


def inputs(count):
    random = np.random.default_rng(0)
    return {
        "image": random.normal(size=(count, 6, 6, 2)).astype("float32"),
        "kind": random.integers(0, 5, (count, 1), "int32"),
    }


def test_it_computes_what_keras_does(exported, tmp_path):
    """Several inputs through one interpreter."""
    model, path = exported
    arrays = inputs(3)
    np.savez(tmp_path / "in.npz", **arrays)
    told = printed("predict", path, "in.npz", "--save", "out.npz", "--threads", 2, cwd=tmp_path)
    expected = model(arrays, training=False)
    with np.load(tmp_path / "out.npz") as saved:
        assert sorted(saved) == ["sum", "x"]
        for name in saved:
            np.testing.assert_allclose(saved[name], expected[name], rtol=1e-4, atol=1e-5)
            place = tuple(int(i) for i in np.unravel_index(saved[name].argmax(), (3, 4)))
            assert f"{name}: (3, 4), mean {saved[name].mean():.6g}, smallest {saved[name].min():.6g}" in told
            assert f"largest {saved[name].max():.6g} at {place}" in told


def test_json(file, tmp_path):
    images = np.random.default_rng(2).random((4, *models.SHAPE))
    np.save(tmp_path / "x.npy", images)
    told = result("predict", file("dense.tflite"), tmp_path / "x.npy")["outputs"]["scores"]
    expected = models.scores(images)
    assert told["shape"] == [4, models.CLASSES]
    for key in ("mean", "largest"):
        assert told[key] == pytest.approx(getattr(expected, {"mean": "mean", "largest": "max"}[key])(), rel=1e-5)
    assert told["smallest"] == pytest.approx(expected.min(), rel=1e-5)
    assert told["largest_at"] == list(np.unravel_index(expected.argmax(), expected.shape))


def test_one_sample_needs_no_batch_axis(file, tmp_path):
    image = np.random.default_rng(2).random(models.SHAPE)
    np.save(tmp_path / "x.npy", image)
    printed("predict", file("dense.tflite"), "x.npy", "--save", "out.npz", cwd=tmp_path)
    np.testing.assert_allclose(np.load(tmp_path / "out.npz")["scores"], models.scores(image[None]), rtol=1e-5)


def test_a_file_of_larger_batches(file, tmp_path):
    """Six samples are two batches of three; five are none."""
    images = np.random.default_rng(2).random((6, *models.SHAPE))
    np.save(tmp_path / "six.npy", images)
    np.save(tmp_path / "five.npy", images[:5])
    printed("predict", file("batch3.tflite"), "six.npy", "--save", "out.npz", cwd=tmp_path)
    np.testing.assert_allclose(np.load(tmp_path / "out.npz")["scores"], models.scores(images), rtol=1e-5)
    refused(
        "a whole number of batches on the first axis.* of shape \\(5, ",
        "predict",
        file("batch3.tflite"),
        tmp_path / "five.npy",
    )


@pytest.mark.parametrize("kind", ["int8", "int16"])
def test_quantized_inputs_and_outputs(file, tmp_path, kind):
    """Floats in and floats out; the integers between are those that NumPy and the interpreter itself give."""
    from ai_edge_litert.interpreter import Interpreter

    images = np.random.default_rng(2).uniform(-0.2, 1.2, (5, *models.SHAPE)).astype("float32")  # some out of range
    np.save(tmp_path / "x.npy", images)
    printed("predict", file(f"{kind}.tflite"), "x.npy", "--save", "out.npz", cwd=tmp_path)
    received = np.load(tmp_path / "out.npz")["scores"]
    interpreter = Interpreter(model_path=str(file(f"{kind}.tflite")))
    interpreter.allocate_tensors()
    ((given,), (taken,)) = interpreter.get_input_details(), interpreter.get_output_details()
    ends = np.iinfo(kind)
    for image, row in zip(images, received):
        scale, zero_point = given["quantization"]
        integers = np.clip(np.round(image.astype("float64") / scale) + zero_point, ends.min, ends.max).astype(kind)
        interpreter.set_tensor(given["index"], integers[None])
        interpreter.invoke()
        scale, zero_point = taken["quantization"]
        expected = scale * (interpreter.get_tensor(taken["index"])[0].astype("float64") - zero_point)
        np.testing.assert_allclose(row, expected, rtol=1e-6, atol=1e-7)
    seen = images.clip({"int8": 0, "int16": -1}[kind], 1)  # the range of 16 bits is symmetric
    error = np.abs(received - models.scores(seen)).max() / np.abs(received).max()
    assert error < {"int8": 0.03, "int16": 0.01}[kind]


def test_integers_of_a_quantized_input_go_in_as_they_are(file, tmp_path):
    integers = np.random.default_rng(2).integers(-128, 128, (1, *models.SHAPE)).astype("int8")
    np.save(tmp_path / "q.npy", integers)
    np.save(tmp_path / "x.npy", ((integers.astype("float64") + 128) / 255).astype("float32"))  # the range is 0 to 1
    for name in ("q", "x"):
        printed("predict", file("int8.tflite"), f"{name}.npy", "--save", f"{name}.npz", cwd=tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "q.npz")["scores"], np.load(tmp_path / "x.npz")["scores"])


def test_a_file_without_a_signature(file, tmp_path):
    np.save(tmp_path / "x.npy", np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "float32"))
    assert "input  x" in printed("info", file("unsigned.tflite"))
    printed("predict", file("unsigned.tflite"), "x.npy", "--save", "out.npz", cwd=tmp_path)
    with np.load(tmp_path / "out.npz") as saved:
        (value,) = saved.values()
    np.testing.assert_allclose(value, [[3.0, 5.0, 7.0], [9.0, 11.0, 13.0]])


@pytest.mark.parametrize(
    "name, arrays, message",
    [
        ("dense", np.zeros([4, 4, 3]), r"has shape \(1, 4, 5, 3\).*Received: an array of shape \(4, 4, 3\)"),
        ("dense", np.zeros([1, 4, 4, 3]), r"'image' must have shape \(1, 4, 5, 3\). Received: .* \(1, 4, 4, 3\)"),
        ("dense", np.zeros([0, 4, 5, 3]), r"Received: an array of shape \(0, 4, 5, 3\)"),
        ("dense", np.zeros([1, 4, 5, 3], "complex64"), "'image' must be float32. Received: complex64"),
        ("bytes", np.full([1, 4, 5, 3], 256), "'image' is uint8, which cannot hold the values of the int64 given"),
        ("bytes", np.zeros([1, 4, 5, 3]), "'image' must be uint8. Received: float64"),
        ("int8", np.zeros([1, 4, 5, 3], "int32"), "'image' must be of floats, .* or of int8 .* Received: int32"),
        ("int8", np.full([1, 4, 5, 3], np.nan), "'image' has values that are not finite"),
        ("two", np.zeros([1, 6, 6, 2]), r"has one array, the model the inputs \['image', 'kind'\]"),
        ("two", {"image": np.zeros([1, 6, 6, 2])}, r"arrays named \['image', 'kind'\]. Received: \['image'\]"),
        (
            "two",
            {"image": np.zeros([2, 6, 6, 2]), "kind": np.zeros([1, 1], int)},
            "different numbers of inputs: {'image': 2, 'kind': 1}",
        ),
        (
            "two",
            {"image": np.zeros([1, 6, 6, 2]), "kind": np.array([[1.5]])},
            "'kind' must be int32. Received: float64",
        ),
        ("two", {"image": np.zeros([1, 6, 6, 2]), "kind": np.array([[2**40]])}, "'kind' is int32, which cannot hold"),
    ],
)
def test_inputs_that_do_not_fit(file, tmp_path, name, arrays, message):
    """LiteRT itself would resize its input to another shape, and go on."""
    path = tmp_path / ("x.npz" if isinstance(arrays, dict) else "x.npy")
    np.savez(path, **arrays) if isinstance(arrays, dict) else np.save(path, arrays)
    refused(f"^run.py: .*{message}", "predict", file(f"{name}.tflite"), path)


def test_what_is_no_array(file, tmp_path):
    (tmp_path / "text.npy").write_text("no array")
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    for name in ("missing.npy", "text.npy", "broken.npz"):
        refused(
            f"^run.py: cannot read an array from '{re.escape(name)}'",
            "predict",
            file("dense.tflite"),
            name,
            cwd=tmp_path,
        )


def test_where_it_cannot_write(file, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(models.SHAPE))
    command = ("predict", file("dense.tflite"), "x.npy", "--save")
    refused("^run.py: --save must end in .npz. Received: 'out.txt'", *command, "out.txt", cwd=tmp_path)
    refused("^run.py: cannot write 'missing/out.npz'", *command, "missing/out.npz", cwd=tmp_path)
