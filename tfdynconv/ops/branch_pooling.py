"""A branch that pools beside branches that convolve, on the grid of the largest window."""

import tensorflow as tf

POOLS = {"max": (tf.nn.max_pool2d, "SYMMETRIC"), "average": (tf.nn.avg_pool2d, "CONSTANT")}


def pool_branch(inputs, kind, pool_size, strides, padding, kernel_size):
    """The largest or mean value of each window of `[batch, height, width, channels]`, centred in the largest window.

    With "same" cells beyond the border do not count (as in Keras). With numbers they are no candidates for the largest value
    and zeros for the mean (as in PyTorch). Mirrored cells stand for no candidates: a window that sees one sees its
    original; the most negative number would leave 8-bit integers no room for the others.

    Args:
        kind: "max" or "average".
        pool_size, strides: one int per axis; odd as `kernel_size`; for "same" no window smaller than the stride.
        padding: "same", "valid" or one (before, after) pair per axis, of the largest window.
        kernel_size: the largest window.

    >>> import tensorflow as tf
    >>> pool_branch(tf.reshape(tf.range(5.0), [1, 5, 1, 1]), "max", (3, 1), (2, 1), "same", (3, 1))[0, :, 0, 0].numpy().tolist()
    [1.0, 3.0, 4.0]
    """
    pool, mode = POOLS[kind]
    if padding == "same":
        return pool(inputs, pool_size, strides, "SAME")
    cut = [(k - p) // 2 for k, p in zip(kernel_size, pool_size)]
    pads = ((0, 0),) * 2 if padding == "valid" else padding
    net = [(before - c, after - c) for (before, after), c in zip(pads, cut)]
    inner = (slice(max(-before, 0), -max(-after, 0) or None) for before, after in net)
    outer = [[max(before, 0), max(after, 0)] for before, after in net]
    inputs = inputs[(slice(None), *inner)]
    if any(map(sum, outer)):
        inputs = tf.pad(inputs, [[0, 0], *outer, [0, 0]], mode)
    return pool(inputs, pool_size, strides, "VALID")
