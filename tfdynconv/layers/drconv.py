"""DRConv: Dynamic Region-Aware Convolution (arXiv 2003.12243)."""

import math

import keras
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.layers import torch_layout
from tfdynconv.layers.arguments import passed
from tfdynconv.layers.conv_window import ConvWindow
from tfdynconv.layers.kernel_layer import KernelLayer
from tfdynconv.layers.observe import note
from tfdynconv.layers.region_generators import BasisGenerator, PooledGenerator, wide
from tfdynconv.layers.region_guide import RegionGuide
from tfdynconv.layers.static_bias import StaticBias
from tfdynconv.ops import region_conv
from tfdynconv.ops.geometry import standardize_ints
from tfdynconv.ops.region_conv import check_lowering

GENERATORS = ("pooled", "basis")
OWN = ("num_regions", "generator", "num_basis", "guide", "guide_kernel_size", "beta", "use_alpha", "lowering")


@keras.saving.register_keras_serializable(package="tfdynconv")
class DRConv2D(StaticBias, ConvWindow, KernelLayer):
    """2-D convolution in which a learned guide assigns each pixel to a region, and each region has its own kernel.

    In place of `Conv2D` where parts of an image want different treatment, faces and scenes. Kernels are generated from the
    sample; on a CPU every pixel costs one convolution however many regions there are.

    `M = argmax_j guide(x)_j`, `y[p] = activation(conv(x, W(x)[M[p]])[p] + b)`. Backward the guide learns as a softmax would,
    `tfdynconv.ops.region_conv` has the formula.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in `keras.layers.Conv2D`; those about kernels apply to the weights that
            kernels are generated from, one by one. `padding` also takes an int or a (before, after) pair per axis.
        num_regions: m, regions.
        generator: what makes the kernels, `"pooled"` (the paper's) or `"basis"` (the official repository's, which mixes
            `num_basis` kernels for each region).
        num_basis: basis kernels of `"basis"`.
        guide: `"conv"` (the paper's, a convolution with the layer's window), a Keras layer that gives m logits at each pixel,
            or None for a layer without a guide, which takes it in the call, so that several layers can share one,
            as in the official networks.
        guide_kernel_size: of the guide `"conv"`; None for that of the layer, as the paper has it.
        beta: factor of the guide's gradient. 0 leaves the guide untrained and spares its cost.
        use_alpha: weight the kernels' gradient with the softmax of the guide instead of with the hard choice.
        lowering: how it is computed; see `tfdynconv.ops.region_conv`.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.
        guide: `[batch, guide height, guide width, m]`, logits (or m first), instead of those of the layer's own guide; of
            another size than the output, each output cell takes the nearest.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, an input of the wrong rank, a guide missing or of the wrong shape.

    Cost, kernel of w weights and k^2 taps: parameters `(k^2 channels + 1) m` for the guide, `filters`, and for the generator
    `(channels + 1) m^2 + (m + 1) m w / k^2` ("pooled") or `q w + (channels + 1) m q` ("basis"); multiply-adds
    `height' width' (w + k^2 channels m)`, and `k^2 channels m^2 + m^2 w` or `m q w + channels m q`.

    Reference: Chen et al., Dynamic Region-Aware Convolution, arXiv 2003.12243.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.DRConv2D(6, 3, padding="same", num_regions=4)
    >>> layer(tf.ones([2, 8, 8, 3])).shape
    TensorShape([2, 8, 8, 6])
    >>> guide = tf.random.normal([2, 8, 8, 4])
    >>> tfdynconv.DRConv2D(6, 1, num_regions=4, guide=None)(tf.ones([2, 8, 8, 3]), guide).shape
    TensorShape([2, 8, 8, 6])
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
        num_regions=8,
        generator="pooled",
        num_basis=8,
        guide="conv",
        guide_kernel_size=None,
        beta=1.0,
        use_alpha=False,
        lowering="auto",
        **kwargs,
    ):
        super().__init__(**passed(locals(), *OWN))
        self.num_regions = self.check_positive("num_regions", num_regions)
        self.num_basis = self.check_positive("num_basis", num_basis)
        if generator not in GENERATORS:
            raise ValueError(
                f"{self.label}: `generator` must be 'pooled' or 'basis'. Received: generator={generator!r}."
            )
        if isinstance(beta, bool) or not isinstance(beta, (int, float)) or not 0 <= beta < math.inf:
            raise ValueError(f"{self.label}: `beta` must be a number, at least 0. Received: beta={beta!r}.")
        check_lowering(lowering, self.label)
        if guide_kernel_size is not None:
            guide_kernel_size = standardize_ints(guide_kernel_size, 2, "guide_kernel_size", self.label)
        self.guide_kernel_size = guide_kernel_size
        guide = keras.saving.deserialize_keras_object(guide) if isinstance(guide, dict) else guide
        if guide not in ("conv", None) and not isinstance(guide, keras.layers.Layer):
            raise ValueError(f"{self.label}: `guide` must be 'conv', None or a Keras layer. Received: guide={guide!r}.")
        self.generator_name, self.guide_name = generator, guide if guide == "conv" else None
        self.guide = None if guide == "conv" else guide
        self.beta, self.use_alpha, self.lowering = beta, use_alpha, lowering

    def build(self, input_shape):
        if isinstance(input_shape[0], (list, tuple)):
            input_shape = input_shape[0]  # Keras 2 hands the shapes of inputs and guide together
        self.generator = self.make_generator(self.channels(input_shape))
        if self.guide_name == "conv" and self.guide is None:
            self.guide = self.make_guide()
        for part in (self.generator, self.guide):
            if part is not None and not part.built:
                part.build(tuple(input_shape))
        self.bias = self.add_bias(self.channels(input_shape)) if self.use_bias else None
        super().build(input_shape)

    def make_generator(self, channels):
        settings = (self.kernel_initializer, self.kernel_regularizer, self.kernel_constraint)
        arguments = (self.num_regions, self.kernel_shape(channels), self.data_format, settings)
        if self.generator_name == "basis":
            return BasisGenerator(*arguments, self.num_basis, name="generator", dtype=self.dtype_policy)
        return PooledGenerator(*arguments, name="generator", dtype=self.dtype_policy)

    def make_guide(self):
        kernel_size, window = self.kernel_size, (self.strides, self.padding, self.dilation_rate)
        if self.guide_kernel_size not in (None, self.kernel_size):
            kernel_size, window = self.guide_kernel_size, (self.strides, "same", (1, 1))
        arguments = (self.num_regions, kernel_size, *window, self.data_format)
        return RegionGuide(*arguments, name="guide", dtype=wide(self.compute_dtype))

    def call(self, inputs, guide=None):
        if guide is None:
            if self.guide is None:
                raise ValueError(
                    f"{self.label}: made with guide=None, it needs the guide of the call: layer(x, guide) with logits of "
                    f"shape [batch, height, width, {self.num_regions}]."
                )
            guide = self.guide(inputs)
        outputs = region_conv(
            inputs,
            self.generator(inputs),
            guide,
            strides=self.strides,
            padding=self.padding,
            dilations=self.dilation_rate,
            groups=self.groups,
            data_format=self.data_format,
            beta=self.beta,
            use_alpha=self.use_alpha,
            lowering=self.lowering,
        )
        note(self, guide=guide, outputs=outputs)
        if self.use_bias:
            bias = _compat.values(self.bias)
            outputs += bias[:, tf.newaxis, tf.newaxis] if self.data_format == "channels_first" else bias
        return outputs if self.activation is None else self.activation(outputs)

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample) of convolution, guide and generator; see `CondConv2D.cost`."""
        channels = self.channels(input_shape)
        cells = self.multiply_adds(input_shape, 1)
        parameters, multiply_adds = self.make_generator(channels).cost(channels)
        multiply_adds += cells * math.prod(self.kernel_shape(channels))
        parameters += self.filters if self.use_bias else 0
        if self.guide is not None and self.guide_name is None:
            raise ValueError(f"{self.label}: the cost of a guide of your own is not known. Use guide='conv' or None.")
        if self.guide_name == "conv":
            guide_parameters, guide_multiply_adds = self.make_guide().cost(channels, cells)
            parameters, multiply_adds = parameters + guide_parameters, multiply_adds + guide_multiply_adds
        return parameters, multiply_adds

    def load_torch_state(self, state):
        """Take the weights of a published PyTorch module: `generator="pooled"` from the unofficial `DRConv2d` (make the layer
        without a bias), `generator="basis"` from the official `DRConv`, whose guide is not part of it."""
        table = self.generator.torch_table()
        if self.guide_name == "conv":
            channels = self.guide.kernel.shape[2]
            shape = (*self.guide.kernel_size, channels, self.num_regions)
            table["conv_guide.weight"] = (self.guide.kernel, lambda a: torch_layout.convolution_bank(a, 1, shape)[0])
            table["conv_guide.bias"] = (self.guide.bias, lambda a: a)
        if self.use_bias:
            table["bias"] = (self.bias, lambda a: a)
        torch_layout.assign(self.label, state, table)

    def get_config(self):
        return {
            **super().get_config(),
            "num_regions": self.num_regions,
            "generator": self.generator_name,
            "num_basis": self.num_basis,
            "guide_kernel_size": self.guide_kernel_size,
            "guide": self.guide_name or (self.guide and keras.saving.serialize_keras_object(self.guide)),
            "beta": self.beta,
            "use_alpha": self.use_alpha,
            "lowering": self.lowering,
        }
