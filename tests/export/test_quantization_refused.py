"""What cannot be quantised is said, before the conversion where it can be known, and no file appears."""

import keras
import numpy as np
import pytest

import tfdynconv
from tfdynconv.export import to_tflite

IMAGE = (8, 8, 16)
DATA = np.random.default_rng(0).normal(size=(4, *IMAGE)).astype("float32")


def model_of(layer, shape=IMAGE):
    return keras.Sequential([keras.Input(shape), layer])


def refuse(tmp_path, model, match, **arguments):
    path = tmp_path / "m.tflite"
    with pytest.raises(ValueError, match=match):
        to_tflite(model, path, **arguments)
    assert list(tmp_path.iterdir()) == []


def test_unknown_mode(tmp_path):
    refuse(tmp_path, model_of(keras.layers.Dense(2)), "float16, dynamic, int8, int16x8.*'int4'", quantize="int4")


@pytest.mark.parametrize("mode", ["int8", "int16x8"])
def test_integers_need_data(tmp_path, mode):
    message = f"quantize='{mode}' needs representative_data.*array.*generator.*tf.data"
    refuse(tmp_path, model_of(keras.layers.Dense(2)), message, quantize=mode)


@pytest.mark.parametrize("mode", ["dynamic", "int8", "int16x8"])
def test_static_kernels_of_three_dimensions(tmp_path, no_conversion, mode):
    """The converter leaves them in float32."""
    layer = keras.layers.Conv3D(16, 3, padding="same", name="volume")
    data = np.ones([2, 5, 5, 5, 8], "float32")
    refuse(
        tmp_path,
        model_of(layer, data.shape[1:]),
        "volume.*quantize='float16'",
        quantize=mode,
        representative_data=data,
    )


@pytest.mark.parametrize("mode", ["int8", "int16x8"])
def test_computed_kernels_of_integers(tmp_path, no_conversion, mode):
    """LiteRT's depthwise convolution reads them wrongly without a word."""
    layer = tfdynconv.DepthwiseCondConv2D(3, num_experts=2, lowering="grouped", name="wise")
    refuse(tmp_path, model_of(layer), "wise.*form='constant'", quantize=mode, representative_data=DATA, form="matmul")


def test_regions_flip(tmp_path, no_conversion):
    layer = tfdynconv.DRConv2D(4, 3, num_regions=2, name="regions")
    refuse(tmp_path, model_of(layer), "'regions' chooses a region.*tolerance=1.5", quantize="dynamic")
    to_tflite(model_of(layer), tmp_path / "m.tflite", quantize="dynamic", tolerance=1.5)


@keras.saving.register_keras_serializable(package="tests")
class Scale(keras.layers.Layer):
    """Multiplies with a large weight, which the converter stores in float32."""

    def build(self, input_shape):
        self.scale = self.add_weight(name="scale", shape=input_shape[1:], initializer="random_normal")

    def call(self, inputs):
        return inputs * self.scale


def test_a_weight_left_in_float32(tmp_path):
    refuse(tmp_path, model_of(Scale(name="scale")), "left a weight in float32.*8, 8, 16.*MUL", quantize="dynamic")


def test_a_layer_that_is_silent_on_all_data(tmp_path):
    """The range of its outputs is next to nothing, which XNNPACK cannot scale."""
    silent = keras.layers.Dense(8, activation="relu", bias_initializer=keras.initializers.Constant(-1e3))
    model = keras.Sequential([keras.Input([16]), silent, keras.layers.Dense(4)])
    data = np.random.default_rng(0).normal(size=(16, 16)).astype("float32")
    refuse(
        tmp_path,
        model,
        "does not run.*range that is next to nothing.*Train the model",
        quantize="int8",
        representative_data=data,
    )
