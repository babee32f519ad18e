"""DyNet's blocks: shapes, learning, saving, export, cost, and what they are built of."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdynconv import blocks
from tfdynconv.layers.walk import walk

BLOCKS = {
    "mobile": lambda: blocks.DyMobileBlock(16),
    "mobile, residual": lambda: blocks.DyMobileBlock(12),
    "mobile, stride": lambda: blocks.DyMobileBlock(8, strides=2, group_size=2, channels_per_group=4),
    "resnet": lambda: blocks.DyResNetBlock(12, group_size=3),
    "resnet, stride": lambda: blocks.DyResNetBlock(8, strides=2),
    "bottleneck": lambda: blocks.DyResNetBlock(4, bottleneck=True, group_size=2),
    "shuffle": lambda: blocks.DyShuffleBlock(12),
    "shuffle, stride": lambda: blocks.DyShuffleBlock(24, strides=2, channels_per_group=3),
}
SHAPES = {
    "mobile": (7, 6, 18),
    "mobile, residual": (7, 6, 12),
    "mobile, stride": (4, 3, 8),
    "resnet": (7, 6, 12),
    "resnet, stride": (4, 3, 8),
    "bottleneck": (7, 6, 16),
    "shuffle": (7, 6, 12),
    "shuffle, stride": (4, 3, 24),
}
CHANNELS = 12
EVERY = pytest.mark.parametrize("name", BLOCKS)


def images(batch=4, seed=0):
    return np.random.default_rng(seed).normal(size=(batch, 7, 6, CHANNELS)).astype("float32")


@EVERY
def test_shapes(name):
    block, x = BLOCKS[name](), images()
    assert block(x).shape == (4, *SHAPES[name])
    assert tuple(block.compute_output_shape((None, 7, 6, CHANNELS))) == (None, *SHAPES[name])
    assert tuple(BLOCKS[name]()(keras.Input([None, None, CHANNELS])).shape) == (None, None, None, SHAPES[name][-1])


@EVERY
def test_it_trains_saves_and_loads(name, tmp_path):
    model = keras.Sequential([keras.Input([7, 6, CHANNELS]), BLOCKS[name]()])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(images(5), np.ones((5, *SHAPES[name]), "float32"), batch_size=2, verbose=0)
    still = [w.name for w, old, new in zip(model.weights, before, model.get_weights()) if np.array_equal(old, new)]
    assert still == []
    model.save(tmp_path / "block.keras")
    loaded = keras.models.load_model(tmp_path / "block.keras")
    np.testing.assert_array_equal(loaded.predict(images(), verbose=0), model.predict(images(), verbose=0))


@EVERY
def test_graph_and_xla_compute_the_same(name):
    block, x = BLOCKS[name](), tf.constant(images())
    eager = block(x, training=True)
    for jit_compile in (False, True):
        traced = tf.function(lambda x: block(x, training=True), jit_compile=jit_compile, autograph=False)
        np.testing.assert_allclose(traced(x), eager, rtol=1e-4, atol=1e-4)


@EVERY
def test_one_predictor_for_the_block(name):
    block = BLOCKS[name]()
    block(images())
    predictors = [layer for layer in walk(block) if type(layer).__name__ == "SplitRouting"]
    dynamic = [layer for layer in walk(block) if type(layer).__name__ == "DyNetConv2D"]
    assert len(predictors) == 1 and len(dynamic) in (2, 3)
    assert predictors[0].num_kernels == sum(layer.num_kernels * layer.filters for layer in dynamic)
    assert all(layer.routing is None for layer in dynamic)


@EVERY
def test_cost_counts_every_trainable_weight(name):
    block = BLOCKS[name]()
    block(images())
    parameters, multiply_adds = block.cost((None, 7, 6, CHANNELS))
    assert parameters == sum(int(np.prod(w.shape)) for w in block.trainable_weights)
    assert multiply_adds > 0


def test_the_papers_flop_ratio():
    """Without predictor and mixing a Dy-mobile block of C channels has (2 C + 54) C multiply-adds a pixel."""
    channels, size = 48, 64
    block = blocks.DyMobileBlock(channels)
    _, multiply_adds = block.cost((None, size, size, channels))
    predictor = channels * 3 * 6 * channels
    mixing = 6 * (2 * channels**2 + 54 * channels)
    assert multiply_adds == size * size * channels * (2 * channels + 54) + predictor + mixing


def test_the_output_depends_on_the_predictor():
    block, x = BLOCKS["mobile"](), images()
    y = block(x)
    dense = next(layer for layer in walk(block) if type(layer).__name__ == "SplitRouting").dense
    dense.bias.assign(3.0 * np.ones(dense.bias.shape))
    assert np.abs(block(x) - y).max() > 1e-2


def test_shuffle_leaves_three_quarters_alone():
    block, x = BLOCKS["shuffle"](), images()
    left = x.reshape(4, 7, 6, CHANNELS // 4, 4)[..., :3].reshape(4, 7, 6, -1)
    np.testing.assert_array_equal(block(x)[..., : 3 * CHANNELS // 4], left)


BAD = [
    (lambda: blocks.DyMobileBlock(0), "DyMobileBlock '.*': `filters` must be a positive int. Received: filters=0"),
    (lambda: blocks.DyMobileBlock(8, strides=1.5), "`strides` must be a positive int. Received: strides=1.5"),
    (lambda: blocks.DyShuffleBlock(10), "DyShuffleBlock '.*': `filters` must be divisible by 4. Received: filters=10"),
    (
        lambda: blocks.DyShuffleBlock(24)(images()),
        "must be the input's channels. Received: filters=24, 12 channels",
    ),
    (lambda: blocks.DyResNetBlock(8)(images()[0]), "expected ndim=4, found ndim=3"),
]


@pytest.mark.parametrize("make, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
