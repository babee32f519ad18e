"""One small network for all: what differs is the two blocks in its middle."""

import dataclasses
import functools
import typing

import keras

from tfdynconv import blocks, layers

STEM, CLASSES = 16, 10


@dataclasses.dataclass(frozen=True)
class Variant:
    """`block(filters)` gives a list of layers, normalisation and activation included; `front` stands before the stem."""

    block: typing.Callable
    widths: tuple = (16, 16)
    front: typing.Callable = list


def normalization():
    # trained for some hundred steps: with Keras' momentum the moving statistics would still be those of the start
    return keras.layers.BatchNormalization(momentum=0.9)


def behind(*parts):
    return [*parts, normalization(), keras.layers.ReLU()]


def window(layer, **arguments):
    """In place of the plain 3x3 convolution."""
    return lambda filters: behind(layer(filters, 3, padding="same", use_bias=False, **arguments))


def own_norm(layer, **arguments):
    """A block that has its normalisation and activation inside."""
    return lambda filters: [layer(filters, 3, activation="relu", **arguments)]


plain = window(keras.layers.Conv2D)


def region_aware(filters):
    """As in the paper's networks, which have DRConv in place of their 1x1 convolutions."""
    depthwise = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False)
    return behind(depthwise, layers.DRConv2D(filters, 1, use_bias=False, num_regions=4))


def involution(filters):
    """As in the paper's networks, behind a 1x1 convolution, which changes the number of channels."""
    return [*behind(keras.layers.Conv2D(filters, 1, use_bias=False)), *behind(blocks.Involution2D(5))]


def excited(filters):
    convolution = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)
    return [convolution, normalization(), blocks.SqueezeExcite(hidden_units=4), keras.layers.ReLU()]


def non_local(filters):
    return [*plain(filters), blocks.NonLocalBlock2D()]


def selective(filters):
    return [blocks.SKConv2D(filters, min_hidden=8)]


DYNAMIC = {
    "CondConv2D, 4 experts": Variant(window(layers.CondConv2D, num_experts=4)),
    "DynamicConv2D, 4 kernels": Variant(window(layers.DynamicConv2D)),
    "DyNetConv2D, groups of 4": Variant(window(layers.DyNetConv2D, group_size=4)),
    "ODConv2D, 1 kernel": Variant(window(layers.ODConv2D)),
    "ODConv2D, 4 kernels": Variant(window(layers.ODConv2D, num_kernels=4, temperature=30.0)),
    "DRConv2D, 4 regions": Variant(region_aware, (24, 24)),
    "VersatileConv2D, 4 learned masks": Variant(window(layers.VersatileConv2D, direction="learned", num_masks=4)),
    "DeformableConv2D": Variant(window(blocks.DeformableConv2D)),
    "Involution2D, 5x5": Variant(involution, (32, 32)),
    "SqueezeExcite": Variant(excited),
    "DeformableKernelConv2D": Variant(window(blocks.DeformableKernelConv2D)),
    "SKConv2D": Variant(selective),
    "SCConv2D": Variant(own_norm(blocks.SCConv2D)),
    "SplitAttentionConv2D": Variant(own_norm(blocks.SplitAttentionConv2D, min_hidden=8)),
    "NonLocalBlock2D": Variant(non_local),
    "SpatialTransformer": Variant(plain, front=lambda: [blocks.SpatialTransformer()]),
}


def network(chosen, variant):
    """For one of the `sets.SETS`."""
    stem = keras.layers.Conv2D(STEM, 3, strides=chosen.strides, padding="same", activation="relu")
    first, second = (functools.partial(variant.block, width) for width in variant.widths)
    return keras.Sequential(
        [
            keras.Input(chosen.shape),
            *variant.front(),
            stem,
            *first(),
            keras.layers.MaxPooling2D(2),
            *second(),
            chosen.pooling(),
            keras.layers.Dense(CLASSES),
        ]
    )
