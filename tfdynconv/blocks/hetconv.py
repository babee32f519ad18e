"""HetConv, heterogeneous kernels in one filter (arXiv 1903.04120)."""

import math

import keras
import numpy as np
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.layers.arguments import passed
from tfdynconv.layers.fold import centred, dense
from tfdynconv.layers.static_conv import StaticConv
from tfdynconv.ops.branch_padding import crop_for, pad_once
from tfdynconv.ops.geometry import ConvGeometry
from tfdynconv.ops.static_conv import static_conv


@keras.saving.register_keras_serializable(package="tfdynconv")
class HetConv2D(StaticConv):
    """2-D convolution whose filters read one part of the channels through k x k kernels and the others through 1x1.

    In the place of a `Conv2D` where its multiply-adds are too many: at 3x3 and four parts a third of them are left. With g =
    `groups` parts of neighbouring channels,

    `y = activation(conv(x, K, groups=g) + conv(x, M W) + bias)`, K of k x k taps, W of one,

    where M is 0 where filter and channel are of the same part, which K reads already, and 1 elsewhere. The 1x1 lies in the
    middle tap of the windows, whatever the strides. The paper's pattern, k x k where `(channel - filter) mod g = 0`, is the
    same with channels and filters in another order.

    `fold()` gives the dense `Conv2D`, which has more weights and multiply-adds: for hardware where one convolution is faster.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, kernel_initializer,
        bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint:
            as in `keras.layers.Conv2D`, the kernel's for K and for W. `padding` also takes an int or a (before, after) pair
            per axis.
        groups: g, which divides the channels and `filters`. With one it is a `Conv2D`; there is no W.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, channels or filters that the parts do not divide, an input of the wrong rank.

    Cost, k k taps, C channels, F filters, g parts, two or more: `C F (k k / g + 1 - 1 / g) + F` parameters, those under the
    mask left out, and `height' width' C F (k k / g + 1)` multiply-adds, those under the mask counted. `folded_cost` has that
    of the dense one.

    Reference: Singh et al., HetConv, CVPR 2019; arXiv 1903.04120.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.blocks.HetConv2D(8, 3, padding="same", groups=4)
    >>> layer(tf.ones([2, 8, 8, 16])).shape
    TensorShape([2, 8, 8, 8])
    >>> layer.cost((None, 8, 8, 16)), layer.folded_cost((None, 8, 8, 16))
    ((392, 26624), (1160, 73728))
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
        groups=4,
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
        channels = self.channels(input_shape)
        self.kernel = self.add_kernel("kernel", self.kernel_shape(channels))
        self.pointwise_kernel = None
        if self.groups > 1:
            self.pointwise_kernel = self.add_kernel("pointwise_kernel", (1, 1, channels, self.filters), 1)
        self.bias = self.add_bias()
        super().build(input_shape)

    def mask(self):
        """`[channels, filters]`: 0 where both are of one part."""
        ones = np.ones([self.kernel.shape[-2], self.filters])
        return 1.0 - dense(ones, self.groups)

    def convolve(self, inputs):
        padded = pad_once(inputs, self.padding, self.kernel_size, self.strides, self.dilation_rate)
        geometry = ConvGeometry(self.strides, self.dilation_rate, "VALID")
        outputs = static_conv(padded, _compat.values(self.kernel), geometry, self.groups)
        if self.pointwise_kernel is None:
            return outputs
        kernel = _compat.values(self.pointwise_kernel)
        seen = crop_for(padded, self.kernel_size, (1, 1), self.dilation_rate)
        return outputs + static_conv(seen, kernel * tf.constant(self.mask(), kernel.dtype), geometry)

    def folded(self):
        kernel = dense(np.float64(self.kernel), self.groups)
        if self.pointwise_kernel is not None:
            kernel += centred(np.float64(self.pointwise_kernel) * self.mask(), self.kernel_size)
        return {"kernel": kernel, "bias": self.folded_bias(), "groups": 1}

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample); the masked weights are multiplied, but they are no parameters."""
        channels = self.channels(input_shape)
        kernel = math.prod(self.kernel_shape(channels))
        pointwise = channels * self.filters if self.groups > 1 else 0
        bias = self.filters if self.use_bias else 0
        parameters = kernel + pointwise - pointwise // self.groups + bias
        return parameters, self.multiply_adds(input_shape, kernel + pointwise)
