"""Self-calibrated convolution (SCNet, CVPR 2020): a convolution gated by a coarse view of its own input."""

import keras
import tensorflow as tf

from tfdynconv.blocks import torch_entries
from tfdynconv.blocks.conv_block import ConvBlock
from tfdynconv.blocks.conv_norm import ConvNorm
from tfdynconv.layers import torch_layout
from tfdynconv.layers.arguments import passed
from tfdynconv.ops.geometry import spatial_size
from tfdynconv.ops.nearest import resize_nearest


@keras.saving.register_keras_serializable(package="tfdynconv")
class SCConv2D(ConvBlock):
    """Convolution of which half the channels see far: what is around them at a coarse scale gates them.

    In place of the 3x3 convolution of a bottleneck, normalisation included; it costs less than that.

    The first half of the channels, x1, is calibrated, the other half, x2, convolved plainly; each F is a convolution with
    batch normalisation, and `up` the nearest neighbour by PyTorch's rule, as published:
    `y1 = F4(F3(x1) sigmoid(x1 + up(F2(mean of cells of pooling_size squared in x1))))`, `y2 = F1(x2)`,
    `y = activation([y1, y2])`. (The authors' networks make x1 and x2 by 1x1 convolutions, put y2 first, and have a ReLU.)

    Args:
        filters, kernel_size, data_format, groups: as in `keras.layers.Conv2D`.
        strides: of F1 and F4 alone.
        padding: "same", "valid", an int or a (before, after) pair per axis, of F1 and F4; F2 and F3 change no size. The
            published module has `dilation_rate` for a 3x3 kernel on all sides, which differs from "same" at strides above 1.
        dilation_rate: of all convolutions.
        activation: behind the whole.
        pooling_size: side of the cells, the paper's r. What the cells leave at the end of an axis goes into none; an input
            smaller than a cell is one cell, or several of its shorter side.
        split_input: False to calibrate all channels, `y = activation(y1)`: the published class.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: channels or filters that cannot be halved or divided by `groups`; bad arguments.

    Cost, k taps over the groups, C channels, F filters, cells of r r pixels: `k C (C + F) / 2` parameters, for F = C those of a
    plain convolution, and `2 (C + F)` of the normalisations, and
    `height' width' k C F / 2 + height width C (k C (1 + 1 / (r r)) / 4 + 1 / 2)` multiply-adds. Without the split
    `k C (2 C + F)` and `2 (2 C + F)` parameters, and `height' width' k C F + height width C (k C (1 + 1 / (r r)) + 1)`.

    Reference: Liu et al., Self-Calibrated Convolutions, CVPR 2020.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.blocks.SCConv2D(16, 3, strides=2, activation="relu")
    >>> layer(tf.ones([2, 14, 14, 16])).shape
    TensorShape([2, 7, 7, 16])
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
        activation=None,
        pooling_size=4,
        split_input=True,
        **kwargs,
    ):
        super().__init__(**passed(locals(), "pooling_size", "split_input"))
        self.pooling_size, self.split_input = self.check_positive("pooling_size", pooling_size), split_input

    def parts(self, channels):
        """`{name: convolution}`, not built; the plain one last."""
        share, filters = channels, self.filters
        if self.split_input:
            self.check_divisible("with `split_input` the input's channels", channels, "2", 2)
            self.check_divisible("with `split_input` `filters`", self.filters, "2", 2)
            share, filters = share // 2, filters // 2
        self.check_divisible("a convolution's input channels", share, "`groups`", self.groups)
        self.check_divisible("a convolution's filters", filters, "`groups`", self.groups)

        def conv(name, filters, strides=(1, 1), padding="same"):
            window = (self.kernel_size, strides, padding, self.dilation_rate, self.groups)
            return ConvNorm(filters, *window, norm=self.norm, dtype=self.dtype_policy, name=name)

        found = {"coarse": conv("coarse", share), "fine": conv("fine", share)}
        found["calibrated"] = conv("calibrated", filters, self.strides, self.padding)
        if self.split_input:
            found["plain"] = conv("plain", filters, self.strides, self.padding)
        return found

    def make(self, shape):
        self.convs = self.parts(shape[-1])
        share = shape[-1] // 2 if self.split_input else shape[-1]
        for conv in self.convs.values():
            self.grow(conv, (*shape[:-1], share))

    def run(self, inputs, training):
        def conv(name, maps):
            return self.convs[name](maps, training=training)

        x, *plain = tf.split(inputs, 2, -1) if self.split_input else [inputs]
        around = resize_nearest(conv("coarse", self.pool(x)), spatial_size(x, 2))
        outputs = conv("calibrated", conv("fine", x) * tf.sigmoid(x + around))
        if plain:
            outputs = tf.concat([outputs, conv("plain", plain[0])], -1)
        return outputs if self.activation is None else self.activation(outputs)

    def cell(self, size):
        """Side of a cell of the coarse view."""
        return min([self.pooling_size, *(n for n in size if isinstance(n, int))])

    def pool(self, maps):
        side = self.cell(spatial_size(maps, 2))
        return tf.nn.avg_pool2d(maps, side, side, "VALID")

    def count(self, shape):
        batch, height, width, channels = shape
        side = self.cell((height, width))
        fine = (batch, height, width, channels // 2 if self.split_input else channels)
        shapes = {"coarse": (batch, height // side, width // side, fine[-1])}
        costs = [conv.cost(shapes.get(name, fine)) for name, conv in self.parts(channels).items()]
        parameters, multiply_adds = map(sum, zip(*costs))
        return parameters, multiply_adds + height * width * fine[-1]

    def load_torch_state(self, state):
        """Take the weights of the published `SCConv`: `{name in its state_dict: array}`; for `split_input=False`."""
        if self.split_input:
            raise ValueError(
                f"{self.label}: the published SCConv has no part for the plain half. Received: a state of it, for a block "
                "with split_input=True. Make the block with split_input=False."
            )
        table = {}
        for name, prefix, first in (("coarse", "k2", 1), ("fine", "k3", 0), ("calibrated", "k4", 0)):
            conv = self.convs[name]
            table |= torch_entries.convolution(f"{prefix}.{first}", conv.conv)
            table |= torch_entries.normalization(f"{prefix}.{first + 1}", conv.normalize)
        torch_layout.assign(self.label, torch_entries.without_counts(state), table)

    def get_config(self):
        return {**super().get_config(), "pooling_size": self.pooling_size, "split_input": self.split_input}
