"""Random per-sample convolutions: what may be asked for, the numbers for it, and the answer."""

import dataclasses
import typing

import numpy as np
import tensorflow as tf
from hypothesis import strategies as st

from tests.oracles import Convolution, DepthwiseConvolution

DTYPES = ("float64", "float32", "float16", "bfloat16")


@dataclasses.dataclass(frozen=True)
class Case:
    kind: str  # "conv" or "depthwise"
    batch: int
    size: tuple
    kernel_size: tuple
    channels: int  # of one group
    filters: int  # of one group; the multiplier of a depthwise convolution
    groups: int
    strides: typing.Any
    dilations: typing.Any
    padding: typing.Any
    data_format: str
    dtype: str
    known_batch: bool
    known_size: bool
    seed: int

    @property
    def rank(self):
        return len(self.size)

    def oracle(self):
        window = {name: each(getattr(self, name), self.rank) for name in ("strides", "dilations")}
        window["padding"] = self.padding
        if self.kind == "depthwise":
            return DepthwiseConvolution(self.size, self.kernel_size, self.channels, **window)
        return Convolution(self.size, self.kernel_size, groups=self.groups, **window)

    def arguments(self):
        """Keyword arguments of the op."""
        names = ["strides", "padding", "dilations", "data_format"] + ["groups"] * (self.kind == "conv")
        return {name: getattr(self, name) for name in names}

    def numbers(self):
        """Inputs, kernels and a cotangent, channels last, rounded to the dtype and widened again."""
        generator = np.random.default_rng(self.seed)
        inputs = (self.batch, *self.size, self.channels * self.groups)
        columns = self.filters if self.kind == "depthwise" else self.filters * self.groups
        kernels = (self.batch, *self.kernel_size, self.channels, columns)
        filters = self.channels * self.filters if self.kind == "depthwise" else columns
        outputs = (self.batch, *self.oracle().output_size, filters)
        drawn = (tf.cast(generator.normal(size=shape), self.dtype) for shape in (inputs, kernels, outputs))
        return [np.asarray(tf.cast(values, tf.float64)) for values in drawn]

    def tensor(self, values):
        first = self.data_format == "channels_first" and values.ndim == self.rank + 2
        return tf.cast(np.moveaxis(values, -1, 1) if first else values, self.dtype)

    def array(self, tensor):
        values = np.asarray(tf.cast(tensor, tf.float64))
        first = self.data_format == "channels_first" and values.ndim == self.rank + 2
        return np.moveaxis(values, 1, -1) if first else values

    def specs(self, *tensors):
        """Signatures with the batch and the spatial sizes unknown where the case says so; kernels are static."""
        made = []
        for tensor in tensors:
            shape = list(tensor.shape)
            shape[0] = shape[0] if self.known_batch else None
            if not self.known_size and len(shape) == self.rank + 2:
                first = 2 if self.data_format == "channels_first" else 1
                shape[first : first + self.rank] = [None] * self.rank
            made.append(tf.TensorSpec(shape, tensor.dtype))
        return made


def each(value, rank):
    return (value,) * rank if isinstance(value, int) else tuple(value)


def windows(rank, unequal=True):
    """Strides and dilations, at most one of them above 1: an int, or one int per axis."""
    one_each = st.tuples(*[st.integers(1, 3)] * rank)
    values = st.one_of(st.just(1), st.integers(2, 3), one_each) if unequal else st.integers(1, 3)
    return st.one_of(st.tuples(values, st.just(1)), st.tuples(st.just(1), st.integers(2, 3) | one_each))


@st.composite
def cases(draw, kind="conv", ranks=(1, 2, 3), dtypes=DTYPES):
    rank = draw(st.sampled_from(ranks))
    strides, dilations = draw(windows(rank, unequal=kind == "conv"))
    kernel_size = draw(st.tuples(*[st.integers(1, {1: 5, 2: 3, 3: 2}[rank])] * rank))
    word = st.sampled_from(["valid", "same"] + ["causal"] * (rank == 1))
    side = st.integers(0, 3)
    padding = draw(word | side | st.tuples(*[st.tuples(side, side)] * rank))
    size = []
    for axis in range(rank):
        extent = (kernel_size[axis] - 1) * each(dilations, rank)[axis] + 1
        zeros = 0 if padding == "valid" else extent if isinstance(padding, str) else sum(each_side(padding, axis))
        least = max(1, extent - zeros)
        size.append(draw(st.integers(least, least + {1: 7, 2: 4, 3: 2}[rank])))
    return Case(
        kind=kind,
        batch=draw(st.integers(1, 3)),
        size=tuple(size),
        kernel_size=kernel_size,
        channels=draw(st.integers(1, 3)),
        filters=draw(st.integers(1, 3)),
        groups=draw(st.sampled_from([1, 1, 2, 3])) if kind == "conv" else 1,
        strides=strides,
        dilations=dilations,
        padding=padding,
        data_format=draw(st.sampled_from(["channels_last", "channels_first"])),
        dtype=draw(st.sampled_from(dtypes)),
        known_batch=draw(st.booleans()),
        known_size=draw(st.booleans()),
        seed=draw(st.integers(0, 2**16)),
    )


def each_side(padding, axis):
    return (padding, padding) if isinstance(padding, int) else padding[axis]
