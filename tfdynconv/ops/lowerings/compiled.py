"""One kernel for all images of a batch, as XLA on a CPU computes it well: forward convolutions and matrix products.

XLA's own gradients of a convolution reach fast code there only for whole batches; for one sample the kernel's gradient is
some thirty times too slow. Shapes as in `native`.
"""

import tensorflow as tf

from tfdynconv.ops.lowerings import forward_form, native
from tfdynconv.ops.lowerings.matmul import patches
from tfdynconv.ops.lowerings.native import conv as conv


def input_grad(y, k, geometry, input_size):
    if max(geometry.strides) > 1 and not geometry.is_dilated:
        return native.input_grad(y, k, geometry, input_size)  # beats convolving the zeros between the cells of dy
    return forward_form.input_grad(native.convolution, y, k, geometry, input_size)


def kernel_grad(x, y, geometry, kernel_size):
    if max(geometry.strides) == 1:
        return forward_form.kernel_grad(native.convolution, x, y, geometry, kernel_size)
    rows, _ = patches(x, tuple(kernel_size), geometry)
    flat = tf.matmul(tf.reshape(rows, [-1, rows.shape[-1]]), tf.reshape(y, [-1, y.shape[-1]]), transpose_a=True)
    return tf.reshape(flat, [*kernel_size, x.shape[-1], y.shape[-1]])
