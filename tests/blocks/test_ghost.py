"""GhostModule2D: its definition, what it costs, and what it refuses."""

import math

import keras
import numpy as np
import pytest

from tfdynconv.blocks import GhostModule2D

IMAGES = np.random.default_rng(0).normal(size=(2, 6, 7, 4)).astype("float32")


@pytest.mark.parametrize("filters, ratio", [(8, 2), (25, 2), (10, 3), (9, 4), (3, 4), (5, 1)])
def test_definition(filters, ratio):
    """Of its own weights, loop by loop over channels; new normalisations only divide."""
    block = GhostModule2D(filters, 1, ratio=ratio, dtype="float64")
    outputs = block(IMAGES.astype("float64")).numpy()
    assert outputs.shape == (2, 6, 7, filters)
    norm = 1 / np.sqrt(1 + 1e-5)
    u = np.maximum(IMAGES.astype("float64") @ block.primary.kernel.numpy()[0, 0] * norm, 0)
    wanted = [u[..., i] for i in range(u.shape[-1])]
    assert u.shape[-1] == math.ceil(filters / ratio)
    padded = np.pad(u, [(0, 0), (1, 1), (1, 1), (0, 0)])
    for i in range(u.shape[-1]):
        for j in range(ratio - 1):
            kernel = block.cheap.weights[0].numpy()[:, :, i, j]
            taps = [padded[:, a : a + 6, b : b + 7, i] * kernel[a, b] for a in range(3) for b in range(3)]
            wanted.append(np.maximum(sum(taps) * norm, 0))
    np.testing.assert_allclose(outputs, np.stack(wanted[:filters], -1), rtol=1e-10, atol=1e-12)


def test_cost():
    block = GhostModule2D(24)  # from 16 channels: 348, as the published module counts
    block.build((None, 8, 8, 16))
    built = sum(math.prod(w.shape) for w in block.trainable_weights)
    assert block.cost((None, 8, 8, 16)) == (built, 64 * (16 * 12 + 12 * 9)) == (348, 64 * 300)
    block = GhostModule2D(10, 3, strides=2, ratio=3, depthwise_kernel_size=5, data_format="channels_first")
    block.build((None, 4, 9, 8))
    built = sum(math.prod(w.shape) for w in block.trainable_weights)
    assert block.cost((None, 4, 9, 8)) == (built, 5 * 4 * (9 * 4 * 4 + 25 * 8))


BAD = [
    ({"filters": 0}, "`filters` must be a positive int. Received: filters=0"),
    ({"ratio": 0}, "`ratio` must be a positive int. Received: ratio=0"),
    ({"kernel_size": (3, 3, 3)}, "`kernel_size` must be a positive int or 2 of them"),
    ({"depthwise_kernel_size": -1}, "`depthwise_kernel_size` must be a positive int or 2 of them"),
    ({"padding": "full"}, "unknown `padding`.*Received: padding='full'"),
    ({"strides": 2, "dilation_rate": 2}, "`strides` and `dilation_rate` cannot both be above 1"),
]


@pytest.mark.parametrize("arguments, message", BAD, ids=[message[:30] for _, message in BAD])
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=f"GhostModule2D '.*': .*{message}"):
        GhostModule2D(**{"filters": 8, **arguments})


def test_unknown_channels():
    with pytest.raises(ValueError, match="GhostModule2D '.*': the number of input channels must be known"):
        GhostModule2D(8)(keras.Input([8, 8, None]))


def test_a_state_of_another_module_is_refused():
    block = GhostModule2D(8)
    block.build((None, 8, 8, 4))
    with pytest.raises(ValueError, match="load_torch_state expected the arrays .*unknown .'conv.weight'"):
        block.load_torch_state({"conv.weight": np.zeros([4, 4, 1, 1])})
