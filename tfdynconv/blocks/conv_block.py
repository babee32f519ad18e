"""What blocks share that take a convolution's arguments: Keras' names for them, their checks, and the size that follows."""

import keras

from tfdynconv.blocks.base import Block
from tfdynconv.ops.geometry import output_length, standardize_ints, standardize_padding


class ConvBlock(Block):
    """`filters` channels come out of a window of `kernel_size`; strides and dilation may both be above 1."""

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="same",
        data_format=None,
        dilation_rate=1,
        groups=1,
        activation=None,
        **kwargs,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.filters = self.check_positive("filters", filters)
        self.groups = self.check_positive("groups", groups)
        self.kernel_size = standardize_ints(kernel_size, 2, "kernel_size", self.label)
        self.strides = standardize_ints(strides, 2, "strides", self.label)
        self.dilation_rate = standardize_ints(dilation_rate, 2, "dilation_rate", self.label)
        self.padding = standardize_padding(padding, 2, self.label)
        self.activation = keras.activations.get(activation)

    def check_divisible(self, what, value, by, divisor):
        if value % divisor:
            raise ValueError(
                f"{self.label}: {what} must be divisible by {by}. Received: {value}, which {divisor} does not divide."
            )

    def build(self, input_shape):
        shape = self.last(input_shape)
        if any(n is not None and n < 1 for n in self.output_shape(shape)[1:3]):
            raise ValueError(
                f"{self.label}: the kernel is larger than the (padded) input, so the output would be empty. Received: "
                f"input shape {tuple(input_shape)}, kernel_size={self.kernel_size}, padding={self.padding!r}. "
                "Use padding='same' or a smaller kernel."
            )
        super().build(input_shape)

    def output_shape(self, shape):
        pads = (self.padding,) * 2 if isinstance(self.padding, str) else self.padding
        axes = zip(shape[1:3], self.kernel_size, self.strides, self.dilation_rate, pads)
        return (shape[0], *(output_length(*axis) for axis in axes), self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
            "activation": keras.activations.serialize(self.activation),
        }
