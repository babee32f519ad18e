"""The blocks of the survey that are held to a time, each beside what it is held against; see `benchmarks.blocks`."""

import dataclasses
import typing

import keras

from benchmarks.shapes import Shape
from tfdynconv import blocks


@dataclasses.dataclass(frozen=True)
class Entry:
    """`make(shape)` gives the block, `against(shape)` the layer that its time is divided by."""

    name: str
    shape: Shape
    make: typing.Callable
    against: typing.Callable


def conv(shape):
    return keras.layers.Conv2D(shape.filters, shape.kernel, padding="same", strides=shape.strides)


def deformable(**arguments):
    return lambda shape: blocks.DeformableConv2D(
        shape.filters, shape.kernel, padding="same", strides=shape.strides, **arguments
    )


def het(shape):
    return blocks.HetConv2D(shape.filters, shape.kernel, padding="same", strides=shape.strides)


def separable(shape):
    return blocks.SpatialSeparableConv2D(shape.filters, shape.kernel, padding="same", strides=shape.strides)


SHAPE = Shape(16, 28, 64, 64, 3)
FEWER = [SHAPE, Shape(32, 14, 128, 128, 3), Shape(32, 56, 32, 32, 3), Shape(16, 28, 64, 64, 7)]
ENTRIES = [
    Entry("DeformableConv2D, zero offsets", SHAPE, deformable(), conv),
    Entry("DeformableConv2D, offsets of some pixels", SHAPE, deformable(offset_initializer="random_normal"), conv),
    Entry("DeformableConv2D, modulated", SHAPE, deformable(modulated=True), conv),
    *[Entry("HetConv2D", shape, het, conv) for shape in FEWER],
    *[Entry("SpatialSeparableConv2D", shape, separable, conv) for shape in FEWER],
]
