"""Grouped: the batch becomes groups of one convolution, `[B, H, W, C] -> [1, H, W, B C]`.

Runs on every device. TensorFlow has no CPU gradient for a grouped convolution, and XLA's on a CPU is a hundred times
too slow, so `Grouped` writes both gradients as grouped forward convolutions. Where cuDNN has a good gradient of its own,
on a GPU, `GroupedNative` uses it; the TPU's compiler has one for the kernels alone, which is `GroupedForTpu`.
"""

import tensorflow as tf

from tfdynconv.ops.lowerings import forward_form
from tfdynconv.ops.zeros import spread


def space(rank):
    return list(range(1, rank + 1))


def merge(tensor, rank):
    """`[B, *space, C] -> [1, *space, B C]`."""
    shape = tf.shape(tensor)
    moved = tf.transpose(tensor, [*space(rank), 0, rank + 1])
    return tf.reshape(moved, tf.concat([[1], shape[1 : rank + 1], [shape[0] * shape[-1]]], 0))


def split(tensor, batch, channels, rank):
    """`[images, *space, B C] -> [B, *space, images, C]`; the axis of one image is dropped by the caller."""
    shape = tf.shape(tensor)
    apart = tf.reshape(tensor, tf.concat([shape[:-1], [batch, channels]], 0))
    return tf.transpose(apart, [rank + 1, *space(rank), 0, rank + 2])


def merge_kernels(k, rank):
    """`[B, *kernel_size, C, O] -> [*kernel_size, C, B O]`."""
    moved = tf.transpose(k, [*[a + 1 for a in range(rank + 1)], 0, rank + 2])
    return tf.reshape(moved, [*k.shape[1:-1], -1])


def raw_convolution(x, k, strides, dilations, padding):
    if len(strides) == 3:  # the shape that TensorFlow infers for a dilated 3-D convolution is wrong
        return tf.nn.conv3d(x, spread(k, dilations, first_axis=0), [1, *strides, 1], padding)
    return tf.nn.conv2d(x, k, strides, padding, dilations=dilations)


class Grouped:
    def conv(self, x, k, geometry):
        return self.convolution(x, k, geometry.strides, geometry.dilations, geometry.padding)

    def convolution(self, x, k, strides, dilations, padding):
        """Each sample with its own kernel: `x [B, *space, C]`, `k [B, *kernel_size, C, O]`."""
        rank = len(strides)
        merged = raw_convolution(merge(x, rank), merge_kernels(k, rank), strides, dilations, padding)
        return tf.squeeze(split(merged, tf.shape(x)[0], k.shape[-1], rank), rank + 1)

    def input_grad(self, y, k, geometry, input_size):
        return forward_form.input_grad(self.convolution, y, k, geometry, input_size, first_axis=1)

    def kernel_grad(self, x, y, geometry, kernel_size):
        rank = geometry.rank
        window = forward_form.taps_window(x, y, geometry, kernel_size)
        images = tf.transpose(window, [rank + 1, *space(rank), 0])  # channels as images, samples as channels
        filters = tf.squeeze(merge(y, rank), 0)[..., tf.newaxis, :]
        grad = raw_convolution(images, filters, geometry.dilations, geometry.strides, "VALID")
        return split(grad, tf.shape(x)[0], y.shape[-1], rank)


def window(geometry):
    return {
        "strides": [1, *geometry.strides, 1],
        "dilations": [1, *geometry.dilations, 1],
        "padding": geometry.padding,
    }


class GroupedNative(Grouped):
    """With TensorFlow's registered gradients; not for dilated 3-D kernels (see `raw_convolution`)."""

    def input_grad(self, y, k, geometry, input_size):
        rank, batch = geometry.rank, tf.shape(y)[0]
        sizes = tf.stack([1, *input_size, batch * k.shape[-2]])
        op = tf.raw_ops.Conv3DBackpropInputV2 if rank == 3 else tf.raw_ops.Conv2DBackpropInput
        grad = op(
            input_sizes=sizes,
            filter=merge_kernels(k, rank),
            out_backprop=merge(y, rank),
            **window(geometry),
        )
        return tf.squeeze(split(grad, batch, k.shape[-2], rank), rank + 1)

    def kernel_grad(self, x, y, geometry, kernel_size):
        rank, batch = geometry.rank, tf.shape(x)[0]
        op = tf.raw_ops.Conv3DBackpropFilterV2 if rank == 3 else tf.raw_ops.Conv2DBackpropFilter
        grad = op(
            input=merge(x, rank),
            filter_sizes=tf.stack([*kernel_size, x.shape[-1], batch * y.shape[-1]]),
            out_backprop=merge(y, rank),
            **window(geometry),
        )
        apart = tf.reshape(grad, [*kernel_size, x.shape[-1], -1, y.shape[-1]])
        return tf.transpose(apart, [rank + 1, *range(rank + 1), rank + 2])


class GroupedForTpu(GroupedNative):
    """The input's gradient as a forward convolution: the compiler turns kernels round while it reads them, and copies them
    twice for its own. With strides there would be zeros to convolve, and the gradient of the kernels is good: both its own."""

    def input_grad(self, y, k, geometry, input_size):
        if max(geometry.strides) > 1:
            return super().input_grad(y, k, geometry, input_size)
        kernel_size = k.shape[1:-2]
        if geometry.padding == "VALID" or not all(e % 2 for e in geometry.extent(kernel_size)):
            return Grouped.input_grad(self, y, k, geometry, input_size)
        turned = tf.linalg.matrix_transpose(tf.reverse(k, space(geometry.rank)))
        return self.convolution(y, turned, geometry.strides, geometry.dilations, "SAME")  # nothing to pad
