"""`input_shapes`: sizes for models that leave them open, and several as signatures of one file, all of them checked."""

import os

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tests.export.phone import interpreter_of
from tfdynconv.export import to_tflite, verification
from tfdynconv.testing.case import redraw


def open_model():
    x = keras.Input([None, None, 16], name="picture")
    y = tfdynconv.CondConv2D(32, 3, num_experts=4)(x)
    model = keras.Model(x, keras.layers.GlobalAveragePooling2D()(y))
    redraw(model, 1)
    return model


def test_several_sizes_in_one_file_that_share_the_weights(tmp_path):
    model, path = open_model(), tmp_path / "m.tflite"
    shapes = {"small": (6, 6, 16), "wide": (5, 11, 16)}
    report = to_tflite(model, path, input_shapes=shapes, batch_size=2)
    weights = 4 * sum(int(np.prod(weight.shape)) for weight in model.weights)
    assert weights < os.path.getsize(path) < 1.5 * weights
    assert report.num_inputs == 16 and set(report.latencies) == set(shapes)
    interpreter = interpreter_of(path)
    for name, shape in shapes.items():
        assert report.sizes[name] == {"picture": (2, *shape)}
        picture = np.random.default_rng(3).normal(size=(2, *shape)).astype("float32")
        received = interpreter.get_signature_runner(name)(picture=picture)["output_0"]
        np.testing.assert_allclose(received, model(picture), rtol=1e-4, atol=1e-5)
        assert f"of {name!r}, {'x'.join(map(str, (2, *shape)))}" in str(report)


def test_every_signature_is_verified(tmp_path, monkeypatch):
    """An answer that is wrong in the second alone."""
    run_tflite = verification.run_tflite

    def wrong(*arguments):
        run = run_tflite(*arguments)
        run.answers["with 1 thread"]["second"][7]["output_0"][:] += 1.0
        return run

    monkeypatch.setattr("tfdynconv.export.tflite.run_tflite", wrong)
    with pytest.raises(ValueError, match="on input 8 of 8.*signature 'second'"):
        to_tflite(open_model(), tmp_path / "m.tflite", input_shapes={"first": (4, 4, 16), "second": (5, 5, 16)})
    assert list(tmp_path.iterdir()) == []


def pair(kind):
    x, y = keras.Input([None, 2], name="x"), keras.Input([None, 3], name="y")
    out = keras.layers.Concatenate()([keras.layers.GlobalMaxPooling1D()(x), keras.layers.GlobalMaxPooling1D()(y)])
    return keras.Model({"x": x, "y": y} if kind is dict else [x, y], out)


@pytest.mark.parametrize(
    "kind, shapes",
    [
        (dict, {"x": (4, 2), "y": [5, 3]}),
        (list, [(4, 2), (5, 3)]),
        (list, {"y": (5, 3), "x": (4, 2)}),
        (dict, {"one": {"x": (4, 2), "y": (5, 3)}}),
    ],
)
def test_several_inputs(tmp_path, no_conversion, kind, shapes):
    to_tflite(pair(kind), tmp_path / "m.tflite", input_shapes=shapes)
    (size,) = no_conversion.sizes
    assert size.name == ("one" if "one" in shapes else "serving_default")
    assert [tuple(spec.shape) for spec in tf.nest.flatten(size.specs)] == [(1, 4, 2), (1, 5, 3)]


class Subclassed(keras.Model):
    def call(self, inputs):
        return tf.reduce_mean(inputs, [1, 2])


def test_a_subclassed_model_in_another_size(tmp_path, no_conversion):
    model = Subclassed()
    model(tf.ones([1, 4, 4, 2]))
    to_tflite(model, tmp_path / "m.tflite", input_shapes=(7, 5, 2))
    assert tuple(no_conversion.specs.shape) == (1, 7, 5, 2)


def test_data_by_signature(tmp_path, no_conversion):
    shapes = {"a": (4, 4, 16), "b": (5, 5, 16)}
    data = {name: np.full([8, *shape], i + 1.0) for i, (name, shape) in enumerate(shapes.items())}
    to_tflite(open_model(), tmp_path / "m.tflite", input_shapes=shapes, representative_data=data)
    assert [float(size.inputs[0].max()) for size in no_conversion.sizes] == [1.0, 2.0]
    with pytest.raises(ValueError, match=r"for several sizes representative_data must be a dict.*\['a', 'b'\]"):
        to_tflite(open_model(), tmp_path / "n.tflite", input_shapes=shapes, representative_data=data["a"])


BAD = {
    "a number": (7, "must be one shape of positive ints"),
    "an open size": ((None, 4, 16), "must be one shape of positive ints"),
    "zero": ((0, 4, 16), "must be one shape of positive ints"),
    "nothing": ({}, "must be one shape of positive ints"),
    "with the batch": ((1, 4, 4, 16), r"does not fit the model's inputs.*without the batch.*\(1, 4, 4, 16\)"),
    "two shapes for one input": ([(4, 4, 16), (5, 5, 16)], "does not fit the model's inputs. Expected one shape"),
    "no name": ({"a-b": (4, 4, 16)}, "must be a Python name.*'a-b'"),
    "another number of channels": ((4, 4, 3), "cannot be called with inputs of the exported size"),
}


@pytest.mark.parametrize("case", BAD)
def test_shapes_that_do_not_fit(tmp_path, case):
    shapes, message = BAD[case]
    with pytest.raises(ValueError, match=f"to_tflite: (?s:.*){message}"):
        to_tflite(open_model(), tmp_path / "m.tflite", input_shapes=shapes)
    assert list(tmp_path.iterdir()) == []


def test_an_open_size_must_be_given(tmp_path):
    with pytest.raises(ValueError, match="size of every input must be known.*'picture'.*input_shapes="):
        to_tflite(open_model(), tmp_path / "m.tflite")
