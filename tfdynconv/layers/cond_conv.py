"""CondConv: Conditionally Parameterized Convolutions for Efficient Inference (arXiv 1904.04971)."""

import keras

from tfdynconv.layers import torch_layout
from tfdynconv.layers.base_depthwise_mixture import BaseDepthwiseMixture
from tfdynconv.layers.base_mixture_conv import BaseMixtureConv


class BaseCondConv(BaseMixtureConv):
    count_name = "num_experts"

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format=None,
        dilation_rate=1,
        groups=1,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        num_experts=8,
        routing="sigmoid",
        lowering="auto",
        **kwargs,
    ):
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            groups=groups,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            num_kernels=num_experts,
            routing=routing,
            lowering=lowering,
            **kwargs,
        )

    def load_torch_state(self, state):
        """Take `weight` and `bias` from timm's CondConv2d; its routing is a layer of its own and has no part here."""
        shape = self.kernel.shape[1:]
        table = {"weight": (self.kernel, lambda a: torch_layout.convolution_bank(a, self.num_kernels, shape))}
        if self.use_bias:
            table["bias"] = (self.bias, lambda a: a)
        torch_layout.assign(self.label, state, table)


@keras.saving.register_keras_serializable(package="tfdynconv")
class CondConv2D(BaseCondConv):
    """2-D convolution whose kernel is a sum of experts, weighted for each sample by sigmoid coefficients.

    In place of `Conv2D` where a small network lacks capacity but multiply-adds are scarce: in the last stages, and in the
    classifier as `CondDense`. Training learns the experts and the routing together.

    `a = sigmoid(mean(x) R + r)`, `y = activation(conv(x, sum_i a_i W_i) + sum_i a_i b_i)`. The coefficients do not sum to
    1; at the start each is near one half.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv2D`. The initializer, regularizers and constraints
            apply to each kernel of the bank. `padding` also takes an int or a (before, after) pair per axis.
        num_experts: n, kernels in the bank.
        routing: `"sigmoid"` (the paper's), or what `MixtureConv2D` takes; None to pass the coefficients in the call, as
            the published networks do, which share one routing over the convolutions of a block.
        lowering: how the convolution is computed; see `tfdynconv.ops.mixture_conv`.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.
        coefficients: `[batch, n]`, instead of those of the layer's own routing.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, an input of the wrong rank, coefficients missing or of the wrong shape.

    Cost, kernel of w weights: `n w + n filters + n (channels + 1)` parameters, `height' width' w + n w + n channels`
    multiply-adds.

    Reference: Yang et al., CondConv, arXiv 1904.04971. The experts' biases are mixed as their kernels are.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.CondConv2D(6, 3, padding="same", activation="relu")
    >>> layer(tf.ones([2, 8, 8, 3])).shape
    TensorShape([2, 8, 8, 6])
    >>> layer.cost((None, 8, 8, 3))
    (1376, 11688)
    """

    rank = 2


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
        lowering: how the convolution is computed; see `tfdynconv.ops.per_sample_depthwise_conv`.

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
        super().__init__(
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            depth_multiplier=depth_multiplier,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            depthwise_initializer=depthwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            depthwise_constraint=depthwise_constraint,
            bias_constraint=bias_constraint,
            num_kernels=num_experts,
            routing=routing,
            lowering=lowering,
            **kwargs,
        )

    def load_torch_state(self, state):
        """Take `weight` and `bias` from timm's CondConv2d with as many groups as channels."""
        shape = self.kernel.shape[1:]
        table = {"weight": (self.kernel, lambda a: torch_layout.depthwise_bank(a, self.num_kernels, shape))}
        if self.use_bias:
            table["bias"] = (self.bias, lambda a: a)
        torch_layout.assign(self.label, state, table)
