"""The list that the harness walks: every public layer, and how to try it."""

import keras

from tfdynconv import layers
from tfdynconv.routing import ODConvRouting
from tfdynconv.testing.case import LayerCase
from tfdynconv.training import MaskOrthogonality

IMAGE = (7, 6, 4)
PADDING = ((1, 0), (2, 1))
ATTENTION = {"reduction_ratio": 0.5, "hidden_units": 3, "temperature": 2.0}
REGULARIZED = {
    "bias_initializer": "ones",
    "bias_regularizer": "l1",
    "activity_regularizer": "l2",
    "bias_constraint": "non_neg",
}


def kernel_arguments(prefix):
    """Arguments about kernels that are not the defaults; a depthwise layer's names start with another word."""
    return {f"{prefix}_initializer": "he_normal", f"{prefix}_regularizer": "l2", f"{prefix}_constraint": "max_norm"}


def wide(own):
    """An attention of a single unit, the default at so few channels, may sleep through all samples: give it some."""
    return {name: own[name] for name in ("hidden_units",) if name in own}


def convolution(layer, input_shape, twin, count="num_kernels", padding=PADDING, routing="sigmoid", **own):
    """A convolution; `own` holds the arguments that it alone has, with values that are not their defaults."""
    variants = (
        {"strides": 2, "padding": "same", "activation": "relu", "use_bias": False, **own},
        {"groups": 2, "lowering": "matmul", **kernel_arguments("kernel"), **REGULARIZED},
        {"data_format": "channels_first", "padding": padding, "dilation_rate": 2, "routing": routing},
    )
    return LayerCase(layer, {"filters": 6, "kernel_size": 3, count: 3, **wide(own)}, input_shape, variants, count, twin)


def depthwise(layer, input_shape, twin, count="num_kernels", routing="sigmoid", **own):
    variants = (
        {"strides": 2, "padding": "same", "activation": "relu", "use_bias": False, **own},
        {"depth_multiplier": 2, "lowering": "matmul", **kernel_arguments("depthwise"), **REGULARIZED},
        {"data_format": "channels_first", "padding": PADDING, "dilation_rate": 2, "routing": routing},
    )
    return LayerCase(layer, {"kernel_size": 3, count: 3, **wide(own)}, input_shape, variants, count, twin)


def transposed(layer, input_shape, twin, count="num_kernels", **own):
    """A transposed convolution, which pads by words alone."""
    variants = (
        {"strides": 2, "padding": "same", "activation": "relu", "use_bias": False, "output_padding": 1, **own},
        {"lowering": "matmul", **kernel_arguments("kernel"), **REGULARIZED},
        {"data_format": "channels_first", "dilation_rate": 2, "routing": "sigmoid" if own else "softmax"},
    )
    return LayerCase(layer, {"filters": 5, "kernel_size": 3, count: 3, **wide(own)}, input_shape, variants, count, twin)


def dense(layer, input_shape, twin, count="num_kernels", routing="sigmoid"):
    variants = (
        {"activation": "relu", "use_bias": False, "routing": routing},
        {**kernel_arguments("kernel"), **REGULARIZED},
    )
    exceptions = {"channels_first": "its channels are always the last axis"}
    return LayerCase(layer, {"units": 5, count: 3}, input_shape, variants, count, twin, exceptions=exceptions)


def omni(layer, input_shape, twin, padding=PADDING):
    """ODConv: one variant each with all four attentions, with the two gates alone, and with another normalisation."""
    attention = {"reduction_ratio": 0.5, "min_hidden": 3, "temperature": 2.0}
    variants = (
        {"strides": 2, "padding": "same", "activation": "relu", "use_bias": False, **attention},
        {"kernel_size": 1, "num_kernels": 1, "attention_norm": None, "groups": 2},
        {"lowering": "matmul", "attention_norm": "layer", **kernel_arguments("kernel"), **REGULARIZED},
        {
            "data_format": "channels_first",
            "padding": padding,
            "dilation_rate": 2,
            "routing": ODConvRouting(min_hidden=4),
        },
    )
    arguments = {"filters": 6, "kernel_size": 3, "num_kernels": 3}
    return LayerCase(layer, arguments, input_shape, variants, "num_kernels", twin, only_kernels)


def only_kernels(layer, inputs, weights):
    """ODConv's coefficients with every attention but the kernels' at 1."""
    return {"kernel": weights.astype("float32")}


