"""Locally connected layer, non-local block, channel shuffle and involution: against NumPy where nothing published is at hand,
their costs, and their errors."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.golden import outputs_and_gradients
from tests.oracles import Convolution
from tfdynconv import _compat
from tfdynconv.blocks import ChannelShuffle, Involution2D, LocallyConnected2D, NonLocalBlock2D
from tfdynconv.testing.case import redraw

X = np.random.default_rng(0).normal(size=(2, 7, 6, 4))


def made(block, shape=X.shape):
    block.build((None, *shape[1:]))
    redraw(block)
    return block


def reads(layer):
    """(output cell, tap, input cell) of a window, by the oracle of convolutions."""
    window = (layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding)
    return Convolution(X.shape[1:3], *window, layer.groups)


LOCAL = [
    {"kernel_size": 3},
    {"kernel_size": (2, 3), "strides": 2, "padding": "same"},
    {"kernel_size": 3, "strides": (2, 1), "padding": ((1, 0), (2, 1))},
    {"kernel_size": 2, "dilation_rate": 2, "groups": 2, "use_bias": False},
]


@pytest.mark.parametrize("arguments", LOCAL, ids=str)
def test_locally_connected(arguments, mode):
    """Outputs and all gradients, by the definition."""
    layer = made(LocallyConnected2D(6, dtype="float64", **arguments))
    oracle, kernel = reads(layer), layer.kernel.numpy()
    width, filters = 4 // layer.groups, 6 // layer.groups
    y = np.zeros((2, *oracle.output_size, 6))
    cotangent = np.random.default_rng(1).normal(size=y.shape)
    for_x, for_kernel = np.zeros_like(X), np.zeros_like(kernel)
    for (cell, tap, read), g in itertools.product(oracle.reads, range(layer.groups)):
        first = (tap[0] * layer.kernel_size[1] + tap[1]) * width
        c, f = slice(g * width, (g + 1) * width), slice(g * filters, (g + 1) * filters)
        part = kernel[cell][first : first + width, f]
        y[:, *cell, f] += X[:, *read, c] @ part
        for_x[:, *read, c] += cotangent[:, *cell, f] @ part.T
        for_kernel[*cell, first : first + width, f] += X[:, *read, c].T @ cotangent[:, *cell, f]
    wanted = [for_x, for_kernel]
    if layer.use_bias:
        y, wanted = y + layer.bias.numpy(), [*wanted, cotangent.sum(0)]
    outputs, gradients = outputs_and_gradients(
        layer, [X], cotangent, lambda inputs: [*inputs, *layer.trainable_weights], mode
    )
    np.testing.assert_allclose(outputs, y, rtol=1e-10, atol=1e-11)
    for received, expected in zip(gradients, wanted):
        np.testing.assert_allclose(received, expected, rtol=1e-10, atol=1e-11)


@pytest.mark.skipif(_compat.KERAS_3, reason="Keras 3 has no LocallyConnected2D")
@pytest.mark.parametrize(
    "arguments", [{}, {"strides": 2}, {"strides": (1, 2), "use_bias": False, "activation": "tanh"}]
)
@pytest.mark.parametrize("kernel_size", [3, (2, 3)])
def test_keras_2s_own_layer(arguments, kernel_size):
    """Its weights are ours, reshaped; outputs and gradients agree."""
    theirs = keras.layers.LocallyConnected2D(5, kernel_size, dtype="float64", **arguments)
    ours = LocallyConnected2D(5, kernel_size, dtype="float64", **arguments)
    for layer in (theirs, ours):
        layer.build((None, *X.shape[1:]))
    redraw(theirs)
    ours.set_weights([w.reshape(v.shape) for w, v in zip(theirs.get_weights(), ours.weights)])
    found = []
    for layer in (theirs, ours):
        x = tf.constant(X)
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.sin(layer(x)))
        found.append([layer(x), *tape.gradient(loss, [x, *layer.trainable_weights])])
    for reference, received in zip(*found):
        np.testing.assert_allclose(np.reshape(received, reference.shape), reference, rtol=1e-10, atol=1e-12)


def test_each_position_is_drawn_as_a_convolution():
    """Glorot's bound is that of one position's kernel, and no two positions have the same."""
    layer = LocallyConnected2D(6, 3, kernel_initializer=keras.initializers.GlorotUniform(seed=3))
    layer.build((None, *X.shape[1:]))
    kernel, bound = layer.kernel.numpy(), np.sqrt(6 / (9 * 4 + 9 * 6))
    assert 0.97 * bound < np.abs(kernel).max() <= bound
    assert len({position.tobytes() for position in kernel.reshape(20, -1)}) == 20


def test_a_constraint_sees_one_position():
    layer = LocallyConnected2D(6, 3, kernel_constraint=keras.constraints.UnitNorm(axis=[0, 1, 2]))
    layer.build((None, *X.shape[1:]))
    kernel = np.asarray(layer.kernel.constraint(tf.random.normal(layer.kernel.shape)))
    np.testing.assert_allclose(np.linalg.norm(kernel, axis=2), 1.0, rtol=1e-5)


def softmax(a):
    e = np.exp(a - a.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize("pool_size", [1, 2])
@pytest.mark.parametrize("scale", ["hidden", "channels", None])
def test_non_local(scale, pool_size, mode):
    """By the definition, and the gradient of the inputs by a difference."""
    block = made(NonLocalBlock2D(hidden_units=3, scale=scale, pool_size=pool_size, dtype="float64"))
    block.normalize.moving_mean.assign(np.arange(4.0))
    block.normalize.moving_variance.assign(1 + np.arange(4.0))
    theta, bias, phi, g, out, gamma, beta = [
        w.numpy().reshape(w.shape[-2:]) if len(w.shape) > 1 else w.numpy() for w in block.trainable_weights
    ]

    def definition(x):
        seen = x[:, : 7 // pool_size * pool_size]
        seen = seen.reshape(2, 7 // pool_size, pool_size, 6 // pool_size, pool_size, 4).max((2, 4)).reshape(2, -1, 4)
        factor = {"hidden": 3**-0.5, "channels": 0.5, None: 1.0}[scale]
        flat = x.reshape(2, -1, 4)
        attention = softmax(factor * (flat @ theta + bias) @ (seen @ phi).transpose(0, 2, 1))
        z = attention @ (seen @ g) @ out
        z = (z - np.arange(4.0)) / np.sqrt(1 + np.arange(4.0) + 1e-5) * gamma + beta
        return x + z.reshape(x.shape)

    cotangent = np.random.default_rng(1).normal(size=X.shape)
    outputs, (x,) = outputs_and_gradients(block, [X], cotangent, lambda inputs: inputs, mode)
    np.testing.assert_allclose(outputs, definition(X), rtol=1e-10, atol=1e-11)
    step = np.random.default_rng(2).normal(size=X.shape)
    slope = np.sum((definition(X + 1e-6 * step) - definition(X - 1e-6 * step)) * cotangent) / 2e-6
    np.testing.assert_allclose(np.sum(x * step), slope, rtol=1e-6)


@pytest.mark.parametrize("training", [False, True])
def test_a_new_non_local_block_changes_nothing(training):
    np.testing.assert_array_equal(NonLocalBlock2D(pool_size=2, dtype="float64")(X, training=training), X)


def test_widths_of_a_non_local_block():
    assert [NonLocalBlock2D().width(c) for c in (1, 4, 7)] == [1, 2, 3]
    assert NonLocalBlock2D(reduction_ratio=1 / 8).width(64) == NonLocalBlock2D(hidden_units=8).width(3) == 8


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_channel_shuffle(groups):
    x = np.random.default_rng(1).normal(size=(2, 3, 2, 6))
    y = ChannelShuffle(groups, dtype="float64")(x).numpy()
    for q, n in itertools.product(range(groups), range(6 // groups)):
        np.testing.assert_array_equal(y[..., n * groups + q], x[..., q * (6 // groups) + n])
    np.testing.assert_array_equal(ChannelShuffle(6 // groups, dtype="float64")(y), x)


BLOCKS = [
    Involution2D(3, group_channels=2),
    Involution2D((3, 5), strides=(7, 2), group_channels=4, reduction_ratio=2),
    LocallyConnected2D(6, 3, groups=2),
    NonLocalBlock2D(pool_size=2),
    NonLocalBlock2D(use_bias=False),
    ChannelShuffle(2),
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_cost_counts_every_trainable_weight(block):
    parameters, _ = made(block).cost((None, *X.shape[1:]))
    assert parameters == sum(int(np.prod(w.shape)) for w in block.trainable_weights)


def test_multiply_adds():
    shape = (None, 8, 8, 64)
    assert Involution2D(7, strides=2).cost(shape)[1] == 16 * (64 * 16 + 16 * 196 + 49 * 64)
    assert LocallyConnected2D(6, 3, groups=2).cost(shape)[1] == 36 * 9 * 32 * 6
    assert NonLocalBlock2D(pool_size=2).cost(shape)[1] == 2 * 64 * 32 * (64 + 16) + 2 * 64 * 16 * 32
    assert ChannelShuffle(2).cost(shape) == (0, 0)


def test_sizes_that_strides_do_not_divide_fail_where_only_the_run_knows_them():
    block = Involution2D(3, strides=(2, 1), group_channels=4)
    block.build((None, None, None, 4))
    run = tf.function(block, input_signature=[tf.TensorSpec([None, None, None, 4])], autograph=False)
    assert run(tf.ones([2, 8, 6, 4])).shape == (2, 4, 6, 4)
    for height in (7, 3):
        with pytest.raises(tf.errors.InvalidArgumentError):
            run(tf.ones([2, height, 6, 4]))


BAD = [
    (lambda: Involution2D(4), "Involution2D '.*': `kernel_size` must be odd.* Received: kernel_size=4"),
    (lambda: Involution2D(3)(X), "divisible by `group_channels`. Received: 4 channels, group_channels=16"),
    (
        lambda: Involution2D(3, group_channels=2, reduction_ratio=5)(X),
        "no hidden channels. Received: 4 channels, reduction",
    ),
    (
        lambda: Involution2D(3, strides=2, group_channels=2)(X),
        r"divisible by `strides`.* Received: .* \(7, 6\), strides",
    ),
    (lambda: Involution2D(3, reduction_ratio=0), "`reduction_ratio` must be a positive int. Received"),
    (lambda: Involution2D(3)(X[0]), "expected ndim=4, found ndim=3"),
    (lambda: Involution2D(3, group_channels=2).cost((None, None, 6, 4)), "cost depends on sizes .* Received"),
    (lambda: LocallyConnected2D(6, 3)(keras.Input([None, 6, 4])), r"height and width must be known.* Received"),
    (lambda: made(LocallyConnected2D(6, 3))(X[:, 1:]), r"that it was built for, \(7, 6\).* Received: .*\(2, 6, 6, 4\)"),
    (lambda: LocallyConnected2D(6, 9)(X), "kernel is larger than .* Received"),
    (lambda: LocallyConnected2D(6, 3, groups=4), "`filters` must be divisible by `groups`. Received"),
    (lambda: NonLocalBlock2D(scale="n"), "`scale` must be 'hidden', 'channels' or None. Received: scale='n'"),
    (lambda: NonLocalBlock2D(reduction_ratio=0), "`reduction_ratio` must be a positive number. Received"),
    (lambda: NonLocalBlock2D(hidden_units=0), "`hidden_units` must be a positive int. Received"),
    (
        lambda: NonLocalBlock2D(pool_size=7)(X),
        r"at least `pool_size`. Received: height and width \(7, 6\), pool_size=7",
    ),
    (lambda: ChannelShuffle(3)(X), "divisible by `groups`. Received: 4 channels, groups=3"),
]


@pytest.mark.parametrize("make, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
