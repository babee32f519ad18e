"""The input as each tap of a kernel sees it: one shifted slice a tap, without ever copying a patch."""

import itertools


def tap_slices(padded, kernel_size, strides, dilations, output_size):
    """Yield, tap by tap in rows, the cells of `[batch, *space, channels]` that the tap reads for every output cell.

    Args:
        padded: the input with its padding.
        output_size: output cells per axis, ints or scalar tensors.

    >>> import tensorflow as tf
    >>> [int(cells[0, 0, 0, 0]) for cells in tap_slices(tf.reshape(tf.range(9), [1, 3, 3, 1]), (2, 2), (1, 1), (1, 1), (2, 2))]
    [0, 1, 3, 4]
    """
    for tap in itertools.product(*map(range, kernel_size)):
        cut = [
            slice(t * d, t * d + (n - 1) * s + 1, s if s > 1 else None)
            for t, d, s, n in zip(tap, dilations, strides, output_size)
        ]
        yield padded[(slice(None), *cut)]
