"""Transposed among the mixing layers: a larger output from a smaller input, with a kernel mixed for each sample."""

from tfdynconv.layers.base_mixture_conv import BaseMixtureConv
from tfdynconv.ops.geometry import ConvGeometry
from tfdynconv.ops.mixture_conv_transpose import mixture_conv_transpose
from tfdynconv.ops.per_sample_conv_transpose import check_padding, output_size, standardize_output_padding


class BaseMixtureTranspose(BaseMixtureConv):
    """Arguments as in `keras.layers.Conv2DTranspose`; the kernel is `[*kernel_size, filters, channels]`, as Keras has it."""

    lowerings = ()

    def __init__(self, output_padding=None, **kwargs):
        super().__init__(**kwargs)
        check_padding(self.padding, self.label)
        self.output_padding = standardize_output_padding(output_padding, self.strides, self.rank, self.label)

    filter_axes = (-1, 1)

    def kernel_shape(self, channels):
        return (*self.kernel_size, self.filters, channels)

    def transform(self, inputs, bank, coefficients):
        return mixture_conv_transpose(inputs, bank, coefficients, output_padding=self.output_padding, **self.window())

    def output_size(self, input_shape):
        geometry = ConvGeometry(self.strides, self.dilation_rate, self.padding.upper())
        return output_size(self.space(input_shape), self.kernel_size, geometry, self.output_padding)

    def windows(self, input_shape):
        """The kernel is laid at every cell of the input, not of the output."""
        return self.space(input_shape)

    def get_config(self):
        config = super().get_config()
        del config["groups"]
        return {**config, "output_padding": self.output_padding}
