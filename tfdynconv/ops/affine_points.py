"""Where an affine map sends the pixels of an output: the points at which an image is to be sampled."""

import tensorflow as tf


def affine_points(theta, input_size, output_size, align_corners):
    """(y, x), each `[batch, pixels, 1]`, in pixels of the input, for `ops.sampling.sample`.

    In coordinates that go from -1 to 1 over an image, `x_in = theta[0, 0] x + theta[0, 1] y + theta[0, 2]` and
    `y_in = theta[1, 0] x + theta[1, 1] y + theta[1, 2]` for each pixel (x, y) of the output.

    Args:
        theta: `[batch, 2, 3]`, float32 or float64.
        input_size, output_size: (height, width), ints or scalar tensors.
        align_corners: whether -1 and 1 are the centres of the outermost pixels; otherwise their outer edges.

    >>> import tensorflow as tf
    >>> y, x = affine_points(tf.constant([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (2, 3), (1, 3), True)
    >>> y.numpy().ravel().tolist(), x.numpy().ravel().tolist()
    ([0.5, 0.5, 0.5], [0.0, 1.0, 2.0])
    """
    dtype = theta.dtype

    def span(size):
        """How many pixels apart -1 and 1 are."""
        return tf.cast(size - 1 if align_corners else size, dtype)

    down, across = (tf.cast(2 * tf.range(n) - (n - 1), dtype) / tf.maximum(span(n), 1.0) for n in output_size)
    pixels = output_size[0] * output_size[1]
    rows = tf.reshape(tf.broadcast_to(down[:, tf.newaxis], output_size), [1, pixels])
    columns = tf.reshape(tf.broadcast_to(across, output_size), [1, pixels])
    found = []
    for axis, size in ((1, input_size[0]), (0, input_size[1])):
        turned = theta[:, axis, :1] * columns + theta[:, axis, 1:2] * rows + theta[:, axis, 2:]
        found.append(0.5 * (turned * span(size) + tf.cast(size - 1, dtype))[..., tf.newaxis])
    return tuple(found)
