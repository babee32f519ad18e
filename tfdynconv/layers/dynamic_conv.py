"""Dynamic Convolution, DY-CNN: Attention over Convolution Kernels (arXiv 1912.03458)."""

import keras

from tfdynconv.layers import torch_layout
from tfdynconv.layers.arguments import passed
from tfdynconv.layers.base_mixture_conv import BaseMixtureConv
from tfdynconv.layers.softmax_attention import SoftmaxAttention


class BaseDynamicConv(SoftmaxAttention, BaseMixtureConv):
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
        reduction_ratio=0.25,
        hidden_units=None,
        temperature=30.0,
        routing="softmax",
        lowering="auto",
        **kwargs,
    ):
        super().__init__(**passed(locals()))

    def load_torch_state(self, state):
        """Take the weights of the popular PyTorch module `Dynamic_conv1d`/`2d`/`3d`, with or without its attention.

        Its hidden width is `int(channels * ratio) + 1`, or the number of kernels for 3 channels: give `hidden_units`.
        The 3-D module has no `attention.fc2.bias`, which stands for zeros.
        """
        shape = self.kernel.shape[1:]
        table = {"weight": (self.kernel, lambda a: torch_layout.convolution_bank(a, self.num_kernels, shape))}
        if self.use_bias:
            table["bias"] = (self.bias, lambda a: a)
        table.update(self.attention_table())
        if self.rank == 3 and "attention.fc2.bias" in table:
            state = {"attention.fc2.bias": [0.0] * self.num_kernels, **state}
        torch_layout.assign(self.label, state, table)


@keras.saving.register_keras_serializable(package="tfdynconv")
class DynamicConv2D(BaseDynamicConv):
    """2-D convolution whose kernel is an average of kernels, weighted for each sample by softmax attention.

    In place of `Conv2D` in small networks. Add `tfdynconv.training.TemperatureSchedule()` to `model.fit`: the high
    starting temperature lets every kernel learn before the attention may prefer some.

    `a = softmax((W2 relu(W1 mean(x)) + b2) / temperature)`, `y = activation(conv(x, sum_i a_i W_i) + sum_i a_i b_i)`.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv2D`. The initializer, regularizers and constraints
            apply to each kernel of the bank. `padding` also takes an int or a (before, after) pair per axis.
        num_kernels: n, kernels in the bank (the paper's K).
        reduction_ratio: hidden width of the attention as a share of the channels, at least 1 unit.
        hidden_units: the hidden width itself; overrides the ratio. The popular PyTorch module has
            `int(channels * ratio) + 1`.
        temperature: where the temperature starts.
        routing: `"softmax"` (the paper's), or what `MixtureConv2D` takes; None to pass the coefficients in the call.
        lowering: how the convolution is computed; see `tfdynconv.ops.mixture_conv`.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.
        coefficients: `[batch, n]`, instead of those of the layer's own routing.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, an input of the wrong rank, coefficients missing or of the wrong shape.

    Cost, kernel of w weights, hidden width h: `n w + n filters + channels h + (h + 1) n` parameters,
    `height' width' w + n w + channels h + h n` multiply-adds.

    Reference: Chen et al., Dynamic Convolution, arXiv 1912.03458. Biases are averaged with the same attention.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.DynamicConv2D(6, 3, strides=2, padding="same")
    >>> layer(tf.ones([2, 8, 8, 8])).shape
    TensorShape([2, 4, 4, 6])
    >>> float(layer.routing.temperature.numpy())
    30.0
    """

    rank = 2


@keras.saving.register_keras_serializable(package="tfdynconv")
class DynamicConv1D(BaseDynamicConv):
    """1-D convolution whose kernel is an average of kernels, weighted for each sample by softmax attention.

    `DynamicConv2D` for sequences.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv1D`, for each kernel of the bank. `padding` is
            also `"causal"`, an int or a (before, after) pair.
        num_kernels, reduction_ratio, hidden_units, temperature, routing, lowering: as in `DynamicConv2D`.

    Call arguments: as in `DynamicConv2D`. The attention sees the whole sequence, later steps too: with
    `padding="causal"` pass coefficients of your own where that matters.

    Shapes: `[batch, steps, channels] -> [batch, steps', filters]`, as `keras.layers.Conv1D`.

    Raises:
        ValueError: as `DynamicConv2D`.

    Cost: as `DynamicConv2D`, with `steps'` output cells in place of `height' width'`.

    Reference: Chen et al., Dynamic Convolution, arXiv 1912.03458, with one spatial axis.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.DynamicConv1D(6, 3, padding="causal")(tf.ones([2, 8, 3])).shape
    TensorShape([2, 8, 6])
    """

    rank = 1


@keras.saving.register_keras_serializable(package="tfdynconv")
class DynamicConv3D(BaseDynamicConv):
    """3-D convolution whose kernel is an average of kernels, weighted for each sample by softmax attention.

    `DynamicConv2D` for volumes and video.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv3D`, for each kernel of the bank. `padding` also
            takes an int or a (before, after) pair per axis.
        num_kernels, reduction_ratio, hidden_units, temperature, routing, lowering: as in `DynamicConv2D`.

    Call arguments: as in `DynamicConv2D`.

    Shapes: `[batch, depth, height, width, channels] -> [batch, depth', height', width', filters]`, as
    `keras.layers.Conv3D`.

    Raises:
        ValueError: as `DynamicConv2D`.

    Cost: as `DynamicConv2D`, with `depth' height' width'` output cells in place of `height' width'`.

    Reference: Chen et al., Dynamic Convolution, arXiv 1912.03458, with three spatial axes.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.DynamicConv3D(6, 3)(tf.ones([2, 4, 5, 6, 3])).shape
    TensorShape([2, 2, 3, 4, 6])
    """

    rank = 3
