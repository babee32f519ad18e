"""Deformable convolution, versions 1 and 2 (arXiv 1703.06211 and 1811.11168)."""

import math

import keras
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.blocks.offset_conv import OffsetConv2D
from tfdynconv.layers import torch_layout
from tfdynconv.layers.arguments import passed
from tfdynconv.layers.conv_window import ConvWindow
from tfdynconv.layers.kernel_layer import KernelLayer
from tfdynconv.layers.observe import note
from tfdynconv.ops.deform_conv import deform_conv
from tfdynconv.ops.per_sample_conv import channels_first, channels_last


@keras.saving.register_keras_serializable(package="tfdynconv")
class DeformableConv2D(ConvWindow, KernelLayer):
    """2-D convolution whose taps move: at each pixel each tap reads where an offset computed from the input sends it.

    In place of `Conv2D` where objects change size and shape, in the last stages of a detector or segmenter.

    `y[o, f] = activation(b[f] + sum over taps t and channels c of m[o, t] x(p[o, t], c) kernel[t, c, f])`, with
    `p[o, t] = o s + t d - before + offset[o, t]` for stride s and dilation d, where x is read bilinearly between its
    pixels, with zeros around the image. The offsets, in pixels, are a convolution of x with the same kernel size, strides,
    padding and dilation. It starts from zero, so that the layer starts as a `Conv2D`. With `modulated=True` (version 2)
    the same convolution gives a logit for each tap too, and `m = mask_scale sigmoid(logit)`; otherwise m is 1.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias, kernel_initializer,
        bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint:
            as in `keras.layers.Conv2D`, except that `strides` and `dilation_rate` may both be above 1, and `padding` also
            takes an int or a (before, after) pair per axis.
        modulated: version 2.
        deformable_groups: groups of channels with offsets (and masks) of their own, independent of `groups`.
        offset_initializer: of the kernel that computes offsets and logits.
        mask_scale: factor of the masks. With 1, as published, version 2 starts as half a `Conv2D`; with 2 as a whole one.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, channels that cannot be divided into the groups, an input of the wrong rank.

    Cost, kernel of K taps, C channels, dg deformable groups, p = 2 dg K numbers a pixel (3 dg K if modulated):
    `K C filters / groups + filters + p (K C + 1)` parameters, and `height' width' K C (filters / groups + p + 4)`
    multiply-adds, 4 of them for reading between pixels. Coordinates, and the convolution that gives them, are float32
    under mixed precision.

    The published training moves the offsets' convolution at a tenth of the learning rate. It does not fold.

    Reference: Dai et al., Deformable Convolutional Networks, arXiv 1703.06211; Zhu et al., Deformable ConvNets v2,
    arXiv 1811.11168.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.blocks.DeformableConv2D(8, 3, strides=2, padding="same", modulated=True)
    >>> layer(tf.ones([2, 8, 6, 3])).shape
    TensorShape([2, 4, 3, 8])
    """

    rank = 2
    wants_floats = "it reads between pixels, and coordinates rounded to so few steps are whole pixels off"

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
        modulated=False,
        deformable_groups=1,
        offset_initializer="zeros",
        mask_scale=1.0,
        **kwargs,
    ):
        super().__init__(**passed(locals(), "modulated", "deformable_groups", "offset_initializer", "mask_scale"))
        self.modulated = bool(modulated)
        self.deformable_groups = self.check_positive("deformable_groups", deformable_groups)
        self.offset_initializer = keras.initializers.get(offset_initializer)
        if not isinstance(mask_scale, (int, float)) or not mask_scale > 0 or (mask_scale != 1 and not modulated):
            raise ValueError(
                f"{self.label}: `mask_scale` must be a positive number, and without modulated=True, which makes masks, 1. "
                f"Received: mask_scale={mask_scale!r}, modulated={modulated!r}."
            )
        self.mask_scale = float(mask_scale)
        count = deformable_groups * math.prod(self.kernel_size)
        self.offset_conv = OffsetConv2D(self, (3 if modulated else 2) * count, self.offset_initializer)

    def check_steps(self):
        """Any: it reads wherever it wants to."""

    def kernel_shape(self, channels):
        if channels % self.deformable_groups:
            raise ValueError(
                f"{self.label}: the input's channels must be divisible by `deformable_groups`. Received: {channels} channels, "
                f"deformable_groups={self.deformable_groups}."
            )
        return super().kernel_shape(channels)

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
        self.offset_conv.build((input_shape[0], *self.space(input_shape), channels))
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
        offsets, mask = self.offset_conv(x), None
        if self.modulated:
            count = offsets.shape[-1] // 3
            offsets, mask = offsets[..., : 2 * count], self.mask_scale * tf.sigmoid(offsets[..., 2 * count :])
        note(self, inputs=x, offsets=offsets, **({} if mask is None else {"mask": mask}))
        outputs = deform_conv(
            x, offsets, _compat.values(self.kernel), mask, self.strides, self.padding, self.dilation_rate, self.groups
        )
        if self.use_bias:
            outputs += _compat.values(self.bias)
        outputs = channels_first(outputs) if first else outputs
        return outputs if self.activation is None else self.activation(outputs)

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample) for inputs of this shape, batch axis included; see `CondConv2D.cost`."""
        channels = self.channels(input_shape)
        weights = math.prod(self.kernel_shape(channels))
        sampling = 4 * channels * math.prod(self.kernel_size)
        parameters, products = self.offset_conv.cost((None, *self.space(input_shape), channels))
        parameters += weights + (self.filters if self.use_bias else 0)
        return parameters, products + self.multiply_adds(input_shape, weights + sampling)

    def load_torch_state(self, state):
        """Take the weights of a PyTorch module that owns its offsets' convolution as `conv_offset`, such as mmcv's packs."""
        shapes = {"": self.kernel.shape, "conv_offset.": self.offset_conv.kernel.shape}
        biases = {"": self.bias, "conv_offset.": self.offset_conv.bias}
        kernels = {"": self.kernel, "conv_offset.": self.offset_conv.kernel}
        table = {}
        for prefix, shape in shapes.items():
            convert = lambda a, shape=shape: torch_layout.convolution_bank(a, 1, shape)[0]  # noqa: E731
            table[f"{prefix}weight"] = (kernels[prefix], convert)
            if biases[prefix] is not None:
                table[f"{prefix}bias"] = (biases[prefix], lambda a: a)
        torch_layout.assign(self.label, state, table)

    def get_config(self):
        return {
            **super().get_config(),
            "modulated": self.modulated,
            "deformable_groups": self.deformable_groups,
            "offset_initializer": keras.initializers.serialize(self.offset_initializer),
            "mask_scale": self.mask_scale,
        }
