"""The branches that the Diverse Branch Block adds: a 1x1 convolution before the window, and a mean over it."""

import keras
import numpy as np
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.layers.fold_norm import fold_norm
from tfdynconv.ops.branch_padding import pad_with
from tfdynconv.ops.geometry import ConvGeometry, spatial_size
from tfdynconv.ops.static_conv import static_conv
from tfdynconv.ops.stencil import tap_slices

POINTWISE = ConvGeometry((1, 1), (1, 1), "VALID")


class PointwiseBorder(keras.layers.Layer):
    """A 1x1 convolution and batch normalisation, then a border of what they make of a zero.

    Zeros around the input become this border, so that a window over it folds with the 1x1 convolution exactly; zeros around
    the output would be another function. As published, the border is a constant to the gradient, and in training too it is
    made of the moving statistics, of those that this very step has updated.

    Args:
        groups: of the convolution.
        norm: a built batch normalisation over its filters.
        identity: whether the kernel is the identity plus the weight, which then starts at zero.
        kernel_arguments: for `add_weight`.
    """

    def __init__(self, groups, norm, identity, kernel_arguments, **kwargs):
        super().__init__(**kwargs)
        self.groups, self.norm, self.identity = groups, norm, identity
        self.kernel_arguments = {**kernel_arguments, "initializer": "zeros"} if identity else kernel_arguments

    def build(self, input_shape):
        self.filters = self.norm.moving_mean.shape[0]
        shape = (1, 1, input_shape[-1] // self.groups, self.filters)
        self.kernel = self.add_weight(name="kernel", shape=shape, **self.kernel_arguments)
        super().build(input_shape)

    def call(self, inputs, pads=None, training=None):
        kernel = _compat.values(self.kernel)
        if self.identity:
            kernel += tf.constant(same_channel(self.filters, self.groups), kernel.dtype)
        outputs = self.norm(static_conv(inputs, kernel, POINTWISE, self.groups), training=training)
        return pad_with(outputs, pads, tf.cast(self.border(), outputs.dtype))

    def border(self):
        norm, wide = self.norm, "float64" if self.compute_dtype == "float64" else "float32"
        weights = (norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)
        gamma, beta, mean, variance = (tf.cast(_compat.values(w), wide) for w in weights)
        return beta - mean * gamma * tf.math.rsqrt(variance + norm.epsilon)

    def folded(self):
        kernel = np.float64(self.kernel)[0, 0]
        return fold_norm(kernel + same_channel(self.filters, self.groups) if self.identity else kernel, None, self.norm)

    def count(self, channels, inputs, outputs):
        kernel = channels // self.groups * self.filters
        return kernel + 2 * self.filters, kernel * inputs


class MeanNorm(keras.layers.Layer):
    """The mean over the window, padding counted, then batch normalisation.

    Args:
        site: the block's `Site`; the input has as many channels as it has filters.
        norm: a built batch normalisation over them.
    """

    def __init__(self, site, norm, **kwargs):
        super().__init__(**kwargs)
        self.site, self.norm = site, norm

    def call(self, padded, training=None):
        return self.norm(self.mean(padded), training=training)

    def mean(self, padded):
        site = self.site
        if not site.geometry.is_dilated:
            return tf.nn.avg_pool2d(padded, site.kernel_size, site.strides, "VALID")
        size = site.geometry.output_size(spatial_size(padded, 2), site.kernel_size)
        taps = list(tap_slices(padded, site.kernel_size, site.strides, site.dilations, size))
        return tf.add_n(taps) / len(taps)

    def folded(self):
        (height, width), groups = self.site.kernel_size, self.site.groups
        mean = np.full([height, width, 1, 1], 1 / (height * width)) * same_channel(self.site.filters, groups)
        return fold_norm(mean, None, self.norm)

    def count(self, channels, inputs, outputs):
        return 2 * channels, 0


class Chained(keras.layers.Layer):
    """`PointwiseBorder`, then a branch that reads what it gives as if it were the padded input."""

    def __init__(self, before, after, groups, **kwargs):
        super().__init__(**kwargs)
        self.before, self.after, self.groups = before, after, groups

    def call(self, inputs, pads=None, training=None):
        return self.after(self.before(inputs, pads=pads, training=training), training=training)

    def folded(self):
        """Kernels in a row are one, `K[i, o] = sum_m K1[i, m] K2[m, o]` at every tap, within each group.

        The first one's bias is met at each tap, border included.
        """
        (first, inner), (second, bias) = self.before.folded(), self.after.folded()
        g, width, filters = self.groups, first.shape[0], second.shape[-1]
        first = first.reshape(width, g, -1)
        second = second.reshape(*second.shape[:-1], g, filters // g)
        kernel = np.einsum("igm,abmgo->abigo", first, second).reshape(*second.shape[:2], width, filters)
        return kernel, bias + np.einsum("gm,abmgo->go", inner.reshape(g, -1), second).ravel()

    def count(self, channels, inputs, outputs):
        counts = (self.before.count(channels, inputs, outputs), self.after.count(self.before.filters, inputs, outputs))
        return tuple(map(sum, zip(*counts)))


def same_channel(filters, groups):
    """`[filters / groups, filters]`: 1 where a filter stands at the place of the input channel, in each group.

    >>> same_channel(4, 2).tolist()
    [[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]]
    """
    return np.tile(np.eye(filters // groups), (1, groups))
