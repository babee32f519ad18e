"""Convolution with another kernel at each position, all samples sharing it."""

import tensorflow as tf

from tfdynconv.ops.lowerings.rows import join
from tfdynconv.ops.stencil import batch_of, tap_slices


def local_conv(padded, kernel, kernel_size, strides, dilations, groups=1):
    """`padded [batch, height, width, channels]` with `kernel [height', width', taps * channels / groups, filters]`.

    A product of matrices for each position: its patches, a row for each sample, with its kernel.

    >>> import tensorflow as tf
    >>> local_conv(tf.ones([2, 4, 4, 3]), tf.ones([3, 3, 12, 5]), (2, 2), (1, 1), (1, 1)).shape
    TensorShape([2, 3, 3, 5])
    """
    if groups > 1:
        parts = zip(tf.split(padded, groups, -1), tf.split(kernel, groups, -1))
        return join([local_conv(x, k, kernel_size, strides, dilations) for x, k in parts])
    rows, columns, depth, filters = kernel.shape
    patches = join(list(tap_slices(padded, kernel_size, strides, dilations, (rows, columns))))
    batch = batch_of(padded)
    by_position = tf.transpose(tf.reshape(patches, [batch, rows * columns, depth]), [1, 0, 2])
    outputs = tf.matmul(by_position, tf.reshape(kernel, [rows * columns, depth, filters]))
    return tf.reshape(tf.transpose(outputs, [1, 0, 2]), [batch, rows, columns, filters])
