"""The convolution that predicts where the taps of another go."""

import math

from tfdynconv import _compat
from tfdynconv.layers.conv_window import ConvWindow
from tfdynconv.layers.kernel_layer import KernelLayer
from tfdynconv.ops.branch_padding import pad_once
from tfdynconv.ops.geometry import ConvGeometry, fold_padding
from tfdynconv.ops.static_conv import static_conv


class OffsetConv2D(ConvWindow, KernelLayer):
    """A part of a block, with its window: channels last, in float32 at least, for what it gives are coordinates.

    Strides and dilations may both be above 1: it convolves at every pixel then, and keeps those that the strides ask for.
    """

    rank = 2

    def __init__(self, owner, filters, initializer, name="offset_conv"):
        super().__init__(
            filters,
            owner.kernel_size,
            owner.strides,
            owner.padding,
            "channels_last",
            owner.dilation_rate,
            kernel_initializer=initializer,
            dtype="float64" if owner.compute_dtype == "float64" else "float32",
            name=name,
        )

    def check_steps(self):
        """Any."""

    def build(self, input_shape):
        shape = self.kernel_shape(self.channels(input_shape))
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=self.kernel_initializer)
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer=self.bias_initializer)
        super().build(input_shape)

    def call(self, inputs):
        kernel, bias = _compat.values(self.kernel), _compat.values(self.bias)
        if max(self.strides) == 1 or max(self.dilation_rate) == 1:
            x, geometry = fold_padding(inputs, self.padding, self.kernel_size, self.strides, self.dilation_rate)
            return static_conv(x, kernel, geometry) + bias
        x = pad_once(inputs, self.padding, self.kernel_size, self.strides, self.dilation_rate)
        everywhere = static_conv(x, kernel, ConvGeometry((1, 1), self.dilation_rate, "VALID"))
        vertical, horizontal = self.strides
        return everywhere[:, ::vertical, ::horizontal] + bias

    def cost(self, input_shape):
        shape = self.kernel_shape(self.channels(input_shape))
        weights = math.prod(shape)
        return weights + self.filters, self.multiply_adds(input_shape, weights)
