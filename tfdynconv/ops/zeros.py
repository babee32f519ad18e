"""Spread a tensor with zeros between its cells: the transpose of a strided slice."""

import math

import tensorflow as tf


def spread(tensor, factors, first_axis=1):
    """Insert `f - 1` zeros between neighbours along each axis; the length n becomes `(n - 1) f + 1`.

    Built from reshape, pad and slice alone, so that it runs and differentiates everywhere, at unknown sizes too.
    """
    for axis, factor in enumerate(factors, start=first_axis):
        if factor == 1:
            continue
        static, dynamic = tensor.shape.as_list(), tf.shape(tensor)
        wide_shape = [n if n is not None else dynamic[i] for i, n in enumerate(static)]
        after = math.prod(static[axis + 1 :]) if None not in static[axis + 1 :] else tf.reduce_prod(dynamic[axis + 1 :])
        # cells as rows of rank 3, for phones want no more than 4
        padded = tf.pad(tf.reshape(tensor, [-1, 1, after]), [[0, 0], [0, factor - 1], [0, 0]])
        wide_shape[axis] *= factor
        tensor = tf.reshape(padded, wide_shape)
        last = slice(0, wide_shape[axis] - factor + 1)
        tensor = tensor[(slice(None),) * axis + (last,)]
        static[axis] = None if static[axis] is None else (static[axis] - 1) * factor + 1
        tensor.set_shape(static)
    return tensor


def fit(tensor, before, size, first_axis=1):
    """Shift each spatial axis by `before` zeros, then pad with zeros or cut at the end to `size`."""
    rank = tensor.shape.rank
    static, dynamic = tensor.shape.as_list(), tf.shape(tensor)
    paddings, wanted = [[0, 0] for _ in range(rank)], [-1] * rank
    for axis, (lead, length) in enumerate(zip(before, size), start=first_axis):
        have = static[axis] if static[axis] is not None else dynamic[axis]
        paddings[axis] = [lead, at_least_zero(length - have - lead)]
        wanted[axis] = length
        static[axis] = length if isinstance(length, int) else None
    if any(not isinstance(v, int) or v for pair in paddings for v in pair):
        tensor = tf.pad(tensor, paddings)
    if None in static[first_axis : first_axis + len(size)] or tensor.shape[first_axis:] != static[first_axis:]:
        tensor = tf.slice(tensor, [0] * rank, wanted)
    tensor.set_shape(static)
    return tensor


def at_least_zero(value):
    return max(value, 0) if isinstance(value, int) else tf.maximum(value, 0)
