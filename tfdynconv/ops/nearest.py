"""Nearest-neighbour resizing by PyTorch's rule, with gradients under XLA too."""

import tensorflow as tf

from tfdynconv.ops.geometry import spatial_size
from tfdynconv.ops.place import phone


def resize_nearest(inputs, size):
    """`[batch, height, width, channels]` to `size`: cell i reads cell `floor(i * before / after)`.

    TensorFlow's and Keras' own resizing reads `floor((i + 1/2) * before / after)`: another cell wherever the sizes do not
    divide. Their operation has PyTorch's rule as well, and phones have that, but under XLA it has no gradient.

    Args:
        size: (height, width), ints or scalar tensors.

    >>> import tensorflow as tf
    >>> resize_nearest(tf.reshape(tf.range(3), [1, 3, 1, 1]), (14, 1))[0, :, 0, 0].numpy().tolist()
    [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2]
    """
    if phone() is not None:
        return tf.raw_ops.ResizeNearestNeighbor(images=inputs, size=tf.stack(size), half_pixel_centers=False)
    for axis, (before, after) in enumerate(zip(spatial_size(inputs, 2), size), start=1):
        if not (isinstance(before, int) and before == after):
            inputs = tf.gather(inputs, tf.range(after) * before // after, axis=axis)
    return inputs
