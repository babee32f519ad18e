"""Dynamic Convolution, DY-CNN: Attention over Convolution Kernels (arXiv 1912.03458)."""

import keras

from tfdynconv import routing as routings
from tfdynconv.layers import torch_layout
from tfdynconv.layers.base_mixture_conv import BaseMixtureConv


class BaseDynamicConv(BaseMixtureConv):
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
        self.attention = {
            "reduction_ratio": reduction_ratio,
            "hidden_units": hidden_units,
            "temperature": temperature,
        }
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
            num_kernels=num_kernels,
            routing=routing,
            lowering=lowering,
            **kwargs,
        )

    def make_routing(self, identifier):
        arguments = dict(self.attention) if identifier == "softmax" else {}
        return routings.get(identifier, **self.routing_dtype(), **arguments)

    def load_torch_state(self, state):
        """Take the weights of the popular PyTorch module `Dynamic_conv1d`/`2d`/`3d`, with or without its attention.

        Its hidden width is `int(channels * ratio) + 1`, or the number of kernels for 3 channels: give `hidden_units`.
        The 3-D module has no `attention.fc2.bias`, which stands for zeros.
        """
        shape = self.kernel.shape[1:]
        table = {"weight": (self.kernel, lambda a: torch_layout.convolution_bank(a, self.num_kernels, shape))}
        if self.use_bias:
            table["bias"] = (self.bias, lambda a: a)
        if isinstance(self.routing, routings.SoftmaxRouting):
            squeeze, excite = self.routing.squeeze, self.routing.excite
            table["attention.fc1.weight"] = (squeeze.kernel, torch_layout.dense_kernel)
            table["attention.fc2.weight"] = (excite.kernel, torch_layout.dense_kernel)
            table["attention.fc2.bias"] = (excite.bias, lambda a: a)
            if self.rank == 3:
                state = {"attention.fc2.bias": [0.0] * self.num_kernels, **state}
        torch_layout.assign(self.label, state, table)

    def get_config(self):
        return {**super().get_config(), **self.attention}


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
