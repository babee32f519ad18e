"""Blocks that fold to one convolution, and how to try them."""

from tfdynconv import blocks
from tfdynconv.testing.block_cases.block import block

IMAGE = (7, 6, 4)
PADDING = ((1, 0), (2, 1))
KERNELS = {"kernel_initializer": "he_normal", "kernel_regularizer": "l2", "kernel_constraint": "max_norm"}
GAMMAS = {"gamma_initializer": "zeros", "branch_gamma_initializer": "zeros"}


def normalised(layer, **own):
    """A block of normalised branches; `own` holds the arguments that it alone has.

    All variants pad: without padding a normalisation takes away what the one before it adds, and its gradient is nought.
    Even so a normalisation behind another leaves little of the first one's gradient: float32 would compare roundings.
    """
    variants = (
        {"strides": 2, "activation": "relu", **KERNELS, **own},
        {"groups": 2, "data_format": "channels_first", "padding": PADDING, "dilation_rate": 2, **GAMMAS},
        {"groups": 4, "filters": 4, "strides": 2},
    )
    return block(layer, {"filters": 6, "kernel_size": 3, "padding": "same"}, IMAGE, variants, compared_in="float64")


def linear(layer, arguments, **own):
    """A convolution in disguise, with all of `Conv2D`'s arguments; `own` holds those that it alone has."""
    biases = {"bias_initializer": "ones", "bias_regularizer": "l1", "bias_constraint": "non_neg"}
    variants = (
        {"strides": 2, "padding": "same", "activation": "relu", "use_bias": False, **own},
        {"groups": 2, **KERNELS, **biases, "activity_regularizer": "l2"},
        {"data_format": "channels_first", "padding": PADDING, "dilation_rate": 2},
    )
    static = "a static layer: without activation it is affine in its inputs, as it should be"
    return block(layer, {"filters": 6, "kernel_size": 3, **arguments}, IMAGE, variants, static=static)


DEPTHWISE = {
    "depthwise_initializer": "he_normal",
    "depthwise_regularizer": "l2",
    "depthwise_constraint": "max_norm",
}

BLOCKS = [
    normalised(blocks.ACBlock2D),
    normalised(blocks.DiverseBranchBlock2D, internal_channels=3),
    linear(blocks.DOConv2D, {}, d_mul=11, **DEPTHWISE),
    linear(blocks.HetConv2D, {"groups": 2}),
    linear(blocks.SpatialSeparableConv2D, {}, inner_filters=4),
]
