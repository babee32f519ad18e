"""Deformable kernels (arXiv 1910.02940): the kernel is read between its own taps, at places that the input chooses."""

import math

import keras

from tfdynconv import _compat
from tfdynconv.blocks.kernel_positions import FORMS
from tfdynconv.layers.arguments import passed
from tfdynconv.layers.conv_window import ConvWindow
from tfdynconv.layers.kernel_layer import KernelLayer
from tfdynconv.ops.geometry import standardize_ints
from tfdynconv.ops.per_sample_conv import channels_first, channels_last


@keras.saving.register_keras_serializable(package="tfdynconv")
class DeformableKernelConv2D(ConvWindow, KernelLayer):
    """2-D convolution that adapts the space of its kernel instead of the image's: it resamples the kernel for each input.

    The stored kernel, the scope, is larger than the one that is used. Tap t of the latter is the scope read bilinearly at
    `start + t + offset[t]`, with `start = (scope_size - kernel_size) / 2`, so that offsets of zero, from which it starts,
    read the scope's middle. Where the offsets come from is the layer's form:

    - `"global"`: one kernel for each sample, `offset = dense(mean over pixels of x)`, places clipped to the scope.
    - `"local"`: one kernel for each pixel, offsets by a convolution with the layer's kernel size, strides, padding and
      dilation. Defined for depthwise convolutions: `filters` and `groups` are the input's channels.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias, kernel_initializer,
        bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint:
            as in `keras.layers.Conv2D`, the kernel's for the scope. `padding` also takes an int or a (before, after) pair
            per axis.
        scope_size: an int or two, not below `kernel_size`; None for one more than that.
        form: `"global"` or `"local"`.
        offset_groups: for `"local"`: channel c takes its offsets from group `c mod offset_groups`.
        clip_to_scope: for `"local"`, whether places are clipped to the scope; otherwise a tap outside of it is zero.
        offset_initializer: of the kernel that computes the offsets.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, `"local"` for a convolution that is not depthwise, an input of the wrong rank.

    Cost, kernel of K taps, scope of S, C channels: `S C filters / groups + filters` parameters and `C 2 K + 2 K` for the
    offsets, `"global"`; `K S C filters / groups` multiply-adds a sample beside those of the convolution. `"local"`:
    `S C + C` and `g 2 K (K C + 1)` parameters for g offset groups; `K (S + 1) C` multiply-adds for each output pixel beside
    those of the offsets' convolution.

    Reference: Gao et al., Deformable Kernels, arXiv 1910.02940. The published code clips to the scope's height in both
    axes; here each axis is clipped to its own size.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.blocks.DeformableKernelConv2D(8, 3, padding="same")(tf.ones([2, 8, 6, 3])).shape
    TensorShape([2, 8, 6, 8])
    >>> layer = tfdynconv.blocks.DeformableKernelConv2D(4, 3, groups=4, form="local", scope_size=5)
    >>> layer(tf.ones([2, 8, 6, 4])).shape, tuple(layer.kernel.shape[:2])
    (TensorShape([2, 6, 4, 4]), (5, 5))
    """

    rank = 2
    wants_floats = "it reads its kernel between the taps, and places rounded to so few steps are taps off"

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
        scope_size=None,
        form="global",
        offset_groups=1,
        clip_to_scope=False,
        offset_initializer="zeros",
        **kwargs,
    ):
        own = {"offset_groups": offset_groups, "clip_to_scope": clip_to_scope}
        super().__init__(**passed(locals(), "own", "scope_size", "form", "offset_initializer", *own))
        larger = [k + 1 for k in self.kernel_size] if scope_size is None else scope_size
        self.scope_size = standardize_ints(larger, 2, "scope_size", self.label)
        if any(s < k for s, k in zip(self.scope_size, self.kernel_size)):
            raise ValueError(
                f"{self.label}: `scope_size` must not be below `kernel_size`. Received: scope_size={scope_size}, "
                f"kernel_size={kernel_size}."
            )
        if form not in FORMS:
            raise ValueError(f"{self.label}: `form` must be one of {', '.join(FORMS)}. Received: form={form!r}.")
        if form == "global" and (offset_groups != 1 or clip_to_scope):
            raise ValueError(
                f"{self.label}: `offset_groups` and `clip_to_scope` are for form='local'; 'global' has one set of offsets and "
                f"always clips. Received: offset_groups={offset_groups}, clip_to_scope={clip_to_scope}."
            )
        self.form = form
        self.offset_groups = self.check_positive("offset_groups", offset_groups)
        self.clip_to_scope = bool(clip_to_scope)
        self.offset_initializer = keras.initializers.get(offset_initializer)
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        self.offsets = FORMS[form].predictor(self, dtype)

    @property
    def start(self):
        """Where the first tap reads the scope."""
        return tuple((s - k) / 2 for s, k in zip(self.scope_size, self.kernel_size))

    def kernel_shape(self, channels):
        shape = super().kernel_shape(channels)
        FORMS[self.form].check(self, channels)
        return (*self.scope_size, *shape[2:])

    def build(self, input_shape):
        channels = self.channels(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=self.kernel_shape(channels),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = self.add_bias() if self.use_bias else None
        FORMS[self.form].build(self, (input_shape[0], *self.space(input_shape), channels))
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
        outputs = FORMS[self.form].conv(self, x, _compat.values(self.kernel))
        if self.use_bias:
            outputs += _compat.values(self.bias)
        outputs = channels_first(outputs) if first else outputs
        return outputs if self.activation is None else self.activation(outputs)

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample) for inputs of this shape, batch axis included; see `CondConv2D.cost`."""
        channels = self.channels(input_shape)
        scope = math.prod(self.kernel_shape(channels))
        parameters, products = FORMS[self.form].cost(self, (None, *self.space(input_shape), channels), scope)
        return parameters + scope + (self.filters if self.use_bias else 0), products

    def get_config(self):
        return {
            **super().get_config(),
            "scope_size": self.scope_size,
            "form": self.form,
            "offset_groups": self.offset_groups,
            "clip_to_scope": self.clip_to_scope,
            "offset_initializer": keras.initializers.serialize(self.offset_initializer),
        }
