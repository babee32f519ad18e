"""One kernel for all images of a batch: TensorFlow's own convolution, with the gradients it lacks filled in.

This is the piece that the loop over samples repeats, one image at a time, and that a static kernel bank uses whole.
Shapes: `x [images, *space, in]`, `k [*kernel_size, in, filters]`, `y [images, *space, filters]`; no groups.

TensorFlow has no gradient for dilated 2-D convolutions on a CPU, and no dilated 3-D convolution there at all. The
first is replaced by forward convolutions (`forward_form`), the second by a kernel with zeros between its taps.
"""

import tensorflow as tf

from tfdynconv.ops.lowerings import forward_form
from tfdynconv.ops.zeros import spread


def conv(x, k, geometry):
    return convolution(x, k, geometry.strides, geometry.dilations, geometry.padding)


def convolution(x, k, strides, dilations, padding):
    if len(strides) == 3:
        return tf.nn.conv3d(x, spread(k, dilations, first_axis=0), [1, *strides, 1], padding)
    return tf.nn.conv2d(x, k, strides, padding, dilations=dilations)


def input_grad(y, k, geometry, input_size):
    if geometry.rank == 3:
        k = spread(k, geometry.dilations, first_axis=0)
        sizes = tf.stack([tf.shape(y)[0], *input_size, k.shape[-2]])
        return tf.raw_ops.Conv3DBackpropInputV2(
            input_sizes=sizes, filter=k, out_backprop=y, strides=[1, *geometry.strides, 1], padding=geometry.padding
        )
    if geometry.is_dilated:
        return forward_form.input_grad(convolution, y, k, geometry, input_size)
    sizes = tf.stack([tf.shape(y)[0], *input_size, k.shape[-2]])
    return tf.raw_ops.Conv2DBackpropInput(
        input_sizes=sizes, filter=k, out_backprop=y, strides=[1, *geometry.strides, 1], padding=geometry.padding
    )


def kernel_grad(x, y, geometry, kernel_size):
    sizes = [*kernel_size, x.shape[-1], y.shape[-1]]
    if geometry.rank == 3:
        wide = [*geometry.extent(kernel_size), *sizes[3:]]
        grad = tf.raw_ops.Conv3DBackpropFilterV2(
            input=x, filter_sizes=wide, out_backprop=y, strides=[1, *geometry.strides, 1], padding=geometry.padding
        )
        return tf.strided_slice(grad, [0] * 5, wide, [*geometry.dilations, 1, 1])
    if geometry.is_dilated:
        return forward_form.kernel_grad(convolution, x, y, geometry, kernel_size)
    return tf.raw_ops.Conv2DBackpropFilter(
        input=x, filter_sizes=sizes, out_backprop=y, strides=[1, *geometry.strides, 1], padding=geometry.padding
    )
