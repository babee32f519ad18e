"""The Diverse Branch Block (arXiv 2103.13425)."""

import keras

from tfdynconv.blocks.dbb_branches import Chained, MeanNorm, PointwiseBorder
from tfdynconv.blocks.folding_block import FoldingBlock
from tfdynconv.layers.arguments import passed
from tfdynconv.ops.branch_padding import pad


@keras.saving.register_keras_serializable(package="tfdynconv")
class DiverseBranchBlock2D(FoldingBlock):
    """Diverse Branch Block: four unlike branches, trained together and folded to one `Conv2D`.

    In the place of a `Conv2D` with batch normalisation, while training: the network learns better and costs after `fold()`
    what it did. The block is the sum, and then the activation, of

    - the k x k convolution, BN;
    - a 1x1 convolution, BN;
    - a 1x1 convolution, BN, the mean over the k x k window, BN;
    - a 1x1 convolution to `internal_channels`, BN, a k x k convolution, BN.

    All see the same windows, whatever the strides. Where a BN stands before a window, its output is padded with what it makes
    of a zero (`beta - mean gamma / sqrt(variance + epsilon)` of the moving statistics, a constant to the gradient) instead of
    with zeros, and the mean counts the padding: so the branches fold exactly, borders included. A depthwise block (`groups`
    = channels = `filters`) has no second branch and no convolution in the third, as published.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation: as in `keras.layers.Conv2D`.
            Sides of the kernel must be odd; `padding` also takes an int or a (before, after) pair per axis. The published
            code pads by `kernel_size // 2` and has no dilation; here all windows are dilated alike.
        kernel_initializer, kernel_regularizer, kernel_constraint: for each kernel; there is no bias.
        gamma_initializer: of the normalisation behind the first branch.
        branch_gamma_initializer: of the last normalisation of each other branch; "zeros" starts with the first alone (the
            authors' `single_init`).
        internal_channels: between the fourth branch's convolutions; None for the input's channels, twice those of a depthwise
            block. If they are as many as the input's, the 1x1 kernel is the identity plus a weight that starts at zero.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.
        training: whether the normalisations use the batch's statistics.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, sides that are even, channels that the groups do not divide, an input of the wrong rank.

    Cost of the block as it trains, k k taps, C channels, F filters, M internal channels, g groups: parameters
    `(k k C F + 2 C F + C M + k k M F) / g + 8 F + 2 M`, and `(k k C F + C F + k k M F) / g` multiply-adds per output cell,
    `(C F + C M) / g` per input cell. `folded_cost` has that of the `Conv2D` with bias.

    Reference: Ding et al., Diverse Branch Block, CVPR 2021; arXiv 2103.13425.

    >>> import tensorflow as tf, tfdynconv
    >>> block = tfdynconv.blocks.DiverseBranchBlock2D(12, 3, padding="same")
    >>> block(tf.ones([2, 8, 8, 8])).shape
    TensorShape([2, 8, 8, 12])
    >>> type(block.fold()).__name__, block.cost((None, 8, 8, 8))[0], block.folded_cost((None, 8, 8, 8))[0]
    ('Conv2D', 2120, 876)
    """

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
        kernel_initializer="glorot_uniform",
        kernel_regularizer=None,
        kernel_constraint=None,
        gamma_initializer="ones",
        branch_gamma_initializer="ones",
        internal_channels=None,
        **kwargs,
    ):
        super().__init__(**passed(locals(), "internal_channels"))
        self.internal_channels = internal_channels
        if internal_channels is not None and self.check_positive("internal_channels", internal_channels) % self.groups:
            raise ValueError(
                f"{self.label}: `internal_channels` must be divisible by `groups`. Received: "
                f"internal_channels={internal_channels}, groups={groups}."
            )

    def make_branches(self, shape):
        channels, outer = shape[-1], self.branch_gamma_initializer
        depthwise = self.groups == channels == self.filters
        internal = self.internal_channels or (2 * channels if depthwise else channels)
        mean = MeanNorm(self.site, self.norm_over(self.filters, outer), name="mean", dtype=self.dtype_policy)
        mean = self.grow(mean, (*shape[:-1], self.filters))
        found = [self.centred_conv("origin", 0, self.kernel_size, shape, self.gamma_initializer)]
        if not depthwise:
            found.append(self.centred_conv("pointwise", 1, (1, 1), shape, outer))
            mean = self.chained("pointwise_mean", 2, self.filters, mean, shape, identity=False)
        conv = self.centred_conv("conv", 3, self.kernel_size, (*shape[:-1], internal), outer)
        return [*found, mean, self.chained("pointwise_conv", 4, internal, conv, shape, identity=internal == channels)]

    def chained(self, name, index, filters, after, shape, identity):
        """A branch that begins with a 1x1 convolution."""
        norm, policy = self.norm_over(filters), self.dtype_policy
        arguments = self.kernel_arguments(index)
        before = PointwiseBorder(self.groups, norm, identity, arguments, name="pointwise", dtype=policy)
        return self.grow(Chained(self.grow(before, shape), after, self.groups, name=name, dtype=policy), shape)

    def branch_outputs(self, inputs, pads, training):
        padded = pad(inputs, pads)
        for branch in self.branches:
            if isinstance(branch, Chained):
                yield branch(inputs, pads=pads, training=training)
            else:
                yield branch(padded, training=training)

    def get_config(self):
        return {**super().get_config(), "internal_channels": self.internal_channels}
