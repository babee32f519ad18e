"""An ordinary convolution, one kernel for the whole batch, with gradients everywhere: grouped or dilated, on a CPU too."""

import tensorflow as tf

from tfdynconv.ops import place
from tfdynconv.ops.lowerings import depthwise
from tfdynconv.ops.mixture_features import convolve_bank
from tfdynconv.ops.trilinear import differentiable


def static_conv(inputs, kernel, geometry, groups=1):
    """`inputs [batch, *space, channels]` with `kernel [*kernel_size, channels / groups, filters]`; filters by groups.

    >>> import tensorflow as tf
    >>> from tfdynconv.ops.geometry import ConvGeometry
    >>> geometry = ConvGeometry((1, 1), (1, 1), "VALID")
    >>> static_conv(tf.ones([2, 5, 5, 4]), tf.ones([3, 3, 2, 6]), geometry, groups=2).shape
    TensorShape([2, 3, 3, 6])
    """
    if geometry.rank == 1:
        lifted = static_conv(tf.expand_dims(inputs, 1), kernel[tf.newaxis], geometry.lifted(), groups)
        return tf.squeeze(lifted, 1)
    if groups == 1:
        return convolve_bank(inputs, kernel, geometry)
    if depthwise.serves(geometry, inputs.shape[-1], groups):
        apart = depthwise.apart(kernel, groups)
        form = SHIFTED if place.current(inputs) in ("cpu_xla", "tpu") else depthwise
        return differentiable(form, inputs, apart, geometry, tuple(kernel.shape[:2]), kernel.shape[-1])
    parts = zip(tf.split(inputs, groups, -1), tf.split(kernel, groups, -1))
    return tf.concat([convolve_bank(x, k, geometry) for x, k in parts], -1)


class SharedKernel:
    """A lowering of per-sample convolutions with one kernel, `[*kernel_size, channels, multiplier]`, for all samples."""

    def __init__(self, lowering):
        self.lowering = lowering

    def conv(self, x, k, geometry):
        return self.lowering.conv(x, k[tf.newaxis], geometry)

    def input_grad(self, y, k, geometry, input_size):
        return self.lowering.input_grad(y, k[tf.newaxis], geometry, input_size)

    def kernel_grad(self, x, y, geometry, kernel_size):
        return tf.reduce_sum(self.lowering.kernel_grad(x, y, geometry, kernel_size), 0)


# Shifted multiply-adds fuse. XLA's own depthwise convolution on a CPU takes 20 times as long, 6 times in training.
SHIFTED = SharedKernel(depthwise.ShiftedDepthwise())
