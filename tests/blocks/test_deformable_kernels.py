"""DeformableKernelConv2D against its definition, in both forms: outputs and every gradient."""

import numpy as np
import pytest
import tensorflow as tf

from tests import golden
from tests.blocks import sampler_oracle
from tests.oracles import Convolution
from tfdynconv.blocks import DeformableKernelConv2D
from tfdynconv.testing.case import redraw

GLOBAL = {
    "plain": {"kernel_size": 3},
    "scope 5x4, groups": {"kernel_size": (3, 2), "scope_size": (5, 4), "groups": 2, "strides": 2, "padding": "same"},
    "no larger scope": {"kernel_size": 2, "scope_size": 2, "dilation_rate": 2, "padding": 1},
}
LOCAL = {
    "plain": {"kernel_size": 3},
    "clipped": {"kernel_size": 3, "clip_to_scope": True, "padding": "same", "strides": 2},
    "scope 5x4, groups": {"kernel_size": (3, 2), "scope_size": (5, 4), "offset_groups": 2, "padding": ((1, 0), (2, 1))},
    "dilated": {"kernel_size": (2, 3), "scope_size": 3, "dilation_rate": 2, "padding": 1, "offset_groups": 4},
}


def made(given):
    layer = DeformableKernelConv2D(**{"filters": 6, "use_bias": False, "dtype": "float64", **given})
    x = np.random.default_rng(0).normal(size=(2, 7, 6, 4))
    layer.build(x.shape)
    redraw(layer)
    return layer, x


def window(layer):
    return {"strides": layer.strides, "dilations": layer.dilation_rate, "padding": layer.padding}


def resampled(layer, scope, offsets, clipped):
    """The kernel that these offsets, `[taps * 2]`, read from a scope `[height, width, ...]`."""
    shape = (*layer.kernel_size, *scope.shape[2:])
    flat = scope.reshape(*scope.shape[:2], -1)
    kernel = []
    for number, tap in enumerate(np.ndindex(*layer.kernel_size)):
        place = [t + (s - k) / 2 for t, s, k in zip(tap, scope.shape, layer.kernel_size)] + offsets[2 * number :][:2]
        if clipped:
            place = np.clip(place, 0, np.subtract(scope.shape[:2], 1))
        kernel.append(sampler_oracle.read(flat, *place))
    return np.reshape(kernel, shape)


def global_oracle(layer, x, scope, dense, bias):
    offsets = x.mean((1, 2)) @ dense + bias
    kernels = np.stack([resampled(layer, scope, o, True) for o in offsets])
    return Convolution(x.shape[1:3], layer.kernel_size, groups=layer.groups, **window(layer)).forward(x, kernels)


def local_oracle(layer, x, scope, kernel, bias):
    convolution = Convolution(x.shape[1:3], layer.kernel_size, **window(layer))
    offsets = convolution.forward(x, np.broadcast_to(kernel, (len(x), *kernel.shape))) + bias
    taps, groups = kernel.shape[0] * kernel.shape[1], layer.offset_groups
    y = np.zeros((*offsets.shape[:3], x.shape[-1]))
    for b, *cell, c in np.ndindex(*y.shape):
        own = offsets[(b, *cell)].reshape(groups, 2 * taps)[c % groups]
        at = resampled(layer, scope[:, :, 0, c], own, layer.clip_to_scope)
        for where, tap, read in convolution.reads:
            if where == tuple(cell):
                y[(b, *cell, c)] += x[(b, *read, c)] * at[tap]
    return y


CASES = {f"global, {name}": (given, global_oracle) for name, given in GLOBAL.items()}
CASES |= {
    f"local, {name}": ({"form": "local", "filters": 4, "groups": 4, **given}, local_oracle)
    for name, given in LOCAL.items()
}


