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


SHAPE = Shape(16, 28, 64, 64, 3)
ENTRIES = [
    Entry("DeformableConv2D, zero offsets", SHAPE, deformable(), conv),
    Entry("DeformableConv2D, offsets of some pixels", SHAPE, deformable(offset_initializer="random_normal"), conv),
    Entry("DeformableConv2D, modulated", SHAPE, deformable(modulated=True), conv),
]
