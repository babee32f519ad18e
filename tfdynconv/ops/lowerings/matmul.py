"""Matmul: patches by pad, slice and concat, then one batched matrix product.

The only lowering for 1x1 kernels that copies nothing; for larger kernels its patches are `k^2` times the input, which
pays where there are few pixels and many channels, and on a phone, where XNNPACK takes a product of two computed tensors
but no convolution with a computed kernel.
"""

import itertools
import math

import tensorflow as tf

from tfdynconv.ops.geometry import ConvGeometry, spatial_size
from tfdynconv.ops.lowerings import forward_form
from tfdynconv.ops.zeros import fit


def taps(x, kernel_size, geometry):
    """For each kernel tap in row-major order: the strided slice of the padded input that it multiplies."""
    rank = geometry.rank
    input_size = spatial_size(x, rank)
    output = geometry.output_size(input_size, kernel_size)
    size = [(o - 1) * s + e for o, s, e in zip(output, geometry.strides, geometry.extent(kernel_size))]
    padded = fit(x, geometry.pad_before(input_size, kernel_size), size)
    for start in starts(kernel_size, geometry):
        steps = [slice(b, b + (o - 1) * s + 1, s) for b, o, s in zip(start, output, geometry.strides)]
        whole = kernel_size == (1,) * rank and geometry.strides == (1,) * rank
        yield padded if whole else padded[(slice(None), *steps)]


def starts(kernel_size, geometry):
    """For each kernel tap in row-major order: the first cell of the padded input that it reads."""
    for tap in itertools.product(*map(range, kernel_size)):
        yield [t * d for t, d in zip(tap, geometry.dilations)]


def patches(x, kernel_size, geometry):
    """`[B, *space, C] -> ([B, pixels, taps * C], output size)`, the last axis in the order of a kernel's rows."""
    slices = list(taps(x, kernel_size, geometry))
    stacked = slices[0] if len(slices) == 1 else tf.concat(slices, -1)
    output = spatial_size(stacked, geometry.rank)
    batch = x.shape[0] if x.shape[0] is not None else tf.shape(x)[0]
    pixels = math.prod(output) if all(isinstance(n, int) for n in output) else tf.reduce_prod(output)
    return tf.reshape(stacked, [batch, pixels, stacked.shape[-1]]), [batch, *output]


class Matmul:
    def conv(self, x, k, geometry):
        rows, batch_and_output = patches(x, tuple(k.shape[1:-2]), geometry)
        matrix = tf.reshape(k, [batch_and_output[0], rows.shape[-1], k.shape[-1]])
        if rows.shape[1] == 1:  # TFLite converters up to TensorFlow 2.16 break on a product with a single row
            product = tf.matmul(matrix, rows, transpose_a=True, transpose_b=True)
        else:
            product = tf.matmul(rows, matrix)
        return tf.reshape(product, [*batch_and_output, k.shape[-1]])

    def convolution(self, x, k, strides, dilations, padding):
        return self.conv(x, k, ConvGeometry(tuple(strides), tuple(dilations), padding))

    def input_grad(self, y, k, geometry, input_size):
        return forward_form.input_grad(self.convolution, y, k, geometry, input_size, first_axis=1)

    def kernel_grad(self, x, y, geometry, kernel_size):
        rows, (batch, *_) = patches(x, tuple(kernel_size), geometry)
        columns = tf.reshape(y, [batch, -1, y.shape[-1]])
        return tf.reshape(tf.matmul(rows, columns, transpose_a=True), [batch, *kernel_size, x.shape[-1], y.shape[-1]])
