"""Between a grid and the one of half its size: means of 2x2 cells on the way down, each cell four times on the way up."""

import tensorflow as tf


def halve(inputs):
    """Means of 2x2 cells of `[batch, height, width, channels]`, whose sizes are even.

    >>> halve(tf.reshape(tf.range(4.0), [1, 2, 2, 1])).numpy().ravel().tolist()
    [1.5]
    """
    return tf.nn.avg_pool2d(inputs, 2, 2, "VALID")


def double(inputs):
    """Each cell as 2x2 equal ones.

    Copies and reshapes, of rank 4 at most: they run everywhere, and so does their gradient, which XLA does not have for a
    resized image.

    >>> double(tf.reshape(tf.range(2.0), [1, 1, 2, 1])).numpy().ravel().tolist()
    [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]
    """
    channels = inputs.shape[-1]
    batch, height, width = tf.unstack(tf.shape(inputs)[:-1])
    wide = tf.reshape(tf.concat([inputs, inputs], -1), [batch, height, 2 * width * channels])
    outputs = tf.reshape(tf.concat([wide, wide], -1), [batch, 2 * height, 2 * width, channels])
    outputs.set_shape([inputs.shape[0], *(None if n is None else 2 * n for n in inputs.shape[1:-1]), channels])
    return outputs


def of_size(inputs, size, message):
    """The inputs, whose height and width, unknown while a graph is made, are these when it runs; else an error.

    XLA drops assertions; there the reshape fails.
    """
    shape = tf.shape(inputs)
    check = tf.debugging.assert_equal(shape[1:3], size, message)
    with tf.control_dependencies([] if check is None else [check]):
        outputs = tf.reshape(inputs, [shape[0], size[0], size[1], inputs.shape[-1]])
    outputs.set_shape(inputs.shape)
    return outputs


def octave_conv(high, low, kernels, conv, strided=False):
    """[high, low] of an octave convolution, or [high] where no kernel gives a low output.

    Args:
        high, low: `[batch, height, width, channels]`, the second of half the size, or None.
        kernels: by name, "hl" from high to low; of the four those that exist.
        conv: `(inputs, kernel) -> outputs` of the same size.
        strided: halve both grids. The convolutions are not strided, which would move the grids against each other; `low`
            has the size of the high output already.
    """
    high = halve(high) if strided else high
    outputs = [conv(high, kernels["hh"])]
    if "lh" in kernels:
        more = conv(low, kernels["lh"])
        outputs[0] += more if strided else double(more)
    to_low = [conv(halve(high), kernels["hl"])] if "hl" in kernels else []
    if "ll" in kernels:
        to_low.append(conv(halve(low) if strided else low, kernels["ll"]))
    return [*outputs, sum(to_low[1:], to_low[0])] if to_low else outputs
