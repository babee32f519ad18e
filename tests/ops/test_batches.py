"""Batches of none, one, and of another size at every call."""

import numpy as np
import pytest
import tensorflow as tf

from tests.modes import in_mode
from tests.oracles import Convolution, DepthwiseConvolution
from tfdynconv.ops import per_sample_conv, per_sample_depthwise_conv

NAMES = ("auto", "loop", "grouped", "matmul", "unrolled", "vectorized")


def step_of(function, **arguments):
    def step(x, k):
        with tf.GradientTape() as tape:
            tape.watch([x, k])
            y = function(x, k, padding="same", **arguments)
        return y, *tape.gradient(y, [x, k])

    return step


KINDS = {
    "conv": (per_sample_conv, [3, 3, 2, 4], Convolution((5, 4), (3, 3), padding="same")),
    "depthwise": (per_sample_depthwise_conv, [3, 3, 2, 2], DepthwiseConvolution((5, 4), (3, 3), 2, padding="same")),
}


@pytest.mark.parametrize("lowering", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_one_trace_serves_every_batch(kind, lowering, mode):
    """XLA compiles anew for each size and the rest do not; nothing remembers the size of the call before."""
    function, kernel, oracle = KINDS[kind]
    specs = [tf.TensorSpec([None, 5, 4, 2], tf.float64), tf.TensorSpec([None, *kernel], tf.float64)]
    run = in_mode(step_of(function, lowering=lowering), mode, specs)
    generator = np.random.default_rng(0)
    for batch in (3, 1, 0, 4, 19):  # "unrolled" takes two blocks of the last, and three samples
        x, k = generator.normal(size=(batch, 5, 4, 2)), generator.normal(size=(batch, *kernel))
        y, x_grad, k_grad = run(tf.constant(x), tf.constant(k))
        ones = np.ones(y.shape)
        assert y.shape == (batch, 5, 4, 4)
        np.testing.assert_allclose(y, oracle.forward(x, k), atol=1e-12)
        np.testing.assert_allclose(x_grad, oracle.input_grad(ones, k), atol=1e-12)
        np.testing.assert_allclose(k_grad, oracle.kernel_grad(x, ones), atol=1e-12)
