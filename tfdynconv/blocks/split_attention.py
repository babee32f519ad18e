"""ResNeSt's split attention (arXiv 2004.08955)."""

import math

import keras
import tensorflow as tf

from tfdynconv.blocks import torch_entries
from tfdynconv.blocks.channel_rounding import HiddenWidth
from tfdynconv.blocks.conv_block import ConvBlock
from tfdynconv.blocks.conv_norm import ConvNorm
from tfdynconv.blocks.pooled_attention import PooledAttention, attention_dtype
from tfdynconv.layers import torch_layout
from tfdynconv.layers.arguments import passed
from tfdynconv.ops.branch_softmax import branch_softmax, weighted_sum
from tfdynconv.ops.geometry import output_length

POOLINGS = (None, "before", "after")


@keras.saving.register_keras_serializable(package="tfdynconv")
class SplitAttentionConv2D(HiddenWidth, ConvBlock):
    """Several convolutions at once, of which every sample and channel takes its own weighted mean.

    In place of the 3x3 convolution of a ResNet's bottleneck, normalisation and activation included.

    One grouped convolution makes `radix` maps of `filters` channels, `u_1 ... u_r = activation(norm(conv(x)))`, the r-th
    from the r-th part of the input channels. `y = sum_r a_r u_r` with `a = softmax over r (W2 activation(norm(W1
    mean(sum_r u_r) + b1)) + b2)`; with `radix=1` the softmax is a sigmoid. W1 and W2 are in `groups` groups too.

    Args:
        filters, kernel_size, strides, data_format, dilation_rate: as in `keras.layers.Conv2D`; strides and dilation may both
            be above 1.
        padding: "same", "valid", an int or a (before, after) pair per axis; PyTorch's networks have `kernel_size // 2`,
            which differs from "same" at strides above 1 and even sizes.
        groups: the paper's cardinality; the convolution has `groups * radix` groups.
        activation: behind the convolution, and inside the attention.
        use_bias: of the convolution, which has none as published.
        radix: r, maps to choose from.
        reduction_ratio: width of the attention as a share of the input channels times radix.
        hidden_units: that width itself; overrides the ratio. (timm's `rd_channels` is `hidden_units / radix`.)
        divisor: the width is rounded to a multiple of it, and to one of `groups`; None rounds down first, as the authors do.
        min_hidden: the least width.
        use_norm: batch normalisation behind the convolution and in the attention.
        pooling: `"after"` or `"before"`: the convolution has stride 1, and a 3x3 mean with the strides follows the block
            or comes first (the authors' `avd` and `avd_first`); zeros beyond the border count, as in PyTorch.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: channels not divisible by `groups * radix`, `filters` or `hidden_units` not by `groups`; bad arguments.

    Cost, C channels, F filters, k taps, G groups, r = radix, attention of width A: `k C F / G + F A / G + A + A r F / G + r F`
    parameters, with normalisation `2 r F + 2 A` more, and `height' width' (k C F / G + r F) + F A / G + A r F / G`
    multiply-adds: those of the convolution do not grow with r.

    Reference: Zhang et al., ResNeSt, arXiv 2004.08955.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.blocks.SplitAttentionConv2D(64, radix=2)
    >>> layer(tf.ones([2, 8, 8, 64])).shape, layer.cost((None, 8, 8, 64))[0]
    (TensorShape([2, 8, 8, 64]), 43488)
    """

    def __init__(
        self,
        filters,
        kernel_size=3,
        strides=1,
        padding="same",
        data_format=None,
        dilation_rate=1,
        groups=1,
        activation="relu",
        use_bias=False,
        radix=2,
        reduction_ratio=0.25,
        hidden_units=None,
        divisor=8,
        min_hidden=32,
        use_norm=True,
        pooling=None,
        **kwargs,
    ):
        width = {"hidden_units": hidden_units, "divisor": divisor, "min_hidden": min_hidden}
        own = ("use_bias", "radix", "reduction_ratio", "use_norm", "pooling")
        super().__init__(**passed(locals(), "width", "own", *width, *own))
        self.set_width(reduction_ratio, **width)
        self.radix = self.check_positive("radix", radix)
        self.check_divisible("`filters`", self.filters, "`groups`", self.groups)
        if hidden_units is not None:
            self.check_divisible("`hidden_units`", hidden_units, "`groups`", self.groups)
        if pooling not in POOLINGS:
            raise ValueError(f"{self.label}: `pooling` must be one of {POOLINGS}. Received: pooling={pooling!r}.")
        self.use_bias, self.use_norm, self.pooling = use_bias, use_norm, pooling

    def attention_width(self, channels):
        """That of timm, made divisible by `groups`."""
        width = self.width(channels * self.radix)
        return math.ceil(width / self.groups) * self.groups

    def parts(self, channels):
        """(convolution, attention), not built."""
        self.check_divisible("the input's channels", channels, "`groups * radix`", self.groups * self.radix)
        conv = ConvNorm(
            self.filters * self.radix,
            self.kernel_size,
            (1, 1) if self.pooling else self.strides,
            self.padding,
            self.dilation_rate,
            self.groups * self.radix,
            self.use_bias,
            self.norm if self.use_norm else None,
            self.activation,
            dtype=self.dtype_policy,
            name="conv",
        )
        attention = PooledAttention(
            self.attention_width(channels),
            self.filters * self.radix,
            self.groups,
            use_norm=self.use_norm,
            activation=self.activation,
            dtype=attention_dtype(self.compute_dtype),
            name="attention",
        )
        return conv, attention

    def make(self, shape):
        conv, attention = self.parts(shape[-1])
        self.conv = self.grow(conv, shape)
        self.attention = self.grow(attention, (shape[0], self.filters))

    def run(self, inputs, training):
        if self.pooling == "before":
            inputs = self.pool(inputs)
        maps = self.conv(inputs, training=training)
        means = tf.add_n(tf.split(self.attention.pool(maps), self.radix, -1))
        logits = self.attention(means, training=training)
        weights = [tf.sigmoid(logits)] if self.radix == 1 else branch_softmax(logits, self.radix, self.groups)
        outputs = weighted_sum(tf.split(maps, self.radix, -1), weights)
        return self.pool(outputs) if self.pooling == "after" else outputs

    def pool(self, maps):
        padded = tf.pad(maps, [[0, 0], [1, 1], [1, 1], [0, 0]])
        return tf.nn.avg_pool2d(padded, 3, self.strides, "VALID")

    def pooled_shape(self, shape):
        sizes = [output_length(n, 3, s, 1, (1, 1)) for n, s in zip(shape[1:3], self.strides)]
        return (shape[0], *sizes, shape[-1])

    def output_shape(self, shape):
        conv, _ = self.parts(shape[-1])
        shape = conv.compute_output_shape(self.pooled_shape(shape) if self.pooling == "before" else shape)
        shape = self.pooled_shape(shape) if self.pooling == "after" else shape
        return (*shape[:-1], self.filters)

    def count(self, shape):
        conv, attention = self.parts(shape[-1])
        if self.pooling == "before":
            shape = self.pooled_shape(shape)
        costs = [conv.cost(shape), attention.cost(self.filters)]
        _, height, width, maps = conv.compute_output_shape(shape)
        parameters, multiply_adds = map(sum, zip(*costs))
        return parameters, multiply_adds + height * width * maps

    def load_torch_state(self, state):
        """Take the weights of timm's `SplitAttn`: `{name in its state_dict: array}`."""
        conv, attention = self.conv, self.attention
        table = {
            **torch_entries.convolution("conv", conv.conv),
            **torch_entries.normalization("bn0", conv.normalize),
            **torch_entries.dense("fc1", attention.squeeze),
            **torch_entries.normalization("bn1", attention.normalize),
            **torch_entries.dense("fc2", attention.excite),
        }
        torch_layout.assign(self.label, torch_entries.without_counts(state), table)

    def get_config(self):
        return {
            **super().get_config(),
            "use_bias": self.use_bias,
            "radix": self.radix,
            "use_norm": self.use_norm,
            "pooling": self.pooling,
        }
