"""Depthwise CondConv: Conditionally Parameterized Convolutions for Efficient Inference (arXiv 1904.04971)."""

import keras

from tfdynconv.layers import torch_layout
from tfdynconv.layers.arguments import passed
from tfdynconv.layers.base_depthwise_mixture import BaseDepthwiseMixture


@keras.saving.register_keras_serializable(package="tfdynconv")
class DepthwiseCondConv2D(BaseDepthwiseMixture):
    """Depthwise 2-D convolution whose kernels are a sum of experts, weighted for each sample by sigmoid coefficients.

    `a = sigmoid(mean(x) R + r)`, `y = activation(depthwise_conv(x, sum_i a_i W_i) + sum_i a_i b_i)`.

    Args:
        kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate, activation, use_bias,
        depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer, activity_regularizer,
        depthwise_constraint, bias_constraint: as in `keras.layers.DepthwiseConv2D`, for each kernel of the bank.
            `padding` also takes an int or a (before, after) pair per axis.
        num_experts, routing: as in `CondConv2D`.
        lowering: how the convolution is computed; see `tfdynconv.ops.mixture_depthwise_conv`.

    Call arguments: as in `CondConv2D`.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', channels * depth_multiplier]`.

    Raises:
        ValueError: as `CondConv2D`; unequal strides.

    Cost: as `CondConv2D` with a kernel of `w = kernel_size[0] kernel_size[1] channels depth_multiplier` weights.

    Reference: Yang et al., CondConv, arXiv 1904.04971.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.DepthwiseCondConv2D(3, depth_multiplier=2)(tf.ones([2, 8, 8, 3])).shape
    TensorShape([2, 6, 6, 6])
    """

    count_name = "num_experts"

    def __init__(
        self,
        kernel_size,
        strides=1,
        padding="valid",
        depth_multiplier=1,
        data_format=None,
        dilation_rate=1,
        activation=None,
        use_bias=True,
        depthwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        bias_constraint=None,
        num_experts=8,
        routing="sigmoid",
        lowering="auto",
        **kwargs,
    ):
        super().__init__(**passed(locals(), num_kernels="num_experts"))

    def torch_table(self):
        """For `torch_layout.assign`: the names that timm's CondConv2d gives the weights."""
        shape = self.kernel.shape[1:]
        table = {"weight": (self.kernel, lambda a: torch_layout.depthwise_bank(a, self.num_kernels, shape))}
        if self.use_bias:
            table["bias"] = (self.bias, lambda a: a)
        return table

    def load_torch_state(self, state):
        """Take `weight` and `bias` from timm's CondConv2d with as many groups as channels."""
        torch_layout.assign(self.label, state, self.torch_table())
