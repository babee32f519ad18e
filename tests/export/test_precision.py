"""Models of other precisions become files of float32, as if they had been built in it."""

import keras
import numpy as np
import pytest

import tfdynconv
from tests.export.phone import Phone
from tfdynconv.testing.case import redraw


def build(conv, dynamic, dense):
    """A model whose layers have the policies given."""
    x = keras.Input([6, 6, 3])
    y = tfdynconv.CondConv2D(4, 3, num_experts=2, dtype=conv)(x)
    y = tfdynconv.DynamicConv2D(4, 3, num_kernels=2, temperature=1.0, dtype=dynamic)(y)
    y = keras.layers.BatchNormalization(dtype=dynamic)(y)
    y = keras.layers.GlobalAveragePooling2D(dtype=dense)(y)
    return keras.Model(x, keras.layers.Dense(3, dtype=dense, name="dense")(y))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """(a model of four precisions, the same weights in float32, the file of the first)."""
    folder = tmp_path_factory.mktemp("precision")
    keras.utils.set_random_seed(5)
    narrow = build("float16", "mixed_bfloat16", "float64")
    redraw(narrow)
    wide = build("float32", "float32", "float32")
    wide.set_weights([np.array(weight).astype("float32") for weight in narrow.weights])
    path = folder / "narrow.tflite"
    report = tfdynconv.export.to_tflite(narrow, path)
    return narrow, wide, Phone(path), report


def test_inputs_and_outputs_are_float32(files):
    *_, phone, _ = files
    assert [dtype for dtype, _ in phone.inputs.values()] == ["float32"]
    assert phone.outputs == {"output_0": ("float32", (1, 3))}


def test_it_computes_what_the_same_weights_do_in_float32(files):
    """Not what the model does in 16 bits, which is far off."""
    narrow, wide, phone, report = files
    arrays = phone.draw(11)
    (x,) = arrays.values()
    expected = np.array(wide(x, training=False))
    received = phone(**arrays)["output_0"]
    np.testing.assert_allclose(received, expected, atol=1e-5 * np.abs(expected).max())
    assert np.abs(np.array(narrow(x, training=False)) - expected).max() > 1e-3 * np.abs(expected).max()
    assert report.max_relative_error < 1e-5


def test_no_casts_are_left(files):
    """Weights are stored in float32, where XNNPACK takes them as they are."""
    *_, phone, _ = files
    assert {"CAST", "DEQUANTIZE"} & set(phone.ops) == set()


def test_a_global_policy(tmp_path, no_conversion):
    """A model built under `mixed_float16`, whose Keras layers and ours take it from there."""
    before = keras.mixed_precision.global_policy() if hasattr(keras.mixed_precision, "global_policy") else None
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        layers = [keras.Input([6, 6, 3]), tfdynconv.CondConv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(2)]
        model = keras.Sequential(layers)
        tfdynconv.export.to_tflite(model, tmp_path / "m.tflite")
    finally:
        keras.mixed_precision.set_global_policy(before or "float32")
    assert {layer.compute_dtype for layer in model.layers} == {"float16"}
    assert no_conversion.specs.dtype.name == "float32"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_an_input_of_another_precision(tmp_path, no_conversion, dtype):
    """The phone gives float32 whatever the Input says."""
    model = keras.Sequential([keras.Input([4], dtype=dtype), keras.layers.Dense(2, dtype=dtype)])
    tfdynconv.export.to_tflite(model, tmp_path / "m.tflite")
    assert no_conversion.specs.dtype.name == "float32"
    assert {array.dtype.name for array in no_conversion.inputs} == {"float32"}
