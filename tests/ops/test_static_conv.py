"""One kernel for the whole batch, depthwise: what XLA computes by shifted slices is what TensorFlow's convolution does."""

import numpy as np
import pytest
import tensorflow as tf

from tfdynconv.ops.geometry import ConvGeometry
from tfdynconv.ops.static_conv import static_conv

X = np.random.default_rng(0).normal(size=(3, 8, 7, 4))
KERNEL = np.random.default_rng(1).normal(size=(3, 2, 1, 8))


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("strides, dilations", [(1, 1), (2, 1), (1, 2)])
def test_depthwise_with_first_and_second_gradients(strides, dilations, padding, mode):
    geometry = ConvGeometry((strides,) * 2, (dilations,) * 2, padding)

    def run(x, kernel, conv):
        with tf.GradientTape() as outer:
            outer.watch([x, kernel])
            with tf.GradientTape() as tape:
                tape.watch([x, kernel])
                outputs = conv(x, kernel)
                loss = tf.reduce_sum(outputs**3)
            gradients = tape.gradient(loss, [x, kernel])
            second = tf.reduce_sum(gradients[0] ** 2) + tf.reduce_sum(gradients[1] ** 2)
        return [outputs, *gradients, *outer.gradient(second, [x, kernel])]

    def ours(x, kernel):
        return static_conv(x, kernel, geometry, groups=4)

    def channel_by_channel(x, kernel):
        rows, columns = [np.eye((k - 1) * dilations + 1)[::dilations] for k in KERNEL.shape[:2]]
        wide = tf.einsum("abio,ap,bq->pqio", kernel, rows, columns)  # TensorFlow's gradients know no dilation
        parts = zip(tf.split(x, 4, -1), tf.split(wide, 4, -1))
        return tf.concat([tf.nn.conv2d(a, k, strides, padding) for a, k in parts], -1)

    signature = [tf.TensorSpec([None, *X.shape[1:]], tf.float64), tf.TensorSpec(KERNEL.shape, tf.float64)]
    function = lambda x, kernel: run(x, kernel, ours)  # noqa: E731
    if mode != "eager":
        function = tf.function(function, input_signature=signature, autograph=False, jit_compile=mode == "jit")
    wanted = run(tf.constant(X), tf.constant(KERNEL), channel_by_channel)
    for received, expected in zip(function(tf.constant(X), tf.constant(KERNEL)), wanted, strict=True):
        np.testing.assert_allclose(received, expected, rtol=1e-9, atol=1e-9)
