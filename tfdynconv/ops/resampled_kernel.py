"""Kernels read between their own taps: a large stored one, its scope, gives a small one at given places."""

import tensorflow as tf

from tfdynconv.ops.sampling import around


def tap_weights(y, x, scope_size):
    """How much each cell of the scope counts at each place: bilinear, zeros outside.

    Args:
        y, x: `[places]`, in cells of the scope.
        scope_size: (height, width).

    Returns:
        `[places, height * width]`, the scope's cells in rows.

    >>> import tensorflow as tf
    >>> tap_weights(tf.constant([0.25]), tf.constant([1.0]), (2, 2)).numpy().tolist()
    [[0.0, 0.75, 0.0, 0.25]]
    """
    vertical, horizontal = (hat(c, n) for c, n in zip((y, x), scope_size))
    outer = vertical[:, :, tf.newaxis] * horizontal[:, tf.newaxis, :]
    return tf.reshape(outer, [-1, scope_size[0] * scope_size[1]])


def hat(coordinate, size):
    """`max(0, 1 - |coordinate - i|)` for i below `size`; its gradient on a cell is that towards the larger coordinate."""
    before, here, beyond = around(coordinate, size)
    first, second = (tf.one_hot(before + i, size + 2, dtype=coordinate.dtype) for i in range(2))
    bordered = first * here[:, tf.newaxis] + second * beyond[:, tf.newaxis]
    return bordered[:, 1:-1]
