"""A convolution as a column's and then a row's."""

import math

import keras
import numpy as np

from tfdynconv import _compat
from tfdynconv.layers.arguments import passed
from tfdynconv.layers.static_conv import StaticConv
from tfdynconv.ops.geometry import fold_padding
from tfdynconv.ops.static_conv import static_conv


@keras.saving.register_keras_serializable(package="tfdynconv")
class SpatialSeparableConv2D(StaticConv):
    """2-D convolution in two: a column of taps, then a row.

    In the place of a `Conv2D` with a large kernel where its multiply-adds are too many: 7x7 in as many channels costs 2/7.
    Nothing lies between the two, so that the layer is one convolution, of kernels that are sums of `inner_filters` products:

    `y = activation(conv(conv(x, V [kh, 1]), U [1, kw]) + bias)`, `kernel[a, b, c, f] = sum_r V[a, c, r] U[b, r, f]`.

    The column has the vertical stride, dilation and padding, the row the horizontal. Inception's form, with normalisation
    and activation between the two, is two `Conv2D`.

    `fold()` gives that `Conv2D`; it has fewer multiply-adds only where `inner_filters` are many.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias, kernel_initializer,
        bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint:
            as in `keras.layers.Conv2D`, the kernel's for V and for U. `padding` also takes an int or a (before, after) pair
            per axis.
        inner_filters: between the two; None for `filters`.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, channels or inner filters that the groups do not divide, an input of the wrong rank.

    Cost, kh kw taps, C channels, R inner filters, F filters, g groups: `(kh C R + kw R F) / g + F` parameters,
    `height' (width kh C R + width' kw R F) / g` multiply-adds. `folded_cost` has that of the `Conv2D`.

    Reference: Szegedy et al., Spatially separable, CVPR 2016; arXiv 1512.00567 (asymmetric factors).

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.blocks.SpatialSeparableConv2D(1, 3, use_bias=False)
    >>> layer(tf.ones([2, 5, 5, 1])).shape
    TensorShape([2, 3, 3, 1])
    >>> layer.cost((None, 5, 5, 1)), layer.folded_cost((None, 5, 5, 1))
    ((6, 72), (9, 81))
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
        inner_filters=None,
        **kwargs,
    ):
        super().__init__(**passed(locals(), "inner_filters"))
        self.inner_filters = inner_filters
        if inner_filters is not None and self.check_positive("inner_filters", inner_filters) % self.groups:
            raise ValueError(
                f"{self.label}: `inner_filters` must be divisible by `groups`. Received: inner_filters={inner_filters}, "
                f"groups={groups}."
            )

    def shapes(self, channels):
        """Of V and U."""
        height, width, read, filters = self.kernel_shape(channels)
        inner = self.inner_filters or filters
        return (height, 1, read, inner), (1, width, inner // self.groups, filters)

    def build(self, input_shape):
        column, row = self.shapes(self.channels(input_shape))
        self.column_kernel = self.add_kernel("column_kernel", column, 0)
        self.row_kernel = self.add_kernel("row_kernel", row, 1)
        self.bias = self.add_bias()
        super().build(input_shape)

    def convolve(self, inputs):
        outputs = inputs
        for axis, kernel in enumerate((self.column_kernel, self.row_kernel)):
            outputs = self.along(axis, outputs, _compat.values(kernel))
        return outputs

    def along(self, axis, inputs, kernel):
        """The convolution along one spatial axis, with the window's share for it."""

        def share(values, otherwise):
            return tuple(value if i == axis else otherwise for i, value in enumerate(values))

        strides, dilations = share(self.strides, 1), share(self.dilation_rate, 1)
        padding = self.padding if isinstance(self.padding, str) else share(self.padding, (0, 0))
        x, geometry = fold_padding(inputs, padding, tuple(kernel.shape[:2]), strides, dilations)
        return static_conv(x, kernel, geometry, self.groups)

    def folded(self):
        column, row = np.float64(self.column_kernel)[:, 0], np.float64(self.row_kernel)[0]
        g, (_, read, inner), filters = self.groups, column.shape, row.shape[-1]
        column, row = column.reshape(-1, read, g, inner // g), row.reshape(-1, inner // g, g, filters // g)
        kernel = np.einsum("acgr,brgf->abcgf", column, row).reshape(*self.kernel_size, read, filters)
        return {"kernel": kernel, "bias": self.folded_bias()}

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample) for inputs of this shape, batch axis included."""
        column, row = map(math.prod, self.shapes(self.channels(input_shape)))
        parameters = column + row + (self.filters if self.use_bias else 0)
        by_row = self.multiply_adds(input_shape, row)  # checks the sizes
        height, width = self.output_size(input_shape)[0], self.space(input_shape)[1]
        return parameters, height * width * column + by_row

    def get_config(self):
        return {**super().get_config(), "inner_filters": self.inner_filters}
