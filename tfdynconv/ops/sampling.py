"""Bilinear sampling: images read between their pixels, with zeros around them."""

import tensorflow as tf

from tfdynconv.ops.geometry import spatial_size
from tfdynconv.ops.weighted_rows import weighted_rows


def sample(images, y, x, weights=None):
    """The values of `images` at points given in pixels, the centre of the first pixel being (0, 0).

    `v = sum over the four pixels q around (y, x) of max(0, 1 - |y - q_y|) max(0, 1 - |x - q_x|) images[q]`, where pixels
    outside of the image are zero: a point more than one pixel outside reads nothing. The gradient for a coordinate is exact;
    on a pixel it is that towards the larger coordinate, and it is zero where the value is.

    Args:
        images: `[batch, height, width, channels]`.
        y, x: `[batch, points, groups]`, of any float dtype; group g of the channels is read at the points `[..., g]`.
        weights: of the points' shape: a factor of each value read, or None.

    Returns:
        `[batch, points, channels]` in the dtype of the images; computed in float32 at least, with float32 coordinates.

    >>> import tensorflow as tf
    >>> image = tf.reshape(tf.constant([1.0, 2.0, 3.0, 4.0]), [1, 2, 2, 1])
    >>> y, x = tf.constant([[[0.5], [0.0], [-0.25]]]), tf.constant([[[0.5], [1.0], [0.0]]])
    >>> sample(image, y, x).numpy().ravel().tolist()
    [2.5, 2.0, 0.75]
    """
    dtype = tf.float64 if images.dtype == tf.float64 else tf.float32
    height, width = spatial_size(images, 2)
    groups, channels = y.shape[-1], images.shape[-1]
    top, *vertical = around(tf.cast(y, dtype), height)
    left, *horizontal = around(tf.cast(x, dtype), width)
    if weights is not None:
        vertical = [tf.cast(weights, dtype) * v for v in vertical]
    corners = tf.stack([v * h for v in vertical for h in horizontal], -1)
    shape = tf.shape(y)
    row = width + 2
    first = tf.reshape(tf.range(shape[0]) * (height + 2), [-1, 1, 1]) + top
    index = tf.reshape((first * row + left) * groups + tf.range(groups), [-1, 1])
    index += tf.stack([0, groups, row * groups, (row + 1) * groups])
    table = tf.reshape(tf.pad(tf.cast(images, dtype), [[0, 0], [1, 1], [1, 1], [0, 0]]), [-1, channels // groups])
    values = tf.reshape(weighted_rows(table, index, tf.reshape(corners, [-1, 4])), [-1, shape[1], channels])
    values.set_shape([images.shape[0] if images.shape[0] is not None else y.shape[0], y.shape[1], channels])
    return tf.cast(values, images.dtype)


def around(coordinate, size):
    """(the pixel before, counted in the image with a border of one, and the weights of that pixel and of the next)."""
    last = tf.cast(size, coordinate.dtype)
    # a coordinate that is not a number stays so, for its weights (XLA's minimum and maximum on a CPU would lose it) ...
    inside = tf.where(coordinate < -1.0, -tf.ones_like(last), tf.where(coordinate >= last, last, coordinate)) + 1.0
    # ... but must not read elsewhere in memory
    before = tf.minimum(tf.maximum(tf.cast(tf.floor(inside), tf.int32), 0), size)
    after = inside - tf.cast(before, coordinate.dtype)
    return before, 1.0 - after, after