def versatile(layer, input_shape, twin):
    """One variant each with channel windows, with masks that all filters share, with a sum, and with both windows."""
    masks = {"direction": "learned", "num_masks": 3, "shared_masks": True, "mask_regularizer": MaskOrthogonality(0.1)}
    runs = {"channel_window": 2, "channel_stride": 2, "channel_filter": "masked"}
    variants = (
        {"activation": "relu", "use_bias": False, "direction": "channel", **runs},
        {"groups": 2, **masks, **kernel_arguments("kernel"), **REGULARIZED},
        {"data_format": "channels_first", "padding": PADDING, "dilation_rate": 2, "combine": "sum"},
        {"strides": 2, "padding": "same", "channel_window": 3},
        {"direction": "learned"},
    )
    static = "a static layer: there are no coefficients that could stand still"
    exceptions = {name: static for name in ("one_kernel", "equal_kernels", "one_hot")}
    exceptions["batch_of_one"] = "a static layer: without activation it is affine in its inputs, as it should be"
    return LayerCase(layer, {"filters": 12, "kernel_size": 3}, input_shape, variants, None, twin, exceptions=exceptions)


def region(layer, input_shape, twin):
    """DRConv: one variant each of the official module's rules, with a guide of one's own, and in static shapes."""
    variants = (
        {"strides": 2, "padding": "same", "activation": "relu", "use_bias": False, "use_alpha": True, "beta": 0.5},
        {"groups": 2, "generator": "basis", "num_basis": 3, **kernel_arguments("kernel"), **REGULARIZED},
        {"data_format": "channels_first", "padding": PADDING, "dilation_rate": 2, "guide_kernel_size": 1},
        {"lowering": "dense", "num_regions": input_shape[-1], "guide": keras.layers.Activation("tanh")},
    )
    generated = "its kernels are generated: there are no coefficients that could stand still"
    exceptions = {name: generated for name in ("one_kernel", "equal_kernels", "one_hot")}
    arguments = {"filters": 6, "kernel_size": 3, "num_regions": 3}
    return LayerCase(layer, arguments, input_shape, variants, None, twin, exceptions=exceptions)


ALL_LAYERS = [
    convolution(layers.MixtureConv1D, (9, 4), keras.layers.Conv1D, padding=((1, 2),)),
    convolution(layers.MixtureConv2D, IMAGE, keras.layers.Conv2D),
    convolution(layers.MixtureConv3D, (7, 6, 5, 4), keras.layers.Conv3D, padding=1),
    convolution(layers.CondConv1D, (9, 4), keras.layers.Conv1D, "num_experts", padding="causal", routing="softmax"),
    convolution(layers.CondConv2D, IMAGE, keras.layers.Conv2D, "num_experts", routing="softmax"),
    convolution(layers.CondConv3D, (7, 6, 5, 4), keras.layers.Conv3D, "num_experts", padding=1, routing="softmax"),
    transposed(layers.CondConv2DTranspose, (4, 3, 4), keras.layers.Conv2DTranspose, "num_experts"),
    depthwise(layers.DepthwiseCondConv2D, IMAGE, keras.layers.DepthwiseConv2D, "num_experts", routing="softmax"),
    dense(layers.CondDense, (4, 6), keras.layers.Dense, "num_experts", routing="softmax"),
    convolution(layers.DynamicConv1D, (9, 4), keras.layers.Conv1D, padding="causal", **ATTENTION),
    convolution(layers.DynamicConv2D, IMAGE, keras.layers.Conv2D, **ATTENTION),
    convolution(layers.DynamicConv3D, (7, 6, 5, 4), keras.layers.Conv3D, padding=1, **ATTENTION),
    convolution(layers.DyNetConv2D, IMAGE, keras.layers.Conv2D, "group_size", routing="softmax", mixing="features"),
    depthwise(
        layers.DepthwiseDyNetConv2D,
        IMAGE,
        keras.layers.DepthwiseConv2D,
        "group_size",
        routing="softmax",
        mixing="features",
    ),
    transposed(layers.DynamicConv2DTranspose, (4, 3, 4), keras.layers.Conv2DTranspose, **ATTENTION),
    depthwise(layers.DepthwiseDynamicConv2D, IMAGE, keras.layers.DepthwiseConv2D, **ATTENTION),
    region(layers.DRConv2D, IMAGE, keras.layers.Conv2D),
    omni(layers.ODConv1D, (9, 4), keras.layers.Conv1D, padding="causal"),
    omni(layers.ODConv2D, IMAGE, keras.layers.Conv2D),
    omni(layers.ODConv3D, (7, 6, 5, 4), keras.layers.Conv3D, padding=1),
    versatile(layers.VersatileConv2D, IMAGE, keras.layers.Conv2D),
]
