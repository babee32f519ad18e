"""What is lowered for a TPU computes what the loop does, gradients included, in each way of the input's gradient."""

import numpy as np
import pytest
import tensorflow as tf

from tfdynconv.ops import per_sample_conv
from tfdynconv.ops.place import exporting

WINDOWS = [
    ((3, 3), {"padding": "same"}),
    ((3, 5), {"padding": "same", "dilations": (2, 1)}),
    ((2, 3), {"padding": "same"}),
    ((3, 3), {}),
    ((3, 3), {"padding": "same", "strides": 2}),
    ((3,), {"padding": "same"}),
    ((3, 3, 1), {"padding": "same"}),
]


@pytest.mark.parametrize("kernel_size, window", WINDOWS, ids=str)
def test_computes_what_the_loop_does(kernel_size, window):
    rng = np.random.default_rng(1)
    size = (7, 6, 5)[: len(kernel_size)]
    x, k = tf.constant(rng.normal(size=[2, *size, 3])), tf.constant(rng.normal(size=[2, *kernel_size, 3, 4]))

    def step(x, k):
        with tf.GradientTape() as tape:
            tape.watch([x, k])
            y = per_sample_conv(x, k, **window)
            loss = tf.reduce_sum(y**3)
        return y, *tape.gradient(loss, [x, k])

    expected = step(x, k)
    with exporting("tpu"):
        found = tf.function(step, jit_compile=True, autograph=False)(x, k)
    for a, b in zip(found, expected):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
