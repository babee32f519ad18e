"""The two gradients of a convolution, written as forward convolutions.

With output cell o reading input cell `o s + t d - before` for kernel tap t (stride s, dilation d):

* input gradient: put `s - 1` zeros between the cells of dy, flip the kernel in space, swap its channels, and convolve
  with stride 1 and dilation d;
* kernel gradient: convolve x with dy as the kernel, stride and dilation having changed places, and keep one output
  cell for each tap.

Both take the convolution as an argument: one kernel for all images, or the whole batch as groups.
"""

import math

import tensorflow as tf

from tfdynconv.ops.geometry import spatial_size
from tfdynconv.ops.zeros import fit, spread


def spread_cotangent(y, geometry, kernel_size, input_size):
    """dy, spread by the strides and padded so that a `"VALID"` convolution of it has the input's size."""
    extent = geometry.extent(kernel_size)
    before = [e - 1 - p for e, p in zip(extent, geometry.pad_before(input_size, kernel_size))]
    size = [n + e - 1 for n, e in zip(input_size, extent)]
    return fit(spread(y, geometry.strides), before, size)


def taps_window(x, y, geometry, kernel_size):
    """x, padded or cut to exactly the cells that the kernel's taps read."""
    input_size = spatial_size(x, geometry.rank)
    output_size = spatial_size(y, geometry.rank)
    extent = geometry.extent(kernel_size)
    size = [(o - 1) * s + e for o, s, e in zip(output_size, geometry.strides, extent)]
    return fit(x, geometry.pad_before(input_size, kernel_size), size)


def flip(k, rank, first_axis=0):
    """Turn the kernel round in space and swap its last two axes, `in` and `filters`."""
    *outer, channels, filters = (-1 if n is None else n for n in k.shape)
    taps = math.prod(outer[first_axis:])  # as one axis: phones want no more than four
    turned = tf.linalg.matrix_transpose(tf.reverse(tf.reshape(k, [-1, taps, channels, filters]), [1]))
    return tf.reshape(turned, [*outer, filters, channels])


def input_grad(convolution, y, k, geometry, input_size, first_axis=0):
    """`first_axis` is the kernel's first spatial axis: 1 where every sample has its own kernel."""
    kernel_size = tuple(k.shape[first_axis : first_axis + geometry.rank])
    wide = spread_cotangent(y, geometry, kernel_size, input_size)
    return convolution(wide, flip(k, geometry.rank, first_axis), (1,) * geometry.rank, geometry.dilations, "VALID")


def kernel_grad(convolution, x, y, geometry, kernel_size):
    window = taps_window(x, y, geometry, kernel_size)
    space = list(range(1, geometry.rank + 1))
    images_last = [geometry.rank + 1, *space, 0]  # input channels act as images, images as channels
    grad = convolution(
        tf.transpose(window, images_last),
        tf.transpose(y, [*space, 0, geometry.rank + 1]),
        geometry.dilations,
        geometry.strides,
        "VALID",
    )
    return tf.transpose(grad, [*space, 0, geometry.rank + 1])
