"""What becomes of the secondary filters' outputs: each a channel, or their sum."""

import math

import tensorflow as tf

from tfdynconv.ops.static_conv import static_conv


class Concatenated:
    """Each primary filter gives as many output channels as it has secondary ones."""

    def uses(self, count):
        """Output channels of one primary filter."""
        return count

    def kernel(self, secondary, kernel):
        return tf.concat(secondary.kernels(kernel), -1)

    def conv(self, secondary, inputs, kernel, geometry, groups):
        return secondary.conv(inputs, kernel, geometry, groups)

    def multiplied(self, secondary, kernel_shape):
        return secondary.multiplied(kernel_shape)


class Summed:
    """Convolution is linear in the kernel: the sum of the outputs is one convolution with the sum of the filters."""

    def uses(self, count):
        return 1

    def kernel(self, secondary, kernel):
        return tf.add_n(secondary.kernels(kernel))

    def conv(self, secondary, inputs, kernel, geometry, groups):
        return static_conv(inputs, self.kernel(secondary, kernel), geometry, groups)

    def multiplied(self, secondary, kernel_shape):
        return math.prod(kernel_shape)


FORMS = {"concat": Concatenated(), "sum": Summed()}
