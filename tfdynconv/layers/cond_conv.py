"""CondConv: Conditionally Parameterized Convolutions for Efficient Inference (arXiv 1904.04971)."""

import keras

from tfdynconv.layers import torch_layout
from tfdynconv.layers.arguments import passed
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
        super().__init__(**passed(locals(), num_kernels="num_experts"))

    def torch_table(self):
        """For `torch_layout.assign`: the names that timm's CondConv2d gives the weights."""
        shape = self.kernel.shape[1:]
        table = {"weight": (self.kernel, lambda a: torch_layout.convolution_bank(a, self.num_kernels, shape))}
        if self.use_bias:
            table["bias"] = (self.bias, lambda a: a)
        return table

    def load_torch_state(self, state):
        """Take `weight` and `bias` from timm's CondConv2d; its routing is a layer of its own and has no part here."""
        torch_layout.assign(self.label, state, self.torch_table())


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
class CondConv1D(BaseCondConv):
    """1-D convolution whose kernel is a sum of experts, weighted for each sample by sigmoid coefficients.

    `CondConv2D` for sequences.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv1D`, for each kernel of the bank. `padding` is
            also `"causal"`, an int or a (before, after) pair.
        num_experts, routing, lowering: as in `CondConv2D`.

    Call arguments: as in `CondConv2D`. The coefficients see the whole sequence, later steps too: with
    `padding="causal"` pass coefficients of your own where that matters.

    Shapes: `[batch, steps, channels] -> [batch, steps', filters]`, as `keras.layers.Conv1D`.

    Raises:
        ValueError: as `CondConv2D`.

    Cost: as `CondConv2D`, with `steps'` output cells in place of `height' width'`.

    Reference: Yang et al., CondConv, arXiv 1904.04971, with one spatial axis.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.CondConv1D(6, 3, padding="causal")(tf.ones([2, 8, 3])).shape
    TensorShape([2, 8, 6])
    """

    rank = 1


@keras.saving.register_keras_serializable(package="tfdynconv")
class CondConv3D(BaseCondConv):
    """3-D convolution whose kernel is a sum of experts, weighted for each sample by sigmoid coefficients.

    `CondConv2D` for volumes and video.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv3D`, for each kernel of the bank. `padding` also
            takes an int or a (before, after) pair per axis.
        num_experts, routing, lowering: as in `CondConv2D`.

    Call arguments: as in `CondConv2D`.

    Shapes: `[batch, depth, height, width, channels] -> [batch, depth', height', width', filters]`, as
    `keras.layers.Conv3D`.

    Raises:
        ValueError: as `CondConv2D`.

    Cost: as `CondConv2D`, with `depth' height' width'` output cells in place of `height' width'`.

    Reference: Yang et al., CondConv, arXiv 1904.04971, with three spatial axes.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.CondConv3D(6, 3)(tf.ones([2, 4, 5, 6, 3])).shape
    TensorShape([2, 2, 3, 4, 6])
    """

    rank = 3
