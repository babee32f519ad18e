"""Octave convolution (arXiv 1904.05049): a part of the channels lives on a grid of half the size."""

import math

import keras
import numpy as np
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.blocks.octave_window import OctaveWindow
from tfdynconv.layers import torch_layout
from tfdynconv.layers.arguments import passed
from tfdynconv.layers.kernel_layer import KernelLayer
from tfdynconv.ops.geometry import fold_padding
from tfdynconv.ops.octaves import octave_conv
from tfdynconv.ops.per_sample_conv import channels_first, channels_last
from tfdynconv.ops.static_conv import static_conv


@keras.saving.register_keras_serializable(package="tfdynconv")
class OctaveConv2D(OctaveWindow, KernelLayer):
    """2-D convolution of pairs (high, low): most channels on the full grid, `alpha` of them on one of half the size.

    In place of `Conv2D` where its multiply-adds are too many: with half of the channels low they are 44 %, with the same
    weights. A network begins with `alpha_in=0`, which takes one tensor, and ends with `alpha_out=0`, which gives one. The
    layer is static: it computes the same convolution for each sample.

    Of C channels `int(alpha_in C)` are low, of the filters `int(alpha_out filters)`; high ones come first in kernel and bias,
    which have the shapes of `Conv2D`'s and are cut into the four parts `hh`, `hl`, `lh`, `ll`:

        high' = activation(conv(high, hh) + up(conv(low, lh)) + b_high)
        low'  = activation(conv(low, ll) + conv(pool(high), hl) + b_low)

    `pool` takes means of 2x2 cells, `up` repeats each cell 2x2 times. With `strides=2` the convolutions still have stride 1:
    `high' = conv(pool(high), hh) + conv(low, lh)`, for `low` has the size of `high'` already, and
    `low' = conv(pool(low), ll) + conv(pool(pool(high)), hl)`.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias, kernel_initializer,
        bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint:
            as in `keras.layers.Conv2D`. `strides` are 1 or 2, and go with any `dilation_rate`. `padding` must keep the size:
            "same", or (before, after) pairs that add up to it. With `groups` each of the four parts is grouped; where each
            channel is a group (depthwise) `hl` and `lh` do not exist.
        alpha_in: how much of the input's channels is low; 0 where the input is one tensor.
        alpha_out: how much of the filters is low; 0 where the output is one tensor.

    Call arguments:
        inputs: the pair (high, low), or one tensor for `alpha_in=0`.

    Shapes: `([batch, height, width, high], [batch, height / 2, width / 2, low]) -> ([batch, height / strides, width /
    strides, filters - low'], [batch, height / strides / 2, width / strides / 2, low'])`, or channels first.

    Raises:
        ValueError: bad arguments, an input that is not what `alpha_in` says, a size that cannot be halved as often as
            needed: twice for `strides=2` with `alpha_out > 0`.

    Cost, kernel of k taps: `k channels filters / groups + filters` parameters, and
    `height' width' k channels filters (1/4 + 3/4 (1 - alpha)^2) / groups` multiply-adds for one alpha at stride 1.

    Reference: Chen et al., Octave Convolution, arXiv 1904.05049.

    >>> import tensorflow as tf, tfdynconv
    >>> high, low = tfdynconv.blocks.OctaveConv2D(8, 3, alpha_in=0)(tf.ones([2, 8, 8, 3]))
    >>> high.shape, low.shape
    (TensorShape([2, 8, 8, 4]), TensorShape([2, 4, 4, 4]))
    >>> tfdynconv.blocks.OctaveConv2D(6, 3, alpha_out=0)((high, low)).shape
    TensorShape([2, 8, 8, 6])
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="same",
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
        alpha_in=0.5,
        alpha_out=0.5,
        **kwargs,
    ):
        super().__init__(**passed(locals()))

    def build(self, input_shape):
        shape = self.kernel_shape(self.split_channels(input_shape))
        self.kernel = self.add_weight(
            name="kernel",
            shape=shape,
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            trainable=True,
        )
        self.bias = self.add_bias() if self.use_bias else None
        super().build(input_shape)

    def add_bias(self):
        return self.add_weight(
            name="bias",
            shape=(self.filters,),
            initializer=self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
            trainable=True,
        )

    def call(self, inputs):
        high, low = self.apart(inputs)
        self.split_channels(high.shape if low is None else (high.shape, low.shape))
        first = self.data_format == "channels_first"
        high, low = (channels_last(x) if first and x is not None else x for x in (high, low))
        high, low = self.of_known_size(high, low)
        kernels = self.cut(_compat.values(self.kernel), high.shape[-1])
        outputs = octave_conv(high, low, kernels, self.conv, strided=self.strides == (2, 2))
        if self.use_bias:
            biases = tf.split(_compat.values(self.bias), self.split_filters)
            outputs = [y + b for y, b in zip(outputs, biases)]
        outputs = [channels_first(y) if first else y for y in outputs]
        if self.activation is not None:
            outputs = [self.activation(y) for y in outputs]
        return tuple(outputs) if self.alpha_out else outputs[0]

    def conv(self, x, kernel):
        x, geometry = fold_padding(x, self.padding, self.kernel_size, (1, 1), self.dilation_rate)
        return static_conv(x, kernel, geometry, x.shape[-1] // kernel.shape[-2])

    def cut(self, kernel, high_channels):
        """Those of the kernel's parts `hh`, `hl`, `lh` and `ll` that exist."""
        width, columns = kernel.shape[-2], tf.split(kernel, self.split_filters, -1)
        if self.is_depthwise(width * self.groups):
            return dict(zip(("hh", "ll"), columns))
        high = high_channels // self.groups
        rows = [high, width - high] if self.alpha_in else [width]
        return {s + t: part for t, column in zip("hl", columns) for s, part in zip("hl", tf.split(column, rows, -2))}

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample) for an input, or a pair of inputs, of this shape."""
        split = self.split_channels(input_shape)
        parameters = math.prod(self.kernel_shape(split))
        at_high = at_low = 0
        for source, channels in zip("hl", split):
            for target, filters in zip("hl", self.split_filters):
                if self.is_depthwise(sum(split)):
                    weights = math.prod(self.kernel_size) * filters * (source == target)
                else:
                    weights = math.prod(self.kernel_size) * channels * filters // self.groups
                if source + target == "hh" or (source + target == "lh" and self.strides == (2, 2)):
                    at_high += weights
                else:
                    at_low += weights
        multiply_adds = self.multiply_adds(input_shape, 4 * at_high + at_low) // 4
        return parameters + (self.filters if self.use_bias else 0), multiply_adds

    def load_torch_state(self, state):
        """Take the weights of published PyTorch modules: `h2h.weight` and so on. Their two biases for one output add up."""
        kernel = self.kernel.numpy()
        high = kernel.shape[-2] * self.groups - int(self.alpha_in * kernel.shape[-2] * self.groups)
        parts = {f"{s}2{t}": Slot(part.shape) for (s, t), part in self.cut(kernel, high).items()}
        shapes = {name: slot.shape for name, slot in parts.items()}
        table = {
            f"{name}.weight": (slot, lambda a, shape=shapes[name]: torch_layout.convolution_bank(a, 1, shape)[0])
            for name, slot in parts.items()
        }
        biases = {name: Slot(shape[-1:]) for name, shape in shapes.items() if self.use_bias}
        table.update({f"{name}.bias": (slot, np.asarray) for name, slot in biases.items()})
        torch_layout.assign(self.label, state, table)
        columns = [[slot.value for name, slot in parts.items() if name[-1] == t] for t in "hl"]
        self.kernel.assign(np.concatenate([np.concatenate(rows, -2) for rows in columns if rows], -1))
        if self.use_bias:
            sums = [sum(slot.value for name, slot in biases.items() if name[-1] == t) for t in "hl"]
            self.bias.assign(np.concatenate(sums[: len(self.split_filters)]))


class Slot:
    """A part of a weight."""

    def __init__(self, shape):
        self.shape, self.value = tuple(shape), None

    def assign(self, value):
        self.value = value
