"""CondConv (arXiv 1904.04971), transposed: for decoders and generators."""

import keras

from tfdynconv.layers.arguments import passed
from tfdynconv.layers.base_mixture_transpose import BaseMixtureTranspose


@keras.saving.register_keras_serializable(package="tfdynconv")
class CondConv2DTranspose(BaseMixtureTranspose):
    """Transposed 2-D convolution whose kernel is a sum of experts, weighted for each sample by sigmoid coefficients.

    In place of `Conv2DTranspose` in decoders and generators.

    `a = sigmoid(mean(x) R + r)`, `y = activation(conv_transpose(x, sum_i a_i W_i) + sum_i a_i b_i)`.

    Args:
        filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv2DTranspose`, for each kernel of the bank.
        num_experts, routing: as in `CondConv2D`.
        lowering: how the convolution is computed; see `tfdynconv.ops.per_sample_conv_transpose`.

    Call arguments: as in `CondConv2D`.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2DTranspose`.

    Raises:
        ValueError: as `CondConv2D`; padding other than `"valid"` and `"same"`, an `output_padding` not below the strides.

    Cost: as `CondConv2D`, with the input's `height width` cells in place of the output's.

    Reference: Yang et al., CondConv, arXiv 1904.04971, which has no transposed layer; the same routing and mixing.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.CondConv2DTranspose(6, 3, strides=2, padding="same")(tf.ones([2, 8, 8, 3])).shape
    TensorShape([2, 16, 16, 6])
    """

    rank = 2
    count_name = "num_experts"

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        output_padding=None,
        data_format=None,
        dilation_rate=1,
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
        super().__init__(**passed(locals(), num_kernels="num_experts"))
