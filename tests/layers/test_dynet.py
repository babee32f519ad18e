"""DyNet: kernels and features mixed are one function, gradients included; coefficients are per filter."""

import numpy as np
import pytest
import tensorflow as tf

from tests.oracles import Convolution
from tfdynconv import DepthwiseDyNetConv2D, DyNetConv2D
from tfdynconv.testing.case import redraw
from tfdynconv.testing.execution import outputs_and_gradients

STRIDED = {"strides": 2, "padding": "same"}
WINDOWS = [{}, STRIDED, {"dilation_rate": 2, "padding": 2}]
# XLA takes two seconds for each: with it strides alone, the others in the slow run.
WAYS = [
    pytest.param(window, jit, marks=pytest.mark.slow if jit and window is not STRIDED else (), id=f"{window}-{jit}")
    for window in WINDOWS
    for jit in (None, False, True)
]
MAKE = {
    "conv": lambda **k: DyNetConv2D(6, 3, group_size=3, dtype="float64", **k),
    "groups": lambda **k: DyNetConv2D(6, 3, group_size=3, groups=2, dtype="float64", **k),
    "1x1": lambda **k: DyNetConv2D(6, 1, group_size=3, dtype="float64", **k),
    "depthwise": lambda **k: DepthwiseDyNetConv2D(3, group_size=3, depth_multiplier=2, dtype="float64", **k),
}


def images():
    return tf.constant(np.random.default_rng(0).normal(size=(3, 8, 7, 4)))


@pytest.mark.parametrize("window, jit_compile", WAYS)
@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_both_forms_are_one_function(make, window, jit_compile):
    x, results = images(), []
    for mixing in ("kernels", "features"):
        layer = make(mixing=mixing, **window)
        layer.build(x.shape)
        redraw(layer)

        def run(x, layer=layer):
            return outputs_and_gradients(layer, x)

        traced = run if jit_compile is None else tf.function(run, jit_compile=jit_compile, autograph=False)
        results.append(traced(x))
    for kernels, features in zip(*results):
        np.testing.assert_allclose(kernels, features, rtol=1e-10, atol=1e-10)


def test_by_the_definition():
    layer, x = MAKE["conv"](routing=None), images()
    a = np.random.default_rng(1).uniform(size=(3, 3, 6))
    y = layer(x, a)
    kernels = np.einsum("bif,ihwcf->bhwcf", a, layer.kernel.numpy())
    np.testing.assert_allclose(y, Convolution((8, 7), (3, 3)).forward(x.numpy(), kernels), rtol=1e-12)


def test_coefficients_flat_or_not():
    layer, x = MAKE["conv"](routing=None), images()
    a = np.random.default_rng(1).uniform(size=(3, 3, 6))
    np.testing.assert_array_equal(layer(x, a), layer(x, a.reshape(3, 18)))


def test_equal_coefficients_within_a_kernel_are_condconv():
    """Constant over the filters they are one coefficient for each kernel."""
    layer, x = MAKE["conv"](routing=None), images()
    a = np.random.default_rng(1).uniform(size=(3, 3))
    y = layer(x, np.repeat(a[:, :, np.newaxis], 6, 2))
    kernels = np.tensordot(a, layer.kernel.numpy(), 1)
    np.testing.assert_allclose(y, Convolution((8, 7), (3, 3)).forward(x.numpy(), kernels), rtol=1e-12)


@pytest.mark.parametrize("filters, kernel_size, size", [(12, 3, 8), (6, 1, 5)])
def test_cost(filters, kernel_size, size):
    """`g w + ci g co (+ g co + co)` parameters, `Ho Wo w + g w + ci g co` multiply-adds."""
    g, channels = 6, 8
    w = kernel_size**2 * channels * filters
    parameters, multiply_adds = DyNetConv2D(filters, kernel_size, padding="same").cost((None, size, size, channels))
    assert parameters == g * w + channels * g * filters + g * filters + filters
    assert multiply_adds == size * size * w + g * w + channels * g * filters


BAD = [
    (lambda: DyNetConv2D(6, 3, group_size=0), "`group_size` must be a positive int. Received: group_size=0"),
    (
        lambda: DyNetConv2D(6, 3, mixing="outputs"),
        "`mixing` must be one of auto, .* Received: mixing='outputs'",
    ),
    (
        lambda: DyNetConv2D(6, 3, mixing="features", lowering="loop"),
        "no lowering can be chosen. Received: lowering='loop'",
    ),
    (lambda: DyNetConv2D(6, 3)(tf.zeros([2, 8, 8, 4]), tf.zeros([2, 6])), r"coefficients of shape \[batch, 6, 6\]"),
    (lambda: DyNetConv2D(6, 3, routing=None)(tf.zeros([2, 8, 8, 4])), r"needs the coefficients of the call"),
]


@pytest.mark.parametrize("make, message", BAD, ids=[message[:30] for _, message in BAD])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=f"DyNetConv2D '.*': .*{message}"):
        make()
