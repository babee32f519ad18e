"""The general kernel-mixing convolution: bring your own routing."""

import keras

from tfdynconv.layers.arguments import passed
from tfdynconv.layers.base_mixture_conv import BaseMixtureConv


class BaseGeneralMixtureConv(BaseMixtureConv):
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
        num_kernels=4,
        routing="softmax",
        lowering="auto",
        **kwargs,
    ):
        super().__init__(**passed(locals()))


@keras.saving.register_keras_serializable(package="tfdynconv")
class MixtureConv2D(BaseGeneralMixtureConv):
    """2-D convolution with a bank of kernels, mixed for each sample by a routing of your own.

    Use it to try a new dynamic convolution: write one `tfdynconv.routing.Routing` and pass it here.

    `y = activation(conv(x, sum_i a_i(x) W_i) + sum_i a_i(x) b_i)`, with the coefficients a from the routing.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv2D`. The initializer, regularizers and constraints
            apply to each kernel of the bank. `padding` also takes an int or a (before, after) pair per axis.
        num_kernels: n, kernels in the bank.
        routing: `"softmax"`, `"sigmoid"`, a `tfdynconv.routing.Routing`, a callable `inputs -> [batch, n]`, or None, with
            which the layer has no routing weights and is called `layer(x, coefficients)`.
        lowering: how the convolution is computed; see `tfdynconv.ops.mixture_conv`.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.
        coefficients: `[batch, n]`, instead of those of the layer's own routing.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, an input of the wrong rank, coefficients missing or of the wrong shape.

    Cost, kernel of w weights: `n w + n filters` parameters and `height' width' w + n w` multiply-adds, beside the
    routing's; `layer.cost(input_shape)` computes it.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.MixtureConv2D(6, 3, num_kernels=2, routing=lambda x: tf.ones([x.shape[0], 2]) / 2)
    >>> layer(tf.ones([2, 8, 8, 3])).shape
    TensorShape([2, 6, 6, 6])
    """

    rank = 2


@keras.saving.register_keras_serializable(package="tfdynconv")
class MixtureConv1D(BaseGeneralMixtureConv):
    """1-D convolution with a bank of kernels, mixed for each sample: `MixtureConv2D` for sequences.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv1D`, for each kernel of the bank. `padding` is
            also `"causal"`, an int or a (before, after) pair.
        num_kernels, routing, lowering: as in `MixtureConv2D`.

    Call arguments: as in `MixtureConv2D`.

    Shapes: `[batch, steps, channels] -> [batch, steps', filters]`, as `keras.layers.Conv1D`.

    Raises:
        ValueError: as `MixtureConv2D`.

    Cost: as `MixtureConv2D`, with `steps'` output cells in place of `height' width'`.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.MixtureConv1D(6, 3, padding="causal")(tf.ones([2, 8, 3])).shape
    TensorShape([2, 8, 6])
    """

    rank = 1


@keras.saving.register_keras_serializable(package="tfdynconv")
class MixtureConv3D(BaseGeneralMixtureConv):
    """3-D convolution with a bank of kernels, mixed for each sample: `MixtureConv2D` for volumes.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv3D`, for each kernel of the bank. `padding` also
            takes an int or a (before, after) pair per axis.
        num_kernels, routing, lowering: as in `MixtureConv2D`.

    Call arguments: as in `MixtureConv2D`.

    Shapes: `[batch, depth, height, width, channels] -> [batch, depth', height', width', filters]`, as
    `keras.layers.Conv3D`.

    Raises:
        ValueError: as `MixtureConv2D`.

    Cost: as `MixtureConv2D`, with `depth' height' width'` output cells in place of `height' width'`.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.MixtureConv3D(6, 3)(tf.ones([2, 8, 8, 8, 3])).shape
    TensorShape([2, 6, 6, 6, 6])
    """

    rank = 3
