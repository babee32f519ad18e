"""The softmax over branches against its definition in NumPy, group by group."""

import numpy as np
import pytest
import tensorflow as tf

from tests.modes import in_mode
from tfdynconv.ops.branch_softmax import branch_softmax, weighted_sum


def oracle(logits, branches, groups):
    """`a[b, r, channel]`: ResNeSt's definition, one attention for each group on its own."""
    batch, width = len(logits), logits.shape[1] // branches // groups
    weights = np.zeros((batch, branches, groups * width))
    for g in range(groups):
        own = logits[:, g * branches * width : (g + 1) * branches * width]
        for c in range(width):
            z = np.stack([own[:, r * width + c] for r in range(branches)], 1)
            e = np.exp(z - z.max(1, keepdims=True))
            weights[:, :, g * width + c] = e / e.sum(1, keepdims=True)
    return weights


def drawn(branches, groups, width=3, scale=3.0):
    return np.random.default_rng(branches).normal(scale=scale, size=(2, branches * groups * width))


@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("branches", [1, 2, 3, 4])
def test_the_definition(branches, groups, mode):
    logits = drawn(branches, groups)
    weights = in_mode(lambda z: branch_softmax(z, branches, groups), mode)(tf.constant(logits))
    np.testing.assert_allclose(np.stack(weights, 1), oracle(logits, branches, groups), rtol=1e-12)


@pytest.mark.parametrize("branches", [2, 3])
def test_gradients(branches):
    """Against a difference quotient, of a sum in which each weight counts differently."""
    logits, groups = drawn(branches, 2), 2
    r = np.random.default_rng(7).normal(size=(2, branches, 6))
    z = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = tf.reduce_sum(tf.stack(branch_softmax(z, branches, groups), 1) * r)
    received = tape.gradient(loss, z).numpy()
    for index in np.ndindex(*logits.shape):
        step = np.zeros_like(logits)
        step[index] = 1e-6
        up, down = (np.sum(oracle(logits + s, branches, groups) * r) for s in (step, -step))
        np.testing.assert_allclose(received[index], (up - down) / 2e-6, atol=1e-8)


def test_large_logits_stay_finite():
    """In float32 both ends of the sigmoid that two branches are."""
    first, second = branch_softmax(tf.constant([[200.0, 0.0, -200.0, 50.0]]), 2)
    np.testing.assert_allclose(first, [[1.0, np.exp(-50.0)]], rtol=1e-6)
    np.testing.assert_allclose(second, [[0.0, 1.0]], atol=1e-38)


def test_weighted_sum():
    rng = np.random.default_rng(0)
    maps, weights = rng.normal(size=(3, 2, 4, 5, 6)), rng.normal(size=(3, 2, 6))
    received = weighted_sum(list(map(tf.constant, maps)), list(map(tf.constant, weights)))
    np.testing.assert_allclose(received, np.einsum("mbhwc,mbc->bhwc", maps, weights), rtol=1e-12)
