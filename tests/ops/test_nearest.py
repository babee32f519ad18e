"""Nearest-neighbour resizing by PyTorch's rule: which cell is read, its gradient, and the phone's operation."""

import numpy as np
import pytest
import tensorflow as tf

from tests.modes import in_mode
from tfdynconv.ops.nearest import resize_nearest
from tfdynconv.ops.place import exporting

SIZES = [((3, 2), (14, 9)), ((2, 5), (10, 5)), ((1, 3), (7, 3)), ((4, 4), (3, 9)), ((2, 3), (11, 13))]
EVERY = pytest.mark.parametrize("before, after", SIZES)


def drawn(before):
    return np.random.default_rng(0).normal(size=(2, *before, 3))


def oracle(x, after):
    rows, columns = ([i * n // m for i in range(m)] for n, m in zip(x.shape[1:3], after))
    return x[:, rows][:, :, columns]


@EVERY
def test_the_cell_that_is_read(before, after, mode):
    x = drawn(before)
    spec = [tf.TensorSpec([None, *x.shape[1:]], tf.float64)]
    received = in_mode(lambda x: resize_nearest(x, after), mode, spec)(tf.constant(x))
    np.testing.assert_array_equal(received, oracle(x, after))


def test_it_is_not_tensorflows_own():
    x = drawn((3, 2))
    own = tf.image.resize(x, (14, 9), method="nearest")
    assert np.any(own != oracle(x, (14, 9)))


@EVERY
def test_unknown_sizes(before, after):
    x = drawn(before)
    spec = [tf.TensorSpec([None, None, None, 3], tf.float64), tf.TensorSpec([2], tf.int32)]
    resize = tf.function(lambda x, size: resize_nearest(x, tf.unstack(size)), input_signature=spec, autograph=False)
    np.testing.assert_array_equal(resize(tf.constant(x), tf.constant(after)), oracle(x, after))


@EVERY
def test_gradient(before, after, mode):
    """Each cell collects what came back to those that read it."""
    x, r = drawn(before), np.random.default_rng(1).normal(size=(2, *after, 3))

    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(resize_nearest(x, after) * r)
        return tf.convert_to_tensor(tape.gradient(loss, x))

    wanted = np.zeros_like(x)
    for i, j in np.ndindex(*after):
        wanted[:, i * before[0] // after[0], j * before[1] // after[1]] += r[:, i, j]
    np.testing.assert_allclose(in_mode(gradient, mode)(tf.constant(x)), wanted, rtol=1e-12)


@EVERY
def test_the_phones_operation_reads_the_same(before, after):
    """TensorFlow computes its source cell in float32; none of these sizes shows that."""
    x = drawn(before).astype("float32")
    with exporting():
        received = resize_nearest(tf.constant(x), after)
    np.testing.assert_array_equal(received, oracle(x, after))
