"""Taps: mix one tap of the kernels at a time and multiply it with the pixels that it reads, so that the kernels of a batch
never exist.

Where kernels are large and pixels few, moving the kernels of a batch through memory takes the time, and mixing a few
samples' kernels at a time reads the whole bank for each few. A block of one tap, or of some of its input channels, is read
once, mixed for all samples, used while it is in cache, and forgotten; the gradients of bank and coefficients are summed
up block by block as well. Products of matrices alone: the same under XLA.
"""

import tensorflow as tf

from tfdynconv.ops.geometry import spatial_size
from tfdynconv.ops.lowerings.matmul import starts, taps
from tfdynconv.ops.mixing import bank_gradient, coefficient_gradient, mix
from tfdynconv.ops.zeros import fit, spread

BLOCK_BYTES = 1 << 19  # of one sample's kernel: 16 MB for a batch of 32


def channels_a_block(bank):
    """The most input channels, in equal blocks, whose weights at one tap stay within `BLOCK_BYTES`."""
    channels, filters = bank.shape[-2:]
    parts = next(
        n for n in range(1, channels + 1) if channels % n == 0 and fits(channels // n, filters, bank) or n == channels
    )
    return channels // parts


def fits(channels, filters, bank):
    return channels * filters * bank.dtype.size <= BLOCK_BYTES


class Taps:
    """`conv`, `input_grad` and `mixture_grads` of a convolution with a mixed kernel, for `mixture_chunks.convolve`."""

    def conv(self, x, bank, coefficients, geometry):
        total = None
        for tap, pixels in enumerate(rows(x, bank, geometry)):
            for channels in blocks(bank):
                kernels = mix(part(bank, tap, channels), after(self.at(coefficients, tap), total))
                product = tf.matmul(pixels[..., channels], kernels)
                total = product if total is None else total + product
        output = geometry.output_size(spatial_size(x, geometry.rank), bank.shape[1:-2])
        return tf.reshape(total, [tf.shape(x)[0], *output, bank.shape[-1]])

    def input_grad(self, y, bank, coefficients, geometry, input_size):
        kernel_size = tuple(bank.shape[1:-2])
        before = geometry.pad_before(input_size, kernel_size)
        size = [n + e - 1 for n, e in zip(input_size, geometry.extent(kernel_size))]
        cells, space = flat(y), spatial_size(y, geometry.rank)
        total = None
        for tap, start in enumerate(starts(kernel_size, geometry)):
            grads: list = []
            for channels in blocks(bank):
                weights, before_it = part(bank, tap, channels), grads[-1] if grads else total
                kernels = mix(weights, after(self.at(coefficients, tap), before_it))
                grads.append(tf.matmul(cells, kernels, transpose_b=True))
            grad = tf.concat(grads, -1) if len(grads) > 1 else grads[0]
            grad = tf.reshape(grad, [tf.shape(y)[0], *space, bank.shape[-2]])
            shifted = fit(spread(grad, geometry.strides), start, size)
            total = shifted if total is None else total + shifted
        return tf.slice(total, [0, *before, 0], [-1, *input_size, -1])

    def mixture_grads(self, x, y, bank, coefficients, geometry):
        cells, last = flat(y), None
        for_bank, for_coefficients = [], []
        for tap, pixels in enumerate(rows(x, bank, geometry)):
            one = self.at(coefficients, tap)
            per_filter = one.shape[2] if one.shape.rank == 3 else None
            grads = []
            for channels in blocks(bank):
                weights = part(bank, tap, channels)
                kernels = tf.matmul(after(pixels[..., channels], last), cells, transpose_a=True)
                for_bank.append(bank_gradient(one, kernels, weights.shape))
                grads.append(coefficient_gradient(weights, kernels, per_filter))
                last = grads[-1]
            for_coefficients.append(tf.add_n(grads))
        return tf.reshape(tf.concat(for_bank, 1), bank.shape), self.gathered(for_coefficients)

    def at(self, coefficients, tap):
        return coefficients

    def gathered(self, grads):
        """The coefficients' gradient from those of each tap."""
        return tf.add_n(grads)


class WeightedTaps(Taps):
    """With coefficients for each tap, `[batch, taps, n]`: ODConv's spatial attention times its kernel attention."""

    def at(self, coefficients, tap):
        return coefficients[:, tap]

    def gathered(self, grads):
        return tf.stack(grads, 1)


def rows(x, bank, geometry):
    """For each tap `[batch, output pixels, channels]`, what it multiplies."""
    return (flat(pixels) for pixels in taps(x, tuple(bank.shape[1:-2]), geometry))


def flat(tensor):
    return tf.reshape(tensor, [tf.shape(tensor)[0], -1, tensor.shape[-1]])


def blocks(bank):
    step = channels_a_block(bank)
    return [slice(start, start + step) for start in range(0, bank.shape[-2], step)]


def part(bank, tap, channels):
    """`[n, channels of the block, filters]` of one tap."""
    by_tap = tf.reshape(bank, [bank.shape[0], -1, *bank.shape[-2:]])
    return by_tap[:, tap, channels]


def after(tensor, result):
    """The tensor, not before the result is there: blocks that ran side by side would fill the memory that they save."""
    if result is None:
        return tensor
    with tf.control_dependencies([result]):
        return tf.identity(tensor)
