"""DO-Conv, depthwise over-parameterised convolution (arXiv 2006.12030)."""

import math

import keras
import numpy as np
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.layers import torch_layout
from tfdynconv.layers.arguments import passed
from tfdynconv.layers.static_conv import StaticConv
from tfdynconv.ops.geometry import fold_padding
from tfdynconv.ops.static_conv import static_conv


@keras.saving.register_keras_serializable(package="tfdynconv")
class DOConv2D(StaticConv):
    """2-D convolution with a kernel that is a product, a depthwise kernel times an ordinary one; it folds to a `Conv2D`.

    In the place of any `Conv2D`, while training: it begins as that `Conv2D`, often learns faster, and costs after `fold()` what
    it did. With K = kh kw taps and S = `d_mul`, input channel c and output channel f of its group:

    `y = activation(conv(x, kernel) + bias)`, `kernel[k, c, f] = sum_s (D[k, s, c] + E[k, s]) W[s, c, f]`,

    where E repeats the identity `S // K` times and ends in zeros, and D starts at zero. The kernel is composed once per call,
    whatever the image's size. A 1x1 kernel has no D, as published: it is a `Conv2D`.

    Grouped, each channel is composed with its own D. The published PyTorch module pairs them by the order of a reshape
    instead, and the TensorFlow one by another; `load_torch_state` takes weights where all agree.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias, kernel_initializer,
        bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint:
            as in `keras.layers.Conv2D`, the kernel's for W, `[d_mul, channels / groups, filters]`. `padding` also takes an int
            or a (before, after) pair per axis.
        d_mul: S, at least K; None for K.
        depthwise_initializer, depthwise_regularizer, depthwise_constraint: for D, `[K, d_mul, channels]`. A regulariser
            pulls towards the plain convolution; the authors' TensorFlow code takes the kernel's.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, a `d_mul` below K or for a 1x1 kernel, an input of the wrong rank.

    Cost of the layer as it trains, C channels, F filters, g groups: `S C F / g + K S C + F` parameters, and
    `height' width' K C F / g + K S C F / g` multiply-adds, the second once per call. `folded_cost` has that of the `Conv2D`.

    Reference: Cao et al., DO-Conv, IEEE TIP 2022; arXiv 2006.12030.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.blocks.DOConv2D(8, 3, padding="same", d_mul=18)
    >>> layer(tf.ones([2, 8, 8, 4])).shape
    TensorShape([2, 8, 8, 8])
    >>> type(layer.fold()).__name__, layer.cost((None, 8, 8, 4)), layer.folded_cost((None, 8, 8, 4))
    ('Conv2D', (1232, 23616), (296, 18432))
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
        d_mul=None,
        depthwise_initializer="zeros",
        depthwise_regularizer=None,
        depthwise_constraint=None,
        **kwargs,
    ):
        super().__init__(
            **passed(locals(), "d_mul", "depthwise_initializer", "depthwise_regularizer", "depthwise_constraint")
        )
        self.d_mul = d_mul
        self.depthwise_initializer = keras.initializers.get(depthwise_initializer)
        self.depthwise_regularizer = keras.regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = keras.constraints.get(depthwise_constraint)
        if d_mul is not None and (self.taps == 1 or self.check_positive("d_mul", d_mul) < self.taps):
            raise ValueError(
                f"{self.label}: `d_mul` must be at least the {self.taps} taps of the kernel, and a 1x1 kernel takes none. "
                f"Received: d_mul={d_mul!r}, kernel_size={self.kernel_size}. Leave it out for as many as the taps."
            )

    @property
    def taps(self):
        return math.prod(self.kernel_size)

    @property
    def depth(self):
        return self.d_mul or self.taps

    def build(self, input_shape):
        channels = self.channels(input_shape)
        width = self.kernel_shape(channels)[-2]
        self.kernel = self.add_kernel("kernel", (self.depth, width, self.filters))
        self.depthwise_kernel = None
        if self.taps > 1:
            self.depthwise_kernel = self.add_weight(
                name="depthwise_kernel",
                shape=(self.taps, self.depth, channels),
                initializer=self.depthwise_initializer,
                regularizer=self.depthwise_regularizer,
                constraint=self.depthwise_constraint,
                trainable=True,
            )
        self.bias = self.add_bias()
        super().build(input_shape)

    def convolve(self, inputs):
        x, geometry = fold_padding(inputs, self.padding, self.kernel_size, self.strides, self.dilation_rate)
        return static_conv(x, self.composed(), geometry, self.groups)

    def composed(self):
        """`[*kernel_size, channels / groups, filters]`: a matrix product for each input channel."""
        kernel, width, groups = _compat.values(self.kernel), self.kernel.shape[1], self.groups
        if self.depthwise_kernel is not None:
            apart = tf.reshape(kernel, [self.depth, width, groups, -1])
            by_channel = tf.reshape(tf.transpose(apart, [2, 1, 0, 3]), [groups * width, self.depth, -1])
            depthwise = _compat.values(self.depthwise_kernel)
            depthwise += tf.constant(self.identity()[..., np.newaxis], depthwise.dtype)
            product = tf.matmul(tf.transpose(depthwise, [2, 0, 1]), by_channel)
            kernel = tf.transpose(tf.reshape(product, [groups, width, self.taps, -1]), [2, 1, 0, 3])
        return tf.reshape(kernel, [*self.kernel_size, width, self.filters])

    def identity(self):
        """E, `[K, S]`."""
        whole = np.tile(np.eye(self.taps), (1, self.depth // self.taps))
        return np.pad(whole, [(0, 0), (0, self.depth % self.taps)])

    def folded(self):
        kernel, width, groups = np.float64(self.kernel), self.kernel.shape[1], self.groups
        if self.depthwise_kernel is not None:
            depthwise = np.float64(self.depthwise_kernel) + self.identity()[..., np.newaxis]
            apart = kernel.reshape(self.depth, width, groups, -1)
            kernel = np.einsum("ksgc,scgf->kcgf", depthwise.reshape(self.taps, self.depth, groups, width), apart)
        return {"kernel": kernel.reshape(*self.kernel_size, width, self.filters), "bias": self.folded_bias()}

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample) for inputs of this shape; the kernel's composition counts once."""
        channels = self.channels(input_shape)
        composed = math.prod(self.kernel_shape(channels))
        parameters = self.depth * composed // self.taps + (self.filters if self.use_bias else 0)
        multiply_adds = self.multiply_adds(input_shape, composed)
        if self.taps == 1:
            return parameters, multiply_adds
        return parameters + self.taps * self.depth * channels, multiply_adds + self.depth * composed

    def load_torch_state(self, state):
        """Take the weights of the authors' PyTorch module `DOConv2d`, whose `D_mul` is ours.

        With groups of several filters it pairs filters with channels of other groups, as no kernel of this layer can: refused.
        """
        if self.depthwise_kernel is not None and 1 < self.groups < self.filters:
            raise ValueError(
                f"{self.label}: load_torch_state cannot take the weights of groups of several filters: the module composes a "
                f"filter with D of another group's channels. Received: groups={self.groups}, filters={self.filters}. "
                "Compose the kernel there and load it into a Conv2D."
            )
        state = {name: value for name, value in state.items() if name != "d_diag"}
        table = {"W": (self.kernel, lambda a: np.transpose(a, (2, 1, 0)))}
        if self.depthwise_kernel is not None:
            table["D"] = (self.depthwise_kernel, lambda a: np.transpose(a, (1, 2, 0)))
        if self.use_bias:
            table["bias"] = (self.bias, lambda a: a)
        torch_layout.assign(self.label, state, table)

    def get_config(self):
        return {
            **super().get_config(),
            "d_mul": self.d_mul,
            "depthwise_initializer": keras.initializers.serialize(self.depthwise_initializer),
            "depthwise_regularizer": keras.regularizers.serialize(self.depthwise_regularizer),
            "depthwise_constraint": keras.constraints.serialize(self.depthwise_constraint),
        }