@pytest.mark.parametrize("given, oracle", CASES.values(), ids=CASES)
def test_the_definition(given, oracle, mode):
    """The gradients for input, scope and the predictor's weights are compared along a random direction."""
    layer, x = made(given)
    weights = [layer.kernel, layer.offsets.kernel, layer.offsets.bias]
    values = [x, *(w.numpy() for w in weights)]
    expected = oracle(layer, *values)
    random = np.random.default_rng(1)
    cotangent, directions = random.normal(size=expected.shape), [random.normal(size=v.shape) for v in values]
    outputs, gradients = golden.outputs_and_gradients(layer, [x], cotangent, lambda inputs: [*inputs, *weights], mode)
    np.testing.assert_allclose(outputs, expected, atol=1e-11)
    wanted = sampler_oracle.slope(lambda *v: np.sum(oracle(layer, *v) * cotangent), values, directions, 1e-6)
    assert sum(np.sum(g * d) for g, d in zip(gradients, directions)) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("more", [{}, {"form": "local", "filters": 4, "groups": 4}], ids=["global", "local"])
@pytest.mark.parametrize("scope_size", [3, 4, 5])
def test_it_starts_in_the_middle_of_the_scope_and_learns(more, scope_size):
    """With places on the scope's cells as between them, the predictor gets a gradient from zero on."""
    layer = DeformableKernelConv2D(
        **{"filters": 6, "kernel_size": 3, "scope_size": scope_size, "dtype": "float64", **more}
    )
    x = tf.random.normal([2, 6, 6, 4], dtype=tf.float64)
    with tf.GradientTape() as tape:
        y = layer(x)
    gradient = tape.gradient(y, layer.offsets.bias if callable(layer.offsets.bias.value) else layer.offsets.bias.value)
    assert np.abs(gradient).min() > 0 or scope_size == 3
    assert np.abs(gradient).max() > 0
    middle = resampled(layer, layer.kernel.numpy(), np.zeros(18), False)
    kernels = np.broadcast_to(middle, (2, *middle.shape))
    expected = Convolution((6, 6), (3, 3), groups=layer.groups).forward(x.numpy(), kernels)
    np.testing.assert_allclose(y, expected, atol=1e-12)


def test_cost():
    layer = DeformableKernelConv2D(8, (3, 2), groups=2, padding="same")
    layer.build((None, 7, 6, 4))
    scope, taps = 4 * 3 * 2 * 8, 6
    assert layer.cost((None, 7, 6, 4)) == (
        scope + 8 + 4 * 12 + 12,
        42 * taps * 2 * 8 + 4 * 12 + taps * scope,
    )
    local = DeformableKernelConv2D(
        4, 3, groups=4, form="local", offset_groups=2, use_bias=False, data_format="channels_first"
    )
    local.build((None, 4, 7, 6))
    assert local.cost((None, 4, 7, 6)) == (16 * 4 + 36 * 37, 20 * (36 * 36 + 9 * 17 * 4))
    for built in (layer, local):
        shape = (None, 7, 6, 4) if built is layer else (None, 4, 7, 6)
        assert built.cost(shape)[0] == sum(int(np.prod(w.shape)) for w in built.trainable_weights)


def depthwise(**more):
    return DeformableKernelConv2D(4, 3, groups=4, form="local", **more)


BAD = [
    (lambda: DeformableKernelConv2D(4, 3, form="both"), "`form` must be one of global, local. Received: form='both'"),
    (
        lambda: DeformableKernelConv2D(4, 3, scope_size=(4, 2)),
        r"must not be below `kernel_size`. Received: scope_size=\(4, 2\)",
    ),
    (lambda: DeformableKernelConv2D(4, 3, scope_size="big"), "`scope_size` must be a positive int or 2 of them"),
    (lambda: DeformableKernelConv2D(4, 3, offset_groups=2), "are for form='local'.* Received: offset_groups=2"),
    (lambda: DeformableKernelConv2D(4, 3, clip_to_scope=True), "always clips. Received: .*clip_to_scope=True"),
    (
        lambda: DeformableKernelConv2D(4, 3, form="local").build((None, 8, 8, 4)),
        "depthwise .* Received: 4 channels, .*groups=1",
    ),
    (lambda: depthwise().build((None, 8, 8, 8)), "Received: 8 channels, filters=4, groups=4"),
    (lambda: depthwise(offset_groups=3).build((None, 8, 8, 4)), "a divisor of them. Received: .*offset_groups=3"),
    (lambda: depthwise(offset_groups=0), "`offset_groups` must be a positive int"),
]


@pytest.mark.parametrize("make, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
