"""Involution (CVPR 2021, arXiv 2103.06255): a kernel for each position, made from the input there."""

import math

import keras
import tensorflow as tf

from tfdynconv.blocks.base import Block
from tfdynconv.layers import torch_layout
from tfdynconv.layers.observe import note
from tfdynconv.ops.geometry import standardize_ints
from tfdynconv.ops.involution import involution, odd


@keras.saving.register_keras_serializable(package="tfdynconv")
class Involution2D(Block):
    """2-D involution: each position weighs its neighbours with a kernel of its own, shared by runs of channels.

    In place of a `Conv2D` of as many filters as channels where a wide window is to cost little: a convolution has one kernel
    for all positions and another for each channel, an involution the reverse. Published networks (RedNet) have it in place of
    the 3x3 convolution of a bottleneck, with batch normalisation and ReLU behind.

    `w = span(relu(norm(reduce(x'))))` with 1x1 convolutions `reduce` (without bias) and `span`, x' the input, averaged over
    the cells of a stride; `y[p, c] = sum over taps t of w[p, g, t] x[s p + d t - d (k - 1) / 2, c]`, where channel c is in
    group `g = c // group_channels` and x is zero outside. Nothing is added to y, and w is used as it is.

    Args:
        kernel_size: an odd int, or two: the window is centred, as published, with strides too.
        strides: an int or two; the input's height and width must be divisible.
        data_format: as in `keras.layers.Conv2D`.
        dilation_rate: an int or two; strides are allowed beside it.
        group_channels: channels that share a kernel.
        reduction_ratio: the generator has `channels // reduction_ratio` hidden channels.
        kernel_initializer: for the kernels of both 1x1 convolutions.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.
        training: whether the generator normalises with the batch's statistics.

    Shapes: `[batch, height, width, channels] -> [batch, height / stride, width / stride, channels]`.

    Raises:
        ValueError: bad arguments; channels that `group_channels` does not divide; sizes that `strides` do not divide.

    Cost, C channels in G groups, r hidden channels, K taps, P output positions: `C r + 2 r + r K G + K G` parameters and
    `P (C r + r K G + K C)` multiply-adds.

    Reference: Li et al., Involution, CVPR 2021, arXiv 2103.06255.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.blocks.Involution2D(7, strides=2)(tf.ones([2, 8, 8, 32])).shape
    TensorShape([2, 4, 4, 32])
    """

    def __init__(
        self,
        kernel_size,
        strides=1,
        data_format=None,
        dilation_rate=1,
        group_channels=16,
        reduction_ratio=4,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.kernel_size = odd(kernel_size, self.label)
        self.strides = standardize_ints(strides, 2, "strides", self.label)
        self.dilation_rate = standardize_ints(dilation_rate, 2, "dilation_rate", self.label)
        self.group_channels = self.check_positive("group_channels", group_channels)
        self.reduction_ratio = self.check_positive("reduction_ratio", reduction_ratio)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def widths(self, channels):
        """(groups, hidden channels, channels of the generated map)."""
        if channels % self.group_channels:
            raise ValueError(
                f"{self.label}: the input's channels must be divisible by `group_channels`. Received: {channels} channels, "
                f"group_channels={self.group_channels}."
            )
        if channels < self.reduction_ratio:
            raise ValueError(
                f"{self.label}: the generator would have no hidden channels. Received: {channels} channels, "
                f"reduction_ratio={self.reduction_ratio}. Use a ratio of at most {channels}."
            )
        groups = channels // self.group_channels
        return groups, channels // self.reduction_ratio, groups * math.prod(self.kernel_size)

    def make(self, shape):
        self.check_divisible(shape)
        self.groups, hidden, maps = self.widths(shape[-1])
        small, inside = (*shape[:1], None, None, shape[-1]), (*shape[:1], None, None, hidden)
        self.reduce = self.grow(self.pointwise(hidden, "reduce", use_bias=False), small)
        self.normalize = self.norm(inside, "normalize")
        self.span = self.grow(self.pointwise(maps, "span"), inside)

    def pointwise(self, filters, name, **arguments):
        arguments = {"kernel_initializer": self.kernel_initializer, "dtype": self.dtype_policy, **arguments}
        return keras.layers.Conv2D(filters, 1, data_format="channels_last", name=name, **arguments)

    def check_divisible(self, shape):
        if any(n is not None and n % s for n, s in zip(shape[1:3], self.strides)):
            raise ValueError(
                f"{self.label}: height and width must be divisible by `strides`, for each kernel is made from the cells of a "
                f"stride. Received: height and width {tuple(shape[1:3])}, strides={self.strides}. Pad or crop the input."
            )

    def kernels(self, inputs, training=None):
        """The generated kernels of channels-last inputs: `[batch, height / stride, width / stride, groups * taps]`."""
        if max(self.strides) > 1:
            inputs = tf.nn.avg_pool2d(inputs, self.strides, self.strides, "VALID")
        hidden = tf.nn.relu(self.normalize(self.reduce(inputs), training=training))
        return self.span(hidden)

    def run(self, inputs, training):
        self.check_divisible(inputs.shape)  # of sizes that only the moment of running tells, the op's reshapes fail
        kernels = self.kernels(inputs, training)
        note(self, inputs=inputs, kernels=kernels)
        return involution(inputs, kernels, self.kernel_size, self.strides, self.dilation_rate, self.groups)

    def output_shape(self, shape):
        self.check_divisible(shape)
        return (shape[0], *(None if n is None else n // s for n, s in zip(shape[1:3], self.strides)), shape[3])

    def count(self, shape):
        groups, hidden, maps = self.widths(shape[-1])
        _, rows, columns, channels = self.output_shape(shape)
        parameters = channels * hidden + 2 * hidden + hidden * maps + maps
        return parameters, rows * columns * (channels * hidden + hidden * maps + math.prod(self.kernel_size) * channels)

    def load_torch_state(self, state):
        """Take the weights of the authors' PyTorch module `involution`, running statistics included."""
        norm = self.normalize
        table = {
            "conv1.conv.weight": (self.reduce.kernel, pointwise_kernel),
            "conv1.bn.weight": (norm.gamma, as_it_is),
            "conv1.bn.bias": (norm.beta, as_it_is),
            "conv1.bn.running_mean": (norm.moving_mean, as_it_is),
            "conv1.bn.running_var": (norm.moving_variance, as_it_is),
            "conv2.conv.weight": (self.span.kernel, pointwise_kernel),
            "conv2.conv.bias": (self.span.bias, as_it_is),
        }
        state = {name: a for name, a in state.items() if name != "conv1.bn.num_batches_tracked"}
        torch_layout.assign(self.label, state, table)

    def get_config(self):
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "dilation_rate": self.dilation_rate,
            "group_channels": self.group_channels,
            "reduction_ratio": self.reduction_ratio,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def pointwise_kernel(array):
    return torch_layout.dense_kernel(array)[None, None]


def as_it_is(array):
    return array
