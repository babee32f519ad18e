"""Static blocks in 8 bits: as good as any layer, in one conversion for all of them."""

import keras
import numpy as np
import pytest

from tests.export.phone import Phone
from tests.export.quantized import features
from tfdynconv import blocks
from tfdynconv.export import to_tflite

CHANNELS = 32


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(5)
    inputs = keras.Input([8, 8, CHANNELS])
    high, low = blocks.OctaveConv2D(CHANNELS, 3, alpha_in=0, name="first")(inputs)
    more = blocks.OctaveConv2D(CHANNELS, 3, strides=2, alpha_out=0.25, name="strided")((high, low))
    outputs = {
        "octave_high": high,
        "octave_low": low,
        "octave_strided_high": more[0],
        "octave_strided_low": more[1],
        "octave_last": blocks.OctaveConv2D(CHANNELS, 3, alpha_out=0, name="last")((high, low)),
        "ghost": blocks.GhostModule2D(CHANNELS, 3)(inputs),
        "ghost_surplus": blocks.GhostModule2D(CHANNELS + 1, ratio=3)(inputs),
    }
    return keras.Model(inputs, outputs)


@pytest.mark.parametrize("mode", ["dynamic", "int8"])
def test_the_file_computes_what_the_blocks_do(model, mode, tmp_path):
    path, data = tmp_path / "model.tflite", features(CHANNELS)
    to_tflite(model, path, quantize=mode, representative_data=data, tolerance=1.5)
    phone = Phone(str(path))
    (name,) = phone.inputs
    received = [phone(**{name: x[None]}) for x in data[:16]]
    for key, value in model(data[:16], training=False).items():
        value = np.asarray(value)
        error = np.abs(np.concatenate([r[key] for r in received]) - value).max() / np.abs(value).max()
        assert 1e-5 < error <= 3e-2, (key, error)
