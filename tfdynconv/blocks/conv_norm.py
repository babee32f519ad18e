"""A convolution, batch normalisation and activation: what most blocks are made of."""

import math

import keras

from tfdynconv.ops.branch_padding import pad_once
from tfdynconv.ops.geometry import output_length


class ConvNorm(keras.layers.Layer):
    """`activation(norm(conv(x)))`, channels last, with any padding, and with strides and dilation at once.

    Args:
        kernel_size, strides, dilation_rate: one int per axis.
        padding: "same", "valid" or one (before, after) pair per axis.
        norm: makes the normalisation, `norm(shape, name)`, see `Block.norm`; None for none.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="same",
        dilation_rate=(1, 1),
        groups=1,
        use_bias=False,
        norm=None,
        activation=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.strides = filters, kernel_size, strides
        self.padding, self.dilation_rate, self.groups = padding, dilation_rate, groups
        self.use_bias, self.norm, self.activation = use_bias, norm, activation
        if max(strides) > 1 and max(dilation_rate) > 1:  # what Keras' convolution has not
            shared = [math.gcd(s, d) for s, d in zip(strides, dilation_rate)]
            self.skip = shared  # cells that no tap reads
            dilation_rate = [d // c for d, c in zip(dilation_rate, shared)]
            strides = [s // c for s, c in zip(strides, shared)]
            self.thin = strides if max(strides) > 1 and max(dilation_rate) > 1 else [1, 1]  # outputs that nobody wants
            strides = [s // t for s, t in zip(strides, self.thin)]
        else:
            self.skip = self.thin = [1, 1]
        is_word = isinstance(padding, str) and not self.cuts
        self.conv = keras.layers.Conv2D(
            filters,
            kernel_size,
            strides=tuple(strides),
            padding=padding if is_word else "valid",
            data_format="channels_last",
            dilation_rate=tuple(dilation_rate),
            groups=groups,
            use_bias=use_bias,
            dtype=self.dtype_policy,
            name="conv",
        )

    @property
    def cuts(self):
        return max(self.skip) > 1 or max(self.thin) > 1

    def build(self, input_shape):
        self.conv.build((None, None, None, input_shape[-1]))  # it is given padded inputs, of other sizes
        self.normalize = None if self.norm is None else self.norm((None, None, None, self.filters), "norm")
        super().build(input_shape)

    def call(self, inputs, training=None):
        if not isinstance(self.padding, str) or self.cuts:
            inputs = pad_once(inputs, self.padding, self.kernel_size, self.strides, self.dilation_rate)
        outputs = every(self.conv(every(inputs, self.skip)), self.thin)
        if self.normalize is not None:
            outputs = self.normalize(outputs, training=training)
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape):
        pads = (self.padding,) * 2 if isinstance(self.padding, str) else self.padding
        axes = zip(input_shape[1:3], self.kernel_size, self.strides, self.dilation_rate, pads)
        return (input_shape[0], *(output_length(*axis) for axis in axes), self.filters)

    def kernel_weights(self, channels):
        return math.prod(self.kernel_size) * channels // self.groups * self.filters

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample); of the normalisation scale and shift alone."""
        _, height, width, _ = self.compute_output_shape(input_shape)
        kernel = self.kernel_weights(input_shape[-1])
        more = self.filters * (self.use_bias + 2 * (self.norm is not None))
        return kernel + more, height * width * kernel


def every(maps, steps):
    """Every so many cells of each axis."""
    return maps if max(steps) == 1 else maps[:, :: steps[0], :: steps[1]]
