"""Versatile filters against their definition: windows, runs of channels, sums; what they fold to and refuse."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.layers.versatile_oracle import Oracle, secondary_filters
from tests.modes import in_mode
from tfdynconv import VersatileConv2D
from tfdynconv.testing.case import redraw

CHANNELS = 4
SPATIAL = {
    "3x3": {},
    "3x3 same": {"padding": "same"},
    "3x3 stride 2 same": {"strides": 2, "padding": "same"},  # on 8 x 7: padding before 0 there, 1 here
    "3x3 stride 2": {"strides": 2},
    "3x3 stride 2 padded": {"strides": 2, "padding": ((1, 0), (2, 1))},
    "5x5 stride 3 same": {"kernel_size": 5, "strides": 3, "padding": "same"},
    "5x5 stride (1, 2)": {"kernel_size": 5, "strides": (1, 2), "padding": 2},
    "5x3 dilated same": {"kernel_size": (5, 3), "dilation_rate": (1, 2), "padding": "same"},
    "3x3 dilated": {"dilation_rate": 2},
    "4x4 same": {"kernel_size": 4, "padding": "same"},
    "4x4 stride 2 same": {"kernel_size": 4, "strides": 2, "padding": "same"},
    "2x2": {"kernel_size": 2},
    "3x3 stride 4 same": {"strides": 4, "padding": "same"},  # less padding than the ring
    "groups": {"groups": 2, "padding": "same"},
    "groups dilated": {"groups": 2, "dilation_rate": 2},
    "depthwise stride 2": {"groups": CHANNELS, "filters": 16, "strides": 2, "padding": "same"},
    "depthwise unequal strides": {"groups": CHANNELS, "filters": 8, "strides": (2, 1)},
}
CHANNEL = {
    "runs": {"direction": "channel", "channel_window": 3},
    "runs masked": {"direction": "channel", "channel_window": 3, "channel_filter": "masked"},
    "runs of stride 2": {"direction": "channel", "channel_window": 2, "channel_stride": 2, "strides": 2},
    "one run": {"direction": "channel", "channel_window": CHANNELS},
    "both": {"channel_window": 3, "strides": 2, "padding": "same"},
    "both masked": {"channel_window": 2, "channel_filter": "masked", "padding": 1},
}
LEARNED = {
    "learned": {"direction": "learned", "num_masks": 3, "padding": "same"},
    "learned stride 2": {"direction": "learned", "strides": 2},
    "learned shared": {"direction": "learned", "num_masks": 4, "shared_masks": True, "padding": 1},
    "learned groups": {"direction": "learned", "groups": 2, "dilation_rate": 2},
    "learned shared groups": {"direction": "learned", "num_masks": 3, "groups": 2, "shared_masks": True},
}
CONCATENATED = {**SPATIAL, **CHANNEL, **LEARNED}
SUMS = {f"sum of {name}": {**given, "combine": "sum"} for name, given in CONCATENATED.items()}
ALL = {**CONCATENATED, **SUMS}
EVERY = pytest.mark.parametrize("given", ALL.values(), ids=ALL)


def made(given, dtype="float64", **more):
    layer = VersatileConv2D(**{"filters": 12, "kernel_size": 3, "dtype": dtype, **given, **more})
    layer.build((None, None, None, CHANNELS) if layer.data_format == "channels_last" else (None, CHANNELS, None, None))
    redraw(layer)
    return layer


def images(size=(8, 7), dtype="float64"):
    return np.random.default_rng(0).normal(size=(2, *size, CHANNELS)).astype(dtype)


def run(layer, x, mode, signature=None):
    """Outputs, their random cotangent, and the gradients of inputs and all weights."""
    cotangent = np.random.default_rng(1).normal(size=layer.compute_output_shape(x.shape))

    def function(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
            loss = tf.reduce_sum(outputs * cotangent)
        return outputs, tape.gradient(loss, [inputs, *layer.trainable_weights])

    outputs, gradients = in_mode(function, mode, signature)(tf.constant(x))
    return outputs.numpy(), cotangent, [g.numpy() for g in gradients]


def expect_equal(received, wanted):
    np.testing.assert_allclose(received, wanted, rtol=1e-10, atol=1e-11)


def expect_definition(given, mode, signature=None):
    layer, x = made(given), images()
    outputs, cotangent, (inputs, kernel, bias, *proxies) = run(layer, x, mode, signature)
    oracle = Oracle(layer, x.shape[1:-1])
    expect_equal(outputs, oracle.forward(x))
    wanted_inputs, wanted_kernel, wanted_bias, d = oracle.gradients(x, cotangent)
    expect_equal(inputs, wanted_inputs)
    expect_equal(kernel, wanted_kernel)
    expect_equal(bias, wanted_bias)
    if layer.direction == "learned":
        # straight through: dL/dH = dL/dM, the sum over filters where they share the masks
        masks = [d_j * oracle.f for d_j in d]
        shared = layer.secondary.shared
        expect_equal(proxies[0], np.concatenate([m.sum(-1, keepdims=True) if shared else m for m in masks], -1))


@EVERY
def test_definition(given):
    expect_definition(given, "eager")


@pytest.mark.parametrize(
    "name", ["3x3 stride 2 same", "5x5 stride 3 same", "3x3 stride 4 same", "both", "learned groups"]
)
@pytest.mark.parametrize("compiled", ["graph", "jit"])
def test_definition_at_unknown_sizes(name, compiled):
    expect_definition(ALL[name], compiled, [tf.TensorSpec([None, None, None, CHANNELS], tf.float64)])


@EVERY
def test_fold(given):
    """One constant convolution with equal outputs, in front of which explicit padding is a `ZeroPadding2D`."""
    layer, x = made({**given, "activation": "tanh"}), images()
    folded = layer.fold()
    expect_equal(np.asarray(folded(x)), np.asarray(layer(x)))
    explicit = not isinstance(layer.padding, str)
    assert isinstance(folded, keras.Sequential if explicit else (keras.layers.Conv2D, keras.layers.DepthwiseConv2D))
    assert sum(math.prod(w.shape) for w in folded.weights if len(w.shape) == 4) == math.prod(
        [*layer.kernel_size, CHANNELS if grouped_apart(layer) else CHANNELS // layer.groups, layer.filters]
    )


def grouped_apart(layer):
    return layer.combine == "concat" and layer.groups > 1 and len(secondary_filters(layer)) > 1


def test_fold_keeps_dtype_and_bias():
    folded = made({"use_bias": False}, dtype="mixed_bfloat16").fold()
    assert [w.shape[-1] for w in folded.weights] == [12]
    assert folded(images()).dtype == tf.bfloat16


def test_fold_before_build():
    with pytest.raises(ValueError, match="VersatileConv2D '.*': it has no weights to fold yet. Build it"):
        VersatileConv2D(4, 3).fold()


@pytest.mark.parametrize("given", [{}, {"strides": 2}, {"groups": 2}, {"kernel_size": (1, 5)}], ids=str)
def test_one_window_is_conv2d(given):
    """A side of one tap has no ring to take off."""
    given = {"kernel_size": 1, "use_bias": True, **given}
    layer, twin, x = made(given), keras.layers.Conv2D(12, **given, dtype="float64"), images()
    twin.build(x.shape)
    twin.set_weights(layer.get_weights())
    expect_equal(np.asarray(layer(x)), np.asarray(twin(x)))


def test_channels_first_and_learned_masks():
    given = {"direction": "learned", "num_masks": 2, "combine": "sum", "strides": 2, "padding": "same"}
    first = made(given, data_format="channels_first")
    outputs = np.moveaxis(np.asarray(first(np.moveaxis(images(), -1, 1))), 1, -1)
    expect_equal(outputs, np.asarray(made(given)(images())))


def test_batch_of_one_trains_under_xla():
    """The part of the harness's check that a static layer can pass."""
    model = keras.Sequential([keras.Input(images().shape[1:]), VersatileConv2D(8, 3, direction="learned")])
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=True)
    before = model.get_weights()
    history = model.fit(images()[:1], np.ones([1, 6, 5, 8]), batch_size=1, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert all(np.any(a != b) for a, b in zip(before, model.get_weights()))


def test_a_state_without_bias():
    layer = VersatileConv2D(4, 3)
    layer.build((None, 8, 8, 3))
    with pytest.raises(ValueError, match="load_torch_state expected .*'bias', 'weight'.* missing .*'bias'"):
        layer.load_torch_state({"weight": np.zeros([2, 3, 3, 3])})
