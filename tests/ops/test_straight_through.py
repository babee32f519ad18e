"""`binarize`: a step forward, the identity backward, in every order and every place."""

import numpy as np
import pytest
import tensorflow as tf

from tests.modes import in_mode
from tfdynconv.ops import binarize

PROXY = np.array([[-0.3, 0.1, 0.49999], [0.5, 0.50001, 1.7]])


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_forward(mode, dtype):
    mask = in_mode(binarize, mode)(tf.constant([0.25, 0.5, 0.75], dtype))
    assert mask.dtype == dtype
    assert tf.cast(mask, "float32").numpy().tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    "threshold, wanted", [(0.5, [0, 0, 0, 0, 1, 1]), (0, [0, 1, 1, 1, 1, 1]), (1.5, [0] * 5 + [1])]
)
def test_threshold(threshold, wanted):
    assert binarize(PROXY, threshold).numpy().ravel().tolist() == wanted


def test_gradient_is_what_comes_back(mode):
    cotangent = np.random.default_rng(0).normal(size=PROXY.shape)

    def function(proxy):
        with tf.GradientTape() as tape:
            tape.watch(proxy)
            loss = tf.reduce_sum(binarize(proxy) * cotangent)
        return tape.gradient(loss, proxy)

    np.testing.assert_array_equal(in_mode(function, mode)(tf.constant(PROXY)), cotangent)


def test_second_derivative(mode):
    """`L = sum(M^3)`: dL/dH := 3 M^2, and its derivative again straight through, 6 M."""

    def function(proxy):
        with tf.GradientTape() as outer:
            outer.watch(proxy)
            with tf.GradientTape() as inner:
                inner.watch(proxy)
                loss = tf.reduce_sum(binarize(proxy) ** 3)
            first = inner.gradient(loss, proxy)
        return first, outer.gradient(first, proxy)

    mask = (PROXY > 0.5).astype("float64")
    first, second = in_mode(function, mode)(tf.constant(PROXY))
    np.testing.assert_array_equal(first, 3 * mask**2)
    np.testing.assert_array_equal(second, 6 * mask)


def test_the_cotangent_has_a_gradient():
    """What comes back depends on another variable: `d/dw (d/dH sum(w M)) = 1`."""
    proxy, weights = tf.constant(PROXY), tf.constant(2 * PROXY)
    with tf.GradientTape() as outer:
        outer.watch(weights)
        with tf.GradientTape() as inner:
            inner.watch(proxy)
            loss = tf.reduce_sum(weights * binarize(proxy))
        first = inner.gradient(loss, proxy)
    np.testing.assert_array_equal(outer.gradient(first, weights), np.ones_like(PROXY))


@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_a_proxy_without_gradient(dtype):
    with pytest.raises(ValueError, match=f"binarize: the proxy must be floating.* Received: dtype {dtype}. Cast it"):
        binarize(tf.zeros([2], dtype))


@pytest.mark.parametrize("threshold", ["0.5", None, float("nan"), float("inf"), True], ids=str)
def test_bad_threshold(threshold):
    with pytest.raises(ValueError, match=f"binarize: `threshold` must be a finite .*Received: threshold={threshold!r}"):
        binarize(PROXY, threshold)
