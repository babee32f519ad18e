"""Branches with kernels of several sizes over one input: padded once, for the largest, and cropped for the others.

Each branch padding for itself ("same") would read another grid as soon as strides are above 1 and sizes even.
"""

import tensorflow as tf

from tfdynconv.ops.geometry import ConvGeometry, spatial_size
from tfdynconv.ops.zeros import at_least_zero


def pads_for(inputs, padding, kernel_size, strides, dilations):
    """The (before, after) pair of each axis, ints or scalar tensors, that `padding` means for the largest kernel.

    Args:
        inputs: `[batch, *space, channels]`.
        padding: "same", "valid" or one (before, after) pair per axis.
        kernel_size, strides, dilations: of the largest kernel, one int per axis.

    >>> import tensorflow as tf
    >>> pads_for(tf.ones([1, 8, 7, 3]), "same", (3, 3), (2, 2), (1, 1))
    [(0, 1), (1, 1)]
    """
    if padding == "valid":
        return [(0, 0)] * len(strides)
    if padding != "same":
        return list(padding)
    geometry = ConvGeometry(tuple(strides), tuple(dilations), "SAME")
    size = spatial_size(inputs, geometry.rank)
    output, extent = geometry.output_size(size, kernel_size), geometry.extent(kernel_size)
    total = [at_least_zero((o - 1) * s + e - n) for n, o, s, e in zip(size, output, strides, extent)]
    return [(t // 2, t - t // 2) for t in total]


def pad(inputs, pads):
    """Zeros around the spatial axes; what is known of the shape stays known.

    >>> import tensorflow as tf
    >>> pad(tf.ones([1, 8, 8, 3]), [(0, 1), (1, 1)]).shape
    TensorShape([1, 9, 10, 3])
    """
    if all(is_static(pair) and sum(pair) == 0 for pair in pads):
        return inputs
    batch, *space, channels = inputs.shape
    padded = tf.pad(inputs, [[0, 0], *map(list, pads), [0, 0]])
    known = [n + sum(pair) if n is not None and is_static(pair) else None for n, pair in zip(space, pads)]
    padded.set_shape([batch, *known, channels])
    return padded


def is_static(pair):
    return all(isinstance(n, int) for n in pair)


def pad_once(inputs, padding, kernel_size, strides, dilations):
    """Pad `[batch, *space, channels]` for the largest kernel; every branch is a "valid" convolution from here on.

    Arguments as those of `pads_for`.

    >>> import tensorflow as tf
    >>> pad_once(tf.ones([1, 8, 8, 3]), "same", (3, 3), (2, 2), (1, 1)).shape
    TensorShape([1, 9, 9, 3])
    """
    return pad(inputs, pads_for(inputs, padding, kernel_size, strides, dilations))


def pad_with(inputs, pads, constants):
    """A border of one constant for each channel, `[channels]`, which is no part of any gradient.

    >>> import tensorflow as tf
    >>> pad_with(tf.ones([1, 1, 1, 2]), [(0, 0), (1, 0)], tf.constant([5.0, 7.0]))[0, 0].numpy().tolist()
    [[5.0, 7.0], [1.0, 1.0]]
    """
    constants = tf.stop_gradient(constants)
    return pad(inputs - constants, pads) + constants


def crop_for(padded, kernel_size, branch_kernel_size, dilations):
    """What a branch with a smaller kernel, centred in the largest (`placed_at`), reads of the padded input.

    >>> import tensorflow as tf
    >>> crop_for(tf.ones([1, 10, 10, 3]), (3, 3), (1, 3), (1, 1)).shape
    TensorShape([1, 8, 10, 3])
    """
    before = [d * start for d, start in zip(dilations, placed_at(kernel_size, branch_kernel_size))]
    after = [d * (k - b) - c for k, b, d, c in zip(kernel_size, branch_kernel_size, dilations, before)]
    if not any(before) and not any(after):
        return padded
    return padded[(slice(None), *(slice(b, -a or None) for b, a in zip(before, after)))]


def placed_at(kernel_size, branch_kernel_size):
    """The tap of the largest kernel where the smaller one's first tap lies; before the middle where there is none.

    >>> placed_at((5, 4), (3, 1))
    (1, 1)
    """
    return tuple((k - b) // 2 for k, b in zip(kernel_size, branch_kernel_size))


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
