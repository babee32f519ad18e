"""8 bits: blocks whose kernels belong to positions, and graphs."""

import keras
import numpy as np
import pytest

from tests.export.phone import Phone
from tests.export.quantized import features
from tfdynconv.blocks import ChannelShuffle, GraphConv, Involution2D, LocallyConnected2D, NonLocalBlock2D
from tfdynconv.export import to_tflite

CHANNELS, NODES = 16, 64
# Generated kernels of 8 bits, one scale for all taps, times inputs of 8 bits: a little over what one layer is to lose. Sums of
# the products in 32 bits were no better.
OVER = {("int8", "involution")}
RING = np.stack([np.arange(NODES), (np.arange(NODES) + 1) % NODES])


def graph(name, adjacency):
    """The image's pixels as nodes."""
    layer = GraphConv(8, adjacency=adjacency, normalize=True, name=name)
    return lambda x: layer(keras.layers.Reshape([NODES, CHANNELS])(x))


BLOCKS = {
    "involution": lambda: Involution2D(7, group_channels=4),
    "involution, stride": lambda: Involution2D(3, strides=2),
    "local": lambda: LocallyConnected2D(8, 3, padding="same", activation="relu"),
    "non-local": lambda: NonLocalBlock2D(pool_size=2),
    "shuffle": lambda: ChannelShuffle(4),
    "graph": lambda: graph("dense", np.eye(NODES)[np.roll(np.arange(NODES), 1)]),
    "graph, edges": lambda: graph("edges", (RING, np.ones(NODES))),
}


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(5)
    inputs = keras.Input([8, 8, CHANNELS])
    made = keras.Model(
        inputs, {name.replace(", ", "_").replace("-", "_"): make()(inputs) for name, make in BLOCKS.items()}
    )
    for layer in made.layers:
        if isinstance(layer, NonLocalBlock2D):
            layer.normalize.gamma.assign(np.ones(CHANNELS))  # a new one would do nothing
    return made


@pytest.mark.parametrize("mode", ["dynamic", "int8"])
def test_outputs_of_the_file(model, mode, tmp_path):
    path, data = tmp_path / "blocks.tflite", features(CHANNELS)
    to_tflite(model, path, quantize=mode, representative_data=data, tolerance=1.0)
    phone = Phone(path)
    ((name, _),) = phone.inputs.items()
    expected = {key: np.asarray(value) for key, value in model(data[:8], training=False).items()}
    received = [phone(**{name: x[None]}) for x in data[:8]]
    errors = {
        key: np.abs(np.concatenate([r[key] for r in received]) - value).max() / np.abs(value).max()
        for key, value in expected.items()
    }
    for key, error in errors.items():
        assert error <= (4e-2 if (mode, key) in OVER else 3e-2), errors
