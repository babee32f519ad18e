"""A dense layer in groups, as a grouped 1x1 convolution of one pixel."""

import keras
import tensorflow as tf

from tfdynconv import _compat


class GroupedDense(keras.layers.Layer):
    """`[batch, inputs] -> [batch, units]`: each group of units reads its group of inputs. Kernel `[inputs / groups, units]`."""

    def __init__(self, units, groups=1, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        self.units, self.groups, self.use_bias = units, groups, use_bias

    def build(self, input_shape):
        shape = (input_shape[-1] // self.groups, self.units)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer="glorot_uniform")
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        kernel = _compat.values(self.kernel)
        parts = zip(tf.split(inputs, self.groups, -1), tf.split(kernel, self.groups, -1))
        products = [tf.matmul(x, k) for x, k in parts]
        outputs = products[0] if self.groups == 1 else tf.concat(products, -1)
        return outputs if self.bias is None else outputs + _compat.values(self.bias)

    def cost(self, inputs):
        """(parameters, multiply-adds of a sample)."""
        kernel = inputs // self.groups * self.units
        return kernel + self.units * self.use_bias, kernel
