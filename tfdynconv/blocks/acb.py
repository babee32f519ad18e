"""The Asymmetric Convolution Block of ACNet (arXiv 1908.03930)."""

import keras

from tfdynconv.blocks.folding_block import FoldingBlock
from tfdynconv.ops.branch_padding import pad


@keras.saving.register_keras_serializable(package="tfdynconv")
class ACBlock2D(FoldingBlock):
    """Asymmetric Convolution Block: a square kernel and its skeleton, trained apart and folded to one `Conv2D`.

    In the place of a `Conv2D` with batch normalisation, while training: the network learns better and costs after `fold()`
    what it did. Three convolutions of one input, each with batch normalisation, are added:

    `y = activation(BN(conv(x, K [kh, kw])) + BN(conv(x, V [kh, 1])) + BN(conv(x, H [1, kw])))`.

    All see the same windows, whatever the strides: the input is padded once, for the whole kernel, and the strips read its
    middle column and row. A strip that would be the whole kernel is left out, so that a 1x1 block is one convolution with
    normalisation. There is no normalisation behind the sum; the authors removed it.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation: as in `keras.layers.Conv2D`.
            Sides of the kernel must be odd; `padding` also takes an int or a (before, after) pair per axis.
        kernel_initializer, kernel_regularizer, kernel_constraint: for each of the three kernels; there is no bias.
        gamma_initializer: of the normalisation behind the whole kernel.
        branch_gamma_initializer: of those behind the strips; "zeros" starts with the square alone, and the constant 1/3 for
            both keeps the sum's size (the authors' `single_init` and `reduce_gamma`).

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.
        training: whether the normalisations use the batch's statistics.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, sides that are even, channels that the groups do not divide, an input of the wrong rank.

    Cost of the block as it trains, kernel of kh kw taps, C channels, F filters, g groups: `(kh kw + kh + kw) C F / g + 6 F`
    parameters, `height' width' (kh kw + kh + kw) C F / g` multiply-adds. `folded_cost` has that of the `Conv2D` with bias.

    Reference: Ding et al., ACNet, ICCV 2019; arXiv 1908.03930.

    >>> import tensorflow as tf, tfdynconv
    >>> block = tfdynconv.blocks.ACBlock2D(8, 3, padding="same")
    >>> block(tf.ones([2, 8, 8, 4])).shape
    TensorShape([2, 8, 8, 8])
    >>> type(block.fold()).__name__, block.cost((None, 8, 8, 4)), block.folded_cost((None, 8, 8, 4))
    ('Conv2D', (528, 30720), (296, 18432))
    """

    def make_branches(self, shape):
        height, width = self.kernel_size
        strips = [("vertical", (height, 1)), ("horizontal", (1, width))]
        found = [self.centred_conv("square", 0, self.kernel_size, shape, self.gamma_initializer)]
        for index, (name, kernel_size) in enumerate(strips, 1):
            if kernel_size != self.kernel_size:
                found.append(self.centred_conv(name, index, kernel_size, shape, self.branch_gamma_initializer))
        return found

    def branch_outputs(self, inputs, pads, training):
        padded = pad(inputs, pads)
        return [branch(padded, training=training) for branch in self.branches]
