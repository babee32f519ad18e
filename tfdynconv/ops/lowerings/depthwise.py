"""Depthwise convolution, `y[..., c m + j] = sum_t x[..., c] k[t, c, j]`: one kernel for all images, and the per-sample
forms that are its own.

`primitive` functions mirror `native`: `x [images, H, W, C]`, `k [kh, kw, C, m]`. Dilation is a kernel with zeros between
its taps, which costs little here (the work per tap has no sum over channels) and has every gradient.
"""

import tensorflow as tf

from tfdynconv.ops.lowerings.grouped import merge, split
from tfdynconv.ops.lowerings.matmul import taps
from tfdynconv.ops.zeros import fit, spread


def serves(geometry, channels, groups):
    """Whether a convolution in groups is a depthwise one: a channel in each, and sizes that TensorFlow's takes.

    One channel in one group is an ordinary convolution already.
    """
    return 1 < groups == channels and geometry.rank == 2 and len(set(geometry.strides)) == 1


def kind(geometry, channels, groups):
    """What the plan calls a convolution in groups."""
    lifted = geometry.lifted() if geometry.rank == 1 else geometry
    return "depthwise" if serves(lifted, channels, groups) else "conv"


def apart(kernels, groups):
    """`[..., 1, groups m] -> [..., groups, m]`. Both have a group's filters side by side: no number moves."""
    leading = [-1 if n is None else n for n in kernels.shape[:-2]]
    return tf.reshape(kernels, [*leading, groups, kernels.shape[-1] // groups])


def attributes(geometry):
    return {"strides": [1, *geometry.strides, 1], "padding": geometry.padding}


def conv(x, k, geometry):
    wide = spread(k, geometry.dilations, first_axis=0)
    return tf.raw_ops.DepthwiseConv2dNative(input=x, filter=wide, **attributes(geometry))


def input_grad(y, k, geometry, input_size):
    wide = spread(k, geometry.dilations, first_axis=0)
    sizes = tf.stack([tf.shape(y)[0], *input_size, tf.shape(k)[-2]])
    return tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
        input_sizes=sizes, filter=wide, out_backprop=y, **attributes(geometry)
    )


def kernel_grad(x, y, geometry, kernel_size):
    extent, channels = geometry.extent(kernel_size), tf.shape(x)[-1]
    sizes = tf.stack([*extent, channels, tf.shape(y)[-1] // channels])
    grad = tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
        input=x, filter_sizes=sizes, out_backprop=y, **attributes(geometry)
    )
    if not geometry.is_dilated:
        return grad
    return tf.strided_slice(grad, [0] * 4, sizes, [*geometry.dilations, 1, 1])


class MergedDepthwise:
    """The batch joins the channels of one depthwise convolution."""

    def conv(self, x, k, geometry):
        merged = conv(merge(x, 2), self.merge_kernels(k), geometry)
        return self.split(merged, tf.shape(x)[0], k.shape[-2] * k.shape[-1])

    def input_grad(self, y, k, geometry, input_size):
        grad = input_grad(merge(y, 2), self.merge_kernels(k), geometry, input_size)
        return self.split(grad, tf.shape(y)[0], k.shape[-2])

    def kernel_grad(self, x, y, geometry, kernel_size):
        grad = kernel_grad(merge(x, 2), merge(y, 2), geometry, kernel_size)
        channels = x.shape[-1]
        apart = tf.reshape(grad, [*kernel_size, -1, channels, y.shape[-1] // channels])
        return tf.transpose(apart, [2, 0, 1, 3, 4])

    def merge_kernels(self, k):
        return tf.reshape(tf.transpose(k, [1, 2, 0, 3, 4]), [*k.shape[1:3], -1, k.shape[-1]])

    def split(self, tensor, batch, channels):
        return tf.squeeze(split(tensor, batch, channels, 2), 3)


class ShiftedDepthwise:
    """One multiply-add of the shifted input per tap: elementwise work that XLA fuses into one pass."""

    def conv(self, x, k, geometry):
        kernel_size = tuple(k.shape[1:3])
        shifts = taps(x, kernel_size, geometry)
        return self.join(sum(tf.expand_dims(x, -1) * w for x, w in zip(shifts, self.weights(k))))

    def input_grad(self, y, k, geometry, input_size):
        kernel_size = tuple(k.shape[1:3])
        apart = self.part(y, k.shape[-2])
        before = geometry.pad_before(input_size, kernel_size)
        extent = geometry.extent(kernel_size)
        size = [n + e - 1 for n, e in zip(input_size, extent)]
        total = 0
        for i, weight in enumerate(self.weights(k)):
            tap = divmod(i, kernel_size[1])
            start = [t * d for t, d in zip(tap, geometry.dilations)]
            part = spread(tf.reduce_sum(apart * weight, -1), geometry.strides)
            total += fit(part, start, size)
        return tf.slice(total, [0, *before, 0], [-1, *input_size, -1])

    def kernel_grad(self, x, y, geometry, kernel_size):
        apart = self.part(y, x.shape[-1])
        grads = [
            tf.reduce_sum(tf.expand_dims(shifted, -1) * apart, [1, 2])
            for shifted in taps(x, tuple(kernel_size), geometry)
        ]
        return tf.reshape(tf.stack(grads, 1), [-1, *kernel_size, *apart.shape[3:]])

    def weights(self, k):
        """`[batch, 1, 1, channels, multiplier]` for each tap; taken from rank 3, of which every TFLite can slice."""
        flat = tf.reshape(k, [-1, k.shape[1] * k.shape[2], k.shape[3] * k.shape[4]])
        return [tf.reshape(w, [-1, 1, 1, *k.shape[3:]]) for w in tf.unstack(flat, axis=1)]

    def join(self, tensor):
        shape = tf.shape(tensor)
        return tf.reshape(tensor, [shape[0], shape[1], shape[2], tensor.shape[3] * tensor.shape[4]])

    def part(self, tensor, channels):
        shape = tf.shape(tensor)
        return tf.reshape(tensor, [shape[0], shape[1], shape[2], channels, tensor.shape[-1] // channels])
