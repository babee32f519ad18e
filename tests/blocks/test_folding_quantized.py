"""Folding blocks in 8 bits, unfolded: one conversion for all of them in each mode."""

import keras
import numpy as np
import pytest

from tests.export.phone import Phone
from tests.export.quantized import constants, elements, features
from tfdynconv import blocks
from tfdynconv.export import to_tflite

CHANNELS = 32
BLOCKS = {
    "asymmetric": lambda: blocks.ACBlock2D(CHANNELS, 3, padding="same"),
    "diverse": lambda: blocks.DiverseBranchBlock2D(CHANNELS, 3, padding="same"),
    "over": lambda: blocks.DOConv2D(CHANNELS, 3, padding="same", d_mul=12),
    "heterogeneous": lambda: blocks.HetConv2D(CHANNELS, 3, padding="same"),
    "separable": lambda: blocks.SpatialSeparableConv2D(CHANNELS, 5, padding="same"),
}
TOLERANCE = 3e-2


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(5)
    inputs = keras.Input([8, 8, CHANNELS])
    model = keras.Model(inputs, {name: make()(inputs) for name, make in BLOCKS.items()})
    for _ in range(20):
        model(features(CHANNELS), training=True)  # for statistics that fit
    return model


@pytest.mark.parametrize("mode", ["dynamic", "int8"])
def test_the_file_computes_what_the_blocks_do(model, mode, tmp_path):
    path, data = str(tmp_path / "blocks.tflite"), features(CHANNELS)
    to_tflite(model, path, quantize=mode, representative_data=data, tolerance=1.0)
    phone = Phone(path)
    (name,) = phone.inputs
    received = [phone(**{name: x[None]}) for x in data[:16]]
    for key, value in model(data[:16], training=False).items():
        value = np.asarray(value)
        error = np.abs(np.concatenate([r[key] for r in received]) - value).max() / np.abs(value).max()
        assert 1e-5 < error <= TOLERANCE, (key, error)
    assert elements(constants(path), "int8") > 9 * CHANNELS**2 * 5
