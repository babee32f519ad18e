"""What cannot be exported is refused before anything is converted or written, with the mend in the message."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.export import tflite, to_tflite


@pytest.fixture(autouse=True)
def no_converter(monkeypatch):
    """None of these may get as far as the converter."""

    def convert(*_):
        pytest.fail("the converter was started")

    monkeypatch.setattr(tflite, "convert", convert)


def small_model():
    return keras.Sequential([keras.Input([4, 4, 1]), tfdynconv.CondConv2D(2, 3), keras.layers.Flatten()])


def refused(tmp_path, message, model=None, path=None, **arguments):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match=f"to_tflite: (?s:.*){message}"):
        to_tflite(model or small_model(), path if path is not None else tmp_path / "m.tflite", **arguments)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["model.keras", "model", "tflite", "model.tflite.txt"])
def test_suffix(tmp_path, name):
    refused(tmp_path, f"ends in '.tflite'.*{name}", path=tmp_path / name)


def test_a_folder_as_the_path(tmp_path):
    (tmp_path / "m.tflite").mkdir()
    refused(tmp_path, "path of a file", path=tmp_path / "m.tflite")


def test_a_missing_folder(tmp_path):
    refused(
        tmp_path,
        "cannot write in the folder.*missing.*No such file.*Make the folder first",
        path=tmp_path / "missing/m.tflite",
    )


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "file").write_text("text")
    refused(tmp_path, "cannot write in the folder.*Not a directory", path=tmp_path / "file" / "m.tflite")


@pytest.mark.parametrize("path", [7, None, b"m.tflite"])
def test_no_path(tmp_path, path):
    with pytest.raises(ValueError, match="to_tflite: expected the path of a file.*Received"):
        to_tflite(small_model(), path)


@pytest.mark.parametrize("batch_size", [0, -1, 1.0, True, None, "1"])
def test_batch_size(tmp_path, batch_size):
    refused(tmp_path, f"`batch_size` must be a positive int.*{batch_size!r}", batch_size=batch_size)


@pytest.mark.parametrize("tolerance", [-1e-4, float("nan"), "1e-4"])
def test_tolerance(tmp_path, tolerance):
    refused(tmp_path, f"`tolerance` must be a number from 0 up.*{tolerance!r}", tolerance=tolerance)


@pytest.mark.parametrize(
    "model", [tfdynconv.CondConv2D(2, 3), lambda x: x, "model.keras"], ids=["layer", "function", "path"]
)
def test_no_model(tmp_path, model):
    refused(tmp_path, "expected a Keras model.*keras.Sequential", model=model)


class Plain(keras.Model):
    def call(self, inputs):
        return inputs


@pytest.mark.parametrize(
    "model", [Plain, lambda: keras.Sequential([keras.layers.Dense(2)])], ids=["subclassed", "Sequential"]
)
def test_inputs_not_known_yet(tmp_path, model):
    refused(tmp_path, r"does not know its inputs yet.*Call it once on data, model\(x\)", model=model())


@pytest.mark.parametrize("shape", [[None, 4, 1], [4, None, 1]])
def test_size_of_inputs_not_known(tmp_path, shape):
    x = keras.Input(shape, name="picture")
    model = keras.Model(x, tfdynconv.CondConv2D(2, 3)(x))
    refused(
        tmp_path,
        r"size of every input must be known.*'picture'.*input_shapes=.*give the model a fixed Input",
        model=model,
    )


def test_the_mend_for_an_unknown_size_works(tmp_path, no_conversion):
    """A fixed Input around the model."""
    x = keras.Input([None, None, 1])
    model = keras.Model(x, tfdynconv.CondConv2D(2, 3)(x))
    x = keras.Input([4, 4, 1])
    to_tflite(keras.Model(x, model(x)), tmp_path / "m.tflite")
    assert tuple(no_conversion.specs.shape) == (1, 4, 4, 1)


def text_model():
    layers = [keras.Input([1], dtype="string", name="text"), keras.layers.StringLookup(vocabulary=["a", "b"])]
    return keras.Sequential(layers)


def test_strings(tmp_path):
    refused(
        tmp_path,
        "inputs must be floats, integers or bools.*'text' of dtype string.*behind its text",
        model=text_model(),
    )


def test_a_lookup_table(tmp_path):
    """State that is no variable."""
    data = np.array([["a"], ["b"]])
    refused(tmp_path, "keeps state that is no variable", model=text_model(), representative_data=data)


class OnlyPairs(keras.layers.Layer):
    def call(self, inputs):
        return tf.reshape(inputs, [2, 3])

    def compute_output_shape(self, input_shape):
        return (2, 3)


def test_a_model_that_needs_another_batch(tmp_path, no_conversion):
    """The error says so, and that batch size works."""
    model = keras.Sequential([keras.Input([3], name="x"), OnlyPairs()])
    refused(tmp_path, r"x float32 \(1, 3\).*pass batch_size", model=model)
    to_tflite(model, tmp_path / "m.tflite", batch_size=2)


DATA = {
    "no batches": ([], "representative_data is empty"),
    "a generator of nothing": (iter(()), "representative_data is empty"),
    "no samples": (np.zeros([0, 4, 4, 1]), r"\(None, 4, 4, 1\).*Received: shape \(0, 4, 4, 1\)"),
    "another size": (np.zeros([2, 5, 5, 1]), r"\(None, 4, 4, 1\).*Received: shape \(2, 5, 5, 1\)"),
    "no channels": ([np.zeros([2, 4, 4])], r"\(None, 4, 4, 1\).*Received: shape"),
    "two axes too few": (np.zeros([4, 4]), r"\(None, 4, 4, 1\).*Received: shape \(4, 4\)"),
    "a later batch": ([np.zeros([1, 4, 4, 1]), np.zeros([1, 4, 4, 2])], r"Received: shape \(1, 4, 4, 2\)"),
    "text": (np.full([1, 4, 4, 1], "a"), "Expected values of dtype float32"),
    "complex": (np.zeros([1, 4, 4, 1], "complex64"), "Expected values of dtype float32.*complex64"),
    "a number": (7, "must be an array.*Received: int"),
}


@pytest.mark.parametrize("case", DATA)
def test_representative_data(tmp_path, case):
    data, message = DATA[case]
    refused(tmp_path, message, representative_data=data)


def test_floats_for_integers(tmp_path):
    model = keras.Sequential([keras.Input([3], dtype="int32"), keras.layers.Embedding(9, 2)])
    refused(tmp_path, "dtype int32.*Received: float32", model=model, representative_data=np.ones([1, 3], "float32"))
