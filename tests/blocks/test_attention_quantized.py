"""Blocks that weigh branches and channels in 8 bits on a phone: outputs near the model's, large weights stored as integers."""

import keras
import numpy as np
import pytest

from tests.export.phone import Phone
from tests.export.quantized import constants, elements, features
from tfdynconv import blocks
from tfdynconv.export import to_tflite

CHANNELS = 32
BLOCKS = {
    "squeeze_excite": lambda: blocks.SqueezeExcite(),
    "hard_gate": lambda: blocks.SqueezeExcite(gate="hard_sigmoid"),
    "selective": lambda: blocks.SKConv2D(CHANNELS, min_hidden=8),
    "selective_split": lambda: blocks.SKConv2D(CHANNELS, split_input=True, hidden_units=8),
    "selective_three": lambda: blocks.SKConv2D(24, (1, 3, 5), strides=2, dilated=False),
    "split": lambda: blocks.SplitAttentionConv2D(CHANNELS, strides=2, pooling="after"),
    "split_groups": lambda: blocks.SplitAttentionConv2D(CHANNELS, radix=4, groups=2, padding=1),
    "calibrated": lambda: blocks.SCConv2D(CHANNELS, pooling_size=3, activation="relu"),
    "calibrated_divides": lambda: blocks.SCConv2D(CHANNELS),
    "inception": lambda: blocks.InceptionBlock.v1(8, 8, 16, 8, 16, 8, strides=2),
    "inception_mean": lambda: blocks.InceptionBlock.v3c(8, 8, 16, 8, 16, 8, 8),
}


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(5)
    inputs = keras.Input([8, 8, CHANNELS])
    outputs = {name: make()(inputs) for name, make in BLOCKS.items()}
    # What pools and stands beside convolutions shares their scale; the converter leaves what else reads its input in float32.
    outputs["inception_reduction"] = blocks.InceptionBlock.reduction(8, 8, 16)(keras.layers.Rescaling(2.0)(inputs))
    return keras.Model(inputs, outputs)


@pytest.mark.parametrize("mode", ["dynamic", "int8"])
def test_outputs_and_stored_types(tmp_path, model, mode):
    path, data = str(tmp_path / "model.tflite"), features(CHANNELS)
    to_tflite(model, path, quantize=mode, representative_data=data, tolerance=1.0)
    phone = Phone(path)
    (name,) = phone.inputs
    received = [phone(**{name: x[None]}) for x in data[:16]]
    errors = {}
    for key, value in model(data[:16], training=False).items():
        value = np.asarray(value)
        errors[key] = np.abs(np.concatenate([r[key] for r in received]) - value).max() / np.abs(value).max()
    assert max(errors.values()) <= 3e-2, errors
    assert min(errors.values()) > 1e-5, "not quantised at all"
    found = constants(path)
    large = sum(int(np.prod(w.shape)) for w in model.weights if np.prod(w.shape) >= 1024 and len(w.shape) > 1)
    assert elements(found, "int8") >= large
    assert [shape for dtype, shape in found if dtype == "float32" and len(shape) > 1 and np.prod(shape) >= 1024] == []
