"""Branches that share a grid: what is padded once and cropped, and when each may pad for itself."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tests.modes import in_mode
from tfdynconv.ops.branch_padding import crop_for, pad_once, pads_alike

EXTENTS = [(3, 5), (1, 3), (1, 5, 7), (2, 3), (2, 4), (3, 3)]


def taken(x, padding, largest, extent, stride):
    """What a branch with this window, summing it, gives: padded once for the largest."""
    padded = pad_once(x, padding, (largest,) * 2, (stride,) * 2, (1, 1))
    cropped = crop_for(padded, (largest,) * 2, (extent,) * 2, (1, 1))
    return tf.nn.conv2d(cropped, tf.ones([extent, extent, 1, 1], x.dtype), stride, "VALID")


def for_itself(x, extent, stride):
    return tf.nn.conv2d(x, tf.ones([extent, extent, 1, 1], x.dtype), stride, "SAME")


@pytest.mark.parametrize("extents", EXTENTS, ids=str)
def test_branches_that_pad_alike_are_those_that_read_the_same_grid(extents):
    """Where the answer is yes, all sizes agree; where it is no, some size differs."""
    for stride in (1, 2, 3):
        alike = pads_alike("same", [(extent, extent) for extent in extents], (stride, stride))
        equal = []
        for size, extent in itertools.product(range(6, 12), extents):
            x = tf.constant(np.random.default_rng(size).normal(size=(1, size, size + 1, 1)))
            once, itself = taken(x, "same", max(extents), extent, stride), for_itself(x, extent, stride)
            equal.append(once.shape == itself.shape and np.allclose(once, itself))
        assert all(equal) if alike else not all(equal), (extents, stride)


def test_numbers_are_never_left_to_the_branches():
    assert not pads_alike(((1, 1), (1, 1)), [(3, 3), (3, 3)], (1, 1))
    assert not pads_alike("valid", [(3, 3), (3, 3)], (1, 1))


def test_unknown_sizes(mode):
    if mode == "jit":
        pytest.skip("XLA compiles for sizes that it knows: the modes before cover it")
    spec = [tf.TensorSpec([None, None, None, 1], tf.float64)]
    branch = in_mode(lambda x: taken(x, "same", 5, 1, 2), mode, spec)
    for size in (8, 9):
        x = np.random.default_rng(size).normal(size=(1, size, size + 1, 1))
        np.testing.assert_allclose(branch(tf.constant(x)), taken(tf.constant(x), "same", 5, 1, 2))
