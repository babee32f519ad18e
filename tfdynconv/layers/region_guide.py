"""DRConv's guide (arXiv 2003.12243): a convolution that gives each pixel a logit for each region."""

import math

import keras
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.ops.geometry import fold_padding
from tfdynconv.ops.static_conv import static_conv


class RegionGuide(keras.layers.Layer):
    """`[batch, height, width, channels] -> [batch, height', width', m]` logits, in float32 at least.

    In 16 bits logits that are near one another would tie, and pixels change their region by rounding.
    """

    def __init__(self, num_regions, kernel_size, strides, padding, dilation_rate, data_format, **kwargs):
        super().__init__(**kwargs)
        self.num_regions, self.kernel_size = num_regions, tuple(kernel_size)
        self.strides, self.dilation_rate, self.padding = tuple(strides), tuple(dilation_rate), padding
        self.data_format = data_format

    def build(self, input_shape):
        channels = input_shape[1 if self.data_format == "channels_first" else -1]
        shape = (*self.kernel_size, channels, self.num_regions)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer="glorot_uniform")
        self.bias = self.add_weight(name="bias", shape=(self.num_regions,), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        kernel = _compat.values(self.kernel)
        inputs = tf.cast(inputs, kernel.dtype)
        is_first = self.data_format == "channels_first"
        inputs = tf.transpose(inputs, [0, 2, 3, 1]) if is_first else inputs
        inputs, geometry = fold_padding(inputs, self.padding, self.kernel_size, self.strides, self.dilation_rate)
        logits = static_conv(inputs, kernel, geometry) + _compat.values(self.bias)
        return tf.transpose(logits, [0, 3, 1, 2]) if is_first else logits

    def cost(self, channels, cells):
        kernel = math.prod(self.kernel_size) * channels * self.num_regions
        return kernel + self.num_regions, cells * kernel
