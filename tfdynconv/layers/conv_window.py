"""The window of a convolution: its arguments, their checks, and the shapes that follow."""

import keras

from tfdynconv import _compat
from tfdynconv.ops.geometry import (
    output_length,
    standardize_data_format,
    standardize_ints,
    standardize_padding,
)


class ConvWindow:
    """For a `KernelLayer` that convolves; `rank` is the number of spatial axes."""

    rank = None

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format=None,
        dilation_rate=1,
        groups=1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        label, rank = self.label, self.rank
        self.filters = self.check_positive("filters", filters)
        self.groups = self.check_positive("groups", groups)
        if self.filters % self.groups:
            raise ValueError(
                f"{label}: `filters` must be divisible by `groups`. Received: filters={filters}, groups={groups}."
            )
        self.kernel_size = standardize_ints(kernel_size, rank, "kernel_size", label)
        self.strides = standardize_ints(strides, rank, "strides", label)
        self.dilation_rate = standardize_ints(dilation_rate, rank, "dilation_rate", label)
        self.check_steps()
        self.padding = standardize_padding(padding, rank, label)
        self.data_format = standardize_data_format(data_format or _compat.image_data_format(), label)
        self.input_spec = keras.layers.InputSpec(ndim=rank + 2)

    def check_steps(self):
        """TensorFlow has no convolution with both; a layer that can do it says so by overriding this."""
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{self.label}: `strides` and `dilation_rate` cannot both be above 1. Received: strides={self.strides}, "
                f"dilation_rate={self.dilation_rate}. Set one of them to 1."
            )

    def kernel_shape(self, channels):
        if channels % self.groups:
            raise ValueError(
                f"{self.label}: the input's channels must be divisible by `groups`. Received: {channels} channels, "
                f"groups={self.groups}."
            )
        return (*self.kernel_size, channels // self.groups, self.filters)

    def build(self, input_shape):
        super().build(input_shape)
        size = self.output_size(input_shape)
        if any(n is not None and n < 1 for n in size):
            raise ValueError(
                f"{self.label}: the kernel is larger than the (padded) input, so the output would be empty. Received: "
                f"input shape {tuple(input_shape)}, kernel_size={self.kernel_size}, padding={self.padding!r}. "
                "Use padding='same' or a smaller kernel."
            )

    def space(self, input_shape):
        return input_shape[2:] if self.data_format == "channels_first" else input_shape[1:-1]

    def output_channels(self, channels):
        return self.filters

    def output_size(self, input_shape):
        return self.output_cells(self.space(input_shape))

    def output_cells(self, space):
        """Output cells per axis of an input that has `space` of them; None stays None."""
        pads = self.padding if not isinstance(self.padding, str) else (self.padding,) * self.rank
        return tuple(
            output_length(n, k, s, d, p)
            for n, k, s, d, p in zip(space, self.kernel_size, self.strides, self.dilation_rate, pads)
        )

    def compute_output_shape(self, input_shape):
        if isinstance(input_shape[0], (list, tuple)):
            input_shape = input_shape[0]
        channels, size = self.output_channels(self.channels(input_shape)), self.output_size(input_shape)
        if self.data_format == "channels_first":
            return (input_shape[0], channels, *size)
        return (input_shape[0], *size, channels)

    def windows(self, input_shape):
        """Spatial sizes whose product is the number of times that the kernel is applied."""
        return self.output_size(input_shape)

    def multiply_adds(self, input_shape, kernel):
        total = kernel
        for n in self.windows(input_shape):
            if n is None:
                raise ValueError(
                    f"{self.label}: the cost depends on the spatial size. Received: input shape {tuple(input_shape)}. "
                    "Give every spatial size."
                )
            total *= n
        return total

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
        }
