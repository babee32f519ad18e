"""The involution's shifted slices against the definition and against patches, whose gradients TensorFlow makes."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tests.modes import in_mode
from tfdynconv.ops.involution import involution

# kernel size, strides, dilations, groups: sides that differ, strides that do not divide, strides above the kernel
WINDOWS = [
    ((3, 3), (1, 1), (1, 1), 2),
    ((3, 5), (2, 1), (1, 2), 3),
    ((7, 3), (2, 3), (1, 1), 1),
    ((1, 1), (2, 2), (1, 1), 6),
    ((3, 3), (3, 3), (2, 3), 2),
]
EVERY = pytest.mark.parametrize("window", WINDOWS, ids=str)
HEIGHT, WIDTH, CHANNELS = 7, 9, 6


def tensors(window, seed=0):
    kernel_size, strides, _, groups = window
    random = np.random.default_rng(seed)
    size = [-(-n // s) for n, s in zip((HEIGHT, WIDTH), strides)]
    x = random.normal(size=(2, HEIGHT, WIDTH, CHANNELS))
    return x, random.normal(size=(2, *size, groups * np.prod(kernel_size)))


def definition(x, kernels, window):
    (kh, kw), strides, dilations, groups = window
    y = np.zeros((*kernels.shape[:3], CHANNELS))
    for p, q, c in itertools.product(*map(range, y.shape[1:])):
        for t, (i, j) in enumerate(itertools.product(range(kh), range(kw))):
            row = p * strides[0] + i * dilations[0] - dilations[0] * (kh - 1) // 2
            column = q * strides[1] + j * dilations[1] - dilations[1] * (kw - 1) // 2
            if 0 <= row < HEIGHT and 0 <= column < WIDTH:
                factor = kernels[:, p, q, c // (CHANNELS // groups) * kh * kw + t]
                y[:, p, q, c] += factor * x[:, row, column, c]
    return y


def by_patches(x, kernels, window):
    """The twin that holds every patch."""
    (kh, kw), strides, dilations, groups = window
    halves = [d * (k - 1) // 2 for k, d in zip((kh, kw), dilations)]
    padded = tf.pad(x, [[0, 0], *([h, h] for h in halves), [0, 0]])
    patches = tf.image.extract_patches(padded, [1, kh, kw, 1], [1, *strides, 1], [1, *dilations, 1], "VALID")
    shape = kernels.shape[:3]
    patches = tf.reshape(patches, [*shape, kh * kw, groups, CHANNELS // groups])
    factors = tf.reshape(kernels, [*shape, groups, kh * kw])
    return tf.reshape(tf.einsum("bhwtgc,bhwgt->bhwgc", patches, factors), [*shape, CHANNELS])


@EVERY
def test_the_definition(window, mode):
    x, kernels = tensors(window)
    unknown = [tf.TensorSpec([None, None, None, a.shape[-1]], tf.float64) for a in (x, kernels)]
    y = in_mode(lambda x, k: involution(x, k, *window), mode, unknown)(tf.constant(x), tf.constant(kernels))
    np.testing.assert_allclose(y, definition(x, kernels, window), rtol=1e-12, atol=1e-12)


@EVERY
def test_first_and_second_derivatives_are_those_of_patches(window):
    x, kernels = map(tf.constant, tensors(window))
    cotangent = np.random.default_rng(3).normal(size=(*kernels.shape[:3], CHANNELS))
    found = {}
    for name, form in (
        ("slices", lambda x, k: involution(x, k, *window)),
        ("patches", lambda *a: by_patches(*a, window)),
    ):
        with tf.GradientTape() as outer:
            outer.watch([x, kernels])
            with tf.GradientTape() as inner:
                inner.watch([x, kernels])
                loss = tf.reduce_sum(tf.sin(form(x, kernels)) * cotangent)
            first = inner.gradient(loss, [x, kernels])
            bend = sum(tf.reduce_sum(tf.sin(g)) for g in first)
        found[name] = [*first, *outer.gradient(bend, [x, kernels])]
    for ours, twin in zip(found["slices"], found["patches"]):
        np.testing.assert_allclose(ours, twin, rtol=1e-10, atol=1e-11)


def test_channels_first():
    x, kernels = tensors(WINDOWS[1])
    first = [np.moveaxis(a, -1, 1) for a in (x, kernels)]
    y = involution(*first, *WINDOWS[1], data_format="channels_first")
    np.testing.assert_allclose(np.moveaxis(y, 1, -1), definition(x, kernels, WINDOWS[1]), rtol=1e-12, atol=1e-12)


def test_one_tap_after_the_other():
    """In a graph each slice waits for a sum before it, or all of them would be held at once."""
    function = tf.function(lambda x, k: involution(x, k, 3), autograph=False)
    graph = function.get_concrete_function(tf.TensorSpec([2, 5, 5, 4]), tf.TensorSpec([2, 5, 5, 9])).graph
    muls = [op for op in graph.get_operations() if op.type == "Mul"]
    assert len(muls) == 9
    slices = [op.inputs[0].op for op in muls]
    waiting = [any(part.control_inputs for part in (op, *(i.op for i in op.inputs[1:]))) for op in slices]
    assert waiting == [False] + [True] * 8  # by themselves, or by the constants that say where to cut


X, K = tf.ones([1, 6, 6, 4]), tf.ones([1, 6, 6, 9])
BAD = [
    (lambda: involution(X, K, 4), "involution: `kernel_size` must be odd.* Received: kernel_size=4"),
    (lambda: involution(X[0], K, 3), r"expected inputs \[batch.* Received: inputs of shape \(6, 6, 4\)"),
    (
        lambda: involution(X, tf.cast(K, tf.float64), 3),
        "same floating dtype. Received: inputs float32, kernels float64",
    ),
    (lambda: involution(X, K, 3, groups=2), "9 taps for each group. Received: 4 channels, groups=2"),
    (lambda: involution(X, K, 3, groups=3), "divisible by `groups`.* Received: 4 channels, groups=3"),
    (lambda: involution(X, K, 3, strides=2), "one kernel for each of the 3x3 output positions.* Received"),
]


@pytest.mark.parametrize("make, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
