"""From the gradients of patches back to that of the image that they were cut from."""

import itertools
import typing

import tensorflow as tf

from tfdynconv.ops.zeros import fit, spread


def patches_gradient(rows, size, kernel_size, channels, geometry):
    """`rows [pixels, taps * channels] -> [*size, channels]`: each tap's slice is added where it was taken from."""
    output = geometry.output_size(size, kernel_size)
    if tuple(kernel_size) == (1,) * len(size) and geometry.strides == (1,) * len(size):
        return tf.reshape(rows, [*size, channels])
    apart = tf.reshape(rows, [*output, -1, channels])
    taps = tf.unstack(apart, num=int(rows.shape[-1]) // channels, axis=len(size))
    window = [(o - 1) * s + e for o, s, e in zip(output, geometry.strides, geometry.extent(kernel_size))]
    total: typing.Any = 0.0
    for tap, values in zip(itertools.product(*map(range, kernel_size)), taps):
        offset = [t * d for t, d in zip(tap, geometry.dilations)]
        total += fit(spread(values[tf.newaxis], geometry.strides), offset, window)
    before = geometry.pad_before(size, kernel_size)
    return fit(total[(slice(None), *(slice(b, None) for b in before))], [0] * len(size), size)[0]
