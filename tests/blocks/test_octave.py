"""OctaveConv2D: pairs through the harness, its definition, what it costs, and what it refuses."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.blocks.octave_paired import PairedOctaveConv2D
from tests.layers.test_harness import CHECK_PARAMETERS
from tfdynconv.blocks import OctaveConv2D
from tfdynconv.testing import check_fresh_process, run_check
from tfdynconv.testing.block_cases.block import block
from tfdynconv.testing.block_cases.static import AFFINE, REGULARIZED

PAIRS = block(
    PairedOctaveConv2D,
    {"filters": 6, "kernel_size": 3, "alpha_in": 0.4},
    (4, 6, 5),
    [
        {"strides": 2, "alpha_out": 0.25, "activation": "relu", "use_bias": False},
        {"alpha_out": 0, **REGULARIZED},
        {"alpha_out": 0, "strides": 2, "dilation_rate": 2},
        {"data_format": "channels_first", "kernel_size": 2, "padding": ((2, 0), (1, 1)), "dilation_rate": 2},
        {"groups": 5, "filters": 10, "alpha_out": 0.4},
    ],
    static=AFFINE,
)


def layer_of(filters=9, size=3, **arguments):
    return OctaveConv2D(filters, size, **arguments)


def pair(high=5, low=2, size=(8, 12), batch=2):
    random = np.random.default_rng(0)
    return (
        random.normal(size=(batch, *size, high)).astype("float32"),
        random.normal(size=(batch, size[0] // 2, size[1] // 2, low)).astype("float32"),
    )


@pytest.mark.parametrize("check", CHECK_PARAMETERS)
def test_pairs_in_the_harness(check):
    run_check(PAIRS, check)


def test_pairs_load_in_a_fresh_process():
    check_fresh_process([PAIRS])


def definition(high, low, kernel, bias, alpha_out, strides):
    """In NumPy, float64, with loops over taps: kernels of 3x3, one group."""

    def pool(x):
        return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4

    def conv(x, k):
        padded = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
        h, w = x.shape[1:3]
        return sum(padded[:, i : i + h, j : j + w] @ k[i, j] for i in range(3) for j in range(3))

    filters, c = kernel.shape[-1], high.shape[-1]
    f = filters - int(alpha_out * filters)
    if strides == 2:
        high_out = conv(pool(high), kernel[:, :, :c, :f])
        low_out = conv(pool(pool(high)), kernel[:, :, :c, f:]) if f < filters else None
    else:
        high_out = conv(high, kernel[:, :, :c, :f])
        low_out = conv(pool(high), kernel[:, :, :c, f:]) if f < filters else None
    if low is not None:
        across = conv(low, kernel[:, :, c:, :f])
        high_out = high_out + (across if strides == 2 else across.repeat(2, 1).repeat(2, 2))
        if f < filters:
            low_out = low_out + conv(pool(low) if strides == 2 else low, kernel[:, :, c:, f:])
    outputs = [high_out + bias[:f]]
    return outputs if low_out is None else [*outputs, low_out + bias[f:]]


@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("alpha_out", [0, 0.25, 0.5])
@pytest.mark.parametrize("alpha_in", [0, 0.25, 0.5])
def test_definition(alpha_in, alpha_out, strides):
    """The published alphas, of 11 channels and 9 filters: no product is an integer."""
    low = int(alpha_in * 11)
    inputs = [x.astype("float64") for x in pair(11 - low, low)]
    layer = layer_of(
        strides=strides, alpha_in=alpha_in, alpha_out=alpha_out, dtype="float64", bias_initializer="normal"
    )
    outputs = layer(tuple(inputs) if alpha_in else inputs[0])
    outputs = list(outputs) if alpha_out else [outputs]
    wanted = definition(
        inputs[0], inputs[1] if alpha_in else None, layer.kernel.numpy(), layer.bias.numpy(), alpha_out, strides
    )
    for received, expected in zip(outputs, wanted, strict=True):
        np.testing.assert_allclose(received, expected, rtol=1e-10, atol=1e-10)


def test_without_low_channels_it_is_conv2d():
    layer, x = layer_of(alpha_in=0, alpha_out=0), pair()[0]
    conv = keras.layers.Conv2D(9, 3, padding="same")
    conv.build(x.shape), layer.build(x.shape)
    assert [w.shape for w in layer.weights] == [w.shape for w in conv.weights]
    layer.set_weights(conv.get_weights())
    np.testing.assert_allclose(layer(x), conv(x), rtol=1e-5, atol=1e-5)


def test_a_network_of_pairs_trains_saves_and_loads(tmp_path):
    inputs = keras.Input([8, 8, 3])
    x = layer_of(8, alpha_in=0, activation="relu")(inputs)
    x = layer_of(8, alpha_out=0.25, strides=1)(x)
    x = layer_of(6, alpha_in=0.25, alpha_out=0, strides=2)(x)
    model = keras.Model(inputs, x)
    assert model.output_shape == (None, 4, 4, 6)
    model.compile("sgd", "mse", jit_compile=True)
    images = np.random.default_rng(0).normal(size=(5, 8, 8, 3)).astype("float32")
    before = model.get_weights()
    model.fit(images, np.ones((5, 4, 4, 6), "float32"), batch_size=2, verbose=0)
    assert all(np.any(a != b) for a, b in zip(before, model.get_weights()))
    model.save(tmp_path / "octaves.keras")
    loaded = keras.models.load_model(tmp_path / "octaves.keras")
    np.testing.assert_array_equal(loaded(images), model(images))


@pytest.mark.parametrize("alpha, ratio", [(0.5, 0.4375), (0.25, 0.671875), (0.125, 0.82421875)])
def test_published_share_of_the_multiply_adds(alpha, ratio):
    low = int(64 * alpha)
    shapes = ((None, 8, 8, 64 - low), (None, 4, 4, low))
    layer = layer_of(64, alpha_in=alpha, alpha_out=alpha)
    layer.build(shapes)
    parameters, multiply_adds = layer.cost(shapes)
    assert parameters == sum(math.prod(w.shape) for w in layer.weights) == 9 * 64 * 64 + 64
    assert multiply_adds == ratio * 64 * 9 * 64 * 64


def test_cost_of_the_other_forms():
    high, low = (None, 8, 12, 6), (None, 4, 6, 2)
    k = 9
    # stride 2: the low input meets the high filters at the high output's 4 x 6 cells, 2 x 3 are low
    assert layer_of(8, strides=2, alpha_in=0.25, alpha_out=0.25).cost((high, low))[1] == (
        24 * k * (6 * 6 + 2 * 6) + 6 * k * (6 * 2 + 2 * 2)
    )
    assert layer_of(8, alpha_in=0, alpha_out=0.25, groups=2).cost((None, 8, 12, 8))[1] == (
        96 * k * 8 * 6 // 2 + 24 * k * 8 * 2 // 2
    )
    assert layer_of(8, alpha_in=0.25, alpha_out=0.25, groups=8).cost((high, low)) == (
        k * 8 + 8,
        96 * k * 6 + 24 * k * 2,
    )


SHAPES = {"high": (None, 8, 8, 4), "low": (None, 4, 4, 4)}
BOTH = (SHAPES["high"], SHAPES["low"])
BAD = [
    (lambda: layer_of(strides=3), "`strides` must be 1 or 2.*Received: strides=3"),
    (lambda: layer_of(strides=(1, 2)), r"`strides` must be 1 or 2.*Received: strides=\(1, 2\)"),
    (lambda: layer_of(alpha_in=1), "`alpha_in` must be a number from 0 to below 1. Received: alpha_in=1"),
    (lambda: layer_of(alpha_out=-0.5), "`alpha_out` must be a number from 0 to below 1. Received: alpha_out=-0.5"),
    (lambda: layer_of(alpha_out=0.1), "`alpha_out` leaves no low channel. Received: alpha_out=0.1, 9 filters"),
    (lambda: layer_of(padding="valid"), "`padding` must keep the size.*Received: padding='valid'"),
    (lambda: layer_of(padding=2), "`padding` must keep the size.*numbers that add up to"),
    (lambda: layer_of().build(SHAPES["high"]), r"with alpha_in=0.5 the input must be a pair \(high, low\)"),
    (lambda: layer_of(alpha_in=0).build(BOTH), "with alpha_in=0 the input must be one 4-D tensor"),
    (
        lambda: layer_of().build(((None, 8, 8, 4), (None, 4, 4, 2))),
        r"int\(alpha_in \* 6\) must be low.*4 high and 2 low",
    ),
    (lambda: layer_of().build(((None, 8, 7, 4), (None, 4, 3, 4))), "must be divisible by 2, to be halved.*8, 7, 4"),
    (lambda: layer_of(strides=2).build(((None, 8, 6, 4), (None, 4, 3, 4))), "must be divisible by 4, to be halved"),
    (lambda: layer_of().build(((None, 8, 8, 4), (None, 8, 8, 4))), "twice as high and wide as the low one"),
    (lambda: layer_of(alpha_in=0.25).build(((None, 8, 8, 3), (None, 4, 4, 0))), "`alpha_in` leaves no low channel"),
    (lambda: layer_of(8, groups=2).build(((None, 8, 8, 3), (None, 4, 4, 3))), "`groups` must divide high and low"),
    (
        lambda: layer_of(8, groups=8, alpha_out=0.25).build(BOTH),
        "where each channel is a group, low filters must belong to low channels",
    ),
    (lambda: layer_of().build(((None, 8, 8, None), (None, 4, 4, 4))), "the number of input channels must be known"),
    (lambda: layer_of(alpha_in=0).cost((None, None, 8, 4)), "the cost depends on the spatial size"),
]


@pytest.mark.parametrize("make, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=f"OctaveConv2D '.*': .*{message}"):
        make()


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize(
    "alphas, shapes",
    [
        ((0, 0.5), [(7, 8)]),
        ((0.5, 0.5), [(8, 8), (4, 3)]),
        ((0.5, 0), [(1, 1), (1, 1)]),
        ((0.5, 0.5), [(7, 7), (3, 3)]),
    ],
)
def test_sizes_that_no_trace_knows_are_refused_when_it_runs(alphas, shapes, jit_compile):
    layer = layer_of(alpha_in=alphas[0], alpha_out=alphas[1])
    spec = [tf.TensorSpec([None, None, None, 4])] * len(shapes)
    traced = tf.function(
        lambda *x: layer(x if alphas[0] else x[0]), input_signature=spec, autograph=False, jit_compile=jit_compile
    )
    message = None if jit_compile else "height and width must be divisible by 2, and twice"
    with pytest.raises((tf.errors.InvalidArgumentError, ValueError), match=message):
        traced(*[tf.ones([2, *size, 4]) for size in shapes])
    traced(*[tf.ones([2, *size, 4]) for size in [(8, 12), (4, 6)][: len(shapes)]])


def test_a_state_of_another_module_is_refused():
    layer = layer_of(use_bias=False, alpha_out=0)
    layer.build(BOTH)
    with pytest.raises(
        ValueError, match=r"expected the arrays \['h2h.weight', 'l2h.weight'\].*missing \['l2h.weight'\]"
    ):
        layer.load_torch_state({"h2h.weight": np.zeros([9, 4, 3, 3])})
