"""Traces are shared: a second layer of the same shapes adds a call to the graph, and no trace."""

import numpy as np
import tensorflow as tf

from tfdynconv.ops import per_sample_conv, shared_trace

LAYERS = 3


def network(x, kernels):
    for _ in range(LAYERS):
        x = per_sample_conv(x, kernels, padding="same")
    return x


def example(size):
    return tf.random.stateless_normal([2, *size, 3], (1, 2)), tf.random.stateless_normal([2, 3, 3, 3, 3], (3, 4))


def specs(size):
    return [tf.TensorSpec([None, *size, 3]), tf.TensorSpec([None, 3, 3, 3, 3])]


def test_one_trace_for_equal_layers():
    x, kernels = example([7, 5])
    shared_trace.traced.cache_clear()
    function = tf.function(network, autograph=False).get_concrete_function(*specs([7, 5]))
    found = shared_trace.traced.cache_info()
    assert found.misses == 1 and found.hits == LAYERS - 1
    np.testing.assert_allclose(function(x, kernels), network(x, kernels), rtol=1e-4, atol=1e-3)


def test_an_unknown_size():
    """The input's gradient must be told it; a trace made for one size would give it to all others."""

    def gradient(x, kernels):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(per_sample_conv(x, kernels, strides=2, padding="same") ** 2)
        return tape.gradient(loss, x)

    function = tf.function(gradient, input_signature=specs([None, None]), autograph=False)
    for size in ([7, 5], [6, 8]):
        np.testing.assert_allclose(function(*example(size)), gradient(*example(size)), rtol=1e-4, atol=1e-3)


def test_tensors_anywhere():
    found = shared_trace.call(lambda pair, factor: (pair[0] * factor, pair[1]), (tf.constant(2.0), tf.constant(3.0)), 4)
    assert [float(value) for value in found] == [8.0, 3.0]
