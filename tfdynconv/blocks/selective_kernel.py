"""Selective kernels (arXiv 1903.06586): branches of several kernel sizes, weighed for each sample and channel."""

import keras
import tensorflow as tf

from tfdynconv.blocks import torch_entries
from tfdynconv.blocks.channel_rounding import HiddenWidth
from tfdynconv.blocks.conv_block import ConvBlock
from tfdynconv.blocks.conv_norm import ConvNorm
from tfdynconv.blocks.pooled_attention import PooledAttention, attention_dtype
from tfdynconv.layers import torch_layout
from tfdynconv.layers.arguments import passed
from tfdynconv.ops.branch_padding import crop_for, pad_once, pads_alike
from tfdynconv.ops.branch_softmax import branch_softmax, weighted_sum
from tfdynconv.ops.geometry import standardize_ints


@keras.saving.register_keras_serializable(package="tfdynconv")
class SKConv2D(HiddenWidth, ConvBlock):
    """Convolutions of several kernel sizes, of which every sample and channel takes its own weighted mean.

    In place of the 3x3 convolution of a ResNeXt's bottleneck, normalisation and activation included, where objects come in
    many sizes.

    `u_m = activation(norm(conv_m(x)))` for each of M branches, `y = sum_m a_m u_m` with `a = softmax over m (W2 activation(
    norm(W1 mean(sum_m u_m))))`. All branches read the same grid: the input is padded once, for the largest kernel.

    Args:
        filters, strides, data_format, groups: as in `keras.layers.Conv2D`; the paper's networks have 32 groups.
        kernel_sizes: one for each branch, each an int or a pair, odd where they differ.
        padding: "same", "valid", an int or a (before, after) pair per axis, for the largest kernel.
        dilation_rate: as in `keras.layers.Conv2D`; strides and dilation may both be above 1.
        activation: behind each convolution, and inside the attention.
        dilated: each branch has a 3x3 kernel, whose dilation makes it as wide as its kernel size: the paper's form. False
            for kernels that are full.
        split_input: each branch reads a part of the input's channels of its own (timm's default) instead of all.
        reduction_ratio: hidden width of the attention as a share of the filters.
        hidden_units: the hidden width itself; overrides the ratio.
        divisor: the hidden width is rounded to a multiple of it; None rounds down.
        min_hidden: the least width, 32 in the paper, 8 in timm.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: channels or filters not divisible, kernels even and odd together, bad arguments.

    Cost, M branches of k weights a window each, C channels, F filters, G groups, width d: `M (k C F / G + 2 F) + F d + 2 d +
    M F d` parameters, multiply-adds `height' width' M F (k C / G + 1) + F d + M F d`; with `split_input` C / M for C.

    Reference: Li et al., Selective Kernel Networks, arXiv 1903.06586.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.blocks.SKConv2D(64, split_input=True, min_hidden=8)
    >>> layer(tf.ones([2, 8, 8, 64])).shape, layer.cost((None, 8, 8, 64))[0]
    (TensorShape([2, 8, 8, 64]), 38672)
    """

    def __init__(
        self,
        filters,
        kernel_sizes=(3, 5),
        strides=1,
        padding="same",
        data_format=None,
        dilation_rate=1,
        groups=1,
        activation="relu",
        dilated=True,
        split_input=False,
        reduction_ratio=1 / 16,
        hidden_units=None,
        divisor=8,
        min_hidden=32,
        **kwargs,
    ):
        width = {"hidden_units": hidden_units, "divisor": divisor, "min_hidden": min_hidden}
        own = ("kernel_sizes", "dilated", "split_input", "reduction_ratio", *width)
        sizes = standardize_sizes(kernel_sizes, type(self).__name__)
        super().__init__(**passed(locals(), "width", "own", "sizes", *own), kernel_size=map(max, zip(*sizes)))
        self.set_width(reduction_ratio, **width)
        self.kernel_sizes, self.dilated, self.split_input = sizes, dilated, split_input
        odd = {tuple(n % 2 for n in size) for size in sizes}
        if len(odd) > 1 or (dilated and odd != {(1, 1)}):
            raise ValueError(
                f"{self.label}: `kernel_sizes` must be odd to have one centre (all even serves too, with dilated=False). "
                f"Received: kernel_sizes={kernel_sizes!r}, dilated={dilated}."
            )

    def window(self, size):
        """(kernel size, dilation) of a branch."""
        if not self.dilated:
            return size, self.dilation_rate
        dilation = [max(1, d * (n - 1) // 2) for n, d in zip(size, self.dilation_rate)]
        return tuple(min(n, 3) for n in size), tuple(dilation)

    def extent(self, size):
        return tuple((n - 1) * d + 1 for n, d in zip(size, self.dilation_rate))

    @property
    def pads_itself(self):
        """Whether each branch pads its own input."""
        return pads_alike(self.padding, [self.extent(size) for size in self.kernel_sizes], self.strides)

    def parts(self, channels):
        """(convolutions, attention), not built."""
        count = len(self.kernel_sizes)
        if self.split_input:
            self.check_divisible("with `split_input` the input's channels", channels, "the number of branches", count)
            channels //= count
        self.check_divisible("a branch's input channels", channels, "`groups`", self.groups)
        self.check_divisible("`filters`", self.filters, "`groups`", self.groups)
        convs = []
        for i, size in enumerate(self.kernel_sizes):
            kernel_size, dilation = self.window(size)
            convs.append(
                ConvNorm(
                    self.filters,
                    kernel_size,
                    self.strides,
                    "same" if self.pads_itself else "valid",
                    dilation,
                    self.groups,
                    norm=self.norm,
                    activation=self.activation,
                    dtype=self.dtype_policy,
                    name=f"branch_{i}",
                )
            )
        attention = PooledAttention(
            self.width(self.filters),
            self.filters * count,
            use_bias=False,
            activation=self.activation,
            dtype=attention_dtype(self.compute_dtype),
            name="attention",
        )
        return convs, attention

    def share(self, channels):
        """Input channels of one branch."""
        return channels // len(self.kernel_sizes) if self.split_input else channels

    def make(self, shape):
        convs, attention = self.parts(shape[-1])
        self.convs = [self.grow(conv, (*shape[:-1], self.share(shape[-1]))) for conv in convs]
        self.attention = self.grow(attention, (shape[0], self.filters))

    def run(self, inputs, training):
        inputs = self.inputs_of_branches(inputs)
        maps = [conv(x, training=training) for conv, x in zip(self.convs, inputs)]
        means = tf.add_n([self.attention.pool(u) for u in maps])
        weights = branch_softmax(self.attention(means, training=training), len(maps))
        return weighted_sum(maps, weights)

    def inputs_of_branches(self, inputs):
        if not self.pads_itself:
            inputs = pad_once(inputs, self.padding, self.kernel_size, self.strides, self.dilation_rate)
        count = len(self.kernel_sizes)
        parts = tf.split(inputs, count, -1) if self.split_input else [inputs] * count
        if self.pads_itself:
            return parts
        largest = self.extent(self.kernel_size)
        return [crop_for(x, largest, self.extent(size), (1, 1)) for x, size in zip(parts, self.kernel_sizes)]

    def count(self, shape):
        convs, attention = self.parts(shape[-1])
        _, height, width, filters = self.output_shape(shape)
        parameters, multiply_adds = attention.cost(filters)
        for conv in convs:
            pixels, kernel = height * width, conv.kernel_weights(self.share(shape[-1]))
            parameters += kernel + 2 * filters
            multiply_adds += pixels * (kernel + filters)
        return parameters, multiply_adds

    def load_torch_state(self, state):
        """Take the weights of timm's `SelectiveKernel`: `{name in its state_dict: array}`."""
        attention, table = self.attention, {}
        for i, conv in enumerate(self.convs):
            table |= torch_entries.convolution(f"paths.{i}.conv", conv.conv)
            table |= torch_entries.normalization(f"paths.{i}.bn", conv.normalize)
        table |= torch_entries.dense("attn.fc_reduce", attention.squeeze)
        table |= torch_entries.normalization("attn.bn", attention.normalize)
        table |= torch_entries.dense("attn.fc_select", attention.excite)
        torch_layout.assign(self.label, torch_entries.without_counts(state), table)

    def get_config(self):
        config = super().get_config()
        del config["kernel_size"]  # the largest
        own = {"kernel_sizes": self.kernel_sizes, "dilated": self.dilated, "split_input": self.split_input}
        return {**config, **own}


def standardize_sizes(kernel_sizes, label):
    """A tuple of pairs."""
    if not isinstance(kernel_sizes, (list, tuple)) or not kernel_sizes:
        raise ValueError(
            f"{label}: `kernel_sizes` must list the kernel size of each branch, such as (3, 5). Received: "
            f"kernel_sizes={kernel_sizes!r}."
        )
    return tuple(standardize_ints(size, 2, "kernel_sizes", label) for size in kernel_sizes)
