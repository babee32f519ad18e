"""The phone's lowering computes what the loop does, gradients included, for every window."""

import numpy as np
import pytest
import tensorflow as tf

from tfdynconv.ops import per_sample_conv, per_sample_conv_transpose
from tfdynconv.ops.place import exporting

WINDOWS = [
    ((3, 3), {}),
    ((3, 3), {"padding": "same", "strides": 2}),
    ((3, 2), {"strides": (3, 1), "padding": 1}),
    ((2, 3), {"strides": (1, 3)}),
    ((1, 1), {"strides": 2}),
    ((1, 6), {"padding": "same"}),
    ((6, 1), {"padding": "same", "strides": (2, 1)}),
    ((3, 3), {"dilations": 2, "padding": "same"}),
    ((2, 3), {"dilations": (3, 1)}),
    ((7, 9), {}),
    ((7, 8), {}),
    ((3, 3), {"groups": 2, "padding": "same"}),
]


@pytest.mark.parametrize("kernel_size, window", WINDOWS)
@pytest.mark.parametrize("batch", [1, 2])
def test_computes_what_the_loop_does(kernel_size, window, batch):
    rng = np.random.default_rng(1)
    channels = 4 // window.get("groups", 1)
    x, k = (
        tf.constant(rng.normal(size=[batch, 7, 9, 4])),
        tf.constant(rng.normal(size=[batch, *kernel_size, channels, 6])),
    )

    def run(**more):
        with tf.GradientTape() as tape:
            tape.watch([x, k])
            y = per_sample_conv(x, k, **window, **more)
            loss = tf.reduce_sum(y**3)
        return y, *tape.gradient(loss, [x, k])

    expected = run(lowering="loop")
    with exporting():
        received = tf.function(run)()
    for a, b in zip(received, expected):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_a_transposed_convolution_too():
    rng = np.random.default_rng(1)
    x, k = tf.constant(rng.normal(size=[2, 4, 5, 3])), tf.constant(rng.normal(size=[2, 3, 2, 6, 3]))
    expected = per_sample_conv_transpose(x, k, strides=2, padding="same", lowering="loop")
    with exporting():
        received = tf.function(per_sample_conv_transpose)(x, k, strides=2, padding="same")
    np.testing.assert_allclose(received, expected, rtol=1e-9, atol=1e-9)
