"""An empty batch for lowerings that cannot take one: they get a sample of zeros, whose result is cut off again.

Loops under XLA, and convolutions with as many groups as samples, fail or even abort the process on no samples at all.
For any other batch the pad and the slice change nothing; TensorFlow hands the same memory through both.
"""

import tensorflow as tf


class AtLeastOne:
    """A lowering's three functions, on any batch."""

    def __init__(self, lowering):
        self.lowering = lowering

    def conv(self, *arguments):
        return self.run(self.lowering.conv, *arguments)

    def input_grad(self, *arguments):
        return self.run(self.lowering.input_grad, *arguments)

    def kernel_grad(self, *arguments):
        return self.run(self.lowering.kernel_grad, *arguments)

    def run(self, function, a, b, *rest):
        if a.shape[0] or b.shape[0]:
            return function(a, b, *rest)
        batch = tf.shape(a)[0]
        return function(one_more(a, 1 - batch), one_more(b, 1 - batch), *rest)[:batch]


def one_more(tensor, missing):
    """With a sample of zeros if one is missing. Kernels of three dimensions have a rank that no phone pads: flat, they go."""
    sizes = tensor.shape[1:]
    flat = tf.reshape(tensor, [-1, sizes.num_elements()]) if tensor.shape.rank > 5 else tensor
    padded = tf.pad(flat, [[0, tf.maximum(missing, 0)]] + [[0, 0]] * (flat.shape.rank - 1))
    padded = tf.reshape(padded, [-1, *sizes]) if tensor.shape.rank > 5 else padded
    padded.set_shape([None, *sizes])
    return padded
