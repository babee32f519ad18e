"""The two forms of deformable kernels: places for a sample's kernel, or for the kernel of each pixel."""

import math

import keras
import numpy as np
import tensorflow as tf

from tfdynconv.blocks.offset_conv import OffsetConv2D
from tfdynconv.ops.branch_padding import pad_once
from tfdynconv.ops.geometry import spatial_size
from tfdynconv.ops.per_sample_conv import per_sample_conv
from tfdynconv.ops.resampled_kernel import tap_weights
from tfdynconv.ops.stencil import tap_slices


def places(layer, offsets, clipped):
    """(y, x) in the scope, `[rows, taps]` each, for offsets `[rows, taps * 2]`."""
    found = []
    taps = np.indices(layer.kernel_size).reshape(2, 1, -1)
    for axis in range(2):
        place = offsets[:, axis::2] + tf.constant(taps[axis] + layer.start[axis], offsets.dtype)
        last = float(layer.scope_size[axis] - 1)
        found.append(tf.clip_by_value(place, 0.0, last) if clipped else place)
    return found


def weights_at(layer, offsets, clipped):
    """`[rows * taps, cells of the scope]`."""
    y, x = places(layer, offsets, clipped)
    return tap_weights(tf.reshape(y, [-1]), tf.reshape(x, [-1]), layer.scope_size)


class GlobalForm:
    @staticmethod
    def predictor(layer, dtype):
        units = 2 * math.prod(layer.kernel_size)
        return keras.layers.Dense(units, kernel_initializer=layer.offset_initializer, dtype=dtype, name="offsets")

    @staticmethod
    def check(layer, channels):
        """Any number of channels."""

    @staticmethod
    def build(layer, shape):
        layer.offsets.build((shape[0], shape[-1]))

    @staticmethod
    def conv(layer, x, scope):
        offsets = layer.offsets(tf.reduce_mean(tf.cast(x, layer.offsets.compute_dtype), [1, 2]))
        weights = tf.cast(weights_at(layer, offsets, True), scope.dtype)
        kernels = tf.matmul(weights, tf.reshape(scope, [math.prod(layer.scope_size), -1]))
        batch = x.shape[0] if x.shape[0] is not None else -1
        kernels = tf.reshape(kernels, [batch, *layer.kernel_size, *scope.shape[2:]])
        return per_sample_conv(x, kernels, layer.strides, layer.padding, layer.dilation_rate, layer.groups)

    @staticmethod
    def cost(layer, shape, scope):
        """Without the scope's parameters."""
        taps = math.prod(layer.kernel_size)
        kernel = scope // math.prod(layer.scope_size) * taps
        dense = 2 * taps * shape[-1]
        convolution = kernel * math.prod(layer.output_size(last_as(layer, shape)))
        return dense + 2 * taps, dense + taps * scope + convolution


class LocalForm:
    @staticmethod
    def predictor(layer, dtype):
        count = 2 * layer.offset_groups * math.prod(layer.kernel_size)
        return OffsetConv2D(layer, count, layer.offset_initializer, name="offsets")

    @staticmethod
    def check(layer, channels):
        if not layer.groups == layer.filters == channels or channels % layer.offset_groups:
            raise ValueError(
                f"{layer.label}: form='local' is defined for depthwise convolutions, with `filters` and `groups` those of the "
                f"input's channels, and `offset_groups` a divisor of them. Received: {channels} channels, "
                f"filters={layer.filters}, groups={layer.groups}, offset_groups={layer.offset_groups}."
            )

    @staticmethod
    def build(layer, shape):
        layer.offsets.build(shape)

    @staticmethod
    def conv(layer, x, scope):
        offsets, groups = layer.offsets(x), layer.offset_groups
        batch, *size = spatial_size(offsets, 3, 0)
        taps, cells, channels = math.prod(layer.kernel_size), math.prod(layer.scope_size), scope.shape[-1]
        weights = weights_at(layer, tf.reshape(offsets, [-1, 2 * taps]), layer.clip_to_scope)
        weights, scope = tf.cast(weights, scope.dtype), tf.reshape(scope, [cells, channels])
        if groups == 1:
            values = tf.matmul(weights, scope)
        else:
            # channel c is m groups + g: the groups are the inner axis of the channels, and the outer one of the offsets
            apart = tf.transpose(tf.reshape(weights, [-1, groups, taps, cells]), [1, 0, 2, 3])
            scopes = tf.transpose(tf.reshape(scope, [cells, channels // groups, groups]), [2, 0, 1])
            values = tf.matmul(tf.reshape(apart, [groups, -1, cells]), scopes)
            values = tf.transpose(values, [1, 2, 0])
        values = tf.reshape(values, [batch, *size, taps * channels])
        padded = pad_once(x, layer.padding, layer.kernel_size, layer.strides, layer.dilation_rate)
        slices = tap_slices(padded, layer.kernel_size, layer.strides, layer.dilation_rate, size)
        return tf.add_n([values[..., t * channels : (t + 1) * channels] * seen for t, seen in enumerate(slices)])

    @staticmethod
    def cost(layer, shape, scope):
        """Without the scope's parameters."""
        parameters, products = layer.offsets.cost(shape)
        pixels = math.prod(layer.offsets.output_size(shape))
        return parameters, products + pixels * math.prod(layer.kernel_size) * (scope + shape[-1])


def last_as(layer, shape):
    """A shape with channels last as the layer's own."""
    return shape if layer.data_format == "channels_last" else (shape[0], shape[-1], *shape[1:-1])


FORMS = {"global": GlobalForm, "local": LocalForm}
