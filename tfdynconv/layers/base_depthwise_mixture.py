"""Depthwise among the mixing layers: each channel has its own kernels, mixed for each sample."""

import keras

from tfdynconv.layers.base_mixture_conv import BaseMixtureConv
from tfdynconv.ops import mixture_depthwise_conv


class BaseDepthwiseMixture(BaseMixtureConv):
    """Arguments named as in `keras.layers.DepthwiseConv2D`; `depthwise_*` stands for the base's `kernel_*`."""

    rank = 2

    def __init__(
        self,
        kernel_size,
        depth_multiplier=1,
        depthwise_initializer="glorot_uniform",
        depthwise_regularizer=None,
        depthwise_constraint=None,
        **kwargs,
    ):
        super().__init__(
            filters=1,  # known at build: channels * depth_multiplier
            kernel_size=kernel_size,
            kernel_initializer=depthwise_initializer,
            kernel_regularizer=depthwise_regularizer,
            kernel_constraint=depthwise_constraint,
            **kwargs,
        )
        self.depth_multiplier = self.check_positive("depth_multiplier", depth_multiplier)
        if self.strides[0] != self.strides[1]:
            raise ValueError(
                f"{self.label}: `strides` must be equal for height and width (TensorFlow has no other depthwise "
                f"convolution). Received: strides={self.strides}."
            )

    @property
    def filter_axes(self):
        return (-1, self.depth_multiplier)

    def kernel_shape(self, channels):
        return (*self.kernel_size, channels, self.depth_multiplier)

    def output_channels(self, channels):
        return channels * self.depth_multiplier

    def transform(self, inputs, bank, coefficients):
        return mixture_depthwise_conv(inputs, bank, coefficients, **self.window())

    def get_config(self):
        config = super().get_config()
        for name in ("filters", "groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"):
            del config[name]
        return {
            **config,
            "depth_multiplier": self.depth_multiplier,
            "depthwise_initializer": keras.initializers.serialize(self.kernel_initializer),
            "depthwise_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "depthwise_constraint": keras.constraints.serialize(self.kernel_constraint),
        }
