"""Blocks that read between pixels, on a phone: weights in 8 bits with float coordinates; integers are refused."""

import keras
import numpy as np
import pytest

from tests.export.quantized import constants, elements, features
from tfdynconv import blocks
from tfdynconv.export import tflite, to_tflite

CHANNELS = 32
SOME = {"offset_initializer": "glorot_uniform"}  # offsets of a third of a pixel, some of more than one
BLOCKS = {
    "deformable": lambda: blocks.DeformableConv2D(CHANNELS, 3, padding="same", **SOME),
    "modulated": lambda: blocks.DeformableConv2D(
        CHANNELS, 3, 2, "same", groups=2, modulated=True, deformable_groups=2, **SOME
    ),
    "active": lambda: blocks.ActiveConv2D(CHANNELS, 3, 4, "same", **SOME),
    "global": lambda: blocks.DeformableKernelConv2D(CHANNELS, 3, padding="same", **SOME),
    "local": lambda: blocks.DeformableKernelConv2D(
        CHANNELS, 3, padding="same", groups=CHANNELS, form="local", scope_size=5, **SOME
    ),
    "transformer": lambda: blocks.SpatialTransformer(network()),
}
REASONS = {"global": "reads its kernel between the taps", "local": "reads its kernel between the taps"}


def network():
    """A map that is not the one that changes nothing."""
    bias = keras.initializers.Constant([0.9, -0.2, 0.1, 0.2, 0.9, -0.1])
    last = keras.layers.Dense(6, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01), bias_initializer=bias)
    return keras.Sequential([keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(48, activation="relu"), last])


def foldable():
    return blocks.ActiveConv2D(CHANNELS, 3, padding="same", position_groups=2, **SOME)


def test_weights_in_8_bits(tmp_path):
    """Each block within 3e-2 on data of the kind that layers meet, large weights stored in 8 bits."""
    keras.utils.set_random_seed(5)
    inputs = keras.Input([8, 8, CHANNELS])
    chosen = {**BLOCKS, "active": foldable}
    model = keras.Model(inputs, {name: make()(inputs) for name, make in chosen.items()})
    path = str(tmp_path / "model.tflite")
    report = to_tflite(model, path, quantize="dynamic", representative_data=features(CHANNELS), tolerance=3e-2)
    assert report.max_relative_error > 1e-4, "not quantised at all"
    found = constants(path)
    large = sum(int(np.prod(w.shape)) for w in model.weights if np.prod(w.shape) >= 1024 and len(w.shape) > 1)
    assert elements(found, "int8") >= large


@pytest.mark.parametrize("mode", ["int8", "int16x8"])
@pytest.mark.parametrize("name", BLOCKS)
def test_integers_are_refused(tmp_path, monkeypatch, name, mode):
    """Before the conversion starts, with the reason and the mend."""
    monkeypatch.setattr(tflite, "convert", lambda *arguments: pytest.fail("a conversion was started"))
    block = BLOCKS[name]()
    model = keras.Sequential([keras.Input([8, 8, CHANNELS]), block])
    reason = REASONS.get(name, "reads between pixels")
    message = f"quantize='{mode}' cannot take '{block.name}'.*{reason}.*quantize='dynamic'"
    with pytest.raises(ValueError, match=message):
        to_tflite(model, tmp_path / "model.tflite", quantize=mode, representative_data=features(CHANNELS))
    assert list(tmp_path.iterdir()) == []


def test_an_active_convolution_is_a_convolution_of_integers(tmp_path):
    """One op of a constant kernel, in 8 bits."""
    keras.utils.set_random_seed(5)
    model = keras.Sequential([keras.Input([8, 8, CHANNELS]), foldable()])
    path = str(tmp_path / "model.tflite")
    report = to_tflite(model, path, quantize="int8", representative_data=features(CHANNELS))
    assert report.ops["CONV_2D"] == 1 and "GATHER" not in report.ops
    assert 1e-4 < report.max_relative_error <= 3e-2
