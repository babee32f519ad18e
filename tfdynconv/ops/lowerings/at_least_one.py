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
    """With a sample of zeros if one is missing."""
    padded = tf.pad(tensor, [[0, tf.maximum(missing, 0)]] + [[0, 0]] * (tensor.shape.rank - 1))
    padded.set_shape([None, *tensor.shape[1:]])
    return padded
