"""Ghost module (arXiv 1911.11907): a few channels by a convolution, the others from these by a cheap one."""

import math

import keras
import numpy as np
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.blocks.base import Block
from tfdynconv.layers import torch_layout
from tfdynconv.ops.geometry import ConvGeometry, output_length, standardize_ints, standardize_padding
from tfdynconv.ops.static_conv import static_conv


@keras.saving.register_keras_serializable(package="tfdynconv")
class GhostModule2D(Block):
    """2-D convolution that computes a part of its channels and makes the others from them, one channel at a time.

    In place of a `Conv2D` with batch normalisation and activation, with about 1 / ratio of its multiply-adds. The block is
    static: it computes the same convolutions for each sample.

    With m = ceil(filters / ratio), batch normalisation (momentum 0.9, epsilon 1e-5) and no biases,

        u = activation(norm(conv(x)))                m channels
        v = activation(norm(depthwise_conv(u)))      m (ratio - 1) channels, those of one channel of u side by side
        y = [u, v], the first `filters` channels

    Args:
        filters: channels of the output; where `ratio` does not divide them the last of v are dropped.
        kernel_size, strides, padding, data_format, dilation_rate: of the convolution, as in `keras.layers.Conv2D`. `padding`
            also takes an int or a (before, after) pair per axis; the published modules' is `kernel_size // 2`.
        activation: behind both normalisations; None for none, as at the end of GhostNet's bottleneck.
        ratio: how many times as many channels come out as are convolved for; 1 for a convolution alone.
        depthwise_kernel_size: of the cheap convolution, which has stride 1 and keeps the size.
        kernel_initializer, depthwise_initializer: of the two kernels.
        kernel_regularizer, depthwise_regularizer: likewise.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.
        training: whether the batch is normalised by its own statistics.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: arguments that are not positive ints, an input of the wrong rank.

    Cost, kernel of k taps, depthwise of d taps, C channels, m = `filters / ratio` rounded up: `k C m + d m (ratio - 1) +
    2 m ratio` parameters, `height' width' m (k C + d (ratio - 1))` multiply-adds.

    Reference: Han et al., GhostNet, arXiv 1911.11907.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.blocks.GhostModule2D(25, 3, strides=2)(tf.ones([2, 8, 8, 3])).shape
    TensorShape([2, 4, 4, 25])
    """

    def __init__(
        self,
        filters,
        kernel_size=1,
        strides=1,
        padding="same",
        data_format=None,
        dilation_rate=1,
        activation="relu",
        ratio=2,
        depthwise_kernel_size=3,
        kernel_initializer="glorot_uniform",
        depthwise_initializer="glorot_uniform",
        kernel_regularizer=None,
        depthwise_regularizer=None,
        **kwargs,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.filters = self.check_positive("filters", filters)
        self.ratio = self.check_positive("ratio", ratio)
        self.kernel_size = standardize_ints(kernel_size, 2, "kernel_size", self.label)
        self.strides = standardize_ints(strides, 2, "strides", self.label)
        self.dilation_rate = standardize_ints(dilation_rate, 2, "dilation_rate", self.label)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{self.label}: `strides` and `dilation_rate` cannot both be above 1. Received: strides={strides}, "
                f"dilation_rate={dilation_rate}. Set one of them to 1."
            )
        self.padding = standardize_padding(padding, 2, self.label)
        self.depthwise_kernel_size = standardize_ints(depthwise_kernel_size, 2, "depthwise_kernel_size", self.label)
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.depthwise_initializer = keras.initializers.get(depthwise_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.depthwise_regularizer = keras.regularizers.get(depthwise_regularizer)

    @property
    def primary_filters(self):
        return -(-self.filters // self.ratio)

    def make(self, shape):
        shared = {"use_bias": False, "data_format": "channels_last", "dtype": self.dtype_policy}
        conv = keras.layers.Conv2D(
            self.primary_filters,
            self.kernel_size,
            self.strides,
            padding=self.padding if isinstance(self.padding, str) else "valid",
            dilation_rate=self.dilation_rate,
            kernel_initializer=self.kernel_initializer,
            kernel_regularizer=self.kernel_regularizer,
            name="primary",
            **shared,
        )
        self.primary = self.grow(conv, shape)
        middle = (None, None, None, self.primary_filters)
        self.primary_norm = self.norm(middle, "primary_norm")
        if self.ratio == 1:
            return
        cheap = keras.layers.DepthwiseConv2D(
            self.depthwise_kernel_size,
            padding="same",
            depth_multiplier=self.ratio - 1,
            depthwise_initializer=self.depthwise_initializer,
            depthwise_regularizer=self.depthwise_regularizer,
            name="cheap",
            **shared,
        )
        self.cheap = self.grow(cheap, middle)
        self.cheap_norm = self.norm((*middle[:-1], self.primary_filters * (self.ratio - 1)), "cheap_norm")

    def run(self, inputs, training):
        if not isinstance(self.padding, str):
            inputs = tf.pad(inputs, [[0, 0], *map(list, self.padding), [0, 0]])
        u = self.activation(self.primary_norm(self.primary(inputs), training=training))
        if self.ratio == 1:
            return u
        kernel = _compat.values(self.cheap.weights[0])
        geometry = ConvGeometry((1, 1), (1, 1), "SAME")
        v = static_conv(u, tf.reshape(kernel, [*kernel.shape[:2], 1, -1]), geometry, groups=self.primary_filters)
        v = self.activation(self.cheap_norm(v, training=training))
        return tf.concat([u, v[..., : self.filters - self.primary_filters]], -1)

    def output_shape(self, shape):
        pads = self.padding if not isinstance(self.padding, str) else (self.padding,) * 2
        sizes = zip(shape[1:3], self.kernel_size, self.strides, self.dilation_rate, pads)
        return (shape[0], *(output_length(n, k, s, d, p) for n, k, s, d, p in sizes), self.filters)

    def count(self, shape):
        m, more = self.primary_filters, self.ratio - 1
        kernel = math.prod(self.kernel_size) * shape[-1] * m
        cheap = math.prod(self.depthwise_kernel_size) * m * more
        height, width = self.output_shape(shape)[1:3]
        return kernel + cheap + 2 * m * self.ratio, height * width * (kernel + cheap)

    def load_torch_state(self, state):
        """Take the weights and running statistics of the published PyTorch modules."""
        kernel = self.primary.kernel
        table = {"primary_conv.0.weight": (kernel, lambda a: torch_layout.convolution_bank(a, 1, kernel.shape)[0])}
        norms = {"primary_conv.1": self.primary_norm}
        if self.ratio > 1:
            depthwise = self.cheap.weights[0]
            table["cheap_operation.0.weight"] = (
                depthwise,
                lambda a: torch_layout.depthwise_bank(a, 1, depthwise.shape)[0],
            )
            norms["cheap_operation.1"] = self.cheap_norm
        for name, norm in norms.items():
            table[f"{name}.weight"], table[f"{name}.bias"] = (norm.gamma, np.asarray), (norm.beta, np.asarray)
            table[f"{name}.running_mean"] = (norm.moving_mean, np.asarray)
            table[f"{name}.running_var"] = (norm.moving_variance, np.asarray)
        state = {name: a for name, a in state.items() if not name.endswith("num_batches_tracked")}
        torch_layout.assign(self.label, state, table)

    def get_config(self):
        serialize = {"initializer": keras.initializers.serialize, "regularizer": keras.regularizers.serialize}
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "activation": keras.activations.serialize(self.activation),
            "ratio": self.ratio,
            "depthwise_kernel_size": self.depthwise_kernel_size,
            **{
                f"{k}_{what}": to(getattr(self, f"{k}_{what}"))
                for k in ("kernel", "depthwise")
                for what, to in serialize.items()
            },
        }
