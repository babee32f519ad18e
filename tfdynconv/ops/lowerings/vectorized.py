"""Vectorized: `tf.vectorized_map` over the samples.

The shortest way to say it and the slowest way to run it: TensorFlow cannot vectorize a convolution whose kernel varies
and falls back to a while loop over samples. Kept as the plain statement that the others are compared with.
"""

import tensorflow as tf

from tfdynconv.ops.lowerings.loop import per_sample_function


class Vectorized:
    def __init__(self, primitive):
        self.primitive = primitive

    def conv(self, x, k, geometry):
        return self.run("conv", (x, k), geometry, ())

    def input_grad(self, y, k, geometry, input_size):
        return self.run("input_grad", (y, k), geometry, (tuple(input_size),))

    def kernel_grad(self, x, y, geometry, kernel_size):
        return self.run("kernel_grad", (x, y), geometry, (tuple(kernel_size),))

    def run(self, name, arguments, geometry, extra):
        one = per_sample_function(self.primitive, name, geometry, extra)
        return tf.vectorized_map(lambda sample: one(*sample), arguments, warn=False)
