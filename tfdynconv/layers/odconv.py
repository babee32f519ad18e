"""ODConv: Omni-Dimensional Dynamic Convolution (arXiv 2209.07947)."""

import math

import keras
import tensorflow as tf

from tfdynconv import routing as routings
from tfdynconv.layers import torch_layout
from tfdynconv.layers.arguments import passed
from tfdynconv.layers.base_mixture_conv import BaseMixtureConv
from tfdynconv.layers.static_bias import StaticBias
from tfdynconv.ops import attention_conv
from tfdynconv.ops.attention_conv import check_attentions


class BaseODConv(StaticBias, BaseMixtureConv):
    lowerings = ()

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
        num_kernels=1,
        reduction_ratio=1 / 16,
        min_hidden=16,
        temperature=1.0,
        attention_norm="batch",
        routing="attention",
        lowering="auto",
        **kwargs,
    ):
        self.attention = {
            "reduction_ratio": reduction_ratio,
            "min_hidden": min_hidden,
            "temperature": temperature,
            "norm": attention_norm,
        }
        super().__init__(**passed(locals(), "reduction_ratio", "min_hidden", "temperature", "attention_norm"))

    def make_routing(self, identifier):
        if identifier == "attention":
            return routings.ODConvRouting(**self.routing_dtype(), **self.attention)
        return routings.get(identifier, **self.routing_dtype())

    def attention_sizes(self, channels):
        """Sizes of the attentions that exist: the others would scale what another one scales already, or nothing."""
        taps = math.prod(self.kernel_size)
        sizes = {"channel": channels}
        if not self.groups == channels == self.filters:
            sizes["filter"] = self.filters
        if taps > 1:
            sizes["spatial"] = taps
        if self.num_kernels > 1:
            sizes["kernel"] = self.num_kernels
        return sizes

    def bind_routing(self, channels):
        self.routing.bind(self.attention_sizes(channels), self.data_format, self.label)

    def route(self, inputs, training):
        return self.routing(inputs, training=training)

    def check_given(self, inputs, given):
        if not isinstance(given, dict):
            raise ValueError(
                f"{self.label}: its coefficients are a dict of attentions, {{'channel': [batch, channels], 'filter': [batch, "
                f"filters], 'spatial': [batch, taps], 'kernel': [batch, n]}}. Received: {type(given).__name__}."
            )
        given = {name: tf.cast(value, inputs.dtype) for name, value in given.items()}
        channels_last = tf.TensorShape([inputs.shape[0], *inputs.shape[1:-1], self.channels(inputs.shape)])
        return check_attentions(given, channels_last, self.kernel.shape, inputs.dtype, self.label)

    def transform(self, inputs, bank, coefficients):
        return attention_conv(inputs, bank, coefficients, groups=self.groups, **self.window())

    def cost(self, input_shape):
        channels, static = self.channels(input_shape), math.prod(self.kernel_shape(self.channels(input_shape)))
        sizes = self.attention_sizes(channels)
        parameters = self.num_kernels * static + (self.filters if self.use_bias else 0)
        cells = self.multiply_adds(input_shape, 1)
        multiply_adds = cells * static + math.prod(self.space(input_shape)) * channels
        multiply_adds += cells * sizes.get("filter", 0)
        if "spatial" in sizes or "kernel" in sizes:
            multiply_adds += self.num_kernels * static
        if "spatial" in sizes and "kernel" in sizes:
            multiply_adds += self.num_kernels * sizes["spatial"]
        if self.routing is not None:
            self.bind_routing(channels)
            routing_parameters, routing_multiply_adds = self.routing.cost(channels)
            parameters, multiply_adds = parameters + routing_parameters, multiply_adds + routing_multiply_adds
        return parameters, multiply_adds

    def torch_table(self):
        """For `torch_layout.assign`: the names that the authors' PyTorch module `ODConv2d` gives the weights."""
        shape = self.kernel.shape[1:]
        table = {"weight": (self.kernel, lambda a: torch_layout.convolution_bank(a, self.num_kernels, shape))}
        if isinstance(self.routing, routings.ODConvRouting):
            table["attention.fc.weight"] = (self.routing.squeeze.kernel, torch_layout.dense_kernel)
            if self.routing.norm == "batch":
                norm = self.routing.normalize
                weights = (norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)
                for name, weight in zip(("weight", "bias", "running_mean", "running_var"), weights):
                    table[f"attention.bn.{name}"] = (weight, lambda a: a)
            for name, _ in self.routing.num_kernels:
                head = self.routing.head(name)
                table[f"attention.{name}_fc.weight"] = (head.kernel, torch_layout.dense_kernel)
                table[f"attention.{name}_fc.bias"] = (head.bias, lambda a: a)
        return table

    def load_torch_state(self, state):
        """Take the weights of the authors' PyTorch module `ODConv2d`, running statistics included."""
        state = {name: a for name, a in state.items() if name != "attention.bn.num_batches_tracked"}
        torch_layout.assign(self.label, state, self.torch_table())

    def get_config(self):
        attention = dict(self.attention)
        attention["attention_norm"] = attention.pop("norm")
        return {**super().get_config(), **attention}


