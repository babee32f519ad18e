"""Locally connected layer: a convolution whose kernel is another one at each position."""

import math

import keras
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.layers.arguments import passed
from tfdynconv.layers.bank import EachKernelInitializer
from tfdynconv.layers.conv_window import ConvWindow
from tfdynconv.layers.kernel_layer import KernelLayer
from tfdynconv.ops.branch_padding import pad_once
from tfdynconv.ops.local_conv import local_conv
from tfdynconv.ops.per_sample_conv import channels_first, channels_last


@keras.saving.register_keras_serializable(package="tfdynconv")
class LocallyConnected2D(ConvWindow, KernelLayer):
    """2-D convolution with a kernel and a bias of its own at each output position, the same ones for all samples.

    For images whose parts have their place, faces or plants on a bench, and as the static counterpart of `DRConv2D`. The
    layer of this name in Keras 2, which Keras 3 has no more.

    `y[b, i, j, f] = activation(bias[i, j, f] + sum over a, b', c of W[i, j, (a, b', c), f] x[b, s i + d a, s j + d b', c])`

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias, kernel_initializer,
        bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint:
            as in `keras.layers.Conv2D`; initializer and constraint see one position's kernel at a time, of the
            shape that `Conv2D`'s has. `padding` also takes an int or a (before, after) pair per axis.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first; height and width are those it was built with.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, a height or width that is not known, an input of another size.

    Cost, P output positions, K taps, C channels of a group: `P (K C filters + filters)` parameters, `P K C filters`
    multiply-adds.

    Reference: Gregor and LeCun, Locally connected, arXiv 1006.0448; `keras.layers.LocallyConnected2D` of Keras 2, whose
    kernel, `[P, K C, filters]`, is this one's reshaped.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.blocks.LocallyConnected2D(8, 3)
    >>> layer(tf.ones([2, 6, 5, 4])).shape, tuple(layer.kernel.shape)
    (TensorShape([2, 4, 3, 8]), (4, 3, 36, 8))
    """

    rank = 2

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format=None,
        dilation_rate=1,
        groups=1,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(**passed(locals()))

    def build(self, input_shape):
        shape, size = self.kernel_shape(self.channels(input_shape)), self.known_size(input_shape)
        super().build(input_shape)
        self.built_space = tuple(self.space(input_shape))
        constraint = self.kernel_constraint and AtEachPosition(self.kernel_constraint, shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*size, math.prod(shape[:-1]), self.filters),
            initializer=DrawnAtEachPosition(self.kernel_initializer, shape),
            regularizer=self.kernel_regularizer,
            constraint=constraint,
            trainable=True,
        )
        self.bias = self.add_bias(size) if self.use_bias else None

    def add_bias(self, size):
        return self.add_weight(
            name="bias",
            shape=(*size, self.filters),
            initializer=self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
            trainable=True,
        )

    def known_size(self, input_shape):
        size = self.output_size(input_shape)
        if None in size:
            raise ValueError(
                f"{self.label}: height and width must be known, for each position has weights of its own. Received: input "
                f"shape {tuple(input_shape)}. Give the model's Input its sizes."
            )
        return size

    def call(self, inputs):
        if tuple(self.space(inputs.shape)) != self.built_space:
            raise ValueError(
                f"{self.label}: expected the height and width that it was built for, {self.built_space}, for each position "
                f"has weights of its own. Received: inputs of shape {tuple(inputs.shape)}."
            )
        first = self.data_format == "channels_first"
        window = (self.kernel_size, self.strides, self.dilation_rate)
        padded = pad_once(channels_last(inputs) if first else inputs, self.padding, *window)
        outputs = local_conv(padded, _compat.values(self.kernel), *window, self.groups)
        if self.use_bias:
            outputs += _compat.values(self.bias)
        outputs = channels_first(outputs) if first else outputs
        return outputs if self.activation is None else self.activation(outputs)

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample) for inputs of this shape, batch axis included."""
        kernel = math.prod(self.kernel_shape(self.channels(input_shape)))
        cells = math.prod(self.known_size(input_shape))
        return cells * (kernel + (self.filters if self.use_bias else 0)), cells * kernel


class DrawnAtEachPosition(keras.initializers.Initializer):
    """A Keras initialiser that draws for each position by itself; of the whole weight it would count the wrong fans."""

    def __init__(self, initializer, kernel_shape):
        self.initializer, self.kernel_shape = EachKernelInitializer(initializer), kernel_shape

    def __call__(self, shape, dtype=None, **kwargs):
        drawn = self.initializer((shape[0] * shape[1], *self.kernel_shape), dtype=dtype)
        return tf.reshape(drawn, shape)


class AtEachPosition:
    """A Keras constraint on each position's kernel by itself."""

    def __init__(self, constraint, kernel_shape):
        self.constraint, self.kernel_shape = constraint, kernel_shape

    def __call__(self, kernel):
        kernel = tf.convert_to_tensor(kernel)
        kernels = tf.reshape(kernel, [-1, *self.kernel_shape])
        return tf.reshape(tf.vectorized_map(self.constraint, kernels), kernel.shape)
