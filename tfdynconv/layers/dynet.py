"""DyNet: Dynamic Convolution for Accelerating Convolutional Neural Networks (arXiv 2004.10694)."""

import keras

from tfdynconv.layers.arguments import passed
from tfdynconv.layers.base_depthwise_mixture import BaseDepthwiseMixture
from tfdynconv.layers.base_mixture_conv import BaseMixtureConv
from tfdynconv.layers.static_bias import StaticBias

MIXING = ("auto", "kernels", "features")


class BaseDyNet(StaticBias):
    """Coefficients for each output filter, and the choice between the paper's two forms."""

    count_name = "group_size"
    lowerings = ()  # "features" is asked for by `mixing`

    def __init__(self, mixing, **kwargs):
        super().__init__(**kwargs)
        if mixing not in MIXING:
            raise ValueError(f"{self.label}: `mixing` must be one of {', '.join(MIXING)}. Received: mixing={mixing!r}.")
        if mixing == "features" and self.lowering != "auto":
            raise ValueError(
                f"{self.label}: mixing='features' convolves with static kernels, so that no lowering can be chosen. Received: "
                f"lowering={self.lowering!r}. Set one of the two to 'auto'."
            )
        self.mixing = mixing

    def coefficient_shape(self, channels):
        return (self.num_kernels, self.output_channels(channels))

    def window(self):
        return {**super().window(), **({"lowering": "features"} if self.mixing == "features" else {})}

    def get_config(self):
        return {**super().get_config(), "mixing": self.mixing}


@keras.saving.register_keras_serializable(package="tfdynconv")
class DyNetConv2D(BaseDyNet, BaseMixtureConv):
    """2-D convolution each of whose filters is a sum of a group of kernels of its own, with sigmoid coefficients.

    In place of `Conv2D` in mobile networks with fewer channels than usual: the correlation between channels, which static
    networks need noise kernels for, is made by the coefficients.

    `a = sigmoid(mean(x) R + r)`, `K[..., f] = sum_i a[i, f] W_i[..., f]`, `y = activation(conv(x, K) + b)`. Convolution is
    linear in the kernel, so `sum_i a[i, f] conv(x, W_i)[f]` is the same: the paper trains in that form.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv2D`. The initializer, regularizers and constraints
            apply to each kernel of the bank; the bias is static. `padding` also takes an int or a (before, after) pair
            per axis.
        group_size: g, kernels that each filter is made of (the paper's g_t).
        mixing: `"kernels"` mixes kernels and convolves once; `"features"` convolves with all g kernels and mixes the
            outputs; `"auto"` mixes kernels, the form with fewer multiply-adds.
        routing: `"sigmoid"` (the paper's), or what `MixtureConv2D` takes, with g filters coefficients; None to pass them
            in the call, as the paper's blocks do, which share one predictor over three convolutions.
        lowering: how mixed kernels are convolved; see `tfdynconv.ops.mixture_conv`.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.
        coefficients: `[batch, g, filters]` or `[batch, g filters]`, instead of those of the layer's own routing.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, an input of the wrong rank, coefficients missing or of the wrong shape.

    Cost, kernel of w weights: `g w + filters + g filters (channels + 1)` parameters, `height' width' w + g w +
    g filters channels` multiply-adds.

    Reference: Zhang et al., DyNet, arXiv 2004.10694.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.DyNetConv2D(6, 3, padding="same")
    >>> layer(tf.ones([2, 8, 8, 3])).shape
    TensorShape([2, 8, 8, 6])
    >>> layer(tf.ones([2, 8, 8, 3]), tf.ones([2, 6, 6])).shape
    TensorShape([2, 8, 8, 6])
    """

    rank = 2

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
        group_size=6,
        mixing="auto",
        routing="sigmoid",
        lowering="auto",
        **kwargs,
    ):
        super().__init__(**passed(locals(), num_kernels="group_size"))


@keras.saving.register_keras_serializable(package="tfdynconv")
class DepthwiseDyNetConv2D(BaseDyNet, BaseDepthwiseMixture):
    """Depthwise 2-D convolution each of whose filters is a sum of a group of kernels, with sigmoid coefficients.

    `a = sigmoid(mean(x) R + r)`, `K[..., f] = sum_i a[i, f] W_i[..., f]`, `y = activation(depthwise_conv(x, K) + b)`.

    Args:
        kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate, activation, use_bias,
        depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer, activity_regularizer,
        depthwise_constraint, bias_constraint: as in `keras.layers.DepthwiseConv2D`, for each kernel of the bank; the
            bias is static. `padding` also takes an int or a (before, after) pair per axis.
        group_size, mixing, routing: as in `DyNetConv2D`.
        lowering: how mixed kernels are convolved; see `tfdynconv.ops.mixture_depthwise_conv`.

    Call arguments: as in `DyNetConv2D`, with `channels * depth_multiplier` filters.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', channels * depth_multiplier]`.

    Raises:
        ValueError: as `DyNetConv2D`; unequal strides.

    Cost: as `DyNetConv2D` with a kernel of `w = kernel_size[0] kernel_size[1] channels depth_multiplier` weights.

    Reference: Zhang et al., DyNet, arXiv 2004.10694.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.DepthwiseDyNetConv2D(3, depth_multiplier=2)(tf.ones([2, 8, 8, 3])).shape
    TensorShape([2, 6, 6, 6])
    """

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
        group_size=6,
        mixing="auto",
        routing="sigmoid",
        lowering="auto",
        **kwargs,
    ):
        super().__init__(**passed(locals(), num_kernels="group_size"))
