"""A file that computes something else than the model is not let through, and leaves what was there alone."""

import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.export import tflite, to_tflite
from tfdynconv.testing.case import redraw


def image_model(seed):
    x = keras.Input([6, 6, 2], name="x")
    y = tfdynconv.CondConv2D(3, 3, num_experts=2)(x)
    model = keras.Model(x, [keras.layers.Flatten()(y), keras.layers.GlobalAveragePooling2D()(y)])
    redraw(model, seed)
    return model


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    """A model and its file."""
    model = image_model(1)
    path = tmp_path_factory.mktemp("right") / "right.tflite"
    to_tflite(model, path)
    return model, path


@pytest.fixture
def converter_writes(monkeypatch):
    """`converter_writes(path)`: from now on the converter's result is a copy of that file."""

    def becomes(path):
        monkeypatch.setattr(tflite, "convert", lambda saved_model, destination, *_: shutil.copy(path, destination))

    return becomes


def test_a_wrong_file_is_refused(tmp_path, right, converter_writes):
    """The file of other weights: no file is left, one that was there stays, and the error says by how much."""
    converter_writes(right[1])
    with pytest.raises(
        ValueError, match=r"differs from the Keras model.*'output_0': relative error \d.*tolerance=0.0001"
    ):
        to_tflite(image_model(2), tmp_path / "m.tflite")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "m.tflite").write_bytes(b"an older, good file")
    with pytest.raises(ValueError, match="differs from the Keras model"):
        to_tflite(image_model(2), tmp_path / "m.tflite")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("m.tflite", b"an older, good file")]


def test_a_right_file_takes_the_place_of_an_older_one(tmp_path, right, converter_writes):
    converter_writes(right[1])
    (tmp_path / "m.tflite").write_bytes(b"an older file")
    to_tflite(right[0], tmp_path / "m.tflite")
    assert [path.name for path in tmp_path.iterdir()] == ["m.tflite"]
    assert (tmp_path / "m.tflite").read_bytes() == right[1].read_bytes()


def test_tolerance_decides(tmp_path, right, converter_writes):
    """One bias, moved by a thousandth of the largest output: refused at 1e-4, let through at 1e-2 and reported."""
    model, path = right
    converter_writes(path)
    moved = keras.models.clone_model(model)
    moved.set_weights(model.get_weights())
    largest = np.abs(moved(tf.random.normal([64, 6, 6, 2]))[0]).max()
    bias = moved.layers[1].bias
    bias.assign(np.array(bias) + 1e-3 * largest)
    with pytest.raises(ValueError, match="differs from the Keras model"):
        to_tflite(moved, tmp_path / "m.tflite")
    report = to_tflite(moved, tmp_path / "m.tflite", tolerance=1e-2)
    assert 2e-4 < report.max_relative_error < 1e-2
    with pytest.raises(ValueError, match="tolerance=0 "):
        to_tflite(model, tmp_path / "m.tflite", tolerance=0)


def test_a_file_that_does_not_run_is_refused(tmp_path, right, converter_writes):
    (tmp_path / "broken").write_bytes(right[1].read_bytes()[:200])
    converter_writes(tmp_path / "broken")
    with pytest.raises(ValueError, match=r"does not run in LiteRT(?s:.*)(exit code|ended by)"):
        to_tflite(right[0], tmp_path / "m.tflite")
    assert [path.name for path in tmp_path.iterdir()] == ["broken"]


def test_an_interpreter_that_keeps_its_first_answer_is_caught(tmp_path, monkeypatch, right, converter_writes):
    """As interpreters did that kept the kernel mixed for the first input: right once, then stale."""
    converter_writes(right[1])
    run_tflite = tflite.run_tflite

    def stale(*arguments):
        run = run_tflite(*arguments)
        way = "with 4 threads, without XNNPACK"
        (name,) = run.answers[way]
        run.answers[way][name] = [run.answers[way][name][0]] * len(run.answers[way][name])
        return run

    monkeypatch.setattr(tflite, "run_tflite", stale)
    with pytest.raises(ValueError, match="differs from the Keras model.*LiteRT with 4 threads, without XNNPACK"):
        to_tflite(right[0], tmp_path / "m.tflite")
