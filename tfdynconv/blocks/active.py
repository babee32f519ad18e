"""The active convolution unit (arXiv 1703.09076): taps at learned places, the same for all pixels."""

import math
import types

import keras
import numpy as np
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.blocks.tap_positions import TapPositions, keeps_padding, larger_window, moved_kernel
from tfdynconv.layers.arguments import passed
from tfdynconv.layers.conv_window import ConvWindow
from tfdynconv.layers.fold import folded_conv
from tfdynconv.layers.kernel_layer import KernelLayer
from tfdynconv.ops import place as places
from tfdynconv.ops.deform_conv import Window, deform_conv
from tfdynconv.ops.geometry import fold_padding
from tfdynconv.ops.per_sample_conv import channels_first, channels_last
from tfdynconv.ops.static_conv import static_conv


@keras.saving.register_keras_serializable(package="tfdynconv")
class ActiveConv2D(ConvWindow, KernelLayer):
    """2-D convolution that learns where its taps stand, between the pixels too; trained, it folds to a larger convolution.

    In place of `Conv2D` where the shape of the kernel is worth learning, a dilation among others; at inference fold it.
    `to_tflite` does so by itself.

    `y[o, f] = activation(b[f] + sum over taps t and channels c of x(o s + t d - before + offset[t], c) kernel[t, c, f])`: a
    deformable convolution whose offsets are weights and do not depend on the input, nor on the pixel. They start from zero,
    so that the layer starts as a `Conv2D`. The authors' code counts taps from the centre in a circle, ours in rows.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias, kernel_initializer,
        bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint:
            as in `keras.layers.Conv2D`; `padding` also takes an int or a (before, after) pair per axis.
        position_groups: runs of filters with offsets of their own; above 1 it takes `groups=1`.
        offset_initializer, offset_regularizer, offset_constraint: of the offsets
            `[position_groups, taps, 2]`, in pixels, vertical first.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, an input of the wrong rank.

    Cost, kernel of K taps, C channels, q position groups: `K C filters / groups + filters + 2 q K` parameters, and for each
    output pixel `K C filters / groups` multiply-adds and `4 q K C` for reading between pixels.

    The published training leaves the offsets alone for the first steps, and normalises their gradient.

    Reference: Jeon and Kim, Active Convolution, arXiv 1703.09076.

    >>> import numpy as np, tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.blocks.ActiveConv2D(8, 3, padding="same", offset_initializer="random_normal")
    >>> x = tf.random.normal([2, 8, 6, 3])
    >>> layer(x).shape, bool(np.allclose(layer.fold()(x), layer(x), atol=1e-5))
    (TensorShape([2, 8, 6, 8]), True)
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
        position_groups=1,
        offset_initializer="zeros",
        offset_regularizer=None,
        offset_constraint=None,
        **kwargs,
    ):
        offsets = {
            "initializer": offset_initializer,
            "regularizer": offset_regularizer,
            "constraint": offset_constraint,
        }
        super().__init__(**passed(locals(), "position_groups", "offsets", *(f"offset_{name}" for name in offsets)))
        self.position_groups = self.check_positive("position_groups", position_groups)
        if filters % position_groups or (groups > 1 and position_groups > 1):
            raise ValueError(
                f"{self.label}: `filters` must be divisible by `position_groups`, and only one of `groups` and "
                f"`position_groups` be above 1. Received: filters={filters}, groups={groups}, "
                f"position_groups={position_groups}."
            )
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        shape = (position_groups, math.prod(self.kernel_size), 2)
        self.positions = TapPositions(shape, **offsets, name="positions", dtype=dtype)

    def check_steps(self):
        """Any: it reads wherever it wants to."""

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel",
            shape=self.kernel_shape(self.channels(input_shape)),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = self.add_bias() if self.use_bias else None
        self.positions.build()
        super().build(input_shape)

    def add_bias(self):
        return self.add_weight(
            name="bias",
            shape=(self.filters,),
            initializer=self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )

    def call(self, inputs):
        first = self.data_format == "channels_first"
        x = channels_last(inputs) if first else inputs
        outputs = self.moved(x) if places.phone() is None or self.wants_floats else self.stored(x)
        if self.use_bias:
            outputs += _compat.values(self.bias)
        outputs = channels_first(outputs) if first else outputs
        return outputs if self.activation is None else self.activation(outputs)

    def moved(self, x):
        """Reading between the pixels."""
        steps = {"strides": self.strides, "padding": self.padding, "dilations": self.dilation_rate}
        window = Window(**steps, inputs=x, kernel_size=self.kernel_size, caller=self.label)
        offsets = tf.reshape(_compat.values(self.positions.offsets), [self.position_groups, 1, 1, 1, -1])
        shape = [window.batch, *window.output_size, offsets.shape[-1]]
        kernels = tf.split(_compat.values(self.kernel), self.position_groups, -1)
        parts = [
            deform_conv(x, tf.broadcast_to(o, shape), k, groups=self.groups, **steps)
            for o, k in zip(tf.unstack(offsets), kernels)
        ]
        return parts[0] if len(parts) == 1 else tf.concat(parts, -1)

    def stored(self, x):
        """As the convolution that it is, of a constant kernel: what a phone runs fast, in integers too."""
        with tf.init_scope():
            kernel, window = self.larger_kernel()
        x, geometry = fold_padding(x, window.padding, window.size, self.strides, (1, 1))
        return static_conv(x, tf.constant(kernel, x.dtype), geometry, self.groups)

    def larger_kernel(self):
        """(`[*size, channels / groups, filters]`, its window), computed in float64 on the host."""
        kernel = np.asarray(self.kernel, "float64")
        offsets = np.asarray(self.positions.offsets, "float64").reshape(self.position_groups, *self.kernel_size, 2)
        window = larger_window(self, offsets)
        parts = [
            moved_kernel(k, o, self.dilation_rate, window)
            for k, o in zip(np.split(kernel, self.position_groups, -1), offsets)
        ]
        return np.concatenate(parts, -1), window

    @property
    def wants_floats(self):
        """Why it cannot compute in integers, for one that does not fold."""
        return None if keeps_padding(self) else "it reads between pixels, and its padding keeps it from being folded"

    def fold(self):
        """The `keras.layers.Conv2D`, built, that computes the same: each tap's weight shared out to the pixels around it.

        Its kernel reaches as far as the taps do. Behind a `ZeroPadding2D`, in a `keras.Sequential`, where the padding is
        explicit.

        Raises:
            ValueError: a layer that is not built; `padding="same"` with strides above the extent of a kernel of 3 or more,
                whose padding depends on the image's size in a way that no larger kernel has.
        """
        if not self.built:
            raise ValueError(f"{self.label}: it has no weights to fold yet. Build it, or call it once.")
        if not keeps_padding(self):
            raise ValueError(
                f"{self.label}: fold() cannot keep padding='same' where strides exceed the kernel's extent. Received: "
                f"strides={self.strides}, kernel_size={self.kernel_size}, dilation_rate={self.dilation_rate}. Give the "
                "layer its padding in numbers."
            )
        kernel, window = self.larger_kernel()
        kept = ("filters", "strides", "data_format", "groups", "activation", "name", "trainable")
        like = types.SimpleNamespace(
            **{name: getattr(self, name) for name in (*kept, "dtype_policy", "compute_dtype")},
            kernel_size=window.size,
            padding=window.padding,
            dilation_rate=(1, 1),
        )
        return folded_conv(like, kernel, np.asarray(self.bias) if self.use_bias else None)

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample) for inputs of this shape, batch axis included; see `CondConv2D.cost`."""
        channels, taps = self.channels(input_shape), math.prod(self.kernel_size)
        weights = math.prod(self.kernel_shape(channels))
        parameters = weights + (self.filters if self.use_bias else 0) + 2 * self.position_groups * taps
        return parameters, self.multiply_adds(input_shape, weights + 4 * self.position_groups * taps * channels)

    def get_config(self):
        return {**super().get_config(), "position_groups": self.position_groups, **self.positions.arguments()}