@keras.saving.register_keras_serializable(package="tfdynconv")
class ODConv2D(BaseODConv):
    """2-D convolution whose kernel is weighted for each sample along all four of its axes.

    In place of `Conv2D` everywhere but in the stem. With one kernel, the default, it adds few parameters. Add
    `tfdynconv.training.TemperatureSchedule()` to `model.fit` where `temperature` is above 1. Put a batch normalisation behind
    it: the gates start at one half and shrink the output.

    `K = s[t] p[c] q[f] sum_i a_i W_i`, `y = activation(conv(x, K) + b)`, with attentions over taps, channels, filters
    (sigmoids) and kernels (a softmax), all from `relu(norm(W mean(x)))` and divided by the temperature before. Attentions
    over one tap, over one kernel, and over the filters of a depthwise convolution do not exist. A 1x1 convolution
    with one kernel is an ordinary convolution between two gates.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv2D`, for each kernel of the bank; the bias is
            static (the published module has none). `padding` also takes an int or a (before, after) pair per axis.
        num_kernels: n, kernels in the bank.
        reduction_ratio: hidden width of the attention as a share of the channels, rounded down.
        min_hidden: the least hidden width.
        temperature: where the temperature starts; the authors train from 30 to 1.
        attention_norm: `"batch"` (the authors'), `"layer"` or None. A batch of one is normalised in training
            with the running statistics, since the batch's own would make the attention the same for every input.
        routing: `"attention"`, a `tfdynconv.routing.Routing` whose result is a dict as below, or None to pass the attentions
            in the call.
        lowering: how the convolution is computed; see `tfdynconv.ops.attention_conv`.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.
        coefficients: `{"spatial": [batch, taps], "channel": [batch, channels], "filter": [batch, filters], "kernel":
            [batch, n]}` instead of those of the layer's own routing; one that is left out counts as 1.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, an input of the wrong rank, attentions missing or of the wrong shape.

    Cost, kernel of w weights, hidden width h, S attention values: `n w + filters + channels h + 2 h + (h + 1) S` parameters;
    multiply-adds `height' width' (w + filters) + height width channels + n w + n taps + channels h + h S`, without the
    terms of attentions that do not exist.

    Reference: Li, Zhou and Yao, Omni-Dimensional Dynamic Convolution, arXiv 2209.07947.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.ODConv2D(6, 3, strides=2, padding="same", num_kernels=4, temperature=30.0)
    >>> layer(tf.ones([2, 8, 8, 8])).shape
    TensorShape([2, 4, 4, 6])
    """

    rank = 2


@keras.saving.register_keras_serializable(package="tfdynconv")
class ODConv1D(BaseODConv):
    """1-D convolution whose kernel is weighted for each sample along all of its axes: `ODConv2D` for sequences.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv1D`, for each kernel of the bank; the bias is
            static. `padding` is also `"causal"`, an int or a (before, after) pair.
        num_kernels, reduction_ratio, min_hidden, temperature, attention_norm, routing, lowering: as in `ODConv2D`.

    Call arguments: as in `ODConv2D`.

    Shapes: `[batch, steps, channels] -> [batch, steps', filters]`, as `keras.layers.Conv1D`.

    Raises:
        ValueError: as `ODConv2D`.

    Cost: as `ODConv2D`, with `steps'` output cells and `kernel_size` taps.

    Reference: Li, Zhou and Yao, Omni-Dimensional Dynamic Convolution, arXiv 2209.07947, with one spatial axis.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.ODConv1D(6, 3, padding="same")(tf.ones([2, 8, 3])).shape
    TensorShape([2, 8, 6])
    """

    rank = 1


@keras.saving.register_keras_serializable(package="tfdynconv")
class ODConv3D(BaseODConv):
    """3-D convolution whose kernel is weighted for each sample along all of its axes: `ODConv2D` for volumes.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv3D`, for each kernel of the bank; the bias is
            static. `padding` also takes an int or a (before, after) pair per axis.
        num_kernels, reduction_ratio, min_hidden, temperature, attention_norm, routing, lowering: as in `ODConv2D`.

    Call arguments: as in `ODConv2D`.

    Shapes: `[batch, depth, height, width, channels] -> [batch, depth', height', width', filters]`, as `keras.layers.Conv3D`.

    Raises:
        ValueError: as `ODConv2D`.

    Cost: as `ODConv2D`, with `depth' height' width'` output cells.

    Reference: Li, Zhou and Yao, Omni-Dimensional Dynamic Convolution, arXiv 2209.07947, with three spatial axes.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.ODConv3D(6, 3, padding="same")(tf.ones([2, 4, 5, 6, 3])).shape
    TensorShape([2, 4, 5, 6, 6])
    """

    rank = 3
