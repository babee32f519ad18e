"""Branches with kernels of several sizes over one input: padded once, for the largest, and cropped for the others.

Each branch padding for itself ("same") would read another grid as soon as strides are above 1 and sizes even.
"""

import tensorflow as tf

from tfdynconv.ops.geometry import ConvGeometry, spatial_size
from tfdynconv.ops.zeros import at_least_zero


def pad_once(inputs, padding, kernel_size, strides, dilations):
    """Pad `[batch, *space, channels]` for the largest kernel; every branch is a "valid" convolution from here on.

    Args:
        padding: "same", "valid" or one (before, after) pair per axis.
        kernel_size, strides, dilations: of the largest kernel, one int per axis.

    >>> import tensorflow as tf
    >>> pad_once(tf.ones([1, 8, 8, 3]), "same", (3, 3), (2, 2), (1, 1)).shape
    TensorShape([1, 9, 9, 3])
    """
    pads = padding
    if padding == "valid":
        return inputs
    if padding == "same":
        geometry = ConvGeometry(tuple(strides), tuple(dilations), "SAME")
        size = spatial_size(inputs, len(strides))
        output = geometry.output_size(size, kernel_size)
        extent = geometry.extent(kernel_size)
        total = [at_least_zero((o - 1) * s + e - n) for n, o, s, e in zip(size, output, strides, extent)]
        pads = [(t // 2, t - t // 2) for t in total]
    if all(isinstance(p, int) and p == 0 for pair in pads for p in pair):
        return inputs
    return tf.pad(inputs, [[0, 0], *map(list, pads), [0, 0]])


def crop_for(padded, kernel_size, branch_kernel_size, dilations):
    """What a branch with a smaller kernel, centred in the largest, reads of the padded input.

    >>> import tensorflow as tf
    >>> crop_for(tf.ones([1, 10, 10, 3]), (3, 3), (1, 3), (1, 1)).shape
    TensorShape([1, 8, 10, 3])
    """
    before = [d * (k - b) // 2 for k, b, d in zip(kernel_size, branch_kernel_size, dilations)]
    after = [d * (k - b) - c for k, b, d, c in zip(kernel_size, branch_kernel_size, dilations, before)]
    if not any(before) and not any(after):
        return padded
    return padded[(slice(None), *(slice(b, -a or None) for b, a in zip(before, after)))]


def pads_alike(padding, extents, strides):
    """Whether branches that each pad with "same" for themselves read the same grid, so that nothing need be padded once.

    That is so where no window is smaller than the stride, and all are odd or all even: the amounts then differ by what
    `crop_for` cuts.

    Args:
        extents: for each branch the cells that its window spans, per axis.

    >>> pads_alike("same", [(3, 3), (5, 5)], (2, 2)), pads_alike("same", [(3, 3), (1, 3)], (2, 2))
    (True, False)
    """
    if padding != "same":
        return False
    return all(
        len({extent % 2 for extent in axis}) == 1 and min(axis) >= stride
        for axis, stride in zip(zip(*extents), strides)
    )
