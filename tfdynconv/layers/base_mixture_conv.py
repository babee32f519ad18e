"""What the convolutions among the mixing layers share: a window, and the choice of a lowering."""

from tfdynconv.layers.base_mixture import BaseMixture
from tfdynconv.layers.conv_window import ConvWindow
from tfdynconv.ops import mixture_conv, plan


class BaseMixtureConv(ConvWindow, BaseMixture):
    """A convolution whose kernel is mixed for each sample; `rank` is the number of spatial axes."""

    lowerings = ("features",)  # beside those of `per_sample_conv`

    def __init__(self, lowering="auto", **kwargs):
        super().__init__(**kwargs)
        plan.check_name(lowering, self.label, extra=self.lowerings)
        self.lowering = lowering

    def transform(self, inputs, bank, coefficients):
        return mixture_conv(inputs, bank, coefficients, groups=self.groups, **self.window())

    def window(self):
        return {
            "strides": self.strides,
            "padding": self.padding,
            "dilations": self.dilation_rate,
            "data_format": self.data_format,
            "lowering": self.lowering,
        }

    def get_config(self):
        return {**super().get_config(), "lowering": self.lowering}
