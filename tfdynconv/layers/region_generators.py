"""DRConv's kernel generators (arXiv 2003.12243): one kernel for each region of each sample."""

import math

import keras
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.layers import torch_layout
from tfdynconv.layers.bank import add_bank
from tfdynconv.ops.mixing import mix
from tfdynconv.routing import SigmoidRouting


class FirstTap:
    """Draw a whole kernel and keep its first tap: a 1x1 slice with the variance that the whole kernel should have."""

    def __init__(self, initializer, kernel_size):
        self.initializer, self.kernel_size = initializer, tuple(kernel_size)

    def __call__(self, shape, dtype=None, **kwargs):
        whole = tf.convert_to_tensor(self.initializer((*self.kernel_size, *shape), dtype=dtype))
        return whole[(0,) * len(self.kernel_size)]


class PooledGenerator(keras.layers.Layer):
    """The paper's: the input, averaged to the kernel's size, goes through two 1x1 convolutions with a sigmoid between.

    `z = sigmoid(pool(x) A + a)` has m units for each region; cell (u, v) of the pooled map gives tap (u, v) of the kernels,
    `W[j, u, v] = sum_i z[u, v, j, i] B[j, i] + b[j]`.
    """

    def __init__(self, num_regions, kernel_shape, data_format, settings, **kwargs):
        super().__init__(**kwargs)
        self.num_regions, self.kernel_shape = num_regions, tuple(kernel_shape)
        self.data_format, self.settings = data_format, settings

    def build(self, input_shape):
        m, (*kernel_size, channels, filters) = self.num_regions, self.kernel_shape
        inputs = input_shape[1 if self.data_format == "channels_first" else -1]
        self.squeeze = keras.layers.Dense(m * m, "sigmoid", name="squeeze", dtype=wide(self.compute_dtype))
        self.squeeze.build((None, inputs))
        initializer, regularizer, constraint = self.settings
        first_tap = FirstTap(initializer, kernel_size)
        self.kernel = add_bank(self, "kernel", (m * m, channels, filters), first_tap, regularizer, constraint)
        self.kernel_bias = self.add_weight(name="kernel_bias", shape=(m, channels * filters), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        """Kernels `[batch, m, *kernel_size, channels, filters]`."""
        m, (height, width, channels, filters) = self.num_regions, self.kernel_shape
        pooled = adaptive_mean(inputs, (height, width), self.data_format)
        squeezed = tf.cast(self.squeeze(pooled), self.compute_dtype)
        taps = height * width
        by_region = tf.transpose(tf.reshape(squeezed, [-1, taps, m, m]), [2, 0, 1, 3])
        bank = tf.reshape(_compat.values(self.kernel), [m, m, channels * filters])
        # the bias as one more kernel, so that a phone stores it in 8 bits with the others
        bank = tf.concat([bank, _compat.values(self.kernel_bias)[:, tf.newaxis]], 1)
        rows = tf.reshape(by_region, [m, -1, m])
        flat = tf.matmul(tf.concat([rows, tf.ones_like(rows[:, :, :1])], -1), bank)
        apart = tf.reshape(flat, [m, -1, taps * channels * filters])
        return tf.reshape(tf.transpose(apart, [1, 0, 2]), [-1, m, *self.kernel_shape])

    def cost(self, channels):
        m, kernel = self.num_regions, math.prod(self.kernel_shape)
        slice_size, taps = math.prod(self.kernel_shape[2:]), math.prod(self.kernel_shape[:2])
        parameters = (channels + 1) * m * m + (m + 1) * m * slice_size
        return parameters, taps * channels * m * m + m * m * kernel

    def torch_table(self):
        m, (*_, channels, filters) = self.num_regions, self.kernel_shape

        def rows(array):
            return array.reshape(m, filters, channels, m).transpose(0, 3, 2, 1).reshape(m * m, channels, filters)

        def bias(array):
            return array.reshape(m, filters, channels).transpose(0, 2, 1).reshape(m, -1)

        return {
            "conv_kernel.1.weight": (self.squeeze.kernel, torch_layout.dense_kernel),
            "conv_kernel.1.bias": (self.squeeze.bias, lambda a: a),
            "conv_kernel.3.weight": (self.kernel, rows),
            "conv_kernel.3.bias": (self.kernel_bias, bias),
        }


class BasisGenerator(keras.layers.Layer):
    """The official repository's: each region mixes a few basis kernels, `W[j] = sum_q a[j, q] B[q]`, `a = 2 sigmoid(.) / q`."""

    def __init__(self, num_regions, kernel_shape, data_format, settings, num_basis, **kwargs):
        super().__init__(**kwargs)
        self.num_regions, self.kernel_shape, self.num_basis = num_regions, tuple(kernel_shape), num_basis
        self.data_format, self.settings = data_format, settings

    def build(self, input_shape):
        self.kernel = add_bank(self, "kernel", (self.num_basis, *self.kernel_shape), *self.settings)
        units = self.num_regions * self.num_basis
        self.routing = SigmoidRouting(
            units, data_format=self.data_format, name="routing", dtype=wide(self.compute_dtype)
        )
        self.routing.build(tuple(input_shape))
        super().build(input_shape)

    def call(self, inputs):
        """Kernels `[batch, m, *kernel_size, channels, filters]`."""
        coefficients = tf.cast(2.0 * self.routing(inputs) / self.num_basis, self.compute_dtype)
        rows = tf.reshape(coefficients, [-1, self.num_basis])
        return tf.reshape(mix(_compat.values(self.kernel), rows), [-1, self.num_regions, *self.kernel_shape])

    def cost(self, channels):
        kernel, m, q = math.prod(self.kernel_shape), self.num_regions, self.num_basis
        return q * kernel + (channels + 1) * m * q, m * q * kernel + channels * m * q

    def torch_table(self):
        q = self.num_basis
        return {
            "weight": (self.kernel, lambda a: torch_layout.convolution_bank(a.T, q, self.kernel_shape)),
            "routing_fc.weight": (self.routing.dense.kernel, torch_layout.dense_kernel),
            "routing_fc.bias": (self.routing.dense.bias, lambda a: a),
        }


def wide(dtype):
    """The dtype of a routing under a policy that computes in `dtype`."""
    return "float64" if dtype == "float64" else "float32"


def adaptive_mean(inputs, size, data_format):
    """`[batch, *size, channels]` in float32 at least: means over bins `floor(i n / k)` to `ceil((i + 1) n / k)`."""
    inputs = inputs if inputs.dtype == tf.float64 else tf.cast(inputs, tf.float32)
    if data_format == "channels_first":
        inputs = tf.transpose(inputs, [0, 2, 3, 1])
    if tuple(size) == (1, 1):
        return tf.reduce_mean(inputs, [1, 2], keepdims=True)
    rows, columns = (bins(inputs, axis, count) for axis, count in zip((1, 2), size))
    shape = tf.shape(inputs)
    channels = inputs.shape[-1]
    height = tf.matmul(rows, tf.reshape(inputs, [shape[0], shape[1], -1]))  # [batch, k, width * channels]
    pooled = tf.matmul(columns, tf.reshape(height, [-1, shape[2], channels]))
    return tf.reshape(pooled, [-1, *size, channels])


def bins(inputs, axis, count):
    """`[count, n]`: each row averages one bin."""
    n = inputs.shape[axis] if inputs.shape[axis] is not None else tf.shape(inputs)[axis]
    first = tf.range(count) * n // count
    last = -(-(tf.range(1, count + 1) * n) // count)
    cells = tf.range(n)[tf.newaxis]
    inside = tf.cast((cells >= first[:, tf.newaxis]) & (cells < last[:, tf.newaxis]), inputs.dtype)
    return inside / tf.reduce_sum(inside, 1, keepdims=True)
