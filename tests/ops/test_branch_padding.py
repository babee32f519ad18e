"""Padding once for branches of several sizes: as TensorFlow's "same", with what is known of a shape kept, centred on a tap."""

import numpy as np
import pytest
import tensorflow as tf

from tfdynconv.ops.branch_padding import crop_for, pad, pad_once, pad_with, pads_for


def images(height=8, width=7):
    return np.random.default_rng(0).normal(size=(2, height, width, 3))


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("kernel_size, strides, dilations", [((3, 5), (2, 3), (1, 1)), ((4, 2), (1, 1), (2, 3))])
def test_same_is_tensorflows(kernel_size, strides, dilations, known):
    x, kernel = images(), np.random.default_rng(1).normal(size=(*kernel_size, 3, 4))
    spec = tf.TensorSpec(x.shape if known else [None, None, None, 3], tf.float64)

    @tf.function(input_signature=[spec], autograph=False)
    def padded(inputs):
        outputs = pad_once(inputs, "same", kernel_size, strides, dilations)
        assert outputs.shape.as_list()[3] == 3
        assert outputs.shape.is_fully_defined() == known
        return outputs

    wanted = tf.nn.conv2d(x, kernel, strides, "SAME", dilations=dilations)
    received = tf.nn.conv2d(padded(x), kernel, strides, "VALID", dilations=dilations)
    np.testing.assert_allclose(received, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("branch", [(1, 1), (2, 3), (1, 5), (4, 5)])
@pytest.mark.parametrize("strides, dilations", [((1, 1), (1, 1)), ((2, 2), (1, 1)), ((1, 1), (3, 2))])
def test_a_branch_is_the_largest_kernel_with_zeros_around(branch, strides, dilations):
    """Even differences and odd ones, whose middle is before the half: always whole taps."""
    kernel = np.random.default_rng(1).normal(size=(*branch, 3, 4))
    start = [(k - b) // 2 for k, b in zip((4, 5), branch)]
    around = [(s, k - b - s) for s, k, b in zip(start, (4, 5), branch)]
    whole = np.pad(kernel, [*around, (0, 0), (0, 0)])
    padded = pad_once(tf.constant(images(11, 13)), "same", (4, 5), strides, dilations)
    wanted = tf.nn.conv2d(padded, whole, strides, "VALID", dilations=dilations)
    seen = crop_for(padded, (4, 5), branch, dilations)
    received = tf.nn.conv2d(seen, kernel, strides, "VALID", dilations=dilations)
    np.testing.assert_allclose(received, wanted, rtol=1e-12, atol=1e-12)


def test_a_border_of_constants():
    x, constants, pads = tf.constant(images()), tf.constant([1.0, -2.0, 3.0], tf.float64), [(1, 0), (2, 3)]
    with tf.GradientTape() as tape:
        tape.watch([x, constants])
        y = pad_with(x, pads, constants)
        loss = tf.reduce_sum(y)
    wanted = np.broadcast_to(constants, y.shape).copy()
    wanted[:, 1:, 2:-3] = x
    np.testing.assert_allclose(y, wanted, atol=1e-14)
    of_x, of_constants = tape.gradient(loss, [x, constants])
    np.testing.assert_array_equal(of_x, np.ones(x.shape))
    assert of_constants is None


def test_no_padding_is_no_operation():
    x = tf.constant(images())
    assert pad(x, [(0, 0), (0, 0)]) is x
    assert pads_for(x, "valid", (3, 3), (1, 1), (1, 1)) == [(0, 0), (0, 0)]
    assert pads_for(x, ((1, 2), (3, 4)), (3, 3), (1, 1), (1, 1)) == [(1, 2), (3, 4)]
